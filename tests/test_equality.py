"""The reference publishes what the original StatsD publishes: the same Graphite lines, byte for byte.

Each example runs in an original of its own, under options of its own. Left out of the comparison is only what a
process measures of itself (`original.OF_THE_PROCESS`). Where the two differ on purpose the strategies keep away; those
places are listed in reference/README.md, and test_differences.py shows each of them.
"""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from original import Comparison, original, wired_original
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


@given(
    options=option_sets().map(lambda options: {**options, "keyNameSanitize": True}), intervals=traffic(_CLEANED, 6, 5)
)
def test_same_lines_for_any_traffic_under_any_options(
    program: Program, options: dict[str, Any], intervals: list[list[bytes]]
) -> None:
    compare(program, options, intervals)


@settings(max_examples=settings().max_examples // 2)
@given(options=option_sets().map(lambda options: {**options, "keyNameSanitize": False}), intervals=traffic(_RAW, 6, 5))
def test_same_lines_when_names_are_cleaned_at_the_flush(
    program: Program, options: dict[str, Any], intervals: list[list[bytes]]
) -> None:
    compare(program, options, intervals)


BEGIN, END = b"begin:1|c", b"end:1|c"
INTERVALS = [
    [],
    [BEGIN, b"a:1|c|@0.3\na:2.5|c\n", b"g:5|g\ng:+2|g", b"t:3|ms:1|ms|@0.1:2|ms", b"s:x|s\ns:y|s\ns:x|s", b"x:|c", END],
    [BEGIN, b"", b"\n\n", b"a:-4|c\r\ng:-10|g\nt:1e3|ms\nbad", b"a b/c:1|c|#k:v", END],
]


def whole_intervals(program: Program) -> bool:
    """Compare INTERVALS over the wire; tell whether each of them fell into one flush of the original."""
    options = {"flushInterval": 500}
    with wired_original(program("statsd"), options) as running:
        comparison = Comparison(options, running)
        for interval in INTERVALS:
            comparison.send(*interval)
            differences = comparison.flush()
            if any(b"stats_counts.%b 1 " % fence[:-4] not in running.flushed for fence in (BEGIN, END) if interval):
                return False
            assert differences == ({}, {})
    return True


def test_same_lines_behind_the_original_s_own_socket_and_on_its_own_clock(program: Program) -> None:
    # A machine that stops for a moment may split an interval; a dozen times it does not.
    assert any(whole_intervals(program) for _ in range(12))
