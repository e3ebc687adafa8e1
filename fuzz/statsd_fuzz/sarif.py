"""What a search found as SARIF 2.1.0, which code scanning of GitHub and other tools read: a rule for each name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from statsd_conformance.report.sarif import document, placed
from statsd_fuzz.inprocess.campaign import Result
from statsd_fuzz.known import Standing
from statsd_fuzz.wire.collected import Collected
from statsd_fuzz.wire.saved import place_of

# What is known is no reason to fail.
_LEVELS: Final = {Standing.NEW: "error", Standing.BACK: "error", Standing.KNOWN: "note"}


@dataclass(frozen=True, slots=True)
class Reported:
    """A finding as an alert.

    Attributes:
        name: what it is called.
        group: what broke, in a word.
        sentence: what was seen.
        standing: what it is to whoever ran the search.
        reason: why it is known, empty where nobody said.
        file: where the alert is shown.
    """

    name: str
    group: str
    sentence: str
    standing: Standing
    reason: str
    file: str


def of_wire(collected: Collected, folder: Path) -> list[Reported]:
    """Return what a search over the wire collected, each shown at the file in the folder that it is saved in."""
    return [
        Reported(
            told.finding.name, told.finding.group, told.finding.fault.sentence, told.standing, told.reason,
            place_of(told.finding, folder).as_posix(),
        )
        for told in collected.all
    ]  # fmt: skip


def of_python(result: Result, folder: Path) -> list[Reported]:
    """Return what a search of a Python target came to, each shown at the file in the folder that it is saved in."""
    entries = [(one, result.known.get(one.name)) for one in result.findings]
    return [
        Reported(
            one.name, one.name, one.sentence, entry.standing if entry else Standing.NEW, entry.reason if entry else "",
            (folder / one.name).as_posix(),
        )
        for one, entry in entries
    ]  # fmt: skip


def sarif(target: str, findings: Sequence[Reported]) -> str:
    """Return a document with a result for each finding in a target, known ones as notes; ends in LF."""
    rules = {one.name: one for one in sorted(findings, key=lambda one: one.name)}
    names = list(rules)
    return document([_rule(one) for one in rules.values()], [_result(target, one, names) for one in findings])


def _rule(finding: Reported) -> dict[str, object]:
    what = finding.name.replace("-", " ")
    return {
        "id": finding.name,
        "shortDescription": {"text": what},
        "fullDescription": {"text": f"Found by a search: {what}."},
        "properties": {"group": finding.group},
    }


def _result(target: str, finding: Reported, names: Sequence[str]) -> dict[str, object]:
    reason = f" ({finding.standing.value}: {finding.reason})" if finding.standing is not Standing.NEW else ""
    return {
        "ruleId": finding.name,
        "ruleIndex": names.index(finding.name),
        "level": _LEVELS[finding.standing],
        "message": {"text": f"{target}: {finding.name}: {finding.sentence}{reason}"},
        "locations": [placed(finding.file)],
        # What was seen has names of its run in it; the same name on the same target is the same alert.
        "partialFingerprints": {"finding/v1": f"{target} {finding.name}"},
    }
