"""What waits to leave for a target: datagrams and pieces of a stream, each knowing its way."""

from typing import Final

from statsd_conformance.address import Sender
from statsd_conformance.crafted import Crafter

# Of a default receive buffer of Linux, 212,992 bytes, one burst takes no more than this.
BURST: Final = 64 * 1024


class Elsewhere(bytes):
    """A datagram that leaves by the second socket."""


class Streamed(bytes):
    """Lines that leave by a connection over TCP."""


class Piece(bytes):
    """Some bytes of lines that leave by a connection over TCP, cut where somebody else said."""

    # Whether it gets a moment to be read in, for what comes together is read together.
    apart = False


class By(bytes):
    """A datagram that leaves for another address of the target."""

    sender: Sender | Crafter
    # In how small pieces it comes is known only over a path.
    alone: bool


class Signal(bytes):
    """A datagram of the wire's own, which a target that cuts lines wrongly has to get in one piece."""


def room(datagram: bytes) -> int:
    """Return how much of a receive buffer a datagram takes at most.

    Linux counts what it allocated: 832 bytes for a small one, up to twice its size for a large one.
    """
    return 1024 + 2 * len(datagram)


def needed(datagram: bytes) -> int:
    """Return how much of a burst a datagram takes; one that comes in pieces takes the room of all of them."""
    return BURST if isinstance(datagram, By) and datagram.alone else room(datagram)
