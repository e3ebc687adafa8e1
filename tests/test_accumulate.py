from typing import Any

import pytest

from statsd_reference import BadLine, Kind, Reading, Sample, Window, make_server, read_options
from statsd_reference.accumulate import Gathering

C, G, MS = Kind.COUNTER, Kind.GAUGE, Kind.TIMER


def window_of(*datagrams: bytes, after: Window | None = None, **options: Any) -> Window:
    server = make_server(read_options(options))
    window = server.first_window() if after is None else after
    for datagram in datagrams:
        window = server.accumulate(window, server.read(datagram))
    return window


def counted(*datagrams: bytes, **options: Any) -> dict[bytes, float]:
    """Return the counters without the aggregator's own."""
    counters = window_of(*datagrams, **options).counters
    return {bucket: value for bucket, value in counters.items() if not bucket.startswith(b"statsd.")}


def bad_lines(window: Window) -> float:
    return window.counters[b"statsd.bad_lines_seen"]


@pytest.mark.parametrize(
    ("lines", "count"),
    {
        b"a:1|c\na:2|c": 3,
        b"a:1|c:2|c": 3,
        b"a:+5|c\na:-7|c": -2,
        b"a:+5|c\na:-5|c": 0,
        b"a:0|c": 0,
        b"a:1.5|c": 1.5,
        b"a:0.1|c\na:0.2|c": 0.30000000000000004,
        b"a:9007199254740991|c": 2**53 - 1,
        b"a:3|c|@0.1": 30,
        b"a:3|c|@0.3": 10,
        b"a:3|c|@0.333": 9.00900900900901,
        b"a:3|c|@2": 1.5,
        b"a:7|c|@0.07": 100,
        b"a:15|c|@0.03": 500.00000000000006,
        b"\n".join([b"a:1|c|@0.1"] * 10): 100,
        b"a:3|c|@0.000000001": 2999999999.9999995,
        b"a b:1|c\na_b:1|c\na b:0|c": None,
    }.items(),
    ids=lambda part: repr(part)[:40],
)
def test_a_counter_sums_its_increments_each_times_the_inverse_of_its_rate(lines: bytes, count: float | None) -> None:
    assert counted(lines) == ({b"a_b": 2} if count is None else {b"a": count})


def test_increments_of_several_datagrams_are_summed() -> None:
    assert counted(b"a:1|c", b"b:5|c", b"a:2|c") == {b"a": 3, b"b": 5}


def test_a_counter_that_would_overflow_keeps_what_it_has_and_counts_a_bad_line() -> None:
    window = window_of(b"a:1e308|c\na:1e308|c\nb:-1e308|c\nb:-1e308|c")
    assert (window.counters[b"a"], window.counters[b"b"], bad_lines(window)) == (1e308, -1e308, 2)


def test_an_increment_that_is_no_double_creates_no_counter() -> None:
    window = window_of(b"a:1e308|c|@0.1")
    assert b"a" not in window.counters
    assert bad_lines(window) == 1


@pytest.mark.parametrize(
    ("lines", "value"),
    {
        b"a:5|g\na:2|g": 2,
        b"a:5|g\na:+3|g\na:-1|g": 7,
        b"a:+5|g": 5,
        b"a:-5|g": -5,
        b"a:0|g\na:-7|g": -7,
        b"a:5|g\na:-7|g": -2,
        b"a:5|g\na: -7|g": -7,
        b"a:3.14159265358979|g": 3.14159265358979,
        b"a:5|g|@0.1": 5,
        b"a:5|g\na:+5|g|@0.5": 10,
        b"a:-0|g": 0,
        b"a:5|g\na:x|g": 5,
    }.items(),
    ids=repr,
)
def test_a_gauge_is_set_and_a_sign_makes_a_change(lines: bytes, value: float) -> None:
    assert window_of(lines).gauges == {b"a": value}


def test_a_gauge_that_would_overflow_keeps_its_value_and_counts_a_bad_line() -> None:
    window = window_of(b"a:1e308|g\na:+1e308|g")
    assert (window.gauges[b"a"], bad_lines(window)) == (1e308, 1)
    assert window_of(b"a:5|g", after=window).gauges == {b"a": 5}


def test_a_gauge_has_an_age_only_where_idle_gauges_are_deleted() -> None:
    assert window_of(b"a:5|g").gauge_ages == {}
    assert window_of(b"a:5|g", deleteGauges=True, gaugesMaxTTL=3).gauge_ages == {b"a": 3}


def test_a_timer_keeps_every_value_and_counts_each_times_the_inverse_of_its_rate() -> None:
    window = window_of(b"a:10|ms|@0.3\na:20|ms|@0.3", b"a:5|ms\nb:1|ms|@2")
    assert {bucket: list(values) for bucket, values in window.timers.items()} == {b"a": [10, 20, 5], b"b": [1]}
    assert window.timer_counts == {b"a": 7.666666666666667, b"b": 0.5}


def test_a_set_holds_each_member_once_exactly_as_sent() -> None:
    window = window_of(b"a:x|s\na:x|s|@0.5\na:X|s\na: x|s\na:01|s\na:1|s", b"a:\xff|s\na:\xfe|s\na:__proto__|s\nb:|s")
    assert {bucket: set(members) for bucket, members in window.sets.items()} == {
        b"a": {b"x", b"X", b" x", b"01", b"1", b"\xff", b"\xfe", b"__proto__"},
        b"b": {b"0"},
    }


def test_one_name_of_four_kinds_is_four_series() -> None:
    window = window_of(b"a:1|c\na:2|g\na:3|ms\na:4|s")
    assert (window.counters[b"a"], window.gauges[b"a"]) == (1, 2)
    assert (list(window.timers[b"a"]), set(window.sets[b"a"])) == ([3], {b"4"})


def test_own_counters_count_datagrams_lines_and_bad_samples() -> None:
    window = window_of(b"a:1|c\n\nb:x|c:y|c\n", b"", b"junk")
    assert window.counters[b"statsd.packets_received"] == 3
    assert window.counters[b"statsd.metrics_received"] == 3
    assert bad_lines(window) == 3


def test_own_counters_carry_their_prefix_and_may_be_added_to() -> None:
    assert window_of(b"me.bad_lines_seen:5|c\nx", prefixStats="me").counters[b"me.bad_lines_seen"] == 6


def test_a_running_total_counts_its_growth_and_a_restart_whole() -> None:
    assert counted(b"a:5|C", extensions=["C"]) == {b"a": 0}
    assert counted(b"a:5|C\na:9|C\na:9|C\na:2|C", extensions=["C"]) == {b"a": 6}
    assert counted(b"a:0|C\na:9|C\na:10|C", extensions=["C"]) == {b"a": 1}


def test_a_running_total_goes_on_in_the_next_interval() -> None:
    first = window_of(b"a:5|C", extensions=["C"])
    assert first.totals == {b"a": 5}
    assert window_of(b"a:8|C", after=Window(totals=first.totals), extensions=["C"]).counters[b"a"] == 3


def test_a_meter_is_summed_and_a_bare_name_counts_one() -> None:
    assert counted(b"a:7|m|@0.5\na", extensions=["m"]) == {b"a": 15}


def test_key_values_are_kept_one_by_one() -> None:
    assert window_of(b"a:7|kv\na:7|kv\nb:1|kv", extensions=["kv"]).pairs == [(b"a", 7), (b"a", 7), (b"b", 1)]


@pytest.mark.parametrize("line", [b"n:1|c", b"n:1|g", b"n:+1|g", b"n:1|ms", b"n:1|s", b"n:1|C"], ids=repr)
def test_beyond_the_limit_a_new_name_is_refused_and_counted(line: bytes) -> None:
    full = window_of(b"c:1|c\ng:1|g\nt:1|ms\ns:1|s\nC:1|C", maxNames=9, extensions=["C"])
    window = window_of(line, b"c:1|c\ng:2|g\nt:2|ms\ns:2|s\nC:3|C", after=full, maxNames=9, extensions=["C"])
    series = (window.counters, window.gauges, window.timers, window.sets, window.totals)
    assert not any(b"n" in names for names in series)
    assert window.counters[b"statsd.names_refused"] == 1
    assert (window.counters[b"c"], window.counters[b"C"], window.gauges[b"g"]) == (2, 2, 2)
    assert (len(window.timers[b"t"]), len(window.sets[b"s"])) == (2, 2)


def test_up_to_the_limit_a_new_name_is_taken() -> None:
    window = window_of(b"a:1|c\nb:1|g\nc:1|ms", maxNames=6)
    assert (b"a" in window.counters, b"b" in window.gauges, b"c" in window.timers) == (True, True, True)
    assert b"statsd.names_refused" not in window.counters


@pytest.mark.parametrize(
    "outcome",
    [
        Sample(b"a", 2, C, 0.5),
        Sample(b"a", 2, Kind.METER),
        Sample(b"a", 2, G),
        Sample(b"a", 2, MS, 0.5),
        Sample(b"a", 0, Kind.SET, member=b"x"),
        Sample(b"a", 2, Kind.KEY_VALUE),
        Sample(b"a", 1e308, C, 0.1),
        BadLine(b"x", "no colon"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("times", [2, 3])
def test_a_sample_added_several_times_at_once_is_the_same_as_one_after_another(
    outcome: Sample | BadLine, times: int
) -> None:
    options = read_options({"extensions": ["m", "kv"]})
    at_once, by_one = Gathering(options, Window()), Gathering(options, Window())
    at_once.add(outcome, times)
    for _ in range(times):
        by_one.add(outcome)
    assert at_once.window() == by_one.window()


def test_accumulating_leaves_the_window_it_was_given_as_it_was() -> None:
    server = make_server(read_options({"extensions": ["C", "kv"], "deleteGauges": True}))
    datagram = b"a:1|c\na:1|g\na:1|ms\na:1|s\na:1|C\na:1|kv"
    before = server.accumulate(server.first_window(), server.read(datagram))
    copy = server.accumulate(server.first_window(), server.read(datagram))
    after = server.accumulate(before, server.read(b"a:2|c\na:2|g\na:2|ms\na:2|s\na:2|C\na:2|kv"))
    assert before == copy
    assert after != before


def test_a_reading_without_outcomes_still_counts_its_lines() -> None:
    server = make_server(read_options({"extensions": ["dogstatsd"]}))
    window = server.accumulate(server.first_window(), Reading(2, ()))
    assert window.counters[b"statsd.metrics_received"] == 2


def test_new_counter_of_negative_zero_is_zero() -> None:
    assert str(counted(b"x:-0|c")[b"x"]) == "0.0"
