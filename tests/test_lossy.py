"""What gets through a bad path is what the relay would let through, and the reference counts that and nothing else."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statsd_conformance.flushed import Flushed
from statsd_conformance.lossy import (
    BAD_PATH,
    _left,
    as_let_through,
    cut_and_left_out,
    doubled_and_repeated,
    impaired_traffic,
)
from statsd_conformance.properties import Bench, Property, Way, as_function, written
from statsd_conformance.relay.impairment import Impairment, fate
from statsd_conformance.relay.under_way import let_through
from statsd_conformance.target import InProcess
from statsd_conformance.test_24_loss import LOSS_01, LOSS_02, LOSS_03
from statsd_conformance.traffic import BAD, Line, Lines, packed, well_behaved
from statsd_reference import REFERENCE
from trials import PROFILE
from wrong_servers.loss import repeated_datagram_is_dropped

PREFIX = b"q" * 20
ALL = ("c", "g", "ms", "s")
examples = st.builds(lambda seed: impaired_traffic(Random(seed), ALL), st.integers(0, 2**32))
counters = st.builds(lambda seed: impaired_traffic(Random(seed), ("c",)), st.integers(0, 2**32))


def datagrams_of(lines: Lines) -> Sequence[Lines]:
    return packed(lines, lambda line: line.mark % 2 == 0)


def path_of(lines: Lines) -> Impairment:
    return Impairment(lines[0].mark, BAD_PATH.loss, BAD_PATH.duplicate, BAD_PATH.reorder, BAD_PATH.truncate)


def flushed_of(way: Way) -> Flushed:
    async def scene() -> Flushed:
        target = InProcess(REFERENCE, PROFILE)
        target.send(*(written(datagram, target.bucket("e")) for datagram in way[-1]))
        return await target.flush()

    return asyncio.run(scene())


@given(counters)
def test_lost_counts_nothing_twice_counts_twice_and_cut_harms_no_other_line(lines: Lines) -> None:
    (way,) = as_let_through(lines)
    counts: Counter[str] = Counter()
    for number, datagram in enumerate(datagrams_of(lines), start=1):
        decided, end = fate(path_of(lines), number), 0
        left = len(decided.cut(written(datagram, PREFIX)))
        for line in datagram:
            end += len(line.written(PREFIX))
            if end <= left:
                counts[line.name] += len(decided.delays) * int(line.value) * line.times
            end += 1
    flushed = flushed_of(way)
    sums = {name: sum(flushed.counts(flushed.token + b".e." + name.encode())) for name in counts}
    assert sums == dict(counts)


@given(examples)
def test_what_gets_through_is_in_the_order_of_the_relay(lines: Lines) -> None:
    (way,) = as_let_through(lines)
    datagrams = datagrams_of(lines)
    whole = [written(datagram, PREFIX) for datagram in datagrams]
    first = [len(datagram[0].written(PREFIX)) for datagram in datagrams]
    came = [one for one in let_through(path_of(lines), whole) if len(one.payload) >= first[one.number - 1]]
    assert [datagram[0] for datagram in way[-1] if datagram[0].type != BAD] == [
        datagrams[one.number - 1][0] for one in came
    ]


def test_a_line_is_whole_from_its_last_byte_on() -> None:
    datagram = (Line("a", "12"), Line("b", "345", "ms"), Line("c", "6", rate="0.1"))
    ends = [len(written(datagram[:number], PREFIX)) for number in (1, 2, 3)]
    whole = [sum(line.type != BAD for line in _left(datagram, size, 7)) for size in range(ends[-1] + 1)]
    assert whole == [sum(size >= end for end in ends) for size in range(ends[-1] + 1)]
    assert [written(_left(datagram, ends[0] + 1 + size, 7), b"") for size in (21, 22, 23, 24, 28, 29)] == [
        b".a:12|c",
        b".a:12|c\n.y",
        b".a:12|c\n.y7",
        b".a:12|c\n.y7:",
        b".a:12|c\n.y7:345|",
        b".a:12|c\n.b:345|ms",
    ]


@given(examples)
def test_gauges_never_fall(lines: Lines) -> None:
    assert not [line for line in lines if line.type == "g" and line.value.startswith("-")]
    assert well_behaved(lines)


@given(examples)
def test_no_cut_line_has_a_name_that_is_judged(lines: Lines) -> None:
    (cut, without) = cut_and_left_out(lines)
    names = {line.name for line in lines}
    assert all(line.name.startswith("y") for datagram in cut[-1] for line in datagram if line.type == BAD)
    assert all(line.name in names for datagram in without[-1] for line in datagram)


@given(st.builds(lambda seed: impaired_traffic(Random(seed), ("c", "ms", "s")), st.integers(0, 2**32)))
def test_doubled_datagrams_hold_what_the_others_hold(lines: Lines) -> None:
    (doubled, others) = doubled_and_repeated(lines)
    assert Counter(line for datagram in doubled[-1] for line in datagram) == Counter(
        line for datagram in others[-1] for line in datagram
    )
    assert all(sum(len(line.written(PREFIX)) for line in datagram) <= 512 for datagram in others[-1])


@pytest.mark.parametrize("way", [as_let_through, doubled_and_repeated, cut_and_left_out])
def test_no_lines_are_sent_as_nothing(way: object) -> None:
    assert callable(way)
    assert all(sent == ((),) for sent in way(()))


@pytest.mark.parametrize("property", [LOSS_01, LOSS_02, LOSS_03], ids=lambda one: str(one.id))
def test_the_reference_holds_of_many_examples(property: Property) -> None:
    random = Random(1)
    lines = [property.make(random, property.types) for _ in range(300)]
    trials = asyncio.run(Bench(property, InProcess(REFERENCE, PROFILE)).send(lines))
    assert [trial.difference for trial in trials if trial.difference] == []
    assert sum(len(trial.datagrams) > 1 for trial in trials) > 100


def test_function_that_is_printed_tries_the_example_again() -> None:
    space: dict[str, object] = {}
    text = as_function("LOSS-02", (Line("a", "3", mark=2), Line("a", "4", mark=2)), "test_24_loss")
    exec(compile(text.replace('@requirement("FOUND', '# @requirement("FOUND'), "found", "exec"), space)
    (function,) = [value for name, value in space.items() if name.startswith("test_found_")]
    assert callable(function)
    asyncio.run(function(InProcess(REFERENCE, PROFILE)))
    with pytest.raises(AssertionError, match="the count of a"):
        asyncio.run(function(InProcess(repeated_datagram_is_dropped(REFERENCE), PROFILE)))
