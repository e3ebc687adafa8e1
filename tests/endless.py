"""An end for what would take for ever, counted in the processor's time and not in that of a clock on the wall."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# A thousand times what the largest datagram takes.
SECONDS = 5
# Lines of each sort that once took the square of their length.
LARGE = {
    "cr-and-no-colon": b"a:1|c" + b"\r" * 200_000,
    "digits-then-a-letter": b"a:" + b"1" * 200_000 + b"x|c",
    "blanks-between-letters": b"a:x" + b" " * 200_000 + "é|c".encode(),
    "rate-of-many-samples": b"a" + b":1|c" * 8000 + b"|#|@0.1" + b"1" * 32_000,
    "rate-of-packed-values": b"a" + b":1" * 16_000 + b"|c|@0.1" + b"1" * 32_000,
    "type-of-packed-values": b"a" + b":1" * 16_000 + b"|" + b" " * 32_000 + b"c",
}


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
