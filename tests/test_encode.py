import pickle
import struct
from math import inf, nan
from typing import Any

import pytest

from statsd_reference import Flush, Point, make_server, read_options
from statsd_reference.encode import write_line, write_pickle

FLUSH = Flush(
    interval=2,
    timestamp=1000,
    counters={b"c": 5},
    gauges={b"g": 7.5},
    timers={b"t": []},
    timer_counts={b"t": 0},
    sets={b"s": 3},
    pairs=[(b"k", 1), (b"k", 2)],
)
MODERN = {"legacyNamespace": False}


def published(flush: Flush = FLUSH, **options: Any) -> list[tuple[bytes, float]]:
    return [(point.path, point.value) for point in make_server(read_options(options)).points(flush)]


def paths(flush: Flush = FLUSH, **options: Any) -> list[bytes]:
    return [path for path, _ in published(flush, **options)]


def test_the_legacy_namespace_names_points_as_the_original_does_in_its_order() -> None:
    assert published() == [
        (b"stats.c", 2.5),
        (b"stats_counts.c", 5),
        (b"stats.timers.t.count", 0),
        (b"stats.timers.t.count_ps", 0),
        (b"stats.gauges.g", 7.5),
        (b"stats.sets.s.count", 3),
        (b"stats.kv.k", 2),
        (b"stats.kv.k", 1),
        (b"statsd.numStats", 4),
    ]


def test_the_modern_namespace_names_points_as_the_original_does() -> None:
    assert published(graphite=MODERN) == [
        (b"stats.counters.c.rate", 2.5),
        (b"stats.counters.c.count", 5),
        (b"stats.timers.t.count", 0),
        (b"stats.timers.t.count_ps", 0),
        (b"stats.gauges.g", 7.5),
        (b"stats.sets.s.count", 3),
        (b"stats.kv.k", 2),
        (b"stats.kv.k", 1),
        (b"stats.statsd.numStats", 4),
    ]


def test_counts_can_be_left_out() -> None:
    assert b"stats_counts.c" not in paths(flush_counts=False)
    assert b"stats.counters.c.count" not in paths(flush_counts=False, graphite=MODERN)
    assert b"stats.c" in paths(flush_counts=False)


PREFIXES = {"globalPrefix": "p", "prefixCounter": "x.c", "prefixTimer": "xt", "prefixGauge": "xg", "prefixSet": "xs"}


def test_prefixes_apply_to_the_modern_namespace_and_the_suffix_comes_last() -> None:
    assert paths(graphite={**MODERN, **PREFIXES, "globalSuffix": "host.x"}, prefixStats="me") == [
        b"p.x.c.c.rate.host.x",
        b"p.x.c.c.count.host.x",
        b"p.xt.t.count.host.x",
        b"p.xt.t.count_ps.host.x",
        b"p.xg.g.host.x",
        b"p.xs.s.count.host.x",
        b"p.kv.k.host.x",
        b"p.kv.k.host.x",
        b"p.me.numStats.host.x",
    ]


def test_empty_prefixes_drop_their_component() -> None:
    empty = dict.fromkeys(PREFIXES, "")
    expected = [
        b"c.rate",
        b"c.count",
        b"t.count",
        b"t.count_ps",
        b"g",
        b"s.count",
        b"kv.k",
        b"kv.k",
        b"statsd.numStats",
    ]
    assert paths(graphite={**MODERN, **empty}) == expected


def test_the_legacy_namespace_takes_only_the_suffix_and_the_own_prefix() -> None:
    found = paths(graphite={**PREFIXES, "globalSuffix": "x"}, prefixStats="me")
    assert found == [*(path + b".x" for path in paths()[:-1]), b"me.numStats.x"]


def test_tags_stay_last_in_a_path() -> None:
    flush = Flush(2, 1000, counters={b"c;k=v;l=w": 1}, sets={b"s;k=v": 1})
    found = paths(flush, graphite={**MODERN, "globalSuffix": "x"})
    assert found[:3] == [
        b"stats.counters.c.rate.x;k=v;l=w",
        b"stats.counters.c.count.x;k=v;l=w",
        b"stats.sets.s.count.x;k=v",
    ]


def test_names_are_cleaned_at_the_flush_where_they_are_not_on_arrival() -> None:
    flush = Flush(2, 1000, gauges={b"a b/(;k=v w": 1, b"a_b-": 2})
    assert paths(flush, keyNameSanitize=False)[:2] == [b"stats.gauges.a_b-;k=v_w", b"stats.gauges.a_b-"]


@pytest.mark.parametrize("value", [inf, -inf, nan])
def test_what_is_not_finite_is_not_published_but_is_counted_as_a_series(value: float) -> None:
    flush = Flush(1, 1000, gauges={b"g": value})
    assert published(flush) == [(b"statsd.numStats", 1)]


def test_sums_that_overflow_leave_the_other_statistics_of_a_timer() -> None:
    flush = Flush(1, 1000, timers={b"t": [1e308, 1e308]}, timer_counts={b"t": 2})
    found = dict(published(flush))
    assert found[b"stats.timers.t.upper"] == 1e308
    assert not {b"stats.timers.t.sum", b"stats.timers.t.mean", b"stats.timers.t.sum_squares"} & set(found)


def test_every_point_carries_the_time_of_the_flush() -> None:
    assert {point.timestamp for point in make_server(read_options({})).points(FLUSH)} == {1000}


def test_a_line_is_path_value_and_seconds() -> None:
    assert write_line(Point(b"stats.a", 0.1 + 0.2, 1700000000)) == b"stats.a 0.30000000000000004 1700000000\n"
    assert write_line(Point(b"a;k=v", 1e21, 1)) == b"a;k=v 1e+21 1\n"


def test_a_pickle_is_its_length_and_a_list_of_points() -> None:
    message = write_pickle([Point(b"a;k=v", 1.5, 1000), Point(b"b", 2, 1001)])
    (length,) = struct.unpack("!L", message[:4])
    assert length == len(message) - 4
    assert pickle.loads(message[4:]) == [("a;k=v", (1000, 1.5)), ("b", (1001, 2.0))]
