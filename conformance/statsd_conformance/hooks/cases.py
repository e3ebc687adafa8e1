"""Cases as pytest items: a target each, the outcome that a case had in its wave, and what its report carries."""

import asyncio
import datetime
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Final

import pytest

from statsd_conformance.deviation import parameters_of
from statsd_conformance.evidence import describe
from statsd_conformance.hooks import emitters, replays
from statsd_conformance.hooks.files import DEVIATIONS
from statsd_conformance.hooks.given import plan_of
from statsd_conformance.hooks.watch import watched
from statsd_conformance.properties import PLAN
from statsd_conformance.report.capture import write_evidence
from statsd_conformance.report.record import record_of
from statsd_conformance.requirement import Requirement, requirement_of
from statsd_conformance.session import Examination, Settings, examine
from statsd_conformance.verdict import NEEDS_EVIDENCE, Outcome, Verdict
from statsd_conformance.wave import Case

_EXAMINATIONS: Final = pytest.StashKey[dict[str, Examination]]()
_OUTCOME: Final = pytest.StashKey[Outcome]()


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give every case each target, or each emitter, of the run, and that of a recording those that the user names."""
    if requirement_of(metafunc.function) is None:
        return
    of_emitters = emitters.PARAMETER in metafunc.fixturenames
    names = emitters.names_of(metafunc.config) if of_emitters else emitters.targets_of(metafunc.config)
    # A worker of xdist does not know the plugin by name, so the mark is always there.
    grouped = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names]
    metafunc.parametrize(emitters.PARAMETER if of_emitters else "target", grouped, ids=names)
    replays.parametrize(metafunc)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the chapters on what the run does not look at: aggregators, emitters, all else than recordings."""
    left_out = emitters.is_left_out(collection_path, config) or replays.is_left_out(collection_path, config)
    return True if left_out else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Let emitters run while the cases of aggregators wait for flushes."""
    emitters.start_early(session)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let `-k FRAMING-03` find a case, and `-m` those of a class, `requirement(category='CORE')`, or `not hostile`."""
    if requirement := requirement_of(getattr(item, "function", None)):
        item.extra_keyword_matches.add(emitters.Code(requirement.id))
        category, level = requirement.category.value, requirement.level.value
        item.add_marker(pytest.mark.requirement(id=requirement.id, category=category, level=level))
        if requirement.hostile:
            item.add_marker(pytest.mark.hostile)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Return the outcome that a case had in its wave."""
    requirement = requirement_of(pyfuncitem.function)
    if requirement is None:
        return None
    deviations = pyfuncitem.config.stash[DEVIATIONS]
    parameters = parameters_of(pyfuncitem.name, _target_of(pyfuncitem))
    today = datetime.date.today()
    subject = emitters.subject_of(pyfuncitem)
    found = emitters.outcome_of(subject, requirement) if subject else _outcome(pyfuncitem, requirement)
    outcome = deviations.judged(requirement.id, parameters, found, today)
    pyfuncitem.stash[_OUTCOME] = outcome
    verdict = outcome.verdict.value
    pyfuncitem.user_properties += [("id", requirement.id), ("class", requirement.category.value), ("verdict", verdict)]
    # Where a case on an emitter stands in the code tells nobody anything: what it found is in the evidence.
    _raise(outcome, pyfuncitem.config, _examination(pyfuncitem), emitter=subject is not None)
    return True


def _outcome(item: pytest.Function, requirement: Requirement) -> Outcome:
    spec = _target_of(item)
    examinations = item.config.stash.setdefault(_EXAMINATIONS, {})
    if spec not in examinations:
        cases = [_case(one) for one in item.session.items if _is_case_of(one, spec)]
        examinations[spec] = _examine(spec, [case for case in cases if case], item)
        if problem := examinations[spec].problem:
            return Outcome(Verdict.INCONCLUSIVE, problem)
    examination = examinations[spec]
    if examination.problem:
        return Outcome(Verdict.UNSUPPORTED, "the target could not be examined, see the first case")
    return examination.outcomes[item.nodeid]


def _examination(item: pytest.Function) -> Examination:
    subject = emitters.subject_of(item)
    return subject.examine() if subject else item.config.stash[_EXAMINATIONS][_target_of(item)]


def _target_of(item: pytest.Function) -> str:
    parameters = item.callspec.params
    return str(parameters["target"] if "target" in parameters else parameters[emitters.PARAMETER])


def _is_case_of(item: pytest.Item, spec: str) -> bool:
    return (
        isinstance(item, pytest.Function) and hasattr(item, "callspec") and item.callspec.params.get("target") == spec
    )


def _case(item: pytest.Item) -> Case | None:
    assert isinstance(item, pytest.Function)
    requirement = requirement_of(item.function)
    parameters = {name: value for name, value in item.callspec.params.items() if name != "target"}
    return Case(item.nodeid, requirement, item.function, parameters) if requirement else None


def _examine(spec: str, cases: Sequence[Case], item: pytest.Item) -> Examination:
    option = item.config.option
    factory: pytest.TempPathFactory = item.config._tmp_path_factory  # type: ignore[attr-defined]  # no public way in a hook
    settings = Settings(
        directory=factory.mktemp("target"),
        profile=option.profile,
        admin=option.admin,
        also=tuple(option.also),
        behind=tuple(option.behind),
        sink=option.sink,
        interval=option.interval,
        hostile=option.hostile,
        bursts=option.bursts,
    )
    token = PLAN.set(plan_of(item.config))
    try:
        with watched(item.config, spec):
            return asyncio.run(examine(spec, cases, settings))
    finally:
        PLAN.reset(token)


def _raise(outcome: Outcome, config: pytest.Config, examination: Examination, *, emitter: bool) -> None:
    """Turn an outcome into what pytest understands."""
    __tracebackhide__ = True
    verdict = outcome.verdict
    if verdict is Verdict.INCONCLUSIVE and examination.problem:
        # Who allows that something cannot be told has not allowed that nothing can.
        pytest.fail(f"{verdict.value}: {outcome.note}", pytrace=False)
    if verdict is Verdict.DEVIATION:
        pytest.xfail(f"listed as a deviation: {outcome.note}")
    if verdict is Verdict.UNSUPPORTED or (verdict is Verdict.INCONCLUSIVE and config.option.allow_inconclusive):
        pytest.skip(f"{verdict.value}: {outcome.note}")
    if verdict is Verdict.NON_STRICT and not config.option.statsd_strict:
        return
    if verdict in (Verdict.FAIL, Verdict.NON_STRICT) and outcome.error is not None and not emitter:
        raise outcome.error
    if verdict in (Verdict.CRASHED, Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.NON_STRICT):
        pytest.fail(f"{verdict.value}: {outcome.note}", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the verdict and the evidence on the report of a case."""
    report = yield
    outcome = item.stash.get(_OUTCOME, None)
    requirement = requirement_of(getattr(item, "function", None))
    if call.when != "call" or outcome is None or requirement is None:
        return report
    assert isinstance(item, pytest.Function)
    examination = _examination(item)
    if report.skipped and isinstance(report.longrepr, tuple):
        # The case is skipped, not the hook that says so.
        path, line, _ = item.reportinfo()
        report.longrepr = (str(path), (line or 0) + 1, report.longrepr[2])
    # A plain attribute of plain values travels from an xdist worker to the terminal.
    report.statsd = record_of(item.name, requirement, outcome, examination)  # type: ignore[attr-defined]  # any attribute may be set
    if outcome.trace is not None and outcome.verdict in NEEDS_EVIDENCE:
        report.sections.append(("StatsD", describe(requirement, outcome, examination.address)))
        if directory := item.config.option.evidence:
            written = write_evidence(directory, item.name, requirement, outcome, examination.address, examination.route)
            report.statsd["evidence"] = str(written.resolve())
    return report
