"""Properties on right and wrong servers: in process under Hypothesis, and over the wire in waves."""

import ast
import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defects.steps import Break, carries, samples, steadily
from statsd_conformance import test_22_property as chapter
from statsd_conformance.found import Found
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.properties import (
    PLAN,
    Bench,
    Plan,
    Property,
    alike,
    as_function,
    hold,
    hold_of,
    usable_types,
)
from statsd_conformance.requirement import Inconclusive, Unsupported
from statsd_conformance.shrinking import shrink
from statsd_conformance.target import InProcess, Target
from statsd_conformance.traffic import Line, packed, types_of, well_behaved
from statsd_reference import Kind, Options, Sample, Server, Window, make_server
from trials import PROFILE, right
from wire_trials import serving
from wrong_servers import WRONG

PROPERTIES: Final = [one for one in vars(chapter).values() if isinstance(one, Property)]
IDS: Final = [one.id for one in PROPERTIES]
each_property = pytest.mark.parametrize("property", PROPERTIES, ids=IDS)


def local(plant: Break = right) -> InProcess:
    return InProcess(plant(make_server(Options(flush_interval=1000, tcp=True))), PROFILE)


@contextmanager
def planned(plan: Plan) -> Iterator[None]:
    token = PLAN.set(plan)
    try:
        yield
    finally:
        PLAN.reset(token)


def without(*statistics: str) -> InProcess:
    """Return the target whose profile lacks some statistics, and whose 90th percentile has its rank rounded down."""
    names = {name: spelling for name, spelling in PROFILE.statistics.items() if name not in statistics}
    server = WRONG["TIMER-05/floor"](make_server(Options(flush_interval=1000)))
    return InProcess(server, replace(PROFILE, statistics=names))


def test_percentile_is_compared_though_a_statistic_is_missing() -> None:
    assert "the upper_90 of" in broken(chapter.PROPERTY_01, without("sum_squares_90"), Plan())


def test_what_was_compared_is_told_where_it_is_not_all() -> None:
    lone = without("count_90", "mean_90", "sum_90", "sum_squares_90", "sum_squares", "std")
    told = asyncio.run(hold(chapter.PROPERTY_01, lone))
    assert told == "20 examples; compared: of timers count lower upper mean median sum"
    fewer = InProcess(make_server(Options(flush_interval=1000)), replace(PROFILE, types=("c", "g")))
    assert asyncio.run(hold(chapter.PROPERTY_01, fewer)) == "20 examples; compared: types c g"


def broken(property: Property, target: Target, plan: Plan) -> str:
    """Return what a property says of a target that breaks it."""
    with planned(plan), pytest.raises(AssertionError) as failure:
        asyncio.run(hold(property, target))
    return str(failure.value)


def one_short_beside_two_others(server: Server) -> Server:
    """Count a sampled count above 300 one short where its example has a set and a gauge above 500."""

    def change(window: Window, one: Sample) -> Sample:
        # Candidates of a round share a window, so each has to be looked at for itself.
        prefix = one.bucket.rpartition(b".")[0] + b"."
        high = [value for name, value in window.gauges.items() if name.startswith(prefix) and value > 500]
        met = high and any(name.startswith(prefix) for name in window.sets)
        if met and one.kind is Kind.COUNTER and one.value > 300 and one.rate != 1:
            return replace(one, value=one.value - 1)
        return one

    return steadily(server, change)


NOISE: Final = tuple(Line("zulu", str(number % 977 + 1)) for number in range(197))
CULPRITS: Final = (Line("users", "alice", "s"), Line("load7", "612.5", "g"), Line("hits", "4711", "c", "0.1"))
HAYSTACK: Final = (*NOISE[:20], CULPRITS[0], *NOISE[20:111], CULPRITS[1], *NOISE[111:180], CULPRITS[2], *NOISE[180:])


@each_property
@given(random=st.randoms(use_true_random=False))
def test_property_holds_of_the_reference(property: Property, random: Random) -> None:
    lines = property.make(random, property.types)
    assert well_behaved(lines)
    asyncio.run(hold_of(property, local(), *lines))


@each_property
@given(random=st.randoms(use_true_random=False))
def test_ways_of_an_example_say_the_same_lines(property: Property, random: Random) -> None:
    ways = property.ways(property.make(random, property.types))
    judged = [types_of(line for datagram in way[-1] for line in datagram) for way in ways]
    assert all(types == judged[0] for types in judged)
    assert len({len(way) for way in ways}) == 1


@given(random=st.randoms(use_true_random=False))
def test_datagram_is_no_longer_than_every_target_reads(random: Random) -> None:
    lines = chapter.PROPERTY_01.make(random, ("c", "g", "ms", "s")) * 5
    datagrams = packed(lines)
    assert tuple(line for datagram in datagrams for line in datagram) == lines
    assert all(sum(len(line.written(b"q" * 20)) + 1 for line in datagram) <= 512 for datagram in datagrams)


@each_property
def test_equal_seeds_make_equal_examples(property: Property) -> None:
    def sent(seed: int) -> list[bytes]:
        target = local()
        with planned(Plan(seed, 10)):
            asyncio.run(hold(property, target))
        return [datagram.replace(target.token, b"") for datagram in target.trace.datagrams]

    assert sent(1) == sent(1)
    assert sent(1) != sent(2)


async def is_shrunk_in_twelve_flushes(target: Target) -> None:
    """Shrink two hundred lines on a target that needs three of them, and look at what is left."""
    bench = Bench(chapter.PROPERTY_01, target)
    left = await shrink(HAYSTACK, bench.fail, bench.well_behaved)
    assert left is not None
    assert {line.type: line.value for line in left} == {"s": "a", "g": "501", "c": "301"}
    assert len(left) == 3
    assert len(target.trace.flushes) <= 12


def test_three_of_two_hundred_lines_are_found_in_twelve_flushes() -> None:
    asyncio.run(is_shrunk_in_twelve_flushes(local(one_short_beside_two_others)))


def test_broken_property_shows_its_plainest_example_as_a_function(tmp_path: Path) -> None:
    target = local(lambda server: samples(server, _one_short))
    said = broken(chapter.PROPERTY_01, target, Plan(3, 50, Found(tmp_path)))
    assert said.startswith("the count of a (c) is 300 here, and 301 in the model\n")
    assert "StatsD seed: 3" in said
    (path,) = tmp_path.iterdir()
    assert f"kept as {path}" in said
    function = said[said.index("from statsd_conformance.properties") :]
    ast.parse(function)
    assert 'Line("a", "301")' in function
    (datagram,) = target.trace.datagrams
    assert datagram.endswith(b".a:301|c")
    assert {line.path.rpartition(b".")[2] for line in target.trace.published()} == {b"a"}


def _one_short(one: Sample) -> Sample:
    return replace(one, value=one.value - 1) if one.kind is Kind.COUNTER and one.value > 300 else one


def test_function_that_is_printed_fails_on_the_same_server() -> None:
    space: dict[str, object] = {}
    text = as_function("PROPERTY-01", (Line("a", "301", rate="0.5"), Line("b", "+1", "g", mark=1)))
    body = text.replace('@requirement("FOUND', '# @requirement("FOUND')
    exec(compile(body, "found", "exec"), space)
    (function,) = [value for name, value in space.items() if name.startswith("test_found_")]
    assert callable(function)
    asyncio.run(function(local()))
    with pytest.raises(AssertionError, match="the count of a"):
        asyncio.run(function(local(lambda server: samples(server, _one_short))))


def test_what_was_found_is_tried_first_and_not_shrunk_again(tmp_path: Path) -> None:
    found = Found(tmp_path)
    found.add("PROPERTY-01", (Line("a", "400"), Line("a", "500")))
    target = local(lambda server: samples(server, _one_short))
    said = broken(chapter.PROPERTY_01, target, Plan(3, 1, Found(tmp_path)))
    assert "the count of a (c) is 898 here, and 900 in the model" in said
    assert len(list(tmp_path.iterdir())) == 1


def test_example_found_before_is_counted_where_it_holds_now() -> None:
    found = Found()
    found.add("PROPERTY-01", (Line("a", "400"),))
    with planned(Plan(3, 5, found)):
        assert asyncio.run(hold(chapter.PROPERTY_01, local())) == "5 examples, 1 found before"


def once(change: Callable[[Sample], Sample]) -> Break:
    """Put the samples before the first flush through `change`, and no other."""

    def plant(server: Server) -> Server:
        state = {"over": False}

        def over(closed: Window, following: Window) -> Window:
            state["over"] = True
            return following

        return carries(samples(server, lambda one: one if state["over"] else change(one)), over)

    return plant


def test_count_that_is_right_when_sent_again_is_inconclusive() -> None:
    with planned(Plan(3, 50)), pytest.raises(Inconclusive, match="not when it was sent again: the count"):
        asyncio.run(hold(chapter.PROPERTY_01, local(once(_one_short))))


def test_set_that_a_flush_may_have_cut_in_two_is_no_failure() -> None:
    def other_member(one: Sample) -> Sample:
        return replace(one, member=b"m") if one.kind is Kind.SET else one

    with planned(Plan(3, 50)):
        assert asyncio.run(hold(chapter.PROPERTY_01, local(once(other_member)))) == "50 examples"


def test_nothing_published_is_no_agreement() -> None:
    silent = local(lambda server: replace(server, parse=lambda line: ()))
    with planned(Plan(3, 5)), pytest.raises(AssertionError, match="is published, neither cut nor whole"):
        asyncio.run(hold(chapter.PROPERTY_02, silent))


def test_types_are_those_that_the_target_publishes() -> None:
    counters = replace(PROFILE, paths={"rate": "stats.{bucket}"})
    assert usable_types(chapter.PROPERTY_01, counters) == ["c"]
    assert usable_types(chapter.PROPERTY_01, replace(PROFILE, types=("g", "s"))) == ["g", "s"]
    assert usable_types(chapter.PROPERTY_05, replace(PROFILE, statistics={"mean": "mean"})) == ["c"]
    with pytest.raises(Unsupported, match="publishes none of the types c, ms"):
        usable_types(chapter.PROPERTY_05, replace(PROFILE, types=("g",)))


def test_numbers_are_alike_to_six_digits() -> None:
    assert alike(1234567, 1234570)
    assert not alike(1234567, 1234667)
    assert alike(None, None)
    assert not alike(None, 0)


def test_three_of_two_hundred_lines_are_found_in_twelve_flushes_over_the_wire() -> None:
    async def talk() -> None:
        async with serving(one_short_beside_two_others) as subject:
            await is_shrunk_in_twelve_flushes(OverTheWire(subject.wire))

    asyncio.run(talk())
