"""What the cases say of a target for its histograms."""

import asyncio
from dataclasses import replace
from typing import Final

import pytest

from chapters import all_cases
from statsd_conformance.profile import Profile
from statsd_conformance.target import InProcess
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import run_case
from statsd_reference import Options, make_server
from trials import PROFILE

CASE: Final = next(case for case in all_cases() if case.requirement.id == "TIMER-13")
# A profile that knows no path for the timers of a target knows none for its histograms either.
NO_PATH: Final = replace(PROFILE, paths={kind: path for kind, path in PROFILE.paths.items() if kind != "timer"})


def told(profile: Profile, *extensions: str) -> Outcome:
    server = make_server(Options(flush_interval=1000, extensions=extensions))
    return asyncio.run(run_case(CASE, InProcess(server, profile)))


@pytest.mark.parametrize(
    ("profile", "extensions", "said"),
    [
        (PROFILE, (), "rejected"),
        (PROFILE, ("h",), "read as a timer"),
        (NO_PATH, (), "rejected"),
        (NO_PATH, ("h",), "read as a type of its own, published as stats.timers."),
    ],
    ids=["rejected", "timer", "no path and rejected", "no path"],
)
def test_histogram_is_what_it_was_published_as(profile: Profile, extensions: tuple[str, ...], said: str) -> None:
    outcome = told(profile, *extensions)
    assert outcome.verdict is Verdict.INFO
    assert outcome.note.startswith(said)
