"""Datagrams, taken at one address and passed on to another: what taps and the impairing relay have in common."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from statsd_conformance.address import Address, AddressError
from statsd_conformance.behind import bound
from statsd_conformance.kernel import queue_and_drops
from statsd_conformance.recording.datagram import NOWHERE, Endpoint
from statsd_reference.listen import ListenError, bind_unix

# Those of Unix sockets may be longer than those of UDP.
_LONGEST_UDP, _LONGEST_UNIX = 65_535, 262_144
# Datagrams that are read in one go, so that the clock and Ctrl-C are heard under any load.
_BATCH: Final = 256
# Goes at the end: more than a receive buffer holds, however much goes on coming.
_LAST_GOES: Final = 64
_ANY: Final = ("0.0.0.0", "::")


class PassageError(AddressError):
    """A place where nobody can stand in between; the message says which and why, not what to do."""


@dataclass
class Passage:
    """Stands where datagrams go, and has a socket to where they should go on.

    Attributes:
        listen: where it stands, udp or unix; port 0 leaves it to the system.
        forward: where `send` sends to.
        take: is told of each datagram that comes, in order, and who sent it: NOWHERE at a Unix socket.
        unreachable: how many nobody took at `forward`, as far as the system tells: at least so many.
        missed: so many the system dropped before they came here, known at the end.
        dropped: so many the system dropped at `forward`, where that is on this machine, known at the end.
    """

    listen: Address
    forward: Address
    take: Callable[[bytes, Endpoint], None]
    unreachable: int = 0
    missed: int = 0
    dropped: int = 0
    _in: socket.socket | None = None
    _out: socket.socket | None = None
    _before: int = field(default=0, repr=False)

    async def open(self) -> int:
        """Begin to listen; return the port, 0 for a Unix socket.

        Raises:
            PassageError: it would pass everything on to itself.
            OSError: the place cannot be had, or nothing can be sent to where it should be passed on.
        """
        if self.listen.path and Path(self.listen.path).resolve() == Path(self.forward.path).resolve():
            raise PassageError(f"{self.listen} would pass everything on to itself")
        try:
            self._out = (await self.forward.connect()).socket
            self._in = _bound_unix(self.listen.path) if self.listen.path else await bound(self.listen)
            if _is_itself(self._in, self._out):
                raise PassageError(f"{self.listen} would pass everything on to itself")
        except (OSError, PassageError):
            self._close_sockets()
            raise
        self._in.setblocking(False)
        self._before = _drops(self.forward.local_udp_port)
        asyncio.get_running_loop().add_reader(self._in, self.drain)
        return 0 if self.listen.path else int(self._in.getsockname()[1])

    def ends(self) -> tuple[Endpoint, Endpoint, Endpoint]:
        """Return where it stands, where it sends from, and where to; NOWHERE for Unix sockets."""
        assert self._in
        assert self._out
        return _endpoint(self._in.getsockname()), _endpoint(self._out.getsockname()), _endpoint(self._out.getpeername())

    def drain(self) -> int:
        """Read what waits, up to a limit, and have each taken before the next is read; return how many."""
        assert self._in
        longest = _LONGEST_UNIX if self.listen.path else _LONGEST_UDP
        for number in range(_BATCH):
            try:
                payload, sender = self._in.recvfrom(longest)
            except OSError:
                return number
            self.take(payload, _endpoint(sender))
        return _BATCH

    def send(self, payload: bytes) -> str:
        """Pass a datagram on; return nothing, or why it did not leave."""
        assert self._out
        try:
            try:
                self._out.send(payload)
            except ConnectionRefusedError:
                self.unreachable += 1
                if self.forward.path:
                    raise
                # Over UDP that is about a datagram before this one.
                self._out.send(payload)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def stop(self) -> None:
        """Take what came so far, and nothing after it."""
        if self._in:
            asyncio.get_running_loop().remove_reader(self._in)
            for _ in range(_LAST_GOES):
                if self.drain() < _BATCH:
                    break
            self.missed = 0 if self.listen.path else _drops(self._in.getsockname()[1])

    def close(self) -> None:
        """Look how much the system dropped, and close; `stop` comes first."""
        if self._in:
            self.dropped = max(0, _drops(self.forward.local_udp_port) - self._before)
            if self.listen.path:
                Path(self.listen.path).unlink(missing_ok=True)
        self._close_sockets()

    def _close_sockets(self) -> None:
        for one in filter(None, (self._in, self._out)):
            one.close()
        self._in = self._out = None


def _bound_unix(path: str) -> socket.socket:
    """Return a socket at a path; one that is left over there is replaced, but not one that somebody still reads.

    Raises:
        OSError: the path cannot be had.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as looking:
        if not looking.connect_ex(path):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    try:
        return bind_unix(path, "")
    except ListenError as error:
        raise OSError(str(error)) from None


def _is_itself(listening: socket.socket, sending: socket.socket) -> bool:
    """Tell whether what one socket sends comes to the other, by whatever name of this machine."""
    if socket.AF_UNIX in (listening.family, sending.family):
        return False
    (host, port), (to, to_port) = listening.getsockname()[:2], sending.getpeername()[:2]
    return port == to_port and (host == to or (host in _ANY and _is_of_this_machine(sending.family, to)))


def _is_of_this_machine(family: int, host: str) -> bool:
    with socket.socket(family, socket.SOCK_DGRAM) as trying:
        try:
            trying.bind((host, 0))
        except OSError:
            return False
    return True


def _endpoint(name: Any) -> Endpoint:
    """Return what a socket is called; Unix sockets have paths, or no names at all."""
    return Endpoint(*name[:2]) if isinstance(name, tuple) else NOWHERE


def _drops(port: int | None) -> int:
    """Return how many datagrams the system has dropped at a port of this machine; 0 where it does not tell."""
    queue = queue_and_drops(port) if port else None
    return queue.drops if queue else 0
