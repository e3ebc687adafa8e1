"""Runs of several targets, perhaps on several machines, side by side."""

from collections.abc import Iterable, Sequence
from typing import Final

from statsd_conformance.report.record import Record
from statsd_conformance.report.results import escaped_cell, summary
from statsd_conformance.verdict import Verdict

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
    columns = list(dict.fromkeys(map(column_of, records)))
    ids = dict.fromkeys(sorted(record["id"] for record in records))
    cells: dict[tuple[str, tuple[str, str]], list[Verdict]] = {}
    for record in records:
        cells.setdefault((record["id"], column_of(record)), []).append(Verdict(record["verdict"]))
    titles = [escaped_cell(f"{target} {version}".strip()) for target, version in columns]
    rows = [f"| requirement | {' | '.join(titles)} |", f"|---|{'---|' * len(columns)}"]
    for id in ids:
        shown = [_shown(cells.get((id, column), [])) for column in columns]
        rows.append(f"| {id} | {' | '.join(shown)} |")
    return summary(records) + ("\n" + "\n".join(rows) + "\n" if records else "")


def column_of(record: Record) -> tuple[str, str]:
    """Return what has a column of its own: a target in a version."""
    return record["target"], record["version"]


def _shown(verdicts: Sequence[Verdict]) -> str:
    """Return the verdict that a cell shows, a dash where the requirement was not tried."""
    return worst(verdicts).value if verdicts else "–"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that stands for several, of which there has to be one."""
    return min(verdicts, key=_WORST_FIRST.index)
