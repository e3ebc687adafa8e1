"""How many scenarios go into an interval of a search: as many as the target and this process have time for.

And no more than what a target publishes for ever of names that nobody speaks of any more leaves room for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from statsd_fuzz.wire.judge import Judge

_FEWEST: Final = 20
_MOST: Final = 20_000
# The part of an interval that is to be busy, and how far from it nothing has to change.
_BUSY: Final = 0.8
_NEAR: Final = 0.1
# How many times as much goes into an interval at most, where that is half busy, and at least: what little takes tells
# little of what much does, and what does not fit any more costs an interval.
_MORE: Final = 8.0
_HALF: Final = 0.5
_LITTLE_MORE: Final = 1.1
_FEWER: Final = 0.25
# What an interval may take in all, as a multiple of what it takes a target at its ease, and the part that goes into the
# next where it took longer.
_LONG: Final = 1.2
_LESS: Final = 0.8
# Intervals before which nothing is known of a target.
_SOME: Final = 2
# Lines of names that nobody speaks of any more, which a target may publish; and the part of these from which on it is
# started again.
_IDLE_LINES: Final = 15_000
_FULL: Final = 0.8


@dataclass
class Pace:
    """The pace of one search.

    Attributes:
        judge: of the target, which tells how long intervals took.
        size: how many scenarios go into an interval, as far as there is time.
        rate: datagrams a second at most, None for as many as the target takes.
    """

    judge: Judge
    size: int
    rate: float | None = None
    _keeps: float = 0.0
    _judged: int = 0

    def begin(self) -> None:
        """Begin with a target that was started again."""
        self.judge.idle = self._judged = 0

    def take(self, number: int) -> None:
        """Take notice of how many scenarios came back, and of what the target keeps of those before."""
        if self._judged:
            self._keeps = max(self._keeps, self.judge.idle / self._judged)
        self._judged += number

    @property
    def is_full(self) -> bool:
        """Whether the target publishes so many names of which nobody speaks that it should be started again."""
        return self.judge.idle >= _IDLE_LINES * _FULL

    def adapt(self, sizes: Sequence[int]) -> None:
        """Put more or fewer scenarios into an interval, by how many went into those so far; the last is under way.

        In the one before some were sent, and those of the one before that were looked at: it had so many of each. What
        a target keeps of the first ones shows in the flush behind them.
        """
        if len(sizes) <= _SOME:
            return
        size = sum(sizes[-3:-1]) / 2
        wire, judge = self.judge.subject.wire, self.judge
        usual = wire.interval * wire.profile.rounds
        busy = (judge.took - judge.spare) / usual
        adapted_size = adapted(size, busy, judge.took / (usual + wire.profile.lag))
        # Where half of an interval is left over there is no reason to have fewer than before.
        self.size = max(self.size, adapted_size) if busy <= _HALF else adapted_size

    def allowed(self, under_way: int) -> int:
        """Return how many scenarios go into an interval, as the rate lets them, and the names that a target keeps."""
        number = self.size
        if self._keeps:
            # Those under way will be idle, too.
            number = min(number, int((_IDLE_LINES - self.judge.idle) / self._keeps) - under_way)
        if self.rate:
            # Two datagrams are what a scenario has.
            number = min(number, int(self.rate * self.judge.subject.wire.interval / 2))
        return max(1 if self.rate else _FEWEST, number)


def adapted(size: float, busy: float, took: float) -> int:
    """Return how many scenarios go into an interval, by what an earlier one with `size` of them came to.

    Args:
        size: how many did into that one.
        busy: the part of an interval for which there was something to do, above 1 where there was too much.
        took: what it took in all, as a multiple of what it takes a target at its ease.
    """
    if took > _LONG and busy < _BUSY:
        # It is the target that has too much to do.
        factor = max(_FEWER, min(_LESS, 1 / took))
    elif abs(busy - _BUSY) <= _NEAR:
        factor = 1.0
    else:
        most = _LITTLE_MORE if busy > _HALF else _MORE
        factor = max(_FEWER, min(most, _BUSY / busy if busy > 0 else most))
    return min(_MOST, max(_FEWEST, int(size * factor)))
