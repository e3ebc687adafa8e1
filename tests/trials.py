"""Cases tried on servers that are right or wrong, and whether a wrong one was caught."""

from collections.abc import Callable, Iterable, Sequence

from statsd_conformance.profile import load_profile
from statsd_conformance.requirement import Class
from statsd_conformance.target import Crashed, InProcess
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import Case, run_case
from statsd_reference import Options, Server, make_server

Outcomes = dict[str, Outcome]
Break = Callable[[Server], Server]

PROFILE = load_profile("reference")
RIGHT = make_server(Options(flush_interval=1000))


async def in_process(server: Server, cases: Iterable[Case]) -> Outcomes:
    """Run each case on the server, fresh and without a socket; return the outcomes by case id."""
    return {case.id: await _alone(server, case) for case in cases}


async def _alone(server: Server, case: Case) -> Outcome:
    target = InProcess(server, PROFILE)
    try:
        return await run_case(case, target)
    except Crashed as crash:
        return Outcome(Verdict.CRASHED, str(crash), crash, target.trace)


def catching(cases: Sequence[Case], right: Outcomes, wrong: Outcomes) -> list[Case]:
    """Return the cases that tell the wrong server from the right one."""
    return [case for case in cases if caught(right[case.id], wrong[case.id])]


def caught(right: Outcome, wrong: Outcome) -> bool:
    """Tell whether a case fails on the wrong server only, or describes another behaviour there than on the right one.

    INCONCLUSIVE catches nothing: it stands for a mistake of the suite, or for nothing seen at all.
    """
    if wrong.verdict in (Verdict.FAIL, Verdict.CRASHED, Verdict.NON_STRICT):
        return right.verdict is not wrong.verdict
    return wrong.verdict is Verdict.INFO and (right.verdict, right.note) != (wrong.verdict, wrong.note)


def proven(wrong: Outcome) -> bool:
    """Tell whether the outcome shows the MUST of a case to be broken, and not only a SHOULD beside it."""
    return wrong.verdict in (Verdict.FAIL, Verdict.CRASHED)


def obliging(case: Case) -> bool:
    """Tell whether a target that differs from the case's requirement fails."""
    return case.requirement.level.value == "MUST" and case.requirement.category in (Class.CORE, Class.ROBUST)
