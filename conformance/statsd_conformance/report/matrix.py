"""Runs of several targets, perhaps on several machines, side by side."""

from collections.abc import Sequence
from typing import Final

from statsd_conformance.report.record import Record
from statsd_conformance.report.results import escaped_cell, summary
from statsd_conformance.verdict import Verdict

RESULT_KEYS: Final = ("id", "class", "verdict", "note", "target", "version")
# Of several cases of one requirement the first of these that occurs is shown.
_WORST_FIRST: Final = [
    Verdict.CRASHED,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.DEVIATION,
    Verdict.NON_STRICT,
    Verdict.INFO,
    Verdict.PASS,
    Verdict.UNSUPPORTED,
]


def matrix(records: Sequence[Record]) -> str:
    """Return Markdown: the summary, then a row a requirement and a column a target and version; ends with LF."""
    columns = list(dict.fromkeys((record["target"], record["version"]) for record in records))
    ids = dict.fromkeys(sorted(record["id"] for record in records))
    cells: dict[tuple[str, tuple[str, str]], list[Verdict]] = {}
    for record in records:
        place = record["id"], (record["target"], record["version"])
        cells.setdefault(place, []).append(Verdict(record["verdict"]))
    titles = [escaped_cell(f"{target} {version}".strip()) for target, version in columns]
    rows = [f"| requirement | {' | '.join(titles)} |", f"|---|{'---|' * len(columns)}"]
    for id in ids:
        shown = [_worst(cells.get((id, column), [])) for column in columns]
        rows.append(f"| {id} | {' | '.join(shown)} |")
    return summary(records) + ("\n" + "\n".join(rows) + "\n" if records else "")


def _worst(verdicts: Sequence[Verdict]) -> str:
    """Return the verdict that a cell shows, a dash where the requirement was not tried."""
    return min(verdicts, key=_WORST_FIRST.index).value if verdicts else "–"
