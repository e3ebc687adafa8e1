"""The pytest side: options, the `target` parameter, verdicts as pytest outcomes, the summary.

A case is a coroutine. At the first case of a target all selected cases of that target run together, in waves; each item
then raises or returns its own outcome, so that `-k`, `-x`, `-n`, tracebacks and assertion rewriting work as usual.
"""

import asyncio
import datetime
import secrets
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from statsd_conformance.deviation import (
    DeviationError,
    Deviations,
    load_deviations,
    parameters_of,
    read_deviations,
    write_deviations,
)
from statsd_conformance.evidence import describe
from statsd_conformance.found import Found, FoundError
from statsd_conformance.properties import PLAN, Plan
from statsd_conformance.report.capture import write_evidence
from statsd_conformance.report.results import write_results
from statsd_conformance.requirement import Requirement, requirement_of
from statsd_conformance.session import Examination, Settings, examine
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import Case

_DEVIATIONS: Final = pytest.StashKey[Deviations]()
_EXAMINATIONS: Final = pytest.StashKey[dict[str, Examination]]()
_OUTCOME: Final = pytest.StashKey[Outcome]()
_RECORDS: Final = pytest.StashKey[list[dict[str, Any]]]()
_NEEDS_EVIDENCE: Final = (Verdict.FAIL, Verdict.NON_STRICT, Verdict.CRASHED, Verdict.INCONCLUSIVE)
_LETTERS: Final = {Verdict.NON_STRICT: ("n", "yellow"), Verdict.INFO: ("i", "cyan")}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite."""
    group = parser.getgroup("statsd", "StatsD conformance")
    group.addoption(
        "--target",
        action="append",
        metavar="TARGET",
        help="the aggregator to test: host:port, udp://, tcp:// or unix:// address, exec:COMMAND with {port} "
        "{graphite_host} {graphite_port} {interval}, or reference, statsd, collectd, netdata, "
        "brubeck, statsite, gostatsd, statsd_exporter, telegraf, veneur; may be repeated "
        "(default: reference)",
    )
    group.addoption("--profile", metavar="NAME|FILE", help="how the target spells its output (default: probed)")
    group.addoption(
        "--sink",
        default="graphite://:2003",
        metavar="URL",
        help="where a target that the suite did not start shows its output: graphite://HOST:PORT, pickle://HOST:PORT "
        "or statsd://HOST:PORT (lines that it repeats) to listen, prometheus://HOST:PORT/PATH for its page, "
        "file://PATH of Graphite lines, statsite://PATH of its stream (default: %(default)s)",
    )
    group.addoption(
        "--interval", type=float, metavar="SECONDS", help="flush interval of the target (default: 1, or measured)"
    )
    group.addoption("--hostile", action="store_true", help="send hostile input also to a target on another machine")
    group.addoption(
        "--report",
        type=Path,
        metavar="DIR",
        help="write results.jsonl, summary.md and badge.json into this folder",
    )
    group.addoption(
        "--evidence",
        type=Path,
        metavar="DIR",
        help="write a capture, a text and a shell line of every case that fails into this folder",
    )
    group.addoption(
        "--deviations",
        metavar="NAME|FILE",
        help="expect what is listed there not to hold, and fail when it does: a file that --write-deviations wrote, or "
        "the name of a known implementation",
    )
    group.addoption(
        "--write-deviations",
        type=Path,
        metavar="FILE",
        help="list what did not hold in this file, with room for reasons; reasons that stand there are kept",
    )
    group.addoption(
        "--examples", type=int, default=200, metavar="N", help="generated examples a property (default: %(default)s)"
    )
    group.addoption(
        "--seed",
        type=int,
        dest="statsd_seed",
        metavar="N",
        help="what examples are generated from; equal seeds give equal examples (default: another one each run)",
    )
    group.addoption(
        "--found",
        type=Path,
        default=Path(".conformance"),
        metavar="DIR",
        help="folder of the examples that broke a property, which are tried first (default: %(default)s)",
    )
    group.addoption("--allow-inconclusive", action="store_true", help="skip what is INCONCLUSIVE in place of failing")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the run, and let xdist keep the cases of one target on one worker."""
    config.addinivalue_line("markers", "requirement(id): the requirement that a case tests")
    # Known without pytest-xdist, too, where the mark does nothing.
    config.addinivalue_line("markers", "xdist_group(name): what pytest-xdist keeps on one worker")
    for option in ("evidence", "report"):
        if directory := getattr(config.option, option):
            _make(directory, option)
    config.stash[_DEVIATIONS] = _listed(config)
    config.stash[_EXAMINATIONS] = {}
    config.stash[_RECORDS] = []
    config.pluginmanager.register(_Keeper(config.stash[_RECORDS]))
    if not hasattr(config, "workerinput"):
        # pytest has an option --strict of its own; workers get ours through the options that xdist hands on.
        config.option.statsd_strict = "--strict" in config.invocation_params.args
        if config.option.statsd_seed is None:
            config.option.statsd_seed = secrets.randbits(32)
    if config.option.examples < 1:
        raise pytest.UsageError(f"--examples {config.option.examples}: give 1 or more")
    try:
        _plan(config).found.check()
    except FoundError as error:
        raise pytest.UsageError(str(error)) from None


def _plan(config: pytest.Config) -> Plan:
    option = config.option
    return Plan(option.statsd_seed, option.examples, Found(config.invocation_params.dir / option.found))


def pytest_report_header(config: pytest.Config) -> str:
    """Say what the examples of this run are generated from."""
    return f"StatsD seed: {config.option.statsd_seed}"


def _listed(config: pytest.Config) -> Deviations:
    """Return the deviations that the options name.

    Raises:
        pytest.UsageError: the file does not read as one, or cannot be written, or is to hold two targets.
    """
    listed, written = config.option.deviations, config.option.write_deviations
    try:
        if written:
            if len(set(config.option.target or [])) > 1:
                raise pytest.UsageError("--write-deviations writes the file of one target: name one --target")
            written.open("a").close()
            _before(written)
        return load_deviations(listed) if listed else Deviations()
    except DeviationError as error:
        raise pytest.UsageError(str(error)) from None
    except OSError as error:
        raise pytest.UsageError(f"--write-deviations {written}: {error.strerror}; name another file") from None


def _before(written: Path) -> Deviations:
    """Return what stands in the file that is going to be written."""
    return read_deviations(written.read_text(encoding="utf-8"), str(written))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse deviations of cases that the suite does not have, before anything runs.

    Raises:
        pytest.UsageError: there are some.
    """
    listed = session.config.stash[_DEVIATIONS]
    if not listed.entries or hasattr(session.config, "workerinput"):
        return
    # All chapters, for a run may select one; they are imported here before pytest knows them for tests.
    from statsd_conformance.chapters import all_cases, chapter_names

    pytest.register_assert_rewrite(*chapter_names())
    known = [(case.requirement.id, case.id.partition("[")[2].removesuffix("]")) for case in all_cases()]
    if unknown := listed.unknown(known):
        raise pytest.UsageError(
            f"deviations {listed.source}: no such case: {', '.join(unknown)}; statsd-conformance list shows the ids"
        )


def _make(directory: Path, option: str) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(
            f"--{option} {directory}: {error.strerror}; name a folder that can be written"
        ) from None


class _Keeper:
    """Keeps the record of every case, which came from a worker perhaps; the hook itself knows no config."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self._records = records

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if record := getattr(report, "statsd", None):
            self._records.append(record)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the results and the deviations, on the process that has them all."""
    option, records = session.config.option, session.config.stash[_RECORDS]
    if hasattr(session.config, "workerinput"):
        return
    if option.report:
        write_results(option.report, records)
    if written := option.write_deviations:
        written.write_text(write_deviations(records, _before(written)), encoding="utf-8")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Choose the distribution by target before xdist chooses one by load."""
    if getattr(config.option, "numprocesses", None) and getattr(config.option, "dist", "no") == "no":
        config.option.dist = "loadgroup"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give every case each target of the run."""
    if requirement_of(metafunc.function) is None:
        return
    targets = list(dict.fromkeys(metafunc.config.getoption("--target") or ["reference"]))
    # A worker of xdist does not know the plugin by name, so the mark is always there.
    grouped = [pytest.param(target, marks=pytest.mark.xdist_group(target)) for target in targets]
    metafunc.parametrize("target", grouped, ids=targets)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let `-k FRAMING-03` find a case."""
    if requirement := requirement_of(getattr(item, "function", None)):
        item.extra_keyword_matches.add(requirement.id)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Return the outcome that a case had in its wave."""
    requirement = requirement_of(pyfuncitem.function)
    if requirement is None:
        return None
    deviations = pyfuncitem.config.stash[_DEVIATIONS]
    parameters = parameters_of(pyfuncitem.name, _target_of(pyfuncitem))
    today = datetime.date.today()
    outcome = deviations.judged(requirement.id, parameters, _outcome(pyfuncitem, requirement), today)
    pyfuncitem.stash[_OUTCOME] = outcome
    verdict = outcome.verdict.value
    pyfuncitem.user_properties += [("id", requirement.id), ("class", requirement.category.value), ("verdict", verdict)]
    _raise(outcome, pyfuncitem.config)
    return True


def _outcome(item: pytest.Function, requirement: Requirement) -> Outcome:
    spec = _target_of(item)
    examinations = item.config.stash[_EXAMINATIONS]
    if spec not in examinations:
        cases = [_case(one) for one in item.session.items if _is_case_of(one, spec)]
        examinations[spec] = _examine(spec, [case for case in cases if case], item)
        if problem := examinations[spec].problem:
            return Outcome(Verdict.INCONCLUSIVE, problem)
    examination = examinations[spec]
    if examination.problem:
        return Outcome(Verdict.UNSUPPORTED, "the target could not be examined, see the first case")
    return examination.outcomes[item.nodeid]


def _target_of(item: pytest.Function) -> str:
    return str(item.callspec.params["target"])


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
        sink=option.sink,
        interval=option.interval,
        hostile=option.hostile,
    )
    token = PLAN.set(_plan(item.config))
    try:
        return asyncio.run(examine(spec, cases, settings))
    finally:
        PLAN.reset(token)


def _raise(outcome: Outcome, config: pytest.Config) -> None:
    """Turn an outcome into what pytest understands."""
    __tracebackhide__ = True
    verdict = outcome.verdict
    if verdict is Verdict.DEVIATION:
        pytest.xfail(f"listed as a deviation: {outcome.note}")
    if verdict is Verdict.UNSUPPORTED or (verdict is Verdict.INCONCLUSIVE and config.option.allow_inconclusive):
        pytest.skip(f"{verdict.value}: {outcome.note}")
    if verdict is Verdict.NON_STRICT and not config.option.statsd_strict:
        return
    if verdict in (Verdict.FAIL, Verdict.NON_STRICT) and outcome.error is not None:
        raise outcome.error
    if verdict in (Verdict.CRASHED, Verdict.INCONCLUSIVE, Verdict.FAIL):
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
    examination = item.config.stash[_EXAMINATIONS][_target_of(item)]
    # A plain attribute of plain values travels from an xdist worker to the terminal.
    report.statsd = _record(item.name, requirement, outcome, examination)  # type: ignore[attr-defined]  # any attribute may be set
    if outcome.trace is not None and outcome.verdict in _NEEDS_EVIDENCE:
        report.sections.append(("StatsD", describe(requirement, outcome, examination.address)))
        if directory := item.config.option.evidence:
            written = write_evidence(directory, item.name, requirement, outcome, examination.address, examination.route)
            report.statsd["evidence"] = str(written)
    return report


def _record(case: str, requirement: Requirement, outcome: Outcome, examination: Examination) -> dict[str, Any]:
    return {
        "case": case,
        "id": requirement.id,
        "class": requirement.category.value,
        "level": requirement.level.value,
        "sentence": requirement.sentence,
        "cites": requirement.cites,
        "verdict": outcome.verdict.value,
        "note": outcome.note,
        "target": examination.target,
        "version": examination.version,
        "seconds": examination.seconds,
        "interval": examination.interval,
        "problem": examination.problem,
    }


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, Any] | None:
    """Give NON-STRICT and INFO a count of their own."""
    record = getattr(report, "statsd", None)
    if report.when == "call" and report.passed and record:
        verdict = Verdict(record["verdict"])
        if verdict in _LETTERS:
            letter, colour = _LETTERS[verdict]
            return verdict.value.lower(), letter, (verdict.value, {colour: True})
    return None


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the verdicts of every target, and what needs a word."""
    reports = [report for group in terminalreporter.stats.values() for report in group if hasattr(report, "statsd")]
    targets = list(dict.fromkeys(report.statsd["target"] for report in reports))
    for target in targets:
        records = [report.statsd for report in reports if report.statsd["target"] == target]
        _summarise(terminalreporter, target, records)


def _summarise(terminal: pytest.TerminalReporter, target: str, records: Sequence[dict[str, Any]]) -> None:
    first = records[0]
    terminal.section(f"StatsD conformance of {target}" + (f", {first['version']}" if first["version"] else ""))
    if first["problem"]:
        terminal.write_line(first["problem"], red=True)
        return
    counts = Counter(record["verdict"] for record in records)
    terminal.write_line(
        ", ".join(f"{counts[verdict.value]} {verdict.value}" for verdict in Verdict if counts[verdict.value])
    )
    took = f"{len(records)} cases in {first['seconds']:.1f} s"
    if first["interval"]:
        took += f", that is {first['seconds'] / first['interval']:.1f} flush intervals of {first['interval']:g} s"
    terminal.write_line(took)
    told = [record for record in records if Verdict(record["verdict"]) in _NEEDS_EVIDENCE]
    rows = Counter((record["verdict"], record["id"], record["note"].partition("\n")[0]) for record in told)
    for (verdict, id, note), number in rows.items():
        times = f" ({number} cases)" if number > 1 else ""
        terminal.write_line(f"{verdict:<12} {id:<12} {note}{times}")
