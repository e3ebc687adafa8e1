"""What plain lines came to, beside what the model says."""

from dataclasses import replace

import pytest

from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import read_line
from statsd_conformance.profile import load_profile
from statsd_fuzz.comparing import compared, snapshot
from statsd_fuzz.plain import plain_part


class Unasked(Flushed):
    """A flush that nobody is to ask for a summary."""

    def summary(self, *paths: bytes) -> str:
        """Fail."""
        raise ValueError("a summary goes through every line")


def test_what_is_missing_is_told_without_a_look_at_every_line_for_each_name() -> None:
    lines = (b"qa.a:1|c", b"qa.b:1|g", b"qa.c:1|ms", b"qa.d:1|s", b"qa.e:1|c")
    seen = Unasked(load_profile("reference"), 1.0, b"qa", (snapshot([read_line(b"stats_counts.qa.e 1 1")]),))
    faults = [fault.name for _, fault in compared(plain_part([[b"\n".join(lines)]]), [seen])]
    assert {"counter-missing", "gauge-missing", "set-missing", "timer-upper-missing"} <= set(faults)
    assert "counter-differs" not in faults


def test_name_of_one_part_is_judged_only_where_it_is_spelled_as_others_are() -> None:
    told = []
    for one_part in (True, False):
        profile = replace(load_profile("reference"), one_part=one_part)
        seen = Flushed(profile, 1.0, b"q", (snapshot([read_line(b"stats_counts.qb.a 1 1")]),))
        told.append([name for name, _ in compared(plain_part([[b"qa:1|c\nqb.b:1|c\nqc_.c:1|c"]]), [seen])])
    assert told == [[b"qa", b"qb.b", b"qc_.c"], [b"qb.b"]]


@pytest.mark.parametrize(
    ("published", "faults"),
    [
        ("stats.timers.qa.a.upper nan 1\nstats.timers.qa.a.count 0 1", []),
        ("stats.timers.qa.a.upper 0.5 1", ["refused-line-makes-a-timer"]),
        ("stats.gauges.qa.a 0 1", ["refused-line-makes-a-gauge"]),
    ],
    ids=["name-alone", "time", "level"],
)
def test_line_that_nobody_takes_may_leave_a_timer_of_no_time(published: str, faults: list[str]) -> None:
    lines = [read_line(line.encode()) for line in published.split("\n")]
    seen = Flushed(load_profile("reference"), 1.0, b"qa", (snapshot(lines),))
    assert [fault.name for _, fault in compared(plain_part([[b"qa.a:-0.5|ms"]]), [seen])] == faults
