"""Datagrams on their way over an impaired path, and the order in which they come out of it. No socket, no clock."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from statsd_conformance.relay.impairment import Fate, Impairment, fate

# Seconds that a datagram waits for others to pass it, where none come.
PATIENCE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Leaving:
    """A datagram that comes out: its number, which of its copies it is, from 1, and what is left of it.

    `size` is how many bytes came.
    """

    number: int
    copy: int
    payload: bytes
    size: int


@dataclass(frozen=True, slots=True)
class _Held:
    """A datagram that lets others pass: up to the one with the number `until`, or the time `limit`."""

    until: int
    number: int
    limit: float
    payload: bytes
    fate: Fate


@dataclass
class UnderWay:
    """What has come and not yet left. Times are in seconds, of any clock that does not go back.

    Attributes:
        impairment: of the path.
        number: how many came.
    """

    impairment: Impairment
    number: int = 0
    _held: list[_Held] = field(default_factory=list)
    # By the time when it is due, and among equal ones in the order in which they were let go.
    _late: list[tuple[float, int, Leaving]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    def come(self, payload: bytes, now: float) -> Fate:
        """Take one more datagram, and return what becomes of it."""
        self.number += 1
        decided = fate(self.impairment, self.number)
        one = _Held(self.number + decided.behind, self.number, now + PATIENCE, payload, decided)
        if decided.behind:
            self._held.append(one)
        else:
            self._let_go(one, now)
        self._release(now)
        return decided

    def leave(self, now: float) -> list[Leaving]:
        """Return what leaves by now, in order."""
        self._release(now)
        leaving = []
        while self._late and self._late[0][0] <= now:
            leaving.append(heapq.heappop(self._late)[2])
        return leaving

    def end(self) -> list[Leaving]:
        """Return all that is left, in the order in which it would leave if nothing came any more."""
        for one in sorted(self._held, key=lambda held: (held.limit, held.number)):
            self._let_go(one, one.limit)
        self._held = []
        rest, self._late = sorted(self._late), []
        return [leaving for _, _, leaving in rest]

    @property
    def due(self) -> float | None:
        """When the next one leaves if nothing comes before; None for none."""
        times = [self._late[0][0]] if self._late else []
        return min([*times, *(one.limit for one in self._held)], default=None)

    def _release(self, now: float) -> None:
        """Let those go that others have passed, or that waited for these long enough."""
        for one in sorted(self._held, key=lambda held: (held.until, held.number)):
            if one.until <= self.number or one.limit <= now:
                self._held.remove(one)
                self._let_go(one, now)

    def _let_go(self, held: _Held, now: float) -> None:
        left = held.fate.cut(held.payload)
        for copy, delay in enumerate(held.fate.delays, start=1):
            leaving = Leaving(held.number, copy, left, len(held.payload))
            heapq.heappush(self._late, (now + delay, next(self._order), leaving))


def let_through(impairment: Impairment, datagrams: Iterable[bytes]) -> list[Leaving]:
    """Return what comes out of an impaired path where datagrams go in all at one time, in order."""
    path, came = UnderWay(impairment), []
    for datagram in datagrams:
        path.come(datagram, 0.0)
        came += path.leave(0.0)
    return came + path.end()
