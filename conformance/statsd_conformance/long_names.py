"""The longest name that a target publishes whole, to the byte, and what it makes of a longer one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from statsd_conformance.bracket import Bracket
from statsd_conformance.flushed import Flushed
from statsd_conformance.target import Target

# A name of 1015 bytes has ended brubeck.
LONGEST: Final = 1000
SHORTEST: Final = 32
_LIMITS: Final = (64, 100, 128, 200, 256, 512)
FIRST_NAMES: Final = tuple(sorted({SHORTEST, LONGEST, *(size + by for size in _LIMITS for by in (-1, 0, 1))}))
# Names in a later round: with the first one they leave few gaps that need a third.
_MANY: Final = 64


@dataclass(frozen=True, slots=True)
class Longest:
    """The longest name that is published whole, in bytes: 0 where SHORTEST is not. `cut` are longer ones, or lost."""

    size: int
    cut: bool = False

    def __str__(self) -> str:
        if not self.size:
            return f"none: not even one of {SHORTEST} bytes"
        if self.size == LONGEST:
            return f"{self.size:,} bytes, the longest tried"
        return f"{self.size:,} bytes; a longer one is {'cut' if self.cut else 'lost'}"


def long_name(target: Target, size: int) -> bytes:
    """Return a bucket of `size` bytes whose beginning no other has."""
    return target.bucket(f"n{size:04}").ljust(size, b"x")


async def longest(target: Target) -> Longest:
    """Return the longest name that the target publishes whole; it takes two flushes, seldom more.

    Raises:
        Inconclusive: one was not published whole, but a longer one was.
    """
    found, cut = Bracket(0, LONGEST + 1), False
    sizes: Sequence[int] = FIRST_NAMES
    while sizes:
        names = {size: long_name(target, size) for size in sizes}
        # A datagram each, so that nothing hangs on how long these may be.
        target.send(*(name + b":1|c" for name in names.values()))
        flushed = await target.flush()
        found = found.after((size, sum(flushed.counts(name)) == 1) for size, name in names.items())
        cut = _shortened(flushed, names[found.high]) if found.high in names else cut
        sizes = found.between(_MANY)
    return Longest(found.low, cut)


def _shortened(flushed: Flushed, name: bytes) -> bool:
    """Tell whether something was published under the beginning of a name."""
    beginning = name.rstrip(b"x")
    return any(beginning in line.path for line in flushed.own)
