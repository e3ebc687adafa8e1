"""What becomes of a datagram on an impaired path: decided by a seed and the datagram's number, and by nothing else.

Each decision is drawn by itself, so that another rate of loss does not change which datagrams are doubled, and what is
lost at a low rate is lost at a higher one, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from struct import Struct
from typing import Final

# A datagram that goes out of turn lets at most so many others pass.
FARTHEST: Final = 8
# In how many arrivals a datagram may come out.
_COPIES: Final = 2
_DRAWS: Final = Struct("<8Q").unpack
_SCALE: Final = 2.0**64


@dataclass(frozen=True, slots=True)
class Impairment:
    """How bad a path is.

    Attributes:
        seed: what the dice are; equal seeds decide alike.
        loss: how probable it is that a datagram is lost, from 0 to 1.
        duplicate: that it comes twice.
        reorder: that it comes behind others that were sent after it, 1 to `FARTHEST` of them.
        truncate: that it is cut somewhere, so that one byte or more is left and one or more is missing.
        delay: seconds that each takes.
        jitter: by how much that may be more or less, evenly; no delay is below 0.
    """

    seed: int = 0
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    truncate: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one datagram.

    Attributes:
        delays: seconds that each of its copies takes; none when it is lost.
        behind: how many that are sent after it come before it.
        share: how much of it is left, above 0 and below 1 where it is cut, else 1.
    """

    delays: tuple[float, ...]
    behind: int = 0
    share: float = 1.0

    def cut(self, datagram: bytes) -> bytes:
        """Return what is left of a datagram; one that is a single byte, or none, stays whole."""
        return datagram[: 1 + int(self.share * (len(datagram) - 1))]


def fate(impairment: Impairment, number: int) -> Fate:
    """Return what becomes of the datagram of that number, the first of which is 1."""
    digest = blake2b(b"%d %d" % (impairment.seed, number), digest_size=64).digest()
    loss, duplicate, reorder, behind, truncate, share, *late = (draw / _SCALE for draw in _DRAWS(digest))
    copies = 0 if loss < impairment.loss else _COPIES if duplicate < impairment.duplicate else 1
    return Fate(
        tuple(max(0.0, impairment.delay + (2 * draw - 1) * impairment.jitter) for draw in late[:copies]),
        1 + int(behind * FARTHEST) if copies and reorder < impairment.reorder else 0,
        share if copies and truncate < impairment.truncate else 1.0,
    )


def told(impairment: Impairment) -> str:
    """Return the options of the command that say the same; what is not impaired is left out, but never the seed."""
    return " ".join(_options(impairment))


def _options(impairment: Impairment) -> Iterator[str]:
    yield f"--seed {impairment.seed}"
    for name in ("loss", "duplicate", "reorder", "truncate"):
        if probability := getattr(impairment, name):
            yield f"--{name} {probability}"
    if impairment.delay or impairment.jitter:
        yield f"--delay {impairment.delay}" + (f"±{impairment.jitter}" if impairment.jitter else "")
