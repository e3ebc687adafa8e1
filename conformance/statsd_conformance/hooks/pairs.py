"""What the terminal says of two targets that made something else of the same recordings."""

from collections.abc import Iterator, Sequence
from typing import Final

from statsd_conformance.hooks.summary import Line
from statsd_conformance.progress import counted
from statsd_conformance.report.replayed import Pair, Row, model_shown, shown

# Rows and recordings of two targets, unless all are asked for; and room for the name of a series and of a target.
_ROWS: Final = 10
_SERIES: Final = 44
_TITLE: Final = 20
_MARK: Final = "..."


def lines_of(pairs: Sequence[Pair], verbosity: int) -> Iterator[Line]:
    """Yield the lines on the recordings of two targets; `verbosity` is pytest's: above 0 nothing is left out."""
    limit = None if verbosity > 0 else _ROWS
    if alike := [pair for pair in pairs if not (pair.rows or pair.untold)]:
        what = alike[0].recording if len(alike) == 1 else counted(len(alike), "recording")
        yield [(f"{what}: no difference in {sum(pair.numbers for pair in alike):,} numbers", "green")]
    told = [_told(pair) for pair in pairs if pair.rows or pair.untold]
    yield from ([(line, "yellow")] for line in told[:limit])
    if limit and len(told) > limit:
        yield [(f"and {len(told) - limit:,} recordings more that differ, which -v lists", "")]
    yield from _table([(pair, row) for pair in pairs for row in pair.rows], limit)


def _told(pair: Pair) -> str:
    differ = f"{len(pair.rows):,} of {pair.numbers:,} numbers differ"
    return f"{pair.recording}: {'; '.join(filter(None, [differ if pair.rows else '', pair.untold]))}"


def _table(rows: Sequence[tuple[Pair, Row]], limit: int | None) -> Iterator[Line]:
    if not rows:
        return
    one, other = rows[0][0].names
    head = ("", _short(one, _TITLE), _short(other, _TITLE), "model", "model agrees with")
    table = [head, *(_cells(pair, row) for pair, row in rows[:limit])]
    sizes = [max(map(len, column)) for column in zip(*table, strict=True)]
    for name, *numbers, right in table:
        cells = [f"{cell:>{size}}" for cell, size in zip(numbers, sizes[1:4], strict=True)]
        yield [("  ".join([name.ljust(sizes[0]), *cells, right]), "")]
    if limit and len(rows) > limit:
        yield [(f"and {len(rows) - limit:,} numbers more, which -v lists, and --report DIR", "")]


def _cells(pair: Pair, row: Row) -> tuple[str, str, str, str, str]:
    one, other = (shown(side.published, row.what) for side in (row.one, row.other))
    name = " ".join(filter(None, (_short(_printed(row.series), _SERIES), row.type, row.what)))
    return name, one, other, model_shown(row), _short(pair.right(row), _TITLE)


def _short(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - len(_MARK)] + _MARK


def _printed(text: str) -> str:
    return text.encode("unicode_escape").decode()
