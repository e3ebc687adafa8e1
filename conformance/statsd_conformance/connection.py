"""Connections that a case opens to a target for itself: streams of lines, and the management console.

What is sent goes out in segments of the case's choosing, each once the target has read the one before, as far as that
can be seen; so a line may be cut where the case wants it cut.
"""

import asyncio
import contextlib
import socket
import struct
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from statsd_conformance.address import Address
from statsd_conformance.kernel import unread
from statsd_reference.admin import Reply, split_commands
from statsd_reference.stream import Cut, Stream

# Seconds for a target to read a segment, or to answer a command, before nothing more is expected.
PATIENCE: Final = 3.0
_LOOK: Final = 0.001
_SHOWN: Final = 200


class Sent(bytes):
    """What left for another place than the target's datagrams.

    `connection` is the number of the case's connection that carried it, 0 for a datagram. With `reset` it was the last
    that did, before the connection was broken off.
    """

    address: Address
    connection: int
    reset: bool

    def __new__(cls, raw: bytes, address: Address, connection: int = 0, *, reset: bool = False) -> "Sent":
        """Return the bytes with their destination."""
        made = super().__new__(cls, raw)
        made.address, made.connection, made.reset = address, connection, reset
        return made


class Connection(ABC):
    """One connection of one case. Once the target has closed it, what is sent goes nowhere, without an error.

    `note` is told of each segment, and `note_reset` when the connection is broken off.
    """

    def __init__(self, note: Callable[[bytes], None], note_reset: Callable[[], None]) -> None:
        self._note = note
        self._note_reset = note_reset
        self._heard = b""

    async def send(self, *segments: bytes) -> None:
        """Send each argument as one segment, in order."""
        for segment in segments:
            self._note(segment)
            await self._transmit(segment)

    async def until(self, end: bytes, said: str = "") -> bytes:
        """Return what came back, up to and with `end`; `said` is what it answers, for messages.

        Raises:
            AssertionError: `end` does not come, or the connection is closed before.
        """
        while end not in self._heard:
            piece = await self._receive()
            assert piece, f"{said or 'what came back'} was {self._heard[-_SHOWN:]!r}, and no {end!r} came"
            self._heard += piece
        text, _, self._heard = self._heard.partition(end)
        return text + end

    async def ask(self, command: bytes, end: bytes) -> bytes:
        """Send a command line, LF added, as one segment, and return the reply up to and with `end`.

        Raises:
            AssertionError: no such reply comes.
        """
        await self.send(command + b"\n")
        return await self.until(end, f"the reply to {command!r}")

    @property
    @abstractmethod
    def takes(self) -> bool:
        """Whether the target still takes what is sent, as far as is known."""

    @abstractmethod
    async def _transmit(self, segment: bytes) -> None:
        """Send one segment, and wait until the target has read it, as far as can be seen."""

    @abstractmethod
    async def _receive(self) -> bytes:
        """Return the next bytes that come back; none when nothing comes in time, or the target closes."""

    @abstractmethod
    async def closed(self) -> bool:
        """Tell whether the target closes the connection, within the time that it gets."""

    @abstractmethod
    def close(self) -> None:
        """Close in order: what was sent arrives, then the end."""

    def reset(self) -> None:
        """Break the connection off: the target sees an error, and no end."""
        self._note_reset()
        self._break_off()

    @abstractmethod
    def _break_off(self) -> None:
        """Make it so."""


class OverSocket(Connection):
    """A connection over TCP or a Unix stream socket."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        note: Callable[[bytes], None],
        note_reset: Callable[[], None],
    ) -> None:
        super().__init__(note, note_reset)
        self._reader = reader
        self._writer = writer
        self._socket: socket.socket = writer.get_extra_info("socket")
        self._stalled = False

    @property
    def takes(self) -> bool:
        """Whether the target still takes what is sent, as far as is known."""
        return not (self._stalled or self._writer.is_closing() or self._reader.at_eof())

    async def _transmit(self, segment: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self._writer.write(segment)
            try:
                await asyncio.wait_for(self._writer.drain(), PATIENCE)
            except TimeoutError:
                self._stalled = True
            await self._read()

    async def _read(self) -> None:
        """Wait until the target has read everything, elsewhere than on this machine a moment."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            await asyncio.sleep(_LOOK)
            waiting = unread(self._socket)
            if waiting is None:
                await asyncio.sleep(_LOOK)
                return
            if not waiting:
                return

    async def _receive(self) -> bytes:
        try:
            return await asyncio.wait_for(self._reader.read(65536), PATIENCE)
        except (TimeoutError, ConnectionError):
            return b""

    async def closed(self) -> bool:
        """Tell whether the target closes the connection, within the time that it gets."""
        try:
            async with asyncio.timeout(PATIENCE):
                while piece := await self._reader.read(65536):
                    self._heard += piece
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True

    def close(self) -> None:
        """Close in order."""
        self._writer.close()

    def _break_off(self) -> None:
        # Where the target has broken it off before, asyncio has closed the socket.
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


async def opened(address: Address, note: Callable[[bytes], None], note_reset: Callable[[], None]) -> OverSocket:
    """Return a connection to the address.

    Raises:
        OSError: nobody takes connections there.
    """
    # A segment is one write, however small: asyncio sets TCP_NODELAY.
    async with asyncio.timeout(PATIENCE):
        if address.scheme == "unixstream":
            return OverSocket(*await asyncio.open_unix_connection(address.path), note, note_reset)
        return OverSocket(*await asyncio.open_connection(address.host, address.port), note, note_reset)


class LocalStream(Connection):
    """A stream of lines into a `Server` value. One of its steps closes the connection by raising ConnectionError."""

    def __init__(
        self,
        note: Callable[[bytes], None],
        note_reset: Callable[[], None],
        cut: Callable[[Stream, bytes], Cut],
        finish: Callable[[Stream], None],
    ) -> None:
        super().__init__(note, note_reset)
        self.stream = Stream()
        self._cut = cut
        self._finish = finish
        self._open = True

    @property
    def takes(self) -> bool:
        """Whether no step closed it."""
        return self._open

    async def _transmit(self, segment: bytes) -> None:
        if self._open:
            try:
                self.stream = self._cut(self.stream, segment).stream
            except ConnectionError:
                self.close()

    async def _receive(self) -> bytes:
        return b""

    async def closed(self) -> bool:
        """Tell whether a step closed the connection."""
        return not self._open

    def close(self) -> None:
        """Close in order."""
        if self._open:
            self._open = False
            self._finish(self.stream)
            self.stream = Stream()

    def _break_off(self) -> None:
        # For a `Server` value that is the same as its end.
        self.close()


class LocalConsole(Connection):
    """The console of a `Server` value; `execute` answers one command and does what it says."""

    def __init__(
        self, note: Callable[[bytes], None], note_reset: Callable[[], None], execute: Callable[[bytes], Reply]
    ) -> None:
        super().__init__(note, note_reset)
        self._execute = execute
        self._answered = b""
        self._open = True

    @property
    def takes(self) -> bool:
        """Whether no command closed it."""
        return self._open

    async def _transmit(self, segment: bytes) -> None:
        for command in split_commands(segment) if self._open else []:
            reply = self._execute(command)
            self._answered += reply.text
            self._open = self._open and not reply.close

    async def _receive(self) -> bytes:
        answered, self._answered = self._answered, b""
        return answered

    async def closed(self) -> bool:
        """Tell whether a command closed the connection."""
        return not self._open

    def close(self) -> None:
        """Close in order."""
        self._open = False

    def _break_off(self) -> None:
        self._open = False
