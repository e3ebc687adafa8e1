"""What an examination is about at the moment, for whoever watches it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


def _none() -> int:
    return 0


@dataclass
class Progress:
    """How far an examination is.

    `step` is what it does, in a few words; `waiting` the number of cases that wait for a flush meanwhile; `flushes`
    tells how many flushes were heard so far; `begun` is when it began, in monotonic seconds.
    """

    target: str
    step: str = "starting it"
    waiting: int = 0
    flushes: Callable[[], int] = _none
    begun: float = field(default_factory=time.monotonic)

    def told(self, now: float) -> str:
        """Return all of that on one line.

        >>> Progress("statsd", "9 cases at once", waiting=7, flushes=lambda: 2, begun=10.0).told(now=11.25)
        'statsd: 9 cases at once, 7 wait for a flush; 2 flushes in 1.2 s'
        """
        waiting = f", {self.waiting} wait for a flush" if self.waiting else ""
        flushes = self.flushes()
        return (
            f"{self.target}: {self.step}{waiting}; {flushes} flush{'es' * (flushes != 1)} in {now - self.begun:.1f} s"
        )


def counted(number: int, noun: str, plural: str = "s") -> str:
    """Return a number with its noun, which gets an ending for more than one.

    >>> counted(1, "case"), counted(2, "case")
    ('1 case', '2 cases')
    """
    return f"{number} {noun}{plural * (number != 1)}"


_UNWATCHED = Progress("")
WATCHED: ContextVar[Progress] = ContextVar("watched", default=_UNWATCHED)


def step(text: str) -> None:
    """Say what the examination does from here on."""
    WATCHED.get().step = text


@contextmanager
def waiting() -> Iterator[None]:
    """Count one case that waits."""
    progress = WATCHED.get()
    progress.waiting += 1
    try:
        yield
    finally:
        progress.waiting -= 1
