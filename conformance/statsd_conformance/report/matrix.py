"""Runs of several targets, perhaps on several machines, side by side."""

import re
from collections.abc import Sequence
from typing import Final

from statsd_conformance.graphite import TOKEN
from statsd_conformance.report.record import Record, title_of
from statsd_conformance.report.results import escaped_cell, measured, targets, told
from statsd_conformance.verdict import Verdict, worst

# The prefix of a case, which is another in each run.
_TOKEN: Final = re.compile(TOKEN.pattern.decode())


def matrix(records: Sequence[Record]) -> str:
    """Return Markdown, a column a target: what was measured, a row a requirement, what was seen; ends in LF."""
    if not records:
        return "No case was run.\n"
    anonymous = [{**record, "note": _TOKEN.sub("q…", record["note"])} for record in records]
    return "\n".join([*targets(records), *measured(records), "", *_verdicts(records), *told(anonymous)]) + "\n"


def _verdicts(records: Sequence[Record]) -> list[str]:
    examined = [record for record in records if not record["problem"]]
    columns = list(dict.fromkeys(map(title_of, examined)))
    cells: dict[tuple[str, str], list[Verdict]] = {}
    for record in examined:
        cells.setdefault((record["id"], title_of(record)), []).append(Verdict(record["verdict"]))
    titles = map(escaped_cell, columns)
    lines = [f"| requirement | {' | '.join(titles)} |", f"|---|{'---|' * len(columns)}"]
    for id in dict.fromkeys(sorted(record["id"] for record in examined)):
        shown = [_shown(cells.get((id, column), [])) for column in columns]
        lines.append(f"| {id} | {' | '.join(shown)} |")
    return lines if examined else []


def _shown(verdicts: Sequence[Verdict]) -> str:
    """Return the verdict that a cell shows, a dash where the requirement was not tried."""
    return worst(verdicts).value if verdicts else "–"
