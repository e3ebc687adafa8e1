"""The terminal: verdicts that pytest has no word for, and the summary of every target."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import pytest

from statsd_conformance.verdict import NEEDS_EVIDENCE, Verdict

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
    told = [record for record in records if Verdict(record["verdict"]) in NEEDS_EVIDENCE]
    rows = Counter((record["verdict"], record["id"], record["note"].partition("\n")[0]) for record in told)
    for (verdict, id, note), number in rows.items():
        times = f" ({number} cases)" if number > 1 else ""
        terminal.write_line(f"{verdict:<12} {id:<12} {note}{times}")
