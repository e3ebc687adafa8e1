"""The search for the longest name, on servers of which the limit is known."""

import asyncio
from dataclasses import replace

import pytest

from defects.steps import Break, samples
from statsd_conformance.bracket import Bracket
from statsd_conformance.long_names import FIRST_NAMES, long_name, longest
from statsd_conformance.requirement import Inconclusive
from statsd_conformance.target import InProcess
from statsd_conformance.test_02_size import test_longest_name as case_of_the_longest_name
from statsd_conformance.verdict import Verdict
from statsd_reference import REFERENCE
from trials import PROFILE, right
from wave_trials import case, run


def cutting(size: int) -> Break:
    """Cut longer names."""
    return lambda server: samples(server, lambda one: replace(one, bucket=one.bucket[:size]))


def losing(size: int) -> Break:
    """Drop samples of longer names."""
    return lambda server: samples(server, lambda one: one if len(one.bucket) <= size else None)


@pytest.mark.parametrize(
    ("plant", "found", "flushes"),
    [
        (right, "1,000 bytes, the longest tried", 1),
        (cutting(20), "none: not even one of 32 bytes", 1),
        (cutting(127), "127 bytes; a longer one is cut", 1),
        (losing(255), "255 bytes; a longer one is lost", 1),
        (cutting(184), "184 bytes; a longer one is cut", 2),
        (losing(999), "999 bytes; a longer one is lost", 3),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_longest_name_is_found_to_the_byte(plant: Break, found: str, flushes: int) -> None:
    target = InProcess(plant(REFERENCE), PROFILE)
    assert str(asyncio.run(longest(target))) == found
    assert len(target.trace.flushes) == flushes


def test_names_have_the_length_that_is_asked_for_and_differ_early() -> None:
    target = InProcess(REFERENCE, PROFILE)
    names = [long_name(target, size) for size in FIRST_NAMES]
    assert tuple(map(len, names)) == FIRST_NAMES
    assert len({name[: min(FIRST_NAMES)] for name in names}) == len(names)


def test_longest_name_is_told_in_the_report() -> None:
    outcome = run([case(case_of_the_longest_name)], cutting(127)).outcomes["TESTING-01"]
    assert outcome.trace is not None
    assert outcome.verdict is Verdict.PASS
    assert outcome.note == "127 bytes; a longer one is cut"
    assert [(one.what, one.said) for one in outcome.trace.measured] == [("longest name published whole", outcome.note)]


def test_bracket_is_closed_by_what_is_tried() -> None:
    bracket = Bracket(0, 101).after([(10, True), (20, True), (60, False), (90, False)])
    assert (bracket.low, bracket.high) == (20, 60)
    assert bracket.between(4) == [21, 30, 39, 48, 57]
    assert bracket.after([(21, False)]).between(4) == []


def test_bracket_without_anything_taken_asks_for_nothing_more() -> None:
    assert Bracket(0, 101).after([(10, False)]).between(4) == []


def test_hint_is_tried_where_it_lies_between() -> None:
    assert Bracket(10, 20, range(18, 30)).between(2) == [11, 15, 18, 19]


def test_larger_one_that_is_taken_makes_it_uncertain() -> None:
    with pytest.raises(Inconclusive, match="60 bytes were not taken whole, and 90 bytes were"):
        Bracket(0, 101).after([(60, False), (90, True)])
