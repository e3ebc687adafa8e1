"""What the chapters on lines and numbers let pass: each case judges its own sentence, and not what another is about."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from chapters import all_cases
from defects import counters, output
from defects.steps import Break, cut, lenient, refusing
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import Case
from statsd_reference import Server
from trials import caught, in_process, right
from wrong_servers.counter import whole_numbers
from wrong_servers.framing import ends_its_datagram
from wrong_servers.line import bare_types_count_one, empty_value_is_zero, type_may_be_missing
from wrong_servers.name import kept_as, sent_as
from wrong_servers.num import infinite_time_is_great
from wrong_servers.out import tabs_are_kept
from wrong_servers.rate import bad_rate_is_one
from wrong_servers.timer import computing

# Chapters in which a datagram is no longer than any server reads, but for the family SIZE.
SHORT = ("FRAMING", "LINE", "RATE", "NUM", "COUNTER", "SET", "NAME")


def differing(plant: Break, cases: Iterable[Case]) -> dict[str, Outcome]:
    """Return the outcomes of the cases that tell a server from the reference, by case id."""
    tried = list(cases)
    as_reference = asyncio.run(in_process(right, tried))
    found = asyncio.run(in_process(plant, tried))
    return {id: outcome for id, outcome in found.items() if caught(as_reference[id], outcome)}


def of(*ids: str) -> list[Case]:
    """Return the cases of requirements, or of whole families."""
    return [case for case in all_cases() if case.requirement.id in ids or case.requirement.family in ids]


def six_digits(server: Server) -> Server:
    """Print every number with six significant digits."""
    return replace(server, write=lambda point: b"%b %g %d\n" % (point.path, point.value, point.timestamp))


def rank_below(server: Server) -> Server:
    """Take the time behind nine tenths of all for the 90th percentile, and all up to it for the times below."""

    def low(values: Sequence[float]) -> list[float]:
        return sorted(values)[: int(0.9 * len(values)) + 1]

    for plant in (
        computing(b"upper_90", lambda values: low(values)[-1]),
        computing(b"count_90", lambda values: float(len(low(values)))),
        computing(b"sum_90", lambda values: sum(low(values))),
        computing(b"mean_90", lambda values: sum(low(values)) / len(low(values))),
        computing(b"sum_squares_90", lambda values: sum(value * value for value in low(values))),
    ):
        server = plant(server)
    return server


def refused_changes_by_nothing(server: Server) -> Server:
    """Take what is no number, sent to a gauge, for a change by 0."""
    return lenient(server, "no valid number", lambda line: re.sub(rb":[^|]*\|g", b":+0|g", line))


def test_six_digits_fail_only_what_is_about_digits() -> None:
    ids = {id.partition(":")[0] for id in differing(six_digits, of("SIZE", *SHORT, "OUT"))}
    assert ids == {"COUNTER-09", "COUNTER-10", "OUT-06"}


def test_another_rank_of_percentiles_breaks_no_must() -> None:
    found = differing(rank_below, of("TIMER", "PROPERTY"))
    assert {id.partition(":")[0]: outcome.verdict for id, outcome in found.items()} == dict.fromkeys(
        ("TIMER-05", "PROPERTY-01"), Verdict.NON_STRICT
    )


@pytest.mark.parametrize("size", [512, 1024])
def test_short_buffer_fails_only_what_is_about_size(size: int) -> None:
    assert differing(lambda server: cut(server, size), of(*SHORT)) == {}


@pytest.mark.parametrize(
    "plant",
    [bare_types_count_one, type_may_be_missing, empty_value_is_zero, bad_rate_is_one],
    ids=lambda one: one.__name__,
)
def test_line_that_is_accepted_is_not_bad(plant: Break) -> None:
    assert differing(plant, of("FRAMING-05")) == {}


@pytest.mark.parametrize("character", ["\ufffd", "\x80"], ids=["replacement", "control beyond ASCII"])
def test_path_that_graphite_reads_is_no_finding(character: str) -> None:
    kept = kept_as(lambda name: name.replace(b".ab", f".a{character}b".encode()))
    assert differing(kept, of("NAME-06")) == {}


def test_path_that_is_no_utf_8_is_not_strict() -> None:
    kept = kept_as(lambda name: name.replace(b".ab", b".a\xffb"))
    found = differing(kept, of("NAME-06"))
    assert {outcome.verdict for outcome in found.values()} == {Verdict.NON_STRICT}
    assert all(r"a path that is no UTF-8: " in outcome.note for outcome in found.values())


def test_case_that_describes_says_what_was_harmed() -> None:
    found = differing(ends_its_datagram("no valid number"), of("NUM-04", "NUM-08"))
    notes = {outcome.note for outcome in found.values()}
    harm = "the counters before, after and in the next datagram came out as [1.0, 0, 1.0], each was sent once as 1"
    assert f"'0x1p4' of type c is rejected, and {harm}" in notes


@pytest.mark.parametrize(
    ("id", "plant", "told"),
    [
        ("COUNTER-07", whole_numbers, "1.5 came out as 1"),
        ("COUNTER-09", output.c38, "16777217 came out as 16777216"),
        ("LINE-16", output.c44, "the bar is kept: stats.K.a|b, stats_counts.K.a|b"),
        (
            "NAME-04",
            sent_as(lambda name: name.replace(b"(", b"_").replace(b"~", b"__")),
            "replaced by _: (; replaced by __: ~",
        ),
        ("NAME-04", lambda server: refusing(server, rb"\A[^:]*[(@]"), "the name refused: ( @"),
        (
            "NUM-03",
            refused_changes_by_nothing,
            "abc left a gauge of 7 as it was, and made one of 0 where there was none",
        ),
        ("NUM-06", infinite_time_is_great, "'inf' of type ms is a timer of 1e+99"),
        ("OUT-02", tabs_are_kept, "a tab in a path: "),
        ("RATE-04", counters.d22, "3 at a rate of 0.333 came out as 9, not 9.00900901"),
    ],
)
def test_note_says_what_was_seen(id: str, plant: Break, told: str) -> None:
    notes = [outcome.note for outcome in differing(plant, of(id)).values()]
    assert any(told in note for note in notes), notes
