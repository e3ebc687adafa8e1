"""Bursts: datagrams sent without a pause, more and more, until the kernel drops some before the target's socket.

What the kernel dropped is known as soon as the target has read the rest, so that all bursts take a single flush.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from statsd_conformance.flushed import Flushed
from statsd_conformance.target import Target

# By as many halvings as follow, one datagram is left of it.
_FIRST: Final = 32
# Bursts between the largest that was taken and the smallest that was not, so that the result is exact to 2 per cent.
_REFINED: Final = 5
# Times that a burst is sent which loses nothing, for a target may happen to read faster; a large one is sent once.
_TIMES: Final = 3
_OFTEN: Final = 1024
# Of datagrams with many lines fewer are sent at the most, for each costs a target as much as all of its lines.
_FEWER: Final = 16


@dataclass(frozen=True, slots=True)
class Burst:
    """A burst that was sent: `number` times the same `datagram`, of which the kernel dropped some."""

    bucket: bytes
    datagram: bytes
    number: int
    dropped: int

    @property
    def lines(self) -> int:
        """How many times a datagram counts."""
        return self.datagram.count(b"\n") + 1


async def growing(target: Target, size: int) -> list[Burst]:
    """Send bursts, each twice as large as the one before until the kernel drops, then some between the last two.

    Args:
        target: where; it reads what is left of each before the next is sent.
        size: of a datagram in bytes, about; a datagram has one line at least.
    """
    bursts: list[Burst] = []
    most = max(target.largest_burst // (_FEWER if size else 1), _FIRST)
    number, taken = _FIRST, 0
    while number <= most:
        bursts += await _repeated(target, size, number)
        if bursts[-1].dropped:
            break
        taken, number = number, 2 * number
    else:
        return bursts
    for _ in range(_REFINED):
        middle = (taken + number) // 2
        bursts += await _repeated(target, size, middle)
        taken, number = (taken, middle) if bursts[-1].dropped else (middle, number)
    return bursts


async def _repeated(target: Target, size: int, number: int) -> list[Burst]:
    """Send a burst, and again, until one loses something or it was sent often enough."""
    bursts: list[Burst] = []
    for time in range(_TIMES if number <= _OFTEN else 1):
        bucket = target.bucket(f"b{size:04}x{number:05}x{time}")
        line = bucket + b":1|c"
        datagram = b"\n".join([line] * max(size // (len(line) + 1), 1))
        bursts.append(Burst(bucket, datagram, number, await target.burst(datagram, number)))
        if bursts[-1].dropped:
            break
    return bursts


def judged(target: Target, flushed: Flushed, bursts: Sequence[Burst]) -> str:
    """Return how large the largest burst without loss was, in words.

    Raises:
        AssertionError: the target counted something else than what the kernel handed to it.
    """
    # Some publish rates of seven digits.
    counted = {burst: round(sum(flushed.counts(burst.bucket)) / burst.lines) for burst in bursts}
    for burst in bursts:
        handed = burst.number - burst.dropped
        if counted[burst] != handed:
            # The evidence of a failure is what failed, and not all that was sent.
            target.trace.datagrams[:] = [burst.datagram] * burst.number
        assert counted[burst] == handed, (
            f"of {_told(burst)} the kernel dropped {burst.dropped:,} and handed over {handed:,}, "
            f"the target counted {counted[burst]:,}"
        )
    broken = min((burst for burst in bursts if burst.dropped), key=lambda one: one.number, default=None)
    least = broken.number if broken else inf
    whole = max((burst for burst in bursts if burst.number < least), key=lambda one: one.number, default=None)
    said = _told(whole) if whole else "not one datagram"
    if broken:
        said += f"; of {broken.number:,} the kernel dropped {broken.dropped:,}, the target counted {counted[broken]:,}"
    else:
        said += " or more"
    return said


def _told(burst: Burst) -> str:
    return f"{burst.number:,} datagrams of {len(burst.datagram):,} bytes"
