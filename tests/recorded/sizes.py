"""Datagrams around each size at which some reader cuts.

One of each size ends in a number of many digits and its type, one in a sample rate and LF: a reader that cuts it short
is left with another type or with another rate, and nothing that it could tell from what was sent.
"""

from collections.abc import Iterator, Mapping
from typing import Final

# By what they are known for: the smallest datagram that every host takes, pages of old and new readers, an MTU of 1500
# with room for tunnels, without it, jumbo frames, and what an IPv4 datagram can hold.
BOUNDARIES: Final[Mapping[str, tuple[int, ...]]] = {
    "512": (511, 512, 513),
    "1024": (1023, 1024, 1025),
    "1432": (1432, 1433),
    "1440": (1440, 1441),
    "1472": (1472, 1473),
    "4096": (4095, 4096, 4097),
    "8192": (8191, 8192, 8193),
    "9000": (8998, 8999, 9000, 9001),
    "65507": (65_507,),
}
_LAST: Final = b":987654321|c"
# 64 times; each shorter rate is one, too.
_RATED: Final = b":1|c|@0.015625\n"
_FILLING: Final = 100
# Names that the lines of a datagram take in turn: what a target has met once it may publish for ever.
_NAMES: Final = 16


def datagrams(boundary: str) -> Iterator[bytes]:
    """Yield two datagrams of each size: one that ends in a number and its type, one in a rate and LF."""
    for size in BOUNDARIES[boundary]:
        yield filled(size, b"size.%d" % size, _LAST)
        yield filled(size, b"size.%d-rated" % size, _RATED)


def filled(size: int, prefix: bytes, end: bytes) -> bytes:
    """Return `size` bytes: counters of 1, the last but one with a name as long as it takes, and a line that ends so."""
    last = b"%b.last%b" % (prefix, end)
    lines: list[bytes] = []
    left = size - len(last)
    while left >= 2 * _FILLING:
        lines.append(b"%b.line%04d:1|c\n" % (prefix, len(lines) % _NAMES))
        left -= len(lines[-1])
    pad = b"%b.pad" % prefix
    lines.append(pad + b"x" * (left - len(pad) - len(b":1|c\n")) + b":1|c\n")
    return b"".join(lines) + last
