"""Every case passes on the reference, and fails on a server that breaks its requirement."""

import asyncio
from typing import Final

import pytest

from chapters import all_cases
from statsd_conformance.verdict import Verdict
from statsd_conformance.wave import Case
from trials import Outcomes, catching, in_process, obliging, proven, right
from wrong_servers import WRONG

CASES: Final = all_cases()
HOLDS: Final = (Verdict.PASS, Verdict.INFO)


def cases_for(key: str) -> list[Case]:
    return [case for case in CASES if case.requirement.id == key.partition("/")[0]]


@pytest.fixture(scope="module")
def on_the_reference() -> Outcomes:
    return asyncio.run(in_process(right, CASES))


@pytest.fixture(scope="module")
def on_wrong_servers() -> dict[str, Outcomes]:
    return {key: asyncio.run(in_process(plant, cases_for(key))) for key, plant in WRONG.items()}


def told(outcomes: Outcomes) -> str:
    return "\n".join(f"{id}: {outcome.verdict.value} {outcome.note}" for id, outcome in outcomes.items())


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_case_holds_on_the_reference(case: Case, on_the_reference: Outcomes) -> None:
    outcome = on_the_reference[case.id]
    assert outcome.verdict in HOLDS, outcome.note


@pytest.mark.parametrize("key", WRONG)
def test_wrong_server_is_caught(key: str, on_the_reference: Outcomes, on_wrong_servers: dict[str, Outcomes]) -> None:
    wrong = on_wrong_servers[key]
    assert wrong, f"{key}: no case has this requirement"
    assert Verdict.INCONCLUSIVE not in [outcome.verdict for outcome in wrong.values()], told(wrong)
    assert catching(cases_for(key), on_the_reference, wrong), told(wrong)


def test_every_must_is_seen_to_fail(on_wrong_servers: dict[str, Outcomes]) -> None:
    wanted = {case.requirement.id for case in CASES if obliging(case)}
    broken = {
        case.requirement.id
        for key, wrong in on_wrong_servers.items()
        for case in cases_for(key)
        if proven(wrong[case.id])
    }
    missing = sorted(wanted - broken)
    assert not missing, f"no wrong server makes these fail: {', '.join(missing)}"
