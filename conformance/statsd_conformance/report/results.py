"""The verdicts of a run as files: JSON Lines, an HTML page, Markdown for a CI summary, and a badge of shields.io.

A record is a line of results.jsonl; `result.schema.json` beside this file is its schema.
"""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from statsd_conformance.measured import facts, subjects
from statsd_conformance.report.record import Record, title_of
from statsd_conformance.report.replayed import with_pairs
from statsd_conformance.requirement import Class
from statsd_conformance.verdict import Verdict

# 2: a record holds what a case sent and saw, unless it passed.
FORMAT: Final = 2
BAD: Final = (Verdict.FAIL, Verdict.CRASHED, Verdict.INCONCLUSIVE)
_WORST_FIRST: Final = (Verdict.CRASHED, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NON_STRICT)
# GitHub shows no summary of more than 1 MiB.
_ROWS: Final = 300
_NOTE: Final = 400


def write_results(directory: Path, records: Sequence[Record]) -> None:
    """Write results.jsonl, report.html, summary.md and badge.json.

    The path of evidence, absolute in a record, is relative to the folder in the file, so that both can be moved.

    Raises:
        OSError: a file cannot be written.
    """
    # Jinja costs a run without a report a twentieth of a second.
    from statsd_conformance.report.page import page

    directory.mkdir(parents=True, exist_ok=True)
    records = [moved(record, Path("/"), directory.resolve()) for record in with_pairs(records)]
    lines = "".join(json.dumps({"format": FORMAT, **record}, ensure_ascii=True) + "\n" for record in records)
    (directory / "results.jsonl").write_text(lines, encoding="utf-8")
    (directory / "report.html").write_text(page(records), encoding="utf-8")
    (directory / "summary.md").write_text(summary(records), encoding="utf-8")
    (directory / "badge.json").write_text(json.dumps(badge(records)) + "\n", encoding="utf-8")


class RecordError(ValueError):
    """A line that is no record; the message says what is wrong with it."""


_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "array": list,
    "object": dict,
    "null": type(None),
}


def read_record(line: str) -> Record:
    """Return the record that a line of results.jsonl holds, of this format or an older one.

    Raises:
        RecordError: it holds none.
    """
    try:
        record = json.loads(line)
    except ValueError:
        raise RecordError("is no JSON") from None
    if not isinstance(record, dict) or not isinstance(record.get("format"), int):
        raise RecordError("is no result")
    if record["format"] > FORMAT:
        raise RecordError(f"has format {record['format']}, which a newer version wrote: update this one")
    schema = _schema()
    for name in schema["required"]:
        if name not in record:
            raise RecordError(f"has no {name!r}")
    for name, rule in schema["properties"].items():
        if name in record and not _fits(record[name], rule):
            raise RecordError(f"has a wrong {name!r}: {str(record[name])[:80]!r}")
    return record


@cache
def _schema() -> Mapping[str, Any]:
    text = (files("statsd_conformance.report") / "result.schema.json").read_text(encoding="utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


def _fits(value: object, rule: Mapping[str, Any]) -> bool:
    """Tell whether a value is one of those that a rule of the schema lists, or of a type that it names."""
    if "enum" in rule:
        return value in rule["enum"]
    named = rule.get("type", [])
    types = [named] if isinstance(named, str) else named
    return not types or any(isinstance(value, _TYPES[one]) for one in types)


def moved(record: Record, source: Path, to: Path) -> Record:
    """Return a record whose path of evidence, relative to the folder `source`, is relative to the folder `to`."""
    if not record.get("evidence"):
        return record
    return {**record, "evidence": Path(os.path.relpath(source / record["evidence"], to)).as_posix()}


def badge(records: Sequence[Record]) -> dict[str, object]:
    """Return what shields.io reads from an endpoint: how many cases passed, and whether any did not."""
    counts = Counter(record["verdict"] for record in records)
    bad = sum(counts[verdict.value] for verdict in BAD)
    message = f"{counts[Verdict.PASS.value]} pass" + (f", {bad} not" if bad else "")
    colour = "lightgrey" if not counts[Verdict.PASS.value] and not bad else "red" if bad else "brightgreen"
    return {"schemaVersion": 1, "label": "StatsD conformance", "message": message, "color": colour}


def summary(records: Sequence[Record]) -> str:
    """Return Markdown: the counts of every target, what was measured, then what needs a word; ends with LF."""
    shown = [*targets(records), *measured(records), *told(records, _ROWS)] if records else ["No case was run."]
    return "\n".join(["## StatsD conformance", "", *shown]) + "\n"


def targets(records: Sequence[Record]) -> list[str]:
    """Return a table in Markdown of the targets with their counts, and why others could not be examined."""
    examined = [record for record in records if not record["problem"]]
    shown = [one for one in Verdict if any(record["verdict"] == one.value for record in examined)]
    lines = [f"| target | examined | {' | '.join(one.value for one in shown)} |", f"|---|---|{'---:|' * len(shown)}"]
    for target in dict.fromkeys(record["target"] for record in examined):
        mine = [record for record in examined if record["target"] == target]
        counts = Counter(record["verdict"] for record in mine)
        title = escaped_cell(title_of(mine[0]))
        day = escaped_cell(str(mine[0].get("date", ""))[: len("2026-01-01")])
        lines.append(f"| {title} | {day} | {' | '.join(str(counts[one.value]) for one in shown)} |")
    problems = {record["target"]: record["problem"] for record in records if record["problem"]}
    missing = [f"{escaped_cell(target)} was not examined: {escaped_cell(why)}" for target, why in problems.items()]
    return [*(lines if examined else []), *(line for one in missing for line in ("", one))]


def measured(records: Sequence[Record]) -> list[str]:
    """Return a table in Markdown of what was measured, a row a target and a column a fact; or nothing."""
    titles = dict.fromkeys(title_of(record) for record in records if record.get("measured"))
    found = {title: facts(record for record in records if title_of(record) == title) for title in titles}
    columns = subjects(found.values())
    lines = ["", f"| measured | {' | '.join(map(escaped_cell, columns))} |", f"|---|{'---|' * len(columns)}"]
    for title, said in found.items():
        cells = [escaped_cell(said.get(what, "–")) for what in columns]
        lines.append(f"| {escaped_cell(title)} | {' | '.join(cells)} |")
    return lines if columns else []


def told(records: Sequence[Record], limit: int | None = None) -> list[str]:
    """Return a table in Markdown of what needs a word, the worst first, of at most `limit` rows; or nothing."""
    worst = [record for record in worst_first(records) if not record["problem"]]
    rows = Counter((one["target"], one["verdict"], one["id"], first_line(one)) for one in worst)
    if not rows:
        return []
    lines = ["", "| target | verdict | requirement | observed |", "|---|---|---|---|"]
    for (target, verdict, id, note), number in list(rows.items())[:limit]:
        times = f" ({number} cases)" if number > 1 else ""
        lines.append(f"| {escaped_cell(target)} | {verdict} | {id} | {escaped_cell(note[:_NOTE])}{times} |")
    left = len(rows) - limit if limit else 0
    return lines if left <= 0 else [*lines, "", f"And {left} more of these, which report.html shows."]


def worst_first(records: Sequence[Record]) -> list[Record]:
    """Return what does not hold, CRASHED and FAIL first, and of each first what no class excuses."""
    told = [record for record in records if Verdict(record["verdict"]) in _WORST_FIRST]
    return sorted(
        told,
        key=lambda record: (
            _WORST_FIRST.index(Verdict(record["verdict"])),
            record["class"] not in (Class.CORE.value, Class.ROBUST.value),
        ),
    )


def first_line(record: Record) -> str:
    """Return the first line of what was observed."""
    return str(record["note"]).partition("\n")[0]


# What a server said may hold anything that Markdown or HTML would act on.
_ACTIVE: Final = {ord(one): f"&#{ord(one)};" for one in "<>&|`*_[]()!\\~#@:"}


def escaped_cell(text: str) -> str:
    """Return the first line of a text for a cell of a Markdown table, with nothing in it that Markdown acts on."""
    return text.partition("\n")[0].translate(_ACTIVE)
