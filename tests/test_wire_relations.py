"""What holds of two ways of sending the same lines, odd ones too."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from defects.steps import Break
from statsd_conformance.graphite import read_line
from statsd_conformance.profile import load_profile
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.judge import Judge
from statsd_fuzz.wire.relations import (
    ALONE,
    APART,
    BACKWARDS,
    RATE_LAST,
    TAGS_BACKWARDS,
    TWICE,
    numbers_of,
    other_way,
    rates_of,
    unlike,
)
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario
from statsd_reference import Outcome, Sample, Server
from trials import right
from wire_trials import serving

Q = PLACEHOLDER + b"."
A, B = Q + b"a:0x10|c", Q + b"b:1|c"
# Two names that differ in the last byte, behind all that anybody keeps.
LONG = tuple(Q + b"n" * 190 + last + b":1|c" for last in (b"a", b"b"))


def related(relation: str, *datagrams: bytes) -> Scenario:
    return Scenario((datagrams,), features=frozenset((relation,)))


@pytest.mark.parametrize(
    ("scenario", "other"),
    [
        (related(APART, A + b"\n" + B), (A, B)),
        (related(BACKWARDS, A + b"\n" + B, A), (A, B + b"\n" + A)),
        (related(TWICE, A, B), (A, A, B, B)),
        (related(APART, A, B), None),
        (related(TWICE, A, Q + b"g:1|g"), None),
        (related(TWICE, A, Q + b"a:1e308|c"), None),
        (related("NUM-04", A + b"\n" + B), None),
        (related(ALONE, A + b"\n" + B), (A,)),
        (related(ALONE, A, B), (A,)),
        (related(ALONE, A + b"\n" + A), None),
        (related(ALONE, A + b"\n" + Q + b"a.count:1|c"), None),
        (related(ALONE, A + b"\n" + Q + b"B:1|c"), None),
        (related(ALONE, A + b"\n" + Q + b"b:1|g"), None),
        (related(TAGS_BACKWARDS, B + b"|#k:v,l:w,m:3"), (B + b"|#m:3,l:w,k:v",)),
        (related(TAGS_BACKWARDS, B + b"|#k:v,k:w"), None),
        (related(TAGS_BACKWARDS, B + b"|#k:v,l"), None),
        (related(RATE_LAST, B + b"|@0.5|#k:v\n" + A), (B + b"|#k:v|@0.5\n" + A,)),
        (related(RATE_LAST, B + b"|@0|#k:v"), None),
    ],
    ids=[
        *("apart", "backwards", "twice", "apart-already", "not-counters", "beyond-range", "no-relation"),
        *("alone", "alone-of-two-datagrams", "one-name", "one-name-begins-another", "letters-that-may-be-folded"),
        *("alone-beside-a-gauge", "tags", "tags-of-one-key", "tags-without-a-value", "rate", "rate-that-is-none"),
    ],
)
def test_other_way_follows_from_the_relation(scenario: Scenario, other: Sequence[bytes] | None) -> None:
    assert other_way(scenario) == (None if other is None else (other,))


def test_twice_is_two_times_as_much() -> None:
    scenario = related(TWICE, A)
    assert unlike(scenario, {b"*.a": [16.0]}, {b"*.a": [32.0]}) is None
    fault = unlike(scenario, {b"*.a": [16.0]}, {b"*.a": [16.0]})
    assert fault == Fault("twice-is-not-two-times", "'*.a' is 16 of each datagram sent twice, and 16 as they are")


def test_first_of_two_is_what_it_is_alone_whatever_the_other_comes_to() -> None:
    scenario = related(ALONE, b"\n".join(LONG))
    assert unlike(scenario, {b"*.a": [1.0], b"*.b": [1.0]}, {b"*.a": [1.0]}) is None
    fault = unlike(scenario, {b"*.n": [2.0]}, {b"*.n": [1.0]})
    assert fault == Fault("names-collide", "'*.n' is 1 of the first line alone, and 2 as they are")


def test_a_scenario_of_two_relations_is_held_to_the_one_that_it_is_tried_by() -> None:
    scenario = Scenario(((A + b"\n" + A,),), features=frozenset((APART, TWICE)))
    assert other_way(scenario) == ((A, A),)
    assert unlike(scenario, {b"*.a": [2.0]}, {b"*.a": [2.0]}) is None


@pytest.mark.parametrize(
    ("name", "rate", "other"),
    [
        ("collectd", b"h.suite.statsd.derive-*.a", b"h.suite.statsd.count-*.a"),
        ("statsd", b"stats.*.a", b"stats_counts.*.a"),
        ("statsd", b"stats.*.a", b"stats.gauges.*.a"),
        ("netdata", b"nd.h.statsd_*.a_counter.counter", b"nd.h.statsd_*.a_gauge.gauge"),
    ],
)
def test_rates_are_the_same_within_the_time_that_passed(name: str, rate: bytes, other: bytes) -> None:
    is_rate = rates_of(load_profile(name))
    scenario = related(APART, A)
    assert unlike(scenario, {rate: [2.0001]}, {rate: [2.0]}, is_rate) is None
    assert unlike(scenario, {rate: [2.1]}, {rate: [2.0]}, is_rate)
    assert unlike(scenario, {other: [2.0001]}, {other: [2.0]}, is_rate)


def test_what_is_not_finite_is_as_it_was() -> None:
    assert unlike(related(APART, A), {b"*.a": [float("nan")]}, {b"*.a": [float("nan")]}) is None


def test_number_that_is_repeated_stands_once_and_0_not_at_all() -> None:
    lines = [read_line(b"stats.%b.g %d 10" % (PLACEHOLDER, number)) for number in (5, 5, 0, 7)]
    assert numbers_of(lines, PLACEHOLDER) == {b"stats.*.g": [5.0, 7.0]}


def reads_one_odd_line(server: Server) -> Server:
    """Refuse a number with a base where it is not the first line of its datagram."""

    def split(datagram: bytes) -> list[bytes]:
        first, *others = server.split(datagram) or [b""]
        return [first, *(line for line in others if b"0x" not in line)]

    return replace(server, split=split)


def cuts_names(server: Server) -> Server:
    """Cut each name to 127 bytes."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        return tuple(
            replace(one, bucket=one.bucket[:127]) if isinstance(one, Sample) else one for one in server.parse(line)
        )

    return replace(server, parse=parse)


def loses_late_rates(server: Server) -> Server:
    """Read no rate behind tags."""
    return replace(server, parse=lambda line: server.parse(re.sub(rb"(\|#[^|]*)\|@.*", rb"\1", line)))


def keeps_tags_as_sent(server: Server) -> Server:
    """Make another series of tags in another order."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        tags = line.partition(b"|#")[2].replace(b",", b".").replace(b":", b"_")
        return server.parse(line.replace(b":", b"." + tags + b":", 1).partition(b"|#")[0])

    return replace(server, parse=parse)


@pytest.mark.parametrize(
    ("plant", "scenario", "fault"),
    [
        (cuts_names, related(ALONE, b"\n".join(LONG)), "names-collide"),
        (loses_late_rates, related(RATE_LAST, B + b"|@0.5|#k:v"), "rate-behind-tags-differs"),
        (keeps_tags_as_sent, related(TAGS_BACKWARDS, B + b"|#k:v,l:w"), "order-of-tags-matters"),
    ],
)
def test_mistake_that_shows_in_the_other_way_alone_is_found(plant: Break, scenario: Scenario, fault: str) -> None:
    async def run(plant: Break) -> list[Fault | None]:
        async with serving(plant, options={"flush_interval": 60, "extensions": ("dogstatsd",)}) as subject:
            return await Judge(subject)([scenario])

    assert [found and found.name for found in asyncio.run(run(plant))] == [fault]
    assert asyncio.run(run(right)) == [None]


@pytest.mark.parametrize(
    ("relation", "fault"),
    [(APART, "apart-differs-from-together"), (BACKWARDS, "order-of-counters-matters"), (TWICE, None)],
)
def test_odd_line_that_is_read_otherwise_in_another_place_is_found(relation: str, fault: str | None) -> None:
    async def run() -> list[Fault | None]:
        async with serving(reads_one_odd_line, options={"flush_interval": 60}) as subject:
            return await Judge(subject)([related(relation, B + b"\n" + A), related("NUM-04", B + b"\n" + A)])

    assert [found and found.name for found in asyncio.run(run())] == [fault, None]
