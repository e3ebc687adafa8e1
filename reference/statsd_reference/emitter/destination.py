"""Where datagrams go: one socket, for the life of the emitter."""

import contextlib
import os
import socket
from typing import Final

# Datagrams that a receiver nobody reads takes before the socket is full; asked for, and capped by the system.
_SEND_BUFFER: Final = 2**20
# A second one, where the first only told of a datagram before.
_ATTEMPTS: Final = 2


class DestinationError(ValueError):
    """A destination that cannot be had; the message names it and says why."""


class Destination:
    """A socket that datagrams are sent through; what it does not take is counted, and nothing is raised.

    Attributes:
        failed: how often sending failed.
        error: what the last failure was; empty where there was none.
    """

    def __init__(self, opened: socket.socket, path: str = "") -> None:
        self._socket = opened
        self._path = path
        self.failed = 0
        self.error = ""

    def send(self, datagram: bytes) -> bool:
        """Send one datagram; tell whether it went out."""
        for _ in range(_ATTEMPTS):
            try:
                if self._path:
                    self._socket.sendto(datagram, self._path)
                else:
                    self._socket.send(datagram)
                return True
            except OSError as error:
                self.failed += 1
                self.error = error.strerror or str(error)
                # Over UDP a refusal is the answer to an earlier datagram, and this one was not tried.
                if self._path or not isinstance(error, ConnectionRefusedError):
                    break
        return False

    def close(self) -> None:
        """Close the socket, after a look at what became of the last datagram: over UDP nothing else tells of it."""
        if number := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.failed += 1
            self.error = os.strerror(number)
        self._socket.close()


def open_udp(host: str, port: int) -> Destination:
    """Return a destination over UDP, IPv4 or IPv6: the first address of the host.

    Raises:
        DestinationError: the host has no address, or there is no way to it.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        opened = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise DestinationError(f"cannot send to {host} port {port}: {_reason(error)}") from None
    try:
        opened.connect(address)
    except OSError as error:
        opened.close()
        raise DestinationError(f"cannot send to {host} port {port}: {_reason(error)}") from None
    return Destination(_made_ready(opened))


def open_unix(path: str) -> Destination:
    """Return a destination over a Unix datagram socket; whoever listens there may come later, and come again.

    Raises:
        DestinationError: the path is longer than that of a socket may be.
    """
    # sockaddr_un of Linux holds 108 bytes with the NUL at its end, that of macOS 104.
    if len(path.encode("utf-8", "surrogateescape")) > 103:
        raise DestinationError(f"cannot send to {path}: a path of a socket has at most 103 bytes")
    return Destination(_made_ready(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)), path)


def _made_ready(opened: socket.socket) -> socket.socket:
    opened.setblocking(False)
    with contextlib.suppress(OSError):
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    return opened


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
