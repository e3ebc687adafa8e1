"""What cases about idle intervals say of a target that publishes nothing in one."""

import asyncio
from dataclasses import replace

import pytest

from chapters import all_cases
from statsd_conformance.profile import Profile
from statsd_conformance.target import InProcess
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import run_case
from statsd_reference import Options, make_server
from trials import PROFILE

IDLE = ("FLUSH-04", "FLUSH-05", "FLUSH-06", "FLUSH-07", "GAUGE-08")


def outcome_on_a_forgetful_server(id: str, profile: Profile) -> Outcome:
    case = next(case for case in all_cases() if case.requirement.id == id)
    server = make_server(Options(flush_interval=1000, delete_idle_stats=True))
    return asyncio.run(run_case(case, InProcess(server, profile)))


@pytest.mark.parametrize("id", IDLE)
def test_target_that_forgets_what_is_idle_hears_how_to_say_that_it_is_meant_to(id: str) -> None:
    outcome = outcome_on_a_forgetful_server(id, PROFILE)
    assert outcome.verdict is Verdict.FAIL
    assert outcome.note.endswith(
        "came out as nothing; if it is meant to forget what is idle, its profile says deleteIdleStats"
    )


@pytest.mark.parametrize("id", IDLE)
def test_target_that_says_so_is_not_asked_for_what_is_idle(id: str) -> None:
    profile = replace(PROFILE, extensions=("deleteIdleStats",))
    outcome = outcome_on_a_forgetful_server(id, profile)
    assert (outcome.verdict, "says deleteIdleStats" in outcome.note) == (Verdict.UNSUPPORTED, True)


def test_target_that_publishes_no_count_of_a_timer_cannot_be_told_to_publish_an_idle_one_rightly() -> None:
    profile = replace(PROFILE, statistics={"mean": "mean"})
    assert outcome_on_a_forgetful_server("FLUSH-07", profile).verdict is Verdict.UNSUPPORTED
