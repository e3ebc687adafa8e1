"""What cases say of behaviour that no source decides, or that not every server shares."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pytest

from chapters import all_cases
from defects.steps import Break, lines
from statsd_conformance.profile import Profile
from statsd_conformance.target import InProcess
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import run_case
from statsd_reference import Options, Server, make_server
from trials import PROFILE, right

# A profile that knows no path for the timers of a target knows none for its histograms either.
NO_PATH: Final = replace(PROFILE, paths={kind: path for kind, path in PROFILE.paths.items() if kind != "timer"})


def told(id: str, profile: Profile = PROFILE, extensions: Sequence[str] = (), plant: Break = right) -> Outcome:
    case = next(case for case in all_cases() if case.requirement.id == id)
    server = plant(make_server(Options(flush_interval=1000, extensions=tuple(extensions))))
    return asyncio.run(run_case(case, InProcess(server, profile)))


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
    outcome = told("TIMER-13", profile, extensions)
    assert outcome.verdict is Verdict.INFO
    assert outcome.note.startswith(said)


def split_at_the_last_colon(server: Server) -> Server:
    """Read the colons before the last one as a part of the name, as collectd does."""

    def read(line: bytes) -> bytes:
        name, colon, rest = line.rpartition(b":")
        return name.replace(b":", b"_") + colon + rest

    return lines(server, read)


def refuse_two_colons(server: Server) -> Server:
    """Refuse a line with more than one colon."""
    return lines(server, lambda line: line if line.count(b":") == 1 else b"")


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (split_at_the_last_colon, "'x:y' is read as a part of the name, published as stats.sets."),
        (refuse_two_colons, "'x:y' is rejected"),
    ],
)
def test_member_with_a_colon_is_what_it_was_published_as(plant: Break, said: str) -> None:
    outcome = told("SET-06", plant=plant)
    assert outcome.verdict is Verdict.INFO
    assert outcome.note.startswith(said)
