"""A socket for each source of a recording, so that a target sees as many senders, each in its order."""

import errno
import resource
import socket
from collections import Counter
from types import TracebackType
from typing import Any, Final

from statsd_conformance.address import Address
from statsd_conformance.kernel import unread
from statsd_conformance.replay.pieces import Piece

# Fewer than there are ports to send from, which are 28,000 on Linux.
_MOST: Final = 16384
# Files that this program has open beside its sockets, with room to spare.
_OTHER_FILES: Final = 64
_CONNECT: Final = 5.0
# A datagram is tried again while answers to earlier ones come in its place.
_TRIES: Final = 3


class Unreachable(Exception):
    """There is no way to the target; the message says to which, and why."""


class Sockets:
    """Sends pieces, each from the socket of its source, and counts.

    `sent` and `size` are the pieces that the kernel took, and their bytes; `refused` counts ICMP messages that nobody
    listens there, each for an earlier datagram; `unsent` counts pieces that did not leave, by reason; `opened` counts
    sockets.

    Raises:
        Unreachable: the address has no host.
    """

    def __init__(self, address: Address, most: int | None = None) -> None:
        self._address = address
        self._family, self._kind, self._where = _place(address)
        self._most = most or _allowed()
        self._sockets: dict[int, socket.socket] = {}
        self._sources: set[int] = set()
        self.sent = 0
        self.size = 0
        self.refused = 0
        self.opened = 0
        self.unsent: Counter[str] = Counter()

    def __enter__(self) -> "Sockets":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for opened in self._sockets.values():
            opened.close()

    @property
    def streamed(self) -> bool:
        """Whether they are streams."""
        return self._kind == socket.SOCK_STREAM

    @property
    def sources(self) -> int:
        """How many sources there were so far."""
        return len(self._sources)

    def send(self, piece: Piece) -> None:
        """Send a piece, or end its connection where there is none.

        Raises:
            Unreachable: no socket to the target can be opened.
        """
        _, source, payload = piece
        if not payload and self.streamed:
            self._end(source)
            return
        opened = self._sockets.get(source) or self._open(source)
        try:
            # All of a datagram, and nearly always all of what goes onto a stream, for the socket waits.
            taken = opened.send(payload)
            if taken < len(payload):
                opened.sendall(payload[taken:])
        except OSError as error:
            self._failed(opened, piece, error)
        else:
            self.sent += 1
            self.size += len(payload)

    def finish(self) -> None:
        """Count what was refused last: the answer to a datagram is told by what is done with its socket next."""
        if self._address.scheme == "udp":
            for opened in self._sockets.values():
                self.refused += opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED

    def unread(self) -> int | None:
        """Return how many bytes a target on this machine has not read of its streams; None where that is not known."""
        if self._kind != socket.SOCK_STREAM or not self._address.loopback:
            return None
        return sum(unread(opened) or 0 for opened in self._sockets.values())

    def _open(self, source: int) -> socket.socket:
        if len(self._sockets) >= self._most:
            self._end(next(iter(self._sockets)))
        made = socket.socket(self._family, self._kind)
        try:
            made.settimeout(_CONNECT)
            made.connect(self._where)
            made.settimeout(None)
            if self._address.scheme == "tcp":
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            made.close()
            reason = error.strerror or error
            raise Unreachable(f"cannot reach {self._address}: {reason}; is the target there?") from None
        self._sockets[source] = made
        self._sources.add(source)
        self.opened += 1
        return made

    def _end(self, source: int) -> None:
        if opened := self._sockets.pop(source, None):
            opened.close()

    def _failed(self, opened: socket.socket, piece: Piece, error: OSError) -> None:
        """Send a piece again where an answer to an earlier one came in its place; else count why it did not leave."""
        tries = _TRIES if self._address.scheme == "udp" else 0
        while isinstance(error, ConnectionRefusedError) and tries:
            self.refused += 1
            tries -= 1
            try:
                opened.send(piece.payload)
            except OSError as again:
                error = again
            else:
                self.sent += 1
                self.size += len(piece.payload)
                return
        self.unsent[str(error.strerror or error)] += 1
        if self._kind == socket.SOCK_STREAM or self._address.scheme == "unix":
            # The next piece of this source finds out whether the target is there again.
            self._end(piece.source)


def _place(address: Address) -> tuple[int, int, Any]:
    stream = address.scheme in ("tcp", "unixstream")
    kind = socket.SOCK_STREAM if stream else socket.SOCK_DGRAM
    if address.path:
        return socket.AF_UNIX, kind, address.path
    try:
        family, _, _, _, where = socket.getaddrinfo(address.host, address.port, type=kind)[0]
    except OSError as error:
        raise Unreachable(f"{address.host!r} is no host that is known here: {error.strerror}") from None
    return family, kind, where


def _allowed() -> int:
    """Return how many sockets this process may have, after asking for as many as it can get."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return _MOST if soft == resource.RLIM_INFINITY else max(1, min(_MOST, soft - _OTHER_FILES))
