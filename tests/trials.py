"""Cases tried on servers that are right or wrong, and whether a wrong one was caught."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from defects.steps import Break
from statsd_conformance.profile import Profile, load_profile
from statsd_conformance.requirement import CORE, MUST, ROBUST
from statsd_conformance.target import Crashed, InProcess
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import Case, run_case
from statsd_reference import Options, Server, make_server

Outcomes = dict[str, Outcome]

PROFILE: Final = load_profile("reference")
# The cases of an extension need a target that has it: its name in the profile, and the options of the reference.
EXTENDED: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "FLUSH-08": ("deleteIdleStats", {"delete_idle_stats": True}),
    "GAUGE-10": ("deleteGauges", {"delete_gauges": True}),
    "PROPERTY-07": ("", {"tcp": True}),
    "TIMER-14": ("d", {"extensions": ("d",)}),
}
_TOKEN: Final = re.compile("q[0-9a-z]{9}")


def right(server: Server) -> Server:
    """Return the server as it is."""
    return server


def options_for(case: Case) -> Mapping[str, Any]:
    """Return the options that a server needs for a case, beside the usual ones."""
    return EXTENDED.get(case.requirement.id, ("", {}))[1]


def profile_for(case: Case) -> Profile:
    """Return the profile of the reference under `options_for`."""
    extension = EXTENDED.get(case.requirement.id, ("", {}))[0]
    return replace(PROFILE, extensions=(extension,)) if extension else PROFILE


async def in_process(plant: Break, cases: Iterable[Case]) -> Outcomes:
    """Run each case, without a socket, on a fresh server that `plant` made; return the outcomes by case id."""
    return {case.id: await _alone(plant, case) for case in cases}


async def _alone(plant: Break, case: Case) -> Outcome:
    options = Options(flush_interval=1000, **options_for(case))
    target = InProcess(plant(make_server(options)), profile_for(case))
    try:
        return await run_case(case, target)
    except Crashed as crash:
        return Outcome(Verdict.CRASHED, str(crash), crash, target.trace)


def catching(cases: Sequence[Case], right: Outcomes, wrong: Outcomes) -> list[Case]:
    """Return the cases that tell the wrong server from the right one, of those that were tried on it."""
    return [case for case in cases if case.id in wrong and caught(right[case.id], wrong[case.id])]


def caught(right: Outcome, wrong: Outcome) -> bool:
    """Tell whether a case fails on the wrong server only, or describes another behaviour there than on the right one.

    INCONCLUSIVE catches nothing: it stands for a mistake of the suite, or for nothing seen at all.
    """
    if wrong.verdict in (Verdict.FAIL, Verdict.CRASHED, Verdict.NON_STRICT):
        return right.verdict is not wrong.verdict
    return wrong.verdict is Verdict.INFO and (right.verdict, _observed(right)) != (wrong.verdict, _observed(wrong))


def _observed(outcome: Outcome) -> str:
    """Return the observation without the prefix of the case, which is another in each run."""
    return _TOKEN.sub("…", outcome.note)


def proven(wrong: Outcome) -> bool:
    """Tell whether the outcome shows the MUST of a case to be broken, and not only a SHOULD beside it."""
    return wrong.verdict in (Verdict.FAIL, Verdict.CRASHED)


def obliging(case: Case) -> bool:
    """Tell whether a target that differs from the case's requirement fails."""
    return case.requirement.level is MUST and case.requirement.category in (CORE, ROBUST)
