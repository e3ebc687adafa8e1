"""What the terminal says of a target at the end: a table by family, the counts, and what does not hold, worst first."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from statsd_conformance.deviation import NOT_MET
from statsd_conformance.likeness import suggestion
from statsd_conformance.measured import facts
from statsd_conformance.progress import counted
from statsd_conformance.report.record import Record
from statsd_conformance.report.results import first_line, worst_first
from statsd_conformance.verdict import IN_TABLES, Verdict

# Pieces of one line, each with the name of its colour in pytest, empty for none.
Line = Sequence[tuple[str, str]]
# Requirements that have a line each at the end, unless all are asked for.
_WORST: Final = 5
_COLOURS: Final = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.CRASHED: "red",
    Verdict.INCONCLUSIVE: "red",
    Verdict.NON_STRICT: "yellow",
    Verdict.DEVIATION: "yellow",
    Verdict.INFO: "cyan",
    Verdict.UNSUPPORTED: "yellow",
}


def summary(records: Sequence[Record], verbosity: int, width: int | None) -> Iterator[Line]:
    """Yield the lines on the cases of one target.

    `verbosity` is pytest's: above 0 all that does not hold has a line, below 0 there is no table. Lines on what does
    not hold end before `width`, unless that is None or all of them are asked for.
    """
    first = records[0]
    if first["problem"]:
        yield [(first["problem"], "red")]
        return
    if verbosity >= 0:
        yield from _table(records)
    counts = _counts(records)
    yield [(", ".join(f"{counts[verdict]} {verdict.value}" for verdict in IN_TABLES if counts[verdict]), "")]
    took = f"{counted(len(records), 'case')} in {first['seconds']:.1f} s"
    if first["interval"]:
        took += f", that is {first['seconds'] / first['interval']:.1f} flush intervals of {first['interval']:g} s"
    yield [(took, "")]
    if warning := first.get("warning"):
        yield [("warning: ", "red"), (warning, "")]
    yield from _measured(records)
    yield from _every(records) if verbosity > 0 else _worst(records, width)


def what_may_be_known(records: Sequence[Record]) -> str:
    """Return which deviations may be those of a target, where something does not hold; empty where nobody can tell."""
    name = str(records[0].get("spelled_as", ""))
    unmet = any(Verdict(record["verdict"]) in NOT_MET for record in records)
    return suggestion(name) if name and unmet else ""


def _measured(records: Sequence[Record]) -> Iterator[Line]:
    for what, said in facts(records).items():
        yield [("measured: ", "cyan"), (f"{what}: {said}", "")]


def _table(records: Sequence[Record]) -> Iterator[Line]:
    """Yield a row a family with a column a verdict; nothing where there is one family only."""
    families = list(dict.fromkeys(map(_family, records)))
    if len(families) == 1:
        return
    total, size = _counts(records), max(map(len, families))
    shown = {verdict: max(len(verdict.value), 5) + 1 for verdict in IN_TABLES if total[verdict]}
    yield [(" " * size, ""), *((f"{verdict.value:>{width}}", "") for verdict, width in shown.items())]
    for family in families:
        counts = _counts([record for record in records if _family(record) == family])
        cells = [
            (f"{counts[one] or '.':>{width}}", _COLOURS[one] if counts[one] else "") for one, width in shown.items()
        ]
        yield [(family.ljust(size), ""), *cells]


def _every(records: Sequence[Record]) -> Iterator[Line]:
    """Yield a line for each requirement that does not hold and each way in which it does not."""
    rows = Counter((record["verdict"], record["id"], first_line(record)) for record in worst_first(records))
    for (verdict, id, note), number in rows.items():
        yield _row(verdict, id, note, number, None)


def _worst(records: Sequence[Record], width: int | None) -> Iterator[Line]:
    """Yield a line for each of the worst requirements, and how many there are beside them."""
    rows: dict[tuple[str, str], list[Record]] = {}
    for record in worst_first(records):
        rows.setdefault((record["verdict"], record["id"]), []).append(record)
    for (verdict, id), alike in list(rows.items())[:_WORST]:
        yield _row(verdict, id, first_line(alike[0]), len(alike), width)
    if (left := len(rows) - _WORST) > 0:
        yield [(f"and {left} more of these, which -v lists", "")]


def _row(verdict: str, id: str, note: str, number: int, width: int | None) -> Line:
    times = f" ({number} cases)" if number > 1 else ""
    name = f" {id:<12} "
    room = None if width is None else width - 12 - len(name) - len(times)
    shown = note if room is None or len(note) <= room else note[: max(room - 3, 0)] + "..."
    return [(f"{verdict:<12}", _COLOURS[Verdict(verdict)]), (name + shown + times, "")]


def _counts(records: Sequence[Record]) -> Counter[Verdict]:
    return Counter(Verdict(record["verdict"]) for record in records)


def _family(record: Record) -> str:
    return str(record["id"]).partition("-")[0]
