"""Every case passes on the reference, and fails on a server that breaks its requirement."""

import asyncio
from typing import Final

import pytest

from chapters import all_cases
from statsd_conformance.verdict import Verdict
from statsd_conformance.wave import Case
from trials import RIGHT, Outcomes, catching, in_process, obliging, proven
from wrong_servers import WRONG

CASES: Final = all_cases()
HOLDS: Final = (Verdict.PASS, Verdict.INFO)


def requirement_id(key: str) -> str:
    return key.partition("/")[0]


def cases_for(key: str) -> list[Case]:
    return [case for case in CASES if case.requirement.id == requirement_id(key)]


@pytest.fixture(scope="module")
def right() -> Outcomes:
    return asyncio.run(in_process(RIGHT, CASES))


def told(outcomes: Outcomes) -> str:
    return "\n".join(f"{id}: {outcome.verdict.value} {outcome.note}" for id, outcome in outcomes.items())


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_case_holds_on_the_reference(case: Case, right: Outcomes) -> None:
    outcome = right[case.id]
    assert outcome.verdict in HOLDS, outcome.note


@pytest.mark.parametrize("key", WRONG)
def test_wrong_server_is_caught(key: str, right: Outcomes) -> None:
    cases = cases_for(key)
    assert cases, f"{key}: no case has this requirement"
    wrong = asyncio.run(in_process(WRONG[key](RIGHT), cases))
    assert Verdict.INCONCLUSIVE not in [outcome.verdict for outcome in wrong.values()], told(wrong)
    assert catching(cases, right, wrong), told(wrong)


def test_every_must_is_seen_to_fail() -> None:
    wanted = {case.requirement.id for case in CASES if obliging(case)}
    broken = set()
    for key in WRONG:
        wrong = asyncio.run(in_process(WRONG[key](RIGHT), cases_for(key)))
        broken |= {case.requirement.id for case in cases_for(key) if proven(wrong[case.id])}
    missing = sorted(wanted - broken)
    assert not missing, f"no wrong server makes these fail: {', '.join(missing)}"
