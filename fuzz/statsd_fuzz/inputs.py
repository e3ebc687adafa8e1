"""What the bytes of one input mean where a target wants more than a datagram: intervals, datagrams, and cuts.

    a:1|c          a datagram
    --             goes between two datagrams of an interval
    ==             goes between two intervals

Whatever has neither is one datagram, so that the same seeds serve all targets.
"""

from random import Random
from typing import Final
from zlib import crc32

BETWEEN_DATAGRAMS: Final = b"\n--\n"
BETWEEN_INTERVALS: Final = b"\n==\n"


def intervals_of(data: bytes) -> list[list[bytes]]:
    r"""Return the datagrams of each interval; an interval without any bytes is idle.

    >>> intervals_of(b"a:1|c\n--\nb:1|c\n==\n")
    [[b'a:1|c', b'b:1|c'], []]
    """
    return [interval.split(BETWEEN_DATAGRAMS) if interval else [] for interval in data.split(BETWEEN_INTERVALS)]


def written(intervals: list[list[bytes]]) -> bytes:
    """Return intervals as one input."""
    return BETWEEN_INTERVALS.join(BETWEEN_DATAGRAMS.join(datagrams) for datagrams in intervals)


def dice(data: bytes) -> Random:
    """Return dice that fall for the same bytes in the same way."""
    return Random(crc32(data))


def pieces(data: bytes) -> list[bytes]:
    """Return the bytes cut at a few places that the dice choose; pieces may be empty."""
    random = dice(data)
    places = sorted(random.randint(0, len(data)) for _ in range(random.randint(1, 5)))
    return [data[start:stop] for start, stop in zip([0, *places], [*places, len(data)], strict=True)]
