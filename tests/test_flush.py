from collections.abc import Sequence
from typing import Any

import pytest

from statsd_reference import Flush, Server, Window, make_server, read_options

EVERYTHING = b"c:5|c\ng:7|g\nt:1|ms|@0.5\nt:2|ms\ns:x|s\ns:y|s\nC:1|C\nk:3|kv"


def flushes(intervals: Sequence[Sequence[bytes]], **options: Any) -> list[Flush]:
    """Return what a server flushes for each interval, given as datagrams."""
    server = make_server(read_options(options))
    window, found = server.first_window(), []
    for number, interval in enumerate(intervals):
        window = given(server, window, *interval)
        flush, window = server.flush(window, 1000 + number)
        found.append(flush)
    return found


def given(server: Server, window: Window, *datagrams: bytes) -> Window:
    for datagram in datagrams:
        window = server.accumulate(window, server.read(datagram))
    return window


def sent(flush: Flush) -> dict[bytes, float]:
    """Return the counters without the aggregator's own."""
    return {bucket: count for bucket, count in flush.counters.items() if not bucket.startswith(b"statsd.")}


def values(flush: Flush) -> dict[bytes, list[float]]:
    return {bucket: list(times) for bucket, times in flush.timers.items()}


def test_a_flush_holds_the_window_its_interval_and_its_time() -> None:
    (flush,) = flushes([[EVERYTHING]], flushInterval=2500, extensions=["C", "kv"])
    assert (flush.interval, flush.timestamp) == (2.5, 1000)
    assert sent(flush) == {b"c": 5, b"C": 0}
    assert flush.gauges == {b"g": 7}
    assert (values(flush), flush.timer_counts) == ({b"t": [1, 2]}, {b"t": 3})
    assert flush.sets == {b"s": 2}
    assert flush.pairs == [(b"k", 3)]


def test_after_a_flush_counters_timers_and_sets_begin_again_and_gauges_stay() -> None:
    _, idle = flushes([[EVERYTHING], []], extensions=["kv"])
    assert sent(idle) == {b"c": 0}
    assert idle.gauges == {b"g": 7}
    assert (values(idle), idle.timer_counts) == ({b"t": []}, {b"t": 0})
    assert idle.sets == {b"s": 0}
    assert list(idle.pairs) == []


def test_the_interval_after_an_idle_one_counts_from_nothing() -> None:
    *_, third = flushes([[EVERYTHING], [], [b"c:1|c\ng:+1|g\nt:9|ms\ns:x|s"]])
    assert (sent(third), third.gauges, values(third), third.sets) == ({b"c": 1}, {b"g": 8}, {b"t": [9]}, {b"s": 1})
    assert third.timer_counts == {b"t": 1}


def test_own_counters_are_published_from_the_first_flush_on() -> None:
    own = {b"me.bad_lines_seen": 0, b"me.metrics_received": 0, b"me.packets_received": 0}
    assert [flush.counters for flush in flushes([[], []], prefixStats="me")] == [own, own]
    busy, idle = flushes([[b"x\na:1|g"], []], prefixStats="me")
    assert busy.counters == {b"me.bad_lines_seen": 1, b"me.metrics_received": 2, b"me.packets_received": 1}
    assert idle.counters == own


KINDS = {"Counters": (b"c", "counters"), "Gauges": (b"g", "gauges"), "Timers": (b"t", "timers"), "Sets": (b"s", "sets")}


def kinds_left(flush: Flush) -> set[str]:
    return {kind for kind, (bucket, field) in KINDS.items() if bucket in getattr(flush, field)}


@pytest.mark.parametrize("kind", KINDS)
def test_an_idle_series_is_left_out_where_its_kind_is_deleted(kind: str) -> None:
    busy, idle = flushes([[EVERYTHING], []], **{f"delete{kind}": True})
    assert kinds_left(busy) == set(KINDS)
    assert kinds_left(idle) == set(KINDS) - {kind}


def test_every_idle_series_is_left_out_unless_its_kind_is_kept() -> None:
    assert kinds_left(flushes([[EVERYTHING], []], deleteIdleStats=True)[1]) == set()
    assert kinds_left(flushes([[EVERYTHING], []], deleteIdleStats=True, deleteSets=False)[1]) == {"Sets"}


def test_a_deleted_timer_counts_from_nothing_when_it_comes_back() -> None:
    *_, back = flushes([[b"t:1|ms|@0.1"], [], [b"t:2|ms"]], deleteTimers=True)
    assert (values(back), back.timer_counts) == ({b"t": [2]}, {b"t": 1})


def test_counters_named_like_an_own_one_are_never_deleted() -> None:
    datagram = b"x.packets_received.y:1|c\nmetrics_received_z:1|c\nbad_lines_seen:1|c\npackets.received:1|c"
    _, idle = flushes([[datagram], []], deleteCounters=True)
    assert sent(idle) == {b"x.packets_received.y": 0, b"metrics_received_z": 0, b"bad_lines_seen": 0}
    assert idle.counters[b"statsd.packets_received"] == 0


def test_a_gauge_lasts_as_many_flushes_as_its_time_allows() -> None:
    intervals = [[b"g:5|g"], [], [b"g:+2|g\nh:1|g"], [], []]
    seen = [flush.gauges for flush in flushes(intervals, deleteGauges=True, gaugesMaxTTL=2)]
    assert seen == [{b"g": 5}, {b"g": 5}, {b"g": 2, b"h": 1}, {b"g": 2, b"h": 1}, {}]


def test_a_gauge_that_is_set_again_lasts_longer() -> None:
    intervals = [[b"g:5|g"], [b"g:5|g"], [], []]
    seen = [flush.gauges for flush in flushes(intervals, deleteGauges=True, gaugesMaxTTL=2)]
    assert seen == [{b"g": 5}, {b"g": 5}, {b"g": 5}, {}]


def test_a_gauge_without_an_age_is_not_deleted() -> None:
    server = make_server(read_options({"deleteGauges": True}))
    _, following = server.flush(Window(gauges={b"statsd.timestamp_lag": 0}), 1000)
    assert following.gauges == {b"statsd.timestamp_lag": 0}


def test_a_running_total_outlives_its_deleted_counter() -> None:
    seen = flushes([[b"C:5|C"], [], [b"C:8|C"]], deleteCounters=True, extensions=["C"])
    assert [sent(flush) for flush in seen] == [{b"C": 0}, {}, {b"C": 3}]


def test_a_flush_leaves_its_window_as_it_was() -> None:
    server = make_server(read_options({"deleteGauges": True}))
    window, copy = (given(server, server.first_window(), EVERYTHING) for _ in range(2))
    server.flush(window, 1000)
    assert window == copy
