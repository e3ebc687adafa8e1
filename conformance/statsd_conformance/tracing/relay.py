"""A relay for connections, between who opens them and who takes them; what the first says is shown to us."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from statsd_conformance.address import Address

_CHUNK: Final = 65_536
# What its sender has already written when the other side is gone is read, too; so long a silence ends that.
_SILENCE: Final = 0.2


@dataclass
class Relay:
    """Passes connections on, both ways, byte for byte.

    Attributes:
        listen: where, tcp or unixstream; port 0 leaves it to the system, and `open` returns what that chose.
        forward: to where.
        take: is told of what came from who opened the connection: its number, and the bytes.
        end: is told that nothing more comes of a connection.
        connections: how many were opened.
        closed: so many of them the other side ended first.
        refused: so many it did not take.
    """

    listen: Address
    forward: Address
    take: Callable[[int, bytes], None]
    end: Callable[[int], None] = lambda number: None
    connections: int = 0
    closed: int = 0
    refused: int = 0
    _server: asyncio.Server | None = None
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def open(self) -> int:
        """Listen; return the port, 0 for a Unix socket.

        Raises:
            OSError: the place cannot be had.
        """
        if self.listen.path:
            self._server = await asyncio.start_unix_server(self._accept, self.listen.path)
            return 0
        self._server = await asyncio.start_server(self._accept, self.listen.host, self.listen.port)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop listening, and drop every connection."""
        if self._server:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # The callbacks of those tasks come with the next turn of the loop.
        await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._server:
            writer.close()
            return
        self.connections += 1
        number = self.connections
        task = asyncio.create_task(self._pass(number, reader, writer))
        self._tasks.add(task)

        def done(task: "asyncio.Task[None]") -> None:
            self._tasks.discard(task)
            self.end(number)
            writer.close()

        # Also of one that is cancelled before it began.
        task.add_done_callback(done)

    async def _pass(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await self._connect()
        except OSError:
            self.refused += 1
            await self._read_on(number, reader)
            return
        there = asyncio.create_task(self._there(number, reader, far_writer))
        back = asyncio.create_task(_back(far_reader, writer))
        try:
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            if there.done() and there.result():
                await back
                return
            self.closed += 1
            there.cancel()
            await asyncio.gather(there, return_exceptions=True)
            await self._read_on(number, reader)
        finally:
            for one in (there, back):
                one.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            far_writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.forward.path:
            return await asyncio.open_unix_connection(self.forward.path)
        return await asyncio.open_connection(self.forward.host, self.forward.port)

    async def _there(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Pass on what comes until its sender ends it; tell whether that is what ended it."""
        try:
            while chunk := await reader.read(_CHUNK):
                self.take(number, chunk)
                writer.write(chunk)
                await writer.drain()
        except ConnectionError:
            return False
        with suppress(OSError):
            writer.write_eof()
        return True

    async def _read_on(self, number: int, reader: asyncio.StreamReader) -> None:
        """Read what its sender wrote before it can know that the other side is gone."""
        with suppress(TimeoutError, ConnectionError):
            while chunk := await asyncio.wait_for(reader.read(_CHUNK), _SILENCE):
                self.take(number, chunk)


async def _back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass back what the other side says, until it ends or is gone."""
    with suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
