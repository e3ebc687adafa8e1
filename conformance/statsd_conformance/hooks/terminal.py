"""The terminal: verdicts that pytest has no word for, and the summary of every target."""

from collections.abc import Generator, Iterable, Sequence
from typing import Any, Final

import pytest

from statsd_conformance.hooks.pairs import lines_of
from statsd_conformance.hooks.summary import Line, summary, what_may_be_known
from statsd_conformance.progress import counted
from statsd_conformance.report.record import Record
from statsd_conformance.report.replayed import by_targets, pairs_of
from statsd_conformance.verdict import Verdict

_LETTERS: Final = {Verdict.NON_STRICT: ("n", "yellow"), Verdict.INFO: ("i", "cyan")}


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, Any] | None:
    """Give NON-STRICT and INFO a count of their own."""
    record = getattr(report, "statsd", None)
    if report.when == "call" and report.passed and record:
        verdict = Verdict(record["verdict"])
        if verdict in _LETTERS:
            letter, colour = _LETTERS[verdict]
            return verdict.value.lower(), letter, (verdict.value, {colour: True})
    return None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Generator[None, None, None]:
    """Print the verdicts of every target, what does not hold, and where the files of the run are.

    It comes behind all that pytest prints of single cases, which may be long, so that it is what is left on the screen.
    """
    yield
    reports = [report for group in terminalreporter.stats.values() for report in group if hasattr(report, "statsd")]
    records = [report.statsd for report in reports]
    for target in dict.fromkeys(record["target"] for record in records):
        _print(terminalreporter, [record for record in records if record["target"] == target])
    for titles, pairs in by_targets(pairs_of(records)).items():
        _print_lines(terminalreporter, " and ".join(titles), lines_of(pairs, terminalreporter.verbosity))
    if records and (folder := config.option.report):
        terminalreporter.write_line(f"report: {folder / 'report.html'}")
    if kept := sum("evidence" in record for record in records):
        terminalreporter.write_line(f"evidence of {counted(kept, 'case')}: {config.option.evidence}")


def _print(terminal: pytest.TerminalReporter, records: Sequence[Record]) -> None:
    first = records[0]
    version = f", {first['version']}" if first["version"] else ""
    # What is piped has no width.
    width = terminal.config.get_terminal_writer().fullwidth if terminal.isatty else None
    lines = summary(records, terminal.verbosity, width)
    _print_lines(terminal, f"StatsD conformance of {first['target']}{version}", lines)
    if not terminal.config.option.deviations and (hint := what_may_be_known(records)):
        terminal.write_line(hint)


def _print_lines(terminal: pytest.TerminalReporter, title: str, lines: Iterable[Line]) -> None:
    terminal.write_sep("=", title)
    for line in lines:
        for text, colour in line:
            terminal.write(text, **({colour: True} if colour else {}))
        terminal.write_line("")
