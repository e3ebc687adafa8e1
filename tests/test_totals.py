"""Counts since the start of a target, read as what they grew by."""

import asyncio
from dataclasses import replace

import pytest

from chapters import all_cases
from statsd_conformance.graphite import Snapshot, read_line
from statsd_conformance.profile import Profile
from statsd_conformance.totals import Totals
from statsd_conformance.verdict import Verdict
from statsd_conformance.wave import Case
from trials import PROFILE
from wire_trials import Trial, over_the_wire
from wrong_servers.counter import running_total

SINCE_START = replace(PROFILE, counters="start")


def snapshot(*lines: bytes) -> Snapshot:
    return Snapshot(tuple(map(read_line, lines)), 0.0, 0.0)


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("stats.{bucket}.count", b"stats.a.b.count"),
        ("*.n.{bucket}", b"some.host.n.a"),
        ("{bucket}", b"a"),
        ("stats.{bucket}", b"stats.a;k=v"),
    ],
)
def test_number_of_a_count_is_what_it_grew_by(template: str, path: bytes) -> None:
    profile, totals = Profile("x", {"counter": template}), Totals()
    flushes = [totals.by_flush(snapshot(b"%b %d 1" % (path, total)), profile) for total in (17, 17, 20, 18)]
    assert [line.number for flush in flushes for line in flush.lines] == [17, 0, 3, -2]
    assert [line.value for flush in flushes for line in flush.lines] == [b"17", b"17", b"20", b"18"]


def test_numbers_of_other_lines_stay() -> None:
    profile, totals = Profile("x", {"counter": "n.{bucket}", "gauge": "g.{bucket}"}), Totals()
    lines = (b"g.a 5 1", b"n. 5 1", b"n.a none 1", b"m.n.a 5 1", b"wrong")
    for _ in range(2):
        numbers = [line.number for line in totals.by_flush(snapshot(*lines), profile).lines]
        assert numbers == [5, 5, None, 5, None]


def test_paths_count_each_for_itself() -> None:
    profile, totals = Profile("x", {"counter": "n.{bucket}"}), Totals()
    totals.by_flush(snapshot(b"n.a 5 1", b"n.b 7 1"), profile)
    assert [line.number for line in totals.by_flush(snapshot(b"n.b 8 2", b"n.a 9 2"), profile).lines] == [1, 4]


def chosen(*ids: str) -> list[Case]:
    return [case for case in all_cases() if case.requirement.id in ids]


def test_target_whose_counts_go_on_has_one_fault() -> None:
    cases = chosen("FRAMING-02", "FRAMING-19", "SIZE-06", "COUNTER-01", "COUNTER-02", "COUNTER-04", "FLUSH-10")
    trial = Trial(running_total, cases, profile=SINCE_START)
    outcomes = asyncio.run(over_the_wire({"": trial}))[""]
    wrong = {id: outcome.note for id, outcome in outcomes.items() if outcome.verdict is not Verdict.PASS}
    assert list(wrong) == [case.id for case in chosen("COUNTER-02")], wrong
    assert next(iter(wrong.values())) == "5 and, a flush later, 3 came out as 8"
