"""An end for what would take for ever, counted in the processor's time and not in that of a clock on the wall."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# A thousand times what the largest datagram takes.
SECONDS = 5


@contextmanager
def ended_when_endless() -> Iterator[None]:
    """Fail what is inside when the process has worked on it for so long that it must be going in squares.

    Only in the main thread. How busy the machine is makes no difference.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"still at work after {SECONDS} seconds of the processor")

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
