"""When pieces leave: as recorded, at a steady rate, or one behind the other."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from statsd_conformance.replay.pieces import Piece

# Seconds that a sender may be behind and catch up. More would be a burst that nobody recorded, and measure the sender.
BEHIND: Final = 0.005
# Pieces between two looks at anything else, and seconds where it waits longer.
_BATCH: Final = 256
_LOOK: Final = 0.05

Send = Callable[[Piece], None]
# Seconds from the first piece on, of the piece with that number.
Due = Callable[[int, Piece], float]


class Clock(Protocol):
    """Time as it passes, in seconds."""

    def monotonic(self) -> float:
        """Return the seconds since some moment."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""


def recorded(speed: float) -> Due:
    """Return the times of the recording, `speed` times as fast."""
    return lambda number, piece: piece.offset / speed


def steady(rate: float) -> Due:
    """Return the times of `rate` pieces a second."""
    return lambda number, piece: number / rate


def flat_out(pieces: Iterable[Piece], send: Send, look: Callable[[], None]) -> None:
    """Send one piece behind the other; `look` is called now and then."""
    for number, piece in enumerate(pieces):
        send(piece)
        if number % _BATCH == 0:
            look()
    look()


def paced(pieces: Iterable[Piece], send: Send, look: Callable[[], None], due: Due, clock: Clock) -> float:
    """Send each piece when it is due; return by how many seconds all had to be put off in sum.

    They are put off when the sender was held up, or cannot keep the pace. The first one leaves as soon as it is there.
    """
    begun = late = 0.0
    for number, piece in enumerate(pieces):
        if not number:
            begun = clock.monotonic() - due(number, piece)
        behind = clock.monotonic() - begun - late - due(number, piece)
        if behind > BEHIND:
            late += behind - BEHIND
        elif behind < 0:
            for seconds in _slices(-behind):
                look()
                clock.sleep(seconds)
        send(piece)
        if number % _BATCH == 0:
            look()
    look()
    return late


def _slices(seconds: float) -> Iterator[float]:
    """Yield a wait in parts, so that somebody can look at other things meanwhile."""
    while seconds > _LOOK:
        yield _LOOK
        seconds -= _LOOK
    yield seconds
