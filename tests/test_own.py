from statsd_reference import Options, Window
from statsd_reference.encode import Names
from statsd_reference.own import LastFlush, lagging, own_points

OPTIONS = Options(flush_interval=1500)


def test_lag_is_what_lies_between_two_flushes_beyond_the_interval() -> None:
    window = lagging(Window(gauges={b"a": 1.0}), OPTIONS, timestamp=103, previous=100)
    assert window.gauges == {b"a": 1.0, b"statsd.timestamp_lag": 1.5}


def test_first_flush_has_no_lag() -> None:
    assert lagging(Window(), OPTIONS, timestamp=103, previous=0) == Window()


def test_own_points_tell_of_the_flush_before() -> None:
    last = LastFlush(ended=99.6, milliseconds=2.4, length=314)
    points = list(own_points(Names(OPTIONS), last, 103, took_ms=7.6, last_exception=42.9))
    assert {point.path: point.value for point in points} == {
        b"stats.statsd.graphiteStats.calculationtime": 8,
        b"stats.statsd.processing_time": 8,
        b"stats.statsd.graphiteStats.last_exception": 42,
        b"stats.statsd.graphiteStats.last_flush": 100,
        b"stats.statsd.graphiteStats.flush_time": 2,
        b"stats.statsd.graphiteStats.flush_length": 314,
    }
    assert {point.timestamp for point in points} == {103}
