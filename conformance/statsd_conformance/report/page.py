"""The results of one run or several as one HTML page: self-contained, without a network, the same from a file.

Targets are its columns and requirements its rows, in their families. `page.html.jinja`, `page.css` and `page.js` beside
this file are its parts. What a server said stands in it as text only: the template escapes, JSON inside the page has no
`<`, the script never makes markup of data, and the page's own policy lets the browser run no other script.
"""

import base64
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pkgutil import iter_modules
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

import statsd_conformance
from statsd_conformance.measured import facts, subjects
from statsd_conformance.report.record import Record, title_of, version_alone
from statsd_conformance.report.replayed import model_shown, pairs_of, shown
from statsd_conformance.requirement import Class
from statsd_conformance.verdict import IN_TABLES, Verdict, worst

# What the page shows of a case beside what its requirement and its target say.
_OF_A_CASE: Final = ("case", "verdict", "note", "required", "observed", "datagrams", "datagrams_sent", "lines")
_OF_A_CASE_TOO: Final = ("lines_published", "again")
# Columns with which the observations still find room in the table.
_FEW: Final = 3
# Differences of two targets that the page shows of one recording.
_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class Column:
    """A target, and how its run went; `counts` are its cases by verdict, `facts` what they measured."""

    title: str
    target: str
    version: str
    date: str
    seconds: float
    interval: float | None
    problem: str
    counts: Mapping[Verdict, int]
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one requirement on one target: the worst verdict, and how many of its cases came out so."""

    verdict: Verdict
    alike: int
    cases: int
    note: str


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement with a cell for each column, None where it was not tried."""

    id: str
    category: str
    level: str
    sentence: str
    cells: Sequence[Cell | None]


@dataclass(frozen=True, slots=True)
class Family:
    """The requirements of one family; `counts` are its cases by verdict, for each column."""

    name: str
    rows: Sequence[Row]
    counts: Sequence[Mapping[Verdict, int]]


def page(records: Sequence[Record]) -> str:
    """Return the page; paths of evidence in the records have to be relative to the folder that it will lie in."""
    titles = list(dict.fromkeys(map(title_of, records)))
    columns = [_column([record for record in records if title_of(record) == title]) for title in titles]
    grid = _grid(records, titles)
    script, style = _part("page.js"), _part("page.css")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_part("page.html.jinja")).render(
        columns=columns,
        measured=subjects(column.facts for column in columns),
        replays=list(pairs_of(records)),
        few_replays=_FEW,
        rows_of_replay=_ROWS,
        shown=shown,
        model_shown=model_shown,
        families=_families(grid),
        verdicts=[one for one in IN_TABLES if any(column.counts[one] for column in columns)],
        classes=[one.value for one in Class if any(record["class"] == one.value for record in records)],
        cases=len(records),
        requirements=len(grid),
        few=len(columns) <= _FEW,
        data=_data(columns, grid),
        script=Markup(script),
        style=Markup(style),
        policy=_policy(script, style),
    )


def _part(name: str) -> str:
    return (files("statsd_conformance.report") / name).read_text(encoding="utf-8")


def _policy(script: str, style: str) -> str:
    """Return a content security policy under which nothing is loaded, and nothing runs but `script`."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    """Return what a content security policy calls an inline script or style by."""
    return "sha256-" + base64.b64encode(sha256(text.encode()).digest()).decode()


def _column(records: Sequence[Record]) -> Column:
    first = records[0]
    return Column(
        title=title_of(first),
        target=first["target"],
        version=version_alone(first),
        date=first.get("date", ""),
        seconds=first.get("seconds", 0.0),
        interval=first.get("interval"),
        problem=first.get("problem", ""),
        counts=_counts(records),
        facts=facts(records),
    )


def _counts(records: Sequence[Record]) -> Counter[Verdict]:
    return Counter(Verdict(record["verdict"]) for record in records)


Grid = Mapping[str, Sequence[Sequence[Record]]]


def _grid(records: Sequence[Record], titles: Sequence[str]) -> Grid:
    """Return the records by their requirement's id, in the order of chapters, each with a list for every column."""
    names = [one.name for one in iter_modules(statsd_conformance.__path__)]
    chapters = [name.split("_")[2].upper() for name in sorted(names) if name.startswith("test_")]
    order = {name: number for number, name in enumerate(chapters)}
    ids = sorted({record["id"] for record in records}, key=lambda id: (order.get(_family(id), len(order)), id))
    grid: dict[str, list[list[Record]]] = {id: [[] for _ in titles] for id in ids}
    numbers = {title: number for number, title in enumerate(titles)}
    for record in records:
        grid[record["id"]][numbers[title_of(record)]].append(record)
    return grid


def _family(id: str) -> str:
    return id.partition("-")[0]


def _families(grid: Grid) -> list[Family]:
    names = list(dict.fromkeys(map(_family, grid)))
    return [_one_family(name, {id: cells for id, cells in grid.items() if _family(id) == name}) for name in names]


def _one_family(name: str, grid: Grid) -> Family:
    columns = zip(*grid.values(), strict=True)
    counts = [_counts([record for cell in column for record in cell]) for column in columns]
    return Family(name, [_row(cells) for cells in grid.values()], counts)


def _row(cells: Sequence[Sequence[Record]]) -> Row:
    first = next(record for cell in cells for record in cell)
    return Row(
        first["id"], first["class"], first.get("level", ""), first.get("sentence", ""), [_cell(cell) for cell in cells]
    )


def _cell(records: Sequence[Record]) -> Cell | None:
    if not records:
        return None
    verdict = worst([Verdict(record["verdict"]) for record in records])
    alike = [record for record in records if record["verdict"] == verdict.value]
    return Cell(verdict, len(alike), len(records), alike[0]["note"].partition("\n")[0])


def _data(columns: Sequence[Column], grid: Grid) -> Markup:
    """Return what the script shows of cases, as JSON that is safe inside a script element."""
    data = {
        "titles": [column.title for column in columns],
        "requirements": [_requirement(cells) for cells in grid.values()],
    }
    text = json.dumps(data, separators=(",", ":"))
    for one in "<>&":
        text = text.replace(one, f"\\u{ord(one):04x}")
    return Markup(text)


def _requirement(cells: Sequence[Sequence[Record]]) -> dict[str, Any]:
    first = next(record for cell in cells for record in cell)
    named = {name: first.get(name, "") for name in ("id", "class", "level", "sentence", "cites")}
    return named | {"cells": [[_case(record) for record in cell] for cell in cells]}


def _case(record: Record) -> dict[str, Any]:
    shown = {name: record[name] for name in (*_OF_A_CASE, *_OF_A_CASE_TOO) if record.get(name)}
    if "lines" in record:
        # None that came back is another thing than nothing that could.
        shown["lines"] = record["lines"]
    if path := record.get("evidence"):
        shown["evidence"] = quote(path.removesuffix(".txt"))
    return shown
