"""What became of a counter from hop to hop: names compared exactly, values where they can be compared."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from chain import BEGIN, FromStore, Modelled, as_pickle, as_text, snapshot
from statsd_conformance.profile import load_profile
from statsd_conformance.recording import Datagram, Endpoint
from statsd_conformance.tracing.cause import Traced
from statsd_conformance.tracing.causes import diagnose
from statsd_conformance.tracing.journey import Fate, journeys
from statsd_conformance.tracing.look import Caught, Wanted, see
from statsd_conformance.tracing.output import OutputReader, read_output
from statsd_conformance.tracing.report import count_in_words
from statsd_conformance.tracing.seen import Output, Seen, Store, Stored
from statsd_conformance.tracing.spelling import candidates, guess, modern
from statsd_conformance.tracing.wanted import buckets
from statsd_conformance.tracing.wire import read_whole_line, read_wire

Points = Sequence[tuple[bytes, float]]


def published(*flushes: Points) -> Output:
    reader = OutputReader()
    for number, points in enumerate(flushes):
        reader.take(1, as_text(points, BEGIN + 10 * number))
    return reader.output()


def sent(*datagrams: bytes) -> Caught:
    return Caught(read_wire(Datagram(one, number, BEGIN - 5.0) for number, one in enumerate(datagrams, 1)), since=BEGIN)


def seen(caught: Caught, output: Output, profile: str | None = "statsd", wanted: Wanted | None = None) -> Seen:
    spelt = load_profile(profile) if profile else None
    return see(replace(caught, output=output), wanted or Wanted(), spelt, None, 0.0)


def fates(seen: Seen) -> list[str]:
    return [one.at("aggregator").fate.value for one in journeys(seen)]


@pytest.mark.parametrize(
    ("lines", "flushed", "fate"),
    [
        (b"a.x:5|g", 5.0, Fate.SAME),
        (b"a.x:16777217|g", 16777216.0, Fate.VALUE),
        # A change, of which nobody knows to what.
        (b"a.x:+5|g", 7.0, Fate.SAME),
        (b"a.x:5|g\na.x:5|c", 7.0, Fate.SAME),
    ],
    ids=["equal", "rounded", "signed", "two-types"],
)
def test_a_gauge_is_compared_with_the_last_value_sent(lines: bytes, flushed: float, fate: Fate) -> None:
    assert fates(seen(sent(lines), published([(b"stats.gauges.a.x", flushed)]))) == [fate]


@pytest.mark.parametrize(("counts", "fate"), [((10.0, 5.0), Fate.SAME), ((10.0, 0.0), Fate.VALUE)])
def test_a_counter_is_compared_with_the_sum_of_what_was_sent(counts: Sequence[float], fate: Fate) -> None:
    output = published(*([(b"stats_counts.a.x", count)] for count in counts))
    assert fates(seen(sent(b"a.x:1|c|@0.1", b"a.x:5|c"), output)) == [fate]


def test_what_was_sent_after_the_last_flush_is_not_missed() -> None:
    late = Caught(read_wire([Datagram(b"a.x:5|g", 1, BEGIN + 1.0)]))
    assert fates(seen(late, published([(b"stats.gauges.a.x", 1.0)]))) == [Fate.SAME]


def test_a_value_that_nothing_explains_is_told() -> None:
    (one,) = diagnose(Traced(seen(sent(b"a.x:2|g"), published([(b"stats.gauges.a.x", 1.0)]))))
    assert (one.code, one.hop, one.evidence[0]) == ("UNKNOWN", "aggregator", "a.x has another value there")


@pytest.mark.parametrize(
    ("stored", "fate"),
    [
        (Stored(b"stats.gauges.a.x", 2, 5.0, 10.0, BEGIN + 10, 10.0), Fate.SAME),
        (Stored(b"stats.gauges.a.x", 2, 4.0, 10.0, BEGIN + 10, 10.0), Fate.VALUE),
        (Stored(b"stats.gauges.a.x", 1, 4.0, 10.0, BEGIN, 60.0), Fate.VALUE),
        # Not written yet.
        (Stored(b"stats.gauges.a.x", 1, 4.0, 10.0, BEGIN, 10.0), Fate.SAME),
        (Stored(b"stats.gauges.a.x", 1, 5.0, 10.0, BEGIN - 10, 10.0), Fate.STOPPED),
        (Stored(b"stats.gauges.a.x", 0, 5.0, 0.0, BEGIN - 600, 10.0), Fate.STOPPED),
        (Stored(b"stats.gauges._a.x", 2, 5.0, 10.0, BEGIN + 10, 10.0), Fate.CHANGED),
        (Stored(b"stats.gauges.other", 2, 5.0, 10.0, BEGIN + 10, 10.0), Fate.LOST),
    ],
    ids=["same", "another", "another-in-a-slot", "pending", "stopped", "old", "renamed", "lost"],
)
def test_what_graphite_holds_is_compared_with_the_last_flush(stored: Stored, fate: Fate) -> None:
    output = published([(b"stats.gauges.a.x", 5.0)], [(b"stats.gauges.a.x", 5.0)])
    asks = FromStore(Store({stored.path: stored}, "a store"))
    found = see(replace(sent(b"a.x:5|g"), output=output), Wanted(), load_profile("statsd"), asks, 0.0)
    assert journeys(found)[0].at("graphite").fate == fate


def test_a_name_that_another_counter_has_is_not_taken_for_this_one() -> None:
    output = published([(b"stats.gauges.ab", 1.0)])
    assert fates(seen(sent(b"ab:1|g\na_b:1|g"), output)) == [Fate.SAME, Fate.LOST]


def test_a_series_that_is_sent_and_flushed_no_more_has_stopped() -> None:
    points = [(b"stats.gauges.a.x", 1.0), (b"stats.gauges.a.y", 1.0)]
    output = published(points, *[points[:1]] * 4)
    again = Caught(read_wire([Datagram(b"a.x:1|g\na.y:1|g", number, BEGIN + 10.0 * number) for number in (0, 2)]))
    found = seen(again, output)
    assert fates(found) == [Fate.SAME, Fate.STOPPED]
    assert [one.code for one in diagnose(Traced(found))] == ["UNKNOWN"]


def test_paths_with_any_prefix_are_found_by_their_end() -> None:
    output = published([(b"host.statsd.gauge-a.x", 1.0), (b"host.statsd.gauge-_a.y", 2.0)])
    assert fates(seen(sent(b"a.x:1|g\n\ta.y:2|g"), output, "collectd")) == [Fate.SAME, Fate.CHANGED]


def test_a_series_with_tags_is_the_one_of_its_name() -> None:
    output = published([(b"stats.gauges.a.x;k=v", 1.0)])
    assert fates(seen(sent(b"a.x:2|g|#k:v"), output)) == [Fate.SAME]


def test_a_timer_is_known_by_its_count() -> None:
    output = published([(b"stats.timers.a.x.count", 1.0), (b"stats.timers.a.x.mean", 320.0)])
    assert fates(seen(sent(b"a.x:320|ms"), output)) == [Fate.SAME]


@pytest.mark.parametrize(
    ("path", "profile"),
    [
        (b"stats_counts.a.x", "statsd"),
        (b"a.x", "brubeck"),
        (b"h.statsd.count-a.x", "collectd"),
        (b"counts.a.x", "statsite"),
        (b"stats.counters.a.x.count", "statsd, modern namespace"),
    ],
)
def test_the_profile_is_guessed_from_where_the_counters_are(path: bytes, profile: str) -> None:
    found = seen(sent(b"a.x:1|c"), published([(path, 1.0)]), None)
    assert found.profile.name == profile or modern().paths["counter"] == found.profile.paths["counter"]
    assert fates(found) == [Fate.SAME]


def test_nothing_is_guessed_where_nothing_fits() -> None:
    profile, score = guess(list(candidates()), [b"a.x"], {b"other"})
    assert (profile.name, score) == ("statsd", 0)


def test_buckets_are_read_off_paths_but_for_rates_and_what_it_says_of_itself() -> None:
    paths = [b"stats_counts.a.x", b"stats.a.x", b"stats.gauges.b", b"stats.sets.c.count", b"stats.timers.d.mean"]
    own = [b"stats_counts.statsd.bad_lines_seen", b"statsd.numStats", b"stats.gauges.statsd.timestamp_lag"]
    assert buckets(load_profile("statsd"), [*paths, *own]) == [b"a.x", b"b", b"c"]


def test_counters_of_an_output_alone_are_its_buckets() -> None:
    output = published([(b"stats_counts.a.x", 1.0), (b"stats.a.x", 1.0), (b"stats_counts.statsd.bad_lines_seen", 0.0)])
    found = see(Caught(output=output), Wanted(), None, None, 0.0)
    assert [one.counter for one in journeys(found)] == [b"a.x"]


def test_a_tab_inside_a_name_makes_a_line_of_four_fields() -> None:
    found = Modelled().flush(b"a.x\ty:1|g\na.z:1|g").seen(wanted=Wanted())
    assert [one.code for one in diagnose(Traced(found))] == ["FIELDS"]


def test_counters_that_arrive_changed_are_counted_apart() -> None:
    found = Modelled().flush(snapshot(blanks=b"\t\t")).seen()
    told = count_in_words(Traced(found))
    assert told == "8 of 8 counters are in Graphite under their own names, 3 of them changed on the way"


def test_blanks_around_a_name_are_a_change_also_where_no_name_was_declared() -> None:
    found = Modelled(pickled=True).flush(b"a.x:1|g\n\ta.y:1|g").seen(wanted=Wanted())
    assert [(one.counter, one.changed_at) for one in journeys(found)] == [(b"a.x", ""), (b"a.y", "wire")]


def here(stream: int) -> Endpoint:
    return Endpoint("127.0.0.1", stream)


def test_streams_are_put_together_each_for_itself_and_an_empty_piece_ends_one() -> None:
    pieces = [(1, b"a:1|"), (2, b"b:2|c\nb:3"), (1, b"g"), (1, b""), (1, b"d:4|g\n"), (2, b"|c\n")]
    wire = read_wire(
        Datagram(piece, number, source=here(stream), stream=True) for number, (stream, piece) in enumerate(pieces, 1)
    )
    assert {name: one.lines for name, one in wire.sent.items()} == {b"b": 2, b"a": 1, b"d": 1}
    assert (wire.datagrams, wire.lines, wire.broken_lines) == (0, 4, 0)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_pickle_and_plaintext_of_different_streams_are_told_apart(size: int) -> None:
    points = [(b"a\xff", 1.0), (b"b", 2.0)]
    rows = [(here(1), as_pickle(points, 100)), (here(2), as_text([(b"c", 3.0)], 110).rstrip())]
    pieces = [
        Datagram(data[start : start + size], start, source=way, stream=True)
        for way, data in rows
        for start in range(0, len(data), size)
    ]
    output = read_output([*pieces, Datagram(b"", 0, source=here(1), stream=True)])
    assert list(output.flushed) == [b"a\xff", b"b", b"c"]
    assert (output.pickled, output.flushes, output.poison) == (True, 2, (b"a\xff",))
    assert [one.behind for one in output.flushed.values()] == [1, 1, 0]


def test_a_datagram_to_graphite_stands_for_itself() -> None:
    output = read_output([Datagram(b"a 1 100\nb 2 100", 1), Datagram(b"c", 2)])
    assert (list(output.flushed), output.unreadable) == ([b"a", b"b"], (b"c",))


@pytest.mark.parametrize(
    ("data", "unreadable"),
    [
        (b"\0\0\0\1x", (b"a pickle that",)),
        (b"\0\xff\xff\xff", ()),
        (b"\0\0\0\5x", ()),
        (b"a b\n\n", (b"a b",)),
        (b"a b c\n", (b"a b c",)),
    ],
    ids=["no-pickle", "too-long", "cut", "two-fields", "no-time"],
)
def test_what_graphite_cannot_read_is_kept_apart(data: bytes, unreadable: tuple[bytes, ...]) -> None:
    reader = OutputReader()
    reader.take(1, data)
    reader.end(1)
    output = reader.output()
    assert not output.flushed
    assert len(output.unreadable) == len(unreadable)
    assert all(map(bytes.startswith, output.unreadable, unreadable))


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (b"\t a.b :1|c", (b"\t a.b ", b"1", b"c", 1.0, False)),
        (b"a:1|c|@0.5|#k:v\r", (b"a", b"1", b"c", 0.5, True)),
        (b"a:1|g|#k:v|@0.1", (b"a", b"1", b"g", 0.1, False)),
        (b"a:1|c|@7", (b"a", b"1", b"c", 1.0, False)),
        (b"a:x|ms", (b"a", b"x", b"ms", 1.0, False)),
    ],
)
def test_a_whole_line_is_taken_apart_and_nothing_is_stripped(line: bytes, parts: tuple[object, ...]) -> None:
    whole = read_whole_line(line)
    assert whole is not None
    assert (whole.name, whole.value, whole.type, whole.rate, whole.carriage) == parts


@pytest.mark.parametrize("line", [b"a", b"a:1", b"a:1|", b"a:1|gx", b"a:1|z", b"a:1|g\\nb:2|g"])
def test_a_line_that_is_cut_is_no_whole_one(line: bytes) -> None:
    assert read_whole_line(line) is None
