"""The reference publishes what the original StatsD publishes: the same Graphite lines, byte for byte.

Each example runs in an original of its own, under options of its own. Left out of the comparison is only what a
process measures of itself (`original.OF_THE_PROCESS`). Where the two differ on purpose the strategies keep away; those
places are listed in reference/README.md, and test_differences.py shows each of them.
"""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from original import Comparison, original
from statsd_fuzz.strategies import (
    bad_lines,
    bad_samples,
    buckets,
    lines,
    option_sets,
    samples,
    tag_sections,
    timer_lines,
    traffic,
)

Program = Callable[[str], tuple[str, ...]]

_CLEANED = st.one_of(lines(), lines(st.one_of(samples(), bad_samples())), timer_lines(), bad_lines())
_NAMES, _TAGS = buckets(raw=True), tag_sections(raw=True)
_RAW = st.one_of(lines(name=_NAMES, tags=_TAGS), timer_lines(_NAMES), bad_lines(_NAMES))


def compare(program: Program, options: dict[str, Any], intervals: list[list[bytes]]) -> None:
    with original(program("statsd"), options) as running:
        comparison = Comparison(options, running)
        for interval in intervals:
            comparison.send(*interval)
            only_original, only_reference = comparison.flush()
            assert (only_original, only_reference) == ({}, {})


@given(options=option_sets().map(lambda options: {**options, "keyNameSanitize": True}), intervals=traffic(_CLEANED))
def test_same_lines_for_any_traffic_under_any_options(
    program: Program, options: dict[str, Any], intervals: list[list[bytes]]
) -> None:
    compare(program, options, intervals)


@settings(max_examples=1 + settings().max_examples // 3)
@given(options=option_sets().map(lambda options: {**options, "keyNameSanitize": False}), intervals=traffic(_RAW))
def test_same_lines_when_names_are_cleaned_at_the_flush(
    program: Program, options: dict[str, Any], intervals: list[list[bytes]]
) -> None:
    compare(program, options, intervals)
