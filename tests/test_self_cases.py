"""What SELF-05 and SELF-09 find beside all that other cases make a target publish."""

import pytest

from statsd_conformance.graphite import read_line
from statsd_conformance.profile import load_profile
from statsd_conformance.test_19_self import _published, _rose_by


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        ([b"stats.a 1 9", b"stats_counts.a 1 9", b"stats.gauges.g 1 9"], 2),
        ([b"stats.timers.t.count 1 9", b"stats.timers.t.upper 1 9", b"stats.sets.s.count 1 9"], 2),
        ([b"stats.sets.s.count;k=v 1 9", b"stats.timers.t.count;k=v 1 9", b"stats_counts.a;k=v 1 9"], 3),
        ([b"stats. 1 9", b"stats_counts. 1 9"], 1),
        ([b"stats_counts.gauges.g 1 9", b"stats.gauges.g 1 9"], 1),
        ([b"stats.timers.t.count 1 9", b"stats.timers.t.count 1 9"], 2),
    ],
    ids=["counter-and-gauge", "timer-and-set", "tags", "no-name", "rate-like-a-gauge", "cleaned-alike"],
)
def test_series_of_a_flush_are_counted_by_their_paths(lines: list[bytes], number: int) -> None:
    assert _published([read_line(line) for line in lines], load_profile("statsd")) == number


def test_number_of_rejected_lines_is_not_what_another_case_has_sent() -> None:
    lines = [b"a.qabcde0001.b 37 9", b"own.errors 30 9", b"own.errors 7 10", b"own.lines 38 9"]
    assert _rose_by(37, [read_line(line) for line in lines], b"qabcde") == [b"own.errors"]
