"""What holds of two ways of sending the same lines, odd ones too."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from statsd_conformance.graphite import read_line
from statsd_conformance.profile import load_profile
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.judge import Judge
from statsd_fuzz.wire.relations import APART, BACKWARDS, TWICE, numbers_of, other_way, rates_of, unlike
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario
from statsd_reference import Server
from wire_trials import serving

Q = PLACEHOLDER + b"."
A, B = Q + b"a:0x10|c", Q + b"b:1|c"


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
    ],
    ids=["apart", "backwards", "twice", "apart-already", "not-counters", "beyond-range", "no-relation"],
)
def test_other_way_follows_from_the_relation(scenario: Scenario, other: Sequence[bytes] | None) -> None:
    assert other_way(scenario) == (None if other is None else (other,))


def test_twice_is_two_times_as_much() -> None:
    scenario = related(TWICE, A)
    assert unlike(scenario, {b"*.a": [16.0]}, {b"*.a": [32.0]}) is None
    fault = unlike(scenario, {b"*.a": [16.0]}, {b"*.a": [16.0]})
    assert fault == Fault("twice-is-not-two-times", "'*.a' is 16 of each datagram sent twice, and 16 as they are")


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


@pytest.mark.parametrize(
    ("relation", "fault"),
    [(APART, "apart-differs-from-together"), (BACKWARDS, "order-of-counters-matters"), (TWICE, None)],
)
def test_odd_line_that_is_read_otherwise_in_another_place_is_found(relation: str, fault: str | None) -> None:
    async def run() -> list[Fault | None]:
        async with serving(reads_one_odd_line, options={"flush_interval": 60}) as subject:
            return await Judge(subject)([related(relation, B + b"\n" + A), related("NUM-04", B + b"\n" + A)])

    assert [found and found.name for found in asyncio.run(run())] == [fault, None]
