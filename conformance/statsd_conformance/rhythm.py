"""The flush interval of a target, as its flushes tell it: by when they arrived, and by the seconds that stand in them.

A target may have kept flushes for want of a listener, which then come at once, and a flush may come in parts where a
machine has other work. So not every gap between two arrivals is an interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from typing import Final

from statsd_conformance.graphite import Snapshot

# How far arrivals may be from whole seconds that the flushes themselves say.
_JITTER: Final = 0.15
# Of a flush so many paths are kept: they come again in the next one.
_PATHS: Final = 64
# Of a run that may be long the last flushes tell enough.
_KEPT: Final = 60


@dataclass(frozen=True, slots=True)
class _Beat:
    """A snapshot: when it ended, the seconds that its lines carry, and its first paths."""

    arrived: float
    stamps: tuple[int, ...]
    paths: frozenset[bytes]

    @property
    def several(self) -> bool:
        """Whether it holds more than one flush."""
        return len(self.stamps) > 1


@dataclass
class Rhythm:
    """What was heard so far; `interval` is the flush interval in seconds, None before the second flush."""

    interval: float | None = None
    _beats: list[_Beat] = field(default_factory=list)

    def take(self, snapshot: Snapshot) -> None:
        """Note one more snapshot."""
        stamps = {line.timestamp for line in snapshot.lines}
        seconds = tuple(sorted(int(stamp) for stamp in stamps if stamp.isdigit()))
        beat = _Beat(snapshot.arrived, seconds, frozenset(line.path for line in islice(snapshot.lines, _PATHS)))
        if self._beats and _goes_on(self._beats[-1], snapshot, seconds):
            self._beats[-1] = replace(self._beats[-1], arrived=snapshot.arrived)
        else:
            self._beats = [*self._beats[-_KEPT:], beat]
        self.interval = _interval(self._beats)


def _goes_on(before: _Beat, snapshot: Snapshot, seconds: Sequence[int]) -> bool:
    """Tell whether a snapshot is more of the flush before it: of the same second, and nothing in it comes again."""
    same = len(seconds) == 1 and before.stamps == tuple(seconds)
    return same and before.paths.isdisjoint(line.path for line in snapshot.lines)


def _interval(beats: Sequence[_Beat]) -> float | None:
    pairs = list(pairwise(beats))
    if not pairs:
        return None
    # When the first one was due nobody knows, nor when the last of several in one was.
    heard = [pair for pair in pairs[1:] if not any(beat.several for beat in pair)]
    arrived, said = _median(heard) if heard else None, _step(beats)
    if said and (arrived is None or abs(arrived - said) <= _JITTER * said):
        return float(said)
    return max(round(_median(pairs) if arrived is None else arrived, 1), 0.1)


def _median(pairs: Sequence[tuple[_Beat, _Beat]]) -> float:
    gaps = sorted(later.arrived - earlier.arrived for earlier, later in pairs)
    return gaps[len(gaps) // 2]


def _step(beats: Sequence[_Beat]) -> int:
    """Return the seconds from each stamp to the next one, 0 where they differ or there is no next one."""
    stamps = sorted({stamp for beat in beats for stamp in beat.stamps})
    steps = {later - earlier for earlier, later in pairwise(stamps)}
    return steps.pop() if len(steps) == 1 else 0
