"""What stands behind a repeater, a proxy or a relay: places that keep all that the target passes on to them."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from statsd_conformance.address import Address, AddressError

_LARGEST: Final = 65_535
# What a socket may hold while the suite is busy; the system may give less.
_ROOM: Final = 4 << 20
_LONGEST_LINE: Final = 1 << 20
# Attempts to find a port that is free for datagrams and for connections.
_TRIES: Final = 20
UP: Final = b"health: up\n"
DOWN: Final = b"health: down\n"


class BehindError(AddressError):
    """A place where nobody can listen for what is passed on; the message says why, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One datagram that was passed on or, over TCP, one line with its LF.

    `node` is the number of the place that it came to, `connection` that of the connection, 0 for a datagram.
    """

    data: bytes
    node: int = 0
    connection: int = 0


@dataclass
class Behind:
    """Listens at addresses, udp or tcp, and keeps what a target passes on to them.

    Attributes:
        addresses: where; port 0 leaves it to the system, and `open` puts in what that chose.
        shared: whether each line goes to one of them, as to the nodes of a proxy. Then each is asked for its health, at
            the same port over TCP; otherwise each gets all lines.
        passed: all that arrived, in the order of arrival.
        health: what each place says when it is asked for its health, empty for no answer at all.
        open_most: how many connections to one place had brought something and were open at a time, at most.
        on_passed: is told of all that arrives.
    """

    addresses: Sequence[Address] = (Address("udp", "127.0.0.1", 0),)
    shared: bool = False
    passed: list[Passed] = field(default_factory=list)
    health: list[bytes] = field(init=False)
    open_most: int = 0
    on_passed: Callable[[Passed], None] = lambda one: None
    _sockets: list[socket.socket] = field(default_factory=list)
    _servers: list[asyncio.Server] = field(default_factory=list)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _connections: int = 0
    _open: set[tuple[int, int]] = field(default_factory=set)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.health = [UP] * len(self.addresses)

    @property
    def scheme(self) -> str:
        """How lines come: udp or tcp."""
        return self.addresses[0].scheme

    async def open(self) -> None:
        """Listen everywhere.

        Raises:
            BehindError: an address cannot be had.
        """
        opened = []
        for node, address in enumerate(self.addresses):
            try:
                opened.append(replace(address, port=await self._listen(node, address)))
            except OSError as error:
                await self.close()
                raise BehindError(
                    f"cannot listen at {address} for what the target passes on: {error.strerror or error}; choose "
                    "another place with --behind, as udp://HOST:PORT"
                ) from None
        self.addresses = tuple(opened)

    async def close(self) -> None:
        """Stop listening, and drop every connection."""
        loop = asyncio.get_running_loop()
        for one in self._sockets:
            loop.remove_reader(one)
            one.close()
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._sockets, self._servers = [], []

    def take(self, data: bytes, node: int = 0, connection: int = 0) -> None:
        """Keep what arrived."""
        if connection:
            self._open.add((node, connection))
            self.open_most = max(self.open_most, sum(place == node for place, _ in self._open))
        one = Passed(data, node, connection)
        self.passed.append(one)
        self.on_passed(one)
        self._came.set()

    def copies(self, passed: Iterable[Passed]) -> list[list[Passed]]:
        """Return what came to each place, in order; all of it as one where they share the lines."""
        every = list(passed)
        if self.shared:
            return [every]
        return [[one for one in every if one.node == node] for node in range(len(self.addresses))]

    async def heard(self, marks: Sequence[bytes], seconds: float) -> list[bytes]:
        """Wait until each mark stands in something that came to each place, or to one where they share the lines.

        Returns:
            The marks that do not come in time.
        """
        missing = [(mark, copy) for mark in marks for copy in range(len(self.copies([])))]
        seen, until = 0, time.monotonic() + seconds
        while True:
            # Nothing awaits between the look and this, so that no arrival is missed.
            self._came = asyncio.Event() if self._came.is_set() else self._came
            fresh, seen = self.passed[seen:], len(self.passed)
            copies = self.copies(fresh)
            missing = [(mark, copy) for mark, copy in missing if not any(mark in one.data for one in copies[copy])]
            left = until - time.monotonic()
            if not missing or left <= 0:
                return [mark for mark, _ in missing]
            try:
                await asyncio.wait_for(self._came.wait(), left)
            except TimeoutError:
                continue

    def stream(self, connection: int) -> bytes:
        """Return what came over one connection."""
        return b"".join(one.data for one in self.passed if one.connection == connection)

    async def _listen(self, node: int, address: Address) -> int:
        """Listen at one address; return the port."""
        if address.scheme == "tcp":
            return await self._listen_for_streams(node, address)
        for left in reversed(range(_TRIES if address.port == 0 else 1)):
            taken = await bound(address)
            port: int = taken.getsockname()[1]
            try:
                if self.shared:
                    await self._listen_for_checks(node, replace(address, port=port))
            except OSError:
                taken.close()
                if not left:
                    raise
                continue
            self._sockets.append(taken)
            asyncio.get_running_loop().add_reader(taken, self._drain)
            return port
        raise AssertionError("unreachable: the last try returns or raises")

    def _drain(self) -> None:
        """Read every socket until it is empty, so that nothing is read long before what came elsewhere sooner."""
        for node, one in enumerate(self._sockets):
            while True:
                try:
                    data = one.recv(_LARGEST)
                except OSError:
                    break
                self.take(data, node)

    async def _listen_for_streams(self, node: int, address: Address) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(node, reader, writer)

        server = await asyncio.start_server(serve, address.host, address.port, limit=_LONGEST_LINE)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _listen_for_checks(self, node: int, address: Address) -> None:
        """Answer questions for the health of a place as the management console of an aggregator does."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with self._serving(writer):
                while await reader.readline():
                    writer.write(self.health[node])

        self._servers.append(await asyncio.start_server(serve, address.host, address.port))

    async def _serve(self, node: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        number = self._connections
        with self._serving(writer):
            try:
                while line := await reader.readline():
                    self.take(line, node, number)
            finally:
                self._open.discard((node, number))

    @contextmanager
    def _serving(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        """Serve a connection until it is closed on either side."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            yield
        except (ConnectionError, ValueError, asyncio.CancelledError):
            # ValueError: a line without an end, which nobody passes on for good.
            pass
        finally:
            self._tasks.discard(task)
            writer.close()


async def bound(address: Address) -> socket.socket:
    """Return a socket that gets the datagrams for an address.

    Raises:
        OSError: it cannot be had.
    """
    found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)
    family, _, _, _, where = found[0]
    one = socket.socket(family, socket.SOCK_DGRAM)
    try:
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        one.bind(where)
    except OSError:
        one.close()
        raise
    return one
