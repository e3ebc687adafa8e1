"""What cases say of targets that clean names otherwise than the original, and of those that have no such feature."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import pytest

from chapters import all_cases
from defects import output
from defects.steps import Break, lines, refusing
from statsd_conformance.profile import Profile
from statsd_conformance.target import InProcess
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import Case, run_case
from statsd_reference import Flush, Options, Point, Server, make_server
from trials import PROFILE, in_process

CASES: Final = [case for case in all_cases() if case.requirement.family == "NAME" and case.requirement.id != "NAME-13"]


def replaced(kept: bytes) -> Break:
    """Make a server that reads every byte of a name as `_` but for letters, digits, dots and `kept`."""
    odd = re.compile(rb"[^A-Za-z0-9.%b]" % kept)

    def renamed(line: bytes) -> bytes:
        name, colon, rest = line.partition(b":")
        return odd.sub(b"_", name) + colon + rest

    return lambda server: lines(server, renamed)


def kept_or_refused(server: Server) -> Server:
    """Publish names as they came, and refuse those with blanks, control characters or bytes beyond ASCII."""
    return refusing(output.c44(server), rb"\A[^:]*[^!-~]")


@pytest.mark.parametrize("plant", [replaced(rb"_;=-"), kept_or_refused], ids=["replaced", "kept or refused"])
def test_other_way_of_cleaning_names_fails_no_case(plant: Break) -> None:
    found = asyncio.run(in_process(plant, CASES))
    assert {outcome.verdict for outcome in found.values()} == {Verdict.PASS, Verdict.INFO, Verdict.NON_STRICT}


def judged(id: str, plant: Break, profile: Profile = PROFILE) -> list[Outcome]:
    def outcome(case: Case) -> Outcome:
        target = InProcess(plant(make_server(Options(flush_interval=1000))), profile)
        return asyncio.run(run_case(case, target))

    return [outcome(case) for case in all_cases() if case.requirement.id == id]


def apart_from_its_own(server: Server) -> Server:
    """Publish what is sent for the count of bad lines beside that count."""

    def points(flush: Flush) -> Iterator[Point]:
        yield from server.points(flush)
        yield Point(PROFILE.errors.encode(), 0.0, flush.timestamp)

    return replace(server, points=points)


def test_sample_for_a_counter_of_the_server_may_stand_beside_it() -> None:
    told = [one.note for one in judged("NAME-12", apart_from_its_own)]
    assert told == ["is published beside it, under the same path"]
    assert [one.verdict for one in judged("OUT-05", apart_from_its_own)] == [Verdict.PASS]


def test_plain_name_that_is_spelled_otherwise_tells_nothing_of_merging() -> None:
    assert {one.verdict for one in judged("NAME-07", replaced(rb"_;="))} == {Verdict.PASS}


@pytest.mark.parametrize(
    ("id", "without", "why"),
    [
        ("NAME-07", lambda profile: replace(profile, extensions=("keyNameSanitize",)), "NAME-13"),
        ("NAME-12", lambda profile: replace(profile, paths={"counter": "{bucket}"}, errors=""), "no counter of the"),
        ("NAME-12", lambda profile: replace(profile, errors="brubeck.errors"), "no counter of the"),
    ],
    ids=["raw names", "no count of errors", "errors that are no counter"],
)
def test_target_without_the_feature_is_told_so(id: str, without: Callable[[Profile], Profile], why: str) -> None:
    for outcome in judged(id, lambda server: server, without(PROFILE)):
        assert outcome.verdict is Verdict.UNSUPPORTED
        assert why in outcome.note
