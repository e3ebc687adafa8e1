"""Recordings in records: how each came out on a target, and where two targets made something else of the same one.

A record keeps what came out otherwise than in the model, so of two targets all is known: what neither of them has there
came out alike, if both compare it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from math import isclose
from typing import Any, Final

from statsd_conformance.properties import TOLERANCE
from statsd_conformance.replayed.compared import KEPT, STRAY
from statsd_conformance.report.record import Record, title_of
from statsd_conformance.verdict import Verdict

# From here on two decimals say more than six digits.
_LARGE: Final = 1000
# What says nothing of how a recording came out.
_SPOILT: Final = (Verdict.INCONCLUSIVE.value, Verdict.CRASHED.value)


@dataclass(frozen=True, slots=True)
class Side:
    """A number of a series on one target: what it published, None for nothing, and what the model makes of it."""

    published: float | None
    model: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """A number that two targets published differently; `right` says which of them the model agrees with."""

    series: str
    type: str
    what: str
    one: Side
    other: Side
    right: "Right"


class Right(Enum):
    """Which of two targets the model agrees with, by the sides of a row."""

    ONE = "one"
    OTHER = "other"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two targets, by their titles, that one recording was played to, and the rows in which they differ.

    `numbers` are how many both compared, at most; `untold` says why there are no rows, or not all. `names` are the
    targets' names alone, or their titles where these are the same.
    """

    recording: str
    one: str
    other: str
    names: tuple[str, str]
    numbers: int
    rows: tuple[Row, ...]
    untold: str = ""

    def right(self, row: Row) -> str:
        """Return the name of the target that the model agrees with in a row."""
        return {Right.ONE: self.names[0], Right.OTHER: self.names[1]}.get(row.right, row.right.value)


def shown(number: float | None, what: str) -> str:
    """Return a number as tables show it; of a path that nobody asked for, whether it is there."""
    if what == STRAY:
        return "there" if number else "nothing"
    if number is None:
        return "nothing"
    return f"{number:.6g}" if abs(number) < _LARGE else f"{round(number, 2):.15g}"


def model_shown(row: Row) -> str:
    """Return what the model makes of a row; for each of the targets where their flush intervals part it otherwise."""
    models = dict.fromkeys(shown(side.model, row.what) for side in (row.one, row.other))
    return " or ".join(models)


def pairs_of(records: Sequence[Record]) -> Iterator[Pair]:
    """Yield for each recording that was played to several targets the first of them with each of the others."""
    played = sorted((one for one in records if "replayed" in one), key=_recording)
    for _, several in groupby(played, key=_recording):
        first, *others = {title_of(one): one for one in several}.values()
        yield from (pair_of(first, other) for other in others)


def by_targets(pairs: Iterable[Pair]) -> dict[tuple[str, str], list[Pair]]:
    """Return the pairs by the titles of their targets, each with all of its recordings."""
    found: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        found.setdefault((pair.one, pair.other), []).append(pair)
    return found


def with_pairs(records: Sequence[Record]) -> list[Record]:
    """Return the records; those of recordings that were played to another target before say where that differs."""
    against: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for pair in pairs_of(records):
        against.setdefault((pair.recording, pair.other), []).append(_against(pair))
    return [
        {**record, "against": found}
        if "replayed" in record and (found := against.get((_recording(record), title_of(record))))
        else record
        for record in records
    ]


_AGREES: Final = {Right.ONE: "there", Right.OTHER: "here", Right.NEITHER: "neither"}


def _against(pair: Pair) -> dict[str, Any]:
    rows = [
        {
            "series": row.series,
            "type": row.type,
            "what": row.what,
            "there": row.one.published,
            "here": row.other.published,
            "model": row.other.model,
            "model_agrees_with": _AGREES[row.right],
        }
        for row in pair.rows
    ]
    return {"target": pair.one, "numbers": pair.numbers, "rows": rows, "untold": pair.untold}


def _recording(record: Record) -> str:
    return str(record["replayed"]["recording"])


def pair_of(one: Record, other: Record) -> Pair:
    """Return where two targets made something else of one recording."""
    titles = title_of(one), title_of(other)
    names = (one["target"], other["target"]) if one["target"] != other["target"] else titles
    numbers = min(one["replayed"]["numbers"], other["replayed"]["numbers"])
    if spoilt := [record for record in (one, other) if record["verdict"] in _SPOILT]:
        why = f"{title_of(spoilt[0])} is {spoilt[0]['verdict']}: {spoilt[0]['note']}"
        return Pair(_recording(one), *titles, names, numbers, (), why.partition("\n")[0])
    rows = tuple(_rows(one, other))
    cut = [title_of(record) for record in (one, other) if record["replayed"]["differences_found"] > KEPT]
    why = f"of {' and '.join(cut)} only the first {KEPT:,} differences from the model are known" if cut else ""
    return Pair(_recording(one), *titles, names, numbers, rows, why)


Key = tuple[str, str, str]


def _rows(one: Record, other: Record) -> Iterator[Row]:
    """Yield the rows of two targets: what the first made otherwise than the model, then what only the other one did."""
    first, second = _differences(one), _differences(other)
    alike = one["replayed"]["dialect"] == other["replayed"]["dialect"]
    for key in [*first, *(key for key in second if key not in first)]:
        known = key in first, key in second
        compare = all(found or _compares(record, key) for found, record in zip(known, (one, other), strict=True))
        # Tags in one dialect may be a part of the name in another.
        if not compare or (";" in key[0] and not alike):
            continue
        mine, theirs = _side(first.get(key), second.get(key)), _side(second.get(key), first.get(key))
        if not _same(mine.published, theirs.published):
            right = Right.NEITHER if all(known) else Right.ONE if known[1] else Right.OTHER
            yield Row(*key, mine, theirs, right)


def _differences(record: Record) -> dict[Key, Mapping[str, Any]]:
    return {(one["series"], one["type"], one["what"]): one for one in record["replayed"]["differences"]}


def _compares(record: Record, key: Key) -> bool:
    """Tell whether a target was looked at for numbers of this sort, by its profile."""
    series, type, what = key
    found = record["replayed"]
    whole = found["differences_found"] <= KEPT and series not in found["unseen"]
    return whole and (what == STRAY or what in found["compared"].get(type, ()))


def _side(mine: Mapping[str, Any] | None, theirs: Mapping[str, Any] | None) -> Side:
    """Return a side; one without a difference has what the model makes of it."""
    if mine:
        return Side(mine["published"], mine["model"])
    assert theirs
    return Side(theirs["model"], theirs["model"])


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-9)
