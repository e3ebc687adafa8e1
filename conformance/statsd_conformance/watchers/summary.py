"""What came out, watcher by watcher: the rows of every table, and the verdicts that a text may speak of."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from statsd_conformance.watchers.experiment import BURSTS, FLOOD, NOTED, NOTHING, REST, WATCHERS
from statsd_conformance.watchers.measure import Load, Spread, Trial, spread

# Metrics a second that the notes on the first emitter report, read off graphs, one run each: at the peak, and at rest.
REPORTED: Final = {"prepare": (27_000, 192), "idle": (21_000, 180), "check": (25_000, 150)}
WORDS: Final = {
    "prepare": "prepare",
    "check": "check",
    "check-after-io": "check, low priority",
    "idle": "idle",
    "timer": "timer, 1 s",
}
# Trials of which all differ from all of another watcher, by chance once in twenty times; of fewer, more often.
_ENOUGH: Final = 3


@dataclass(frozen=True, slots=True)
class Row:
    """What came out for one watcher; None for what was not tried.

    Attributes:
        watcher: which.
        peak: metrics a second under the flood.
        noted: the same under the load of the notes' peak.
        rest: the same at rest.
        median, late, longest: staleness in bursts, in seconds.
        per_change: datagrams for a change under the flood.
        processor: share of a processor that it takes when nothing comes.
        looks: a second, when nothing comes.
        beside: turns a second of the program on the same processor, as a share of the most that any watcher left it.
    """

    watcher: str
    peak: Spread | None
    noted: Spread | None
    rest: Spread | None
    median: Spread | None
    late: Spread | None
    longest: Spread | None
    per_change: Spread | None
    processor: Spread | None
    looks: Spread | None
    beside: Spread | None


def rows(trials: Sequence[Trial]) -> list[Row]:
    """Return a row a watcher, in the order of WATCHERS."""
    most = max((trial.beside for trial in trials), default=0.0)
    return [_row(watcher, trials, most) for watcher in WATCHERS]


def _row(watcher: str, trials: Sequence[Trial], most: float) -> Row:
    loads = (FLOOD, NOTED, REST, BURSTS, NOTHING)
    flood, noted, rest, bursts, nothing = (under(trials, watcher, load) for load in loads)
    return Row(
        watcher,
        peak=spread(flood, lambda trial: trial.metrics) if flood else None,
        noted=spread(noted, lambda trial: trial.metrics) if noted else None,
        rest=spread(rest, lambda trial: trial.metrics) if rest else None,
        median=spread(bursts, lambda trial: trial.emitted.median) if bursts else None,
        late=spread(bursts, lambda trial: trial.emitted.late) if bursts else None,
        longest=spread(bursts, lambda trial: trial.emitted.longest) if bursts else None,
        per_change=spread(flood, lambda trial: trial.per_change) if flood else None,
        processor=spread(nothing, lambda trial: trial.emitted.processor) if nothing else None,
        looks=spread(nothing, lambda trial: trial.emitted.looks / trial.seconds) if nothing else None,
        beside=spread(nothing, lambda trial: trial.beside / most) if nothing and most else None,
    )


def under(trials: Iterable[Trial], watcher: str, load: Load) -> list[Trial]:
    """Return the trials of one watcher under one load."""
    return [trial for trial in trials if (trial.watcher, trial.load) == (watcher, load.name)]


def overlap(one: Spread, other: Spread) -> bool:
    """Tell whether neither is ahead: trials of the two overlap, or there are fewer than three of one."""
    return min(one.trials, other.trials) < _ENOUGH or (one.low <= other.high and other.low <= one.high)


def order(made: Sequence[Row], figure: Callable[[Row], Spread | None]) -> str:
    """Return the watchers that the notes compare, highest first, as `a > b = c`; `=` where neither is ahead."""
    figures = {row.watcher: found for row in made if (found := figure(row)) and row.watcher in REPORTED}
    names = sorted(figures, key=lambda watcher: -figures[watcher].middle)
    text = names[0] if names else ""
    for before, name in pairwise(names):
        text += (" = " if overlap(figures[before], figures[name]) else " > ") + name
    return text


def count(number: float) -> str:
    """Return a number for a table: with separators, and no more digits than it is good for."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def per_change(datagrams: float) -> str:
    """Return datagrams for a change; where they are few, how many changes one tells of."""
    return f"{datagrams:.2g}" if datagrams >= 0.1 else f"1 for {1 / datagrams:,.0f}" if datagrams else "0"


def seconds(time: float) -> str:
    """Return a time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if time >= size:
            return f"{time / size:.3g} {unit}"
    return f"{time * 1e6:.0f} µs"


def share(part: float) -> str:
    """Return a share in per cent."""
    return f"{100 * part:.0f} %" if part >= 0.1 or part == 0 else f"{100 * part:.1f} %"
