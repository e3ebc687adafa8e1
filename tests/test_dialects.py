"""Cases of tags and events on a target that claims no dialect, one, or all of them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from chapters import all_cases
from defects.steps import Break, refusing
from statsd_conformance.profile import Profile
from statsd_conformance.target import InProcess
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import Case, run_case
from statsd_reference import Options, make_server
from trials import PROFILE, right
from wrong_servers.tag import tags_dropped

CASES: Final = [case for case in all_cases() if case.requirement.family in ("TAG", "EVENT")]
SWITCHES: Final = ("dogstatsd", "influx", "signalfx", "librato")
CLAIMS: Final = (*SWITCHES, "graphite-tags", *(f"dogstatsd-1.{number}" for number in range(2, 7)))
ALL: Final = replace(PROFILE, extensions=CLAIMS)
# What every target has to meet, and what the reference does without a switch.
WITHOUT_A_CLAIM: Final = ("TAG-01", "TAG-10", "TAG-18", "TAG-19", "EVENT-01", "EVENT-02", "EVENT-04")


def outcome_of(case: Case, profile: Profile, switches: tuple[str, ...] = (), plant: Break = right) -> Outcome:
    server = plant(make_server(Options(flush_interval=1000, extensions=switches)))
    return asyncio.run(run_case(case, InProcess(server, profile)))


def verdicts(
    profile: Profile, switches: tuple[str, ...] = (), plant: Break = right, wanted: Callable[[str], bool] = bool
) -> dict[str, set[Verdict]]:
    """Return the verdicts on the cases of each requirement that is wanted."""
    found: dict[str, set[Verdict]] = {}
    for case in CASES:
        if wanted(case.requirement.id):
            verdict = outcome_of(case, profile, switches, plant).verdict
            found.setdefault(case.requirement.id, set()).add(verdict)
    return found


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_case_holds_where_every_dialect_is_read_and_claimed(case: Case) -> None:
    outcome = outcome_of(case, ALL, SWITCHES)
    assert outcome.verdict is Verdict.PASS, outcome.note


def test_case_of_a_dialect_needs_the_claim() -> None:
    found = verdicts(PROFILE)
    assert {id for id, verdict in found.items() if verdict == {Verdict.PASS}} == set(WITHOUT_A_CLAIM)
    assert {id for id, verdict in found.items() if verdict == {Verdict.UNSUPPORTED}} == set(found) - set(
        WITHOUT_A_CLAIM
    )


def test_each_version_is_claimed_by_itself() -> None:
    found = verdicts(replace(PROFILE, extensions=("dogstatsd", "dogstatsd-1.3")), SWITCHES)
    assert found["TAG-02"] == found["TAG-12"] == {Verdict.PASS}
    assert found["TAG-11"] == found["TAG-13"] == found["TAG-14"] == {Verdict.UNSUPPORTED}


def test_line_without_its_tags_is_not_strict_where_no_tags_are_claimed() -> None:
    only = "TAG-01".__eq__
    assert verdicts(PROFILE, plant=tags_dropped, wanted=only) == {"TAG-01": {Verdict.NON_STRICT}}
    assert verdicts(ALL, SWITCHES, tags_dropped, only) == {"TAG-01": {Verdict.FAIL}}
    assert verdicts(PROFILE, plant=lambda server: refusing(server, rb"\|#"), wanted=only) == {"TAG-01": {Verdict.PASS}}


def test_target_that_publishes_no_tags_is_judged_by_its_values() -> None:
    found = verdicts(replace(ALL, tags="none"), SWITCHES, tags_dropped)
    unsupported = {id for id, verdict in found.items() if verdict == {Verdict.UNSUPPORTED}}
    assert unsupported == {"TAG-04", "TAG-05", "TAG-09", "TAG-15", "TAG-16", "TAG-17", "TAG-18"}
    assert all(found[id] == {Verdict.PASS} for id in set(found) - unsupported)


def test_rejection_of_an_event_shows_only_where_rejected_samples_are_counted() -> None:
    found = verdicts(replace(ALL, errors=""), SWITCHES)
    assert found["EVENT-03"] == found["EVENT-05"] == found["EVENT-06"] == {Verdict.UNSUPPORTED}
    assert found["EVENT-01"] == found["EVENT-02"] == {Verdict.PASS}
