"""What is measured of a watcher under a load, and how several trials become one figure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

LINES: Final = 8
# Seconds of one point of a curve.
BIN: Final = 0.1


@dataclass(frozen=True, slots=True)
class Load:
    """Messages that are offered: `burst` at a time, `rate` a second in all."""

    name: str
    rate: float
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Emitted:
    """What the emitter saw of one trial.

    Attributes:
        changes: messages that it counted.
        datagrams: that it sent.
        looks: how often its watcher was called.
        processor: share of a processor that it used.
        median: seconds from a change to the datagram that tells of it; half of the changes waited less.
        late: the same; 99 of 100 waited less.
        longest: the same; none waited longer.
    """

    changes: int
    datagrams: int
    looks: int
    processor: float
    median: float
    late: float
    longest: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One watcher under one load, once.

    Attributes:
        seconds: for which messages were offered.
        offered: how many were.
        emitted: what the emitter saw.
        curve: datagrams that were received in each BIN of `seconds`.
        beside: turns a second that another program did on the same processor; 0 where there was none.
    """

    watcher: str
    load: str
    seconds: float
    offered: int
    emitted: Emitted
    curve: tuple[int, ...]
    beside: float = 0.0

    @property
    def metrics(self) -> float:
        """Lines received a second, while messages were offered."""
        return LINES * sum(self.curve) / self.seconds

    @property
    def per_change(self) -> float:
        """Datagrams sent for each change."""
        return self.emitted.datagrams / self.emitted.changes if self.emitted.changes else 0.0


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of so many trials, and the lowest and the highest of them."""

    middle: float
    low: float
    high: float
    trials: int


def spread(trials: Iterable[Trial], figure: Callable[[Trial], float]) -> Spread:
    """Return the spread of a figure over trials, of which there is at least one."""
    figures = [figure(trial) for trial in trials]
    return Spread(median(figures), min(figures), max(figures), len(figures))


def staleness(changes: Sequence[float], sent: Sequence[tuple[float, int]]) -> list[float]:
    """Return how many seconds each change waited for the first datagram that tells of it.

    Args:
        changes: when they were, in order.
        sent: when each datagram was sent, and how many changes had been by then, in order. The last tells of all.

    >>> staleness([1.0, 1.5, 2.0], [(1.5, 1), (4.0, 3)])
    [0.5, 2.5, 2.0]
    """
    waited: list[float] = []
    for when, known in sent:
        waited.extend(when - change for change in changes[len(waited) : known])
    return waited


def part(sorted_figures: Sequence[float], share: float) -> float:
    """Return the smallest of some figures that so large a share of them does not exceed; 0 for none."""
    return sorted_figures[min(int(share * len(sorted_figures)), len(sorted_figures) - 1)] if sorted_figures else 0.0


def curve(arrivals: Iterable[float], seconds: float) -> tuple[int, ...]:
    """Return how many arrivals, in seconds from the start, fall in each BIN of so many seconds."""
    bins = [0] * max(round(seconds / BIN), 1)
    for arrival in arrivals:
        if 0 <= arrival < len(bins) * BIN:
            bins[min(int(arrival / BIN), len(bins) - 1)] += 1
    return tuple(bins)
