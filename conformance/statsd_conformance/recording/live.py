"""Datagrams as they come to a socket of ours."""

import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from statsd_conformance.address import Address
from statsd_conformance.recording.datagram import NOWHERE, Datagram, Endpoint

# Longer than any datagram: those of Unix sockets may be longer than those of UDP.
_LONGEST: Final = 262_144
# What Linux is asked to hold while a burst is judged; it gives as much as its limits allow.
_RECEIVE_BUFFER: Final = 8 * 2**20


class Listener:
    """A socket that is open from the beginning, so that nothing is missed that comes before it is read."""

    def __init__(self, address: Address) -> None:
        """Open it.

        Raises:
            OSError: the address is in use, or not one of this machine.
        """
        self._stream = address.scheme in ("tcp", "unixstream")
        self._path = Path(address.path) if address.path else None
        self._socket = _bound(address, self._stream)
        where = self._socket.getsockname()
        self.address = address if self._path else Address(address.scheme, where[0], where[1])
        self._own = NOWHERE if self._path else Endpoint(where[0], where[1])
        self._buffer = memoryview(bytearray(_LONGEST))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._enough, self._wake = socket.socketpair()
        self._selector.register(self._enough, selectors.EVENT_READ)
        self._connections: dict[socket.socket, Endpoint] = {}
        self._accepted = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        for opened in (self._socket, self._enough, self._wake, *self._connections):
            opened.close()
        self._selector.close()
        if self._path:
            self._path.unlink(missing_ok=True)

    def stop(self) -> None:
        """Have `datagrams` end after what it yields now; a signal handler or another thread may call this."""
        self._wake.send(b".")

    def datagrams(self, seconds: float | None = None) -> Iterator[Datagram]:
        """Yield what comes, for so many seconds, or until `stop`."""
        ends = None if seconds is None else time.monotonic() + seconds
        number = 0
        while (left := None if ends is None else ends - time.monotonic()) is None or left > 0:
            ready = [key.fileobj for key, _ in self._selector.select(left)]
            if self._enough in ready:
                return
            for payload, source in self._taken(one for one in ready if isinstance(one, socket.socket)):
                number += 1
                yield Datagram(payload, number, time.time(), source, self._own, self._stream)

    def _taken(self, ready: Iterable[socket.socket]) -> Iterator[tuple[bytes, Endpoint]]:
        """Yield what the sockets have now, a datagram or a piece of each."""
        for one in ready:
            with suppress(BlockingIOError):
                if one in self._connections:
                    yield self._piece(one)
                elif self._stream:
                    self._accept()
                else:
                    size, source = one.recvfrom_into(self._buffer)
                    yield bytes(self._buffer[:size]), _endpoint(source)

    def _accept(self) -> None:
        connection, source = self._socket.accept()
        connection.setblocking(False)
        self._selector.register(connection, selectors.EVENT_READ)
        self._accepted += 1
        # Connections of Unix sockets have no address to tell them apart by.
        self._connections[connection] = _endpoint(source) if not self._path else Endpoint("", self._accepted)

    def _piece(self, connection: socket.socket) -> tuple[bytes, Endpoint]:
        """Return what a connection has; nothing where it ends."""
        try:
            size = connection.recv_into(self._buffer)
        except ConnectionError:
            size = 0
        source = self._connections[connection]
        if not size:
            self._selector.unregister(connection)
            del self._connections[connection]
            connection.close()
        return bytes(self._buffer[:size]), source


def _bound(address: Address, stream: bool) -> socket.socket:
    kind = socket.SOCK_STREAM if stream else socket.SOCK_DGRAM
    if address.path:
        made = socket.socket(socket.AF_UNIX, kind)
        where: str | tuple[object, ...] = address.path
    else:
        family, _, _, _, where = socket.getaddrinfo(address.host, address.port, type=kind, flags=socket.AI_PASSIVE)[0]
        made = socket.socket(family, kind)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        if stream and not address.path:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(where)
        if stream:
            made.listen()
    except OSError:
        made.close()
        raise
    return made


def _endpoint(source: object) -> Endpoint:
    """Return where a datagram came from; a Unix socket mostly has no name."""
    return Endpoint(source[0], source[1]) if isinstance(source, tuple) else NOWHERE
