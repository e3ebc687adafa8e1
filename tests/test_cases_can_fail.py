"""Every case holds on the reference and fails on a server that breaks its requirement, in process and by wire."""

import asyncio
from typing import Final

import pytest

from chapters import all_cases
from statsd_conformance.crafted import IPV6
from statsd_conformance.verdict import Verdict
from statsd_conformance.wave import Case
from statsd_reference.daemon import Daemon
from trials import EXTENDED, Outcomes, catching, in_process, obliging, options_for, profile_for, proven, right, speaking
from wire_trials import BesideIPv6, Trial, ipv6_loopback, over_the_wire
from wrong_daemons import WRONG_DAEMONS
from wrong_servers import WRONG

CASES: Final = all_cases()
NETWORK: Final = [case for case in CASES if case.requirement.network]
USUAL: Final = [case for case in CASES if case.requirement.id not in EXTENDED and case not in NETWORK]
HOLDS: Final = (Verdict.PASS, Verdict.INFO)
# Over the wire a wrong server meets no more than this many of the cases that catch it in process.
ENOUGH: Final = 2

# One worker computes the wave that all of these look at.
on_one_worker = pytest.mark.xdist_group("cases over the wire")


def cases_for(key: str) -> list[Case]:
    return [case for case in CASES if case.requirement.id == key.partition("/")[0]]


@pytest.fixture(scope="module")
def on_the_reference() -> Outcomes:
    return asyncio.run(in_process(right, CASES))


@pytest.fixture(scope="module")
def on_wrong_servers() -> dict[str, Outcomes]:
    return {key: asyncio.run(in_process(plant, cases_for(key))) for key, plant in WRONG.items()}


@pytest.fixture(scope="module")
def on_the_reference_by_wire() -> Outcomes:
    trials = {
        id: Trial(speaking(id, right), cases_for(id), profile=PROFILES[id], options=OPTIONS[id]) for id in EXTENDED
    }
    trials[""] = Trial(right, [case for case in USUAL if case.requirement.family != "MTU"])
    trials["MTU"] = Trial(right, [case for case in USUAL if case.requirement.family == "MTU"], daemon=BesideIPv6)
    trials["network"] = Trial(right, NETWORK, daemon=BesideIPv6, in_a_network=True)
    return {id: outcome for found in asyncio.run(over_the_wire(trials)).values() for id, outcome in found.items()}


@pytest.fixture(scope="module")
def on_wrong_servers_by_wire(on_the_reference: Outcomes, on_wrong_servers: dict[str, Outcomes]) -> dict[str, Outcomes]:
    trials = {}
    for key, plant in WRONG.items():
        cases = catching(cases_for(key), on_the_reference, on_wrong_servers[key])[:ENOUGH]
        id = key.partition("/")[0]
        trials[key] = Trial(
            speaking(id, plant),
            cases,
            profile=PROFILES[id],
            options=OPTIONS[id],
            daemon=BesideIPv6 if key.startswith("MTU") else Daemon,
            in_a_network=any(case in NETWORK for case in cases),
        )
    return asyncio.run(over_the_wire(trials))


@pytest.fixture(scope="module")
def on_wrong_daemons() -> dict[str, Outcomes]:
    trials = {
        key: Trial(right, cases_for(key), daemon=daemon, in_a_network=key.startswith("MTU"))
        for key, daemon in WRONG_DAEMONS.items()
    }
    return asyncio.run(over_the_wire(trials))


PROFILES: Final = {case.requirement.id: profile_for(case) for case in CASES}
OPTIONS: Final = {case.requirement.id: options_for(case) for case in CASES}


def skip_what_this_machine_lacks(outcomes: Outcomes) -> None:
    """Skip where the machine has no IPv6, lets nobody craft packets, or has the target at no distance."""
    lacking = [
        outcome.note
        for id, outcome in outcomes.items()
        if outcome.note.startswith(("this machine", "over loopback")) or (IPV6 in id and not ipv6_loopback())
    ]
    if outcomes and len(lacking) == len(outcomes):
        pytest.skip(lacking[0])


def told(outcomes: Outcomes) -> str:
    return "\n".join(f"{id}: {outcome.verdict.value} {outcome.note}" for id, outcome in outcomes.items())


@pytest.mark.parametrize("case", CASES, ids=[f"{case.id}-in process" for case in CASES])
def test_case_holds_on_the_reference(case: Case, on_the_reference: Outcomes) -> None:
    outcome = on_the_reference[case.id]
    assert outcome.verdict in HOLDS, outcome.note


@on_one_worker
@pytest.mark.parametrize("case", CASES, ids=[f"{case.id}-wire" for case in CASES])
def test_case_holds_on_the_reference_over_the_wire(case: Case, on_the_reference_by_wire: Outcomes) -> None:
    outcome = on_the_reference_by_wire[case.id]
    skip_what_this_machine_lacks({case.id: outcome})
    assert outcome.verdict in HOLDS, outcome.note


@pytest.mark.parametrize("key", WRONG, ids=[f"{key}-in process" for key in WRONG])
def test_wrong_server_is_caught(key: str, on_the_reference: Outcomes, on_wrong_servers: dict[str, Outcomes]) -> None:
    wrong = on_wrong_servers[key]
    assert wrong, f"{key}: no case has this requirement"
    assert Verdict.INCONCLUSIVE not in [outcome.verdict for outcome in wrong.values()], told(wrong)
    assert catching(cases_for(key), on_the_reference, wrong), told(wrong)


@on_one_worker
@pytest.mark.parametrize("key", WRONG, ids=[f"{key}-wire" for key in WRONG])
def test_wrong_server_is_caught_over_the_wire(
    key: str, on_the_reference_by_wire: Outcomes, on_wrong_servers_by_wire: dict[str, Outcomes]
) -> None:
    wrong = on_wrong_servers_by_wire[key]
    skip_what_this_machine_lacks(wrong)
    assert wrong, "it never answered"
    assert catching(cases_for(key), on_the_reference_by_wire, wrong), told(wrong)


@on_one_worker
@pytest.mark.parametrize("key", WRONG_DAEMONS, ids=[f"{key}-daemon" for key in WRONG_DAEMONS])
def test_wrong_daemon_is_caught(key: str, on_wrong_daemons: dict[str, Outcomes]) -> None:
    wrong = {id: one for id, one in on_wrong_daemons[key].items() if one.verdict is not Verdict.UNSUPPORTED}
    skip_what_this_machine_lacks(on_wrong_daemons[key])
    assert wrong, "it never answered"
    assert any(proven(outcome) for outcome in wrong.values()), told(wrong)


@on_one_worker
def test_every_must_is_seen_to_fail(
    on_wrong_servers: dict[str, Outcomes], on_wrong_daemons: dict[str, Outcomes]
) -> None:
    wanted = {case.requirement.id for case in CASES if obliging(case)}
    broken = {
        case.requirement.id
        for key, wrong in [*on_wrong_servers.items(), *on_wrong_daemons.items()]
        for case in cases_for(key)
        if case.id in wrong and proven(wrong[case.id])
    }
    missing = sorted(wanted - broken)
    assert not missing, f"no wrong server makes these fail: {', '.join(missing)}"
