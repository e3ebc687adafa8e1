"""Graphite output that survives Graphite: a bounded queue, one lasting connection, every lost line counted.

A flush waits as a parcel of chunks, each a run of whole lines (or one pickle). A chunk that was handed to a connection
is never sent again: when the connection breaks before the other side's system has acknowledged it, nobody can tell
whether it arrived, and sending it twice would be worse, so it counts as dropped. What was not handed over yet goes to
the next one.
"""

import asyncio
import contextlib
import fcntl
import logging
import struct
import sys
import termios
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

_log = logging.getLogger("statsd_reference.output")

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that go out in one piece, and how many lines they are."""

    data: bytes
    lines: int


@dataclass(slots=True, eq=False)
class _Parcel:
    """One flush: the chunks not handed over yet, and whether any was."""

    chunks: deque[Chunk]
    under_way: bool = False

    @property
    def size(self) -> int:
        return sum(len(chunk.data) for chunk in self.chunks)

    @property
    def lines(self) -> int:
        return sum(chunk.lines for chunk in self.chunks)


class _Broken(Exception):
    """The connection is no longer good."""


@dataclass
class GraphiteOutput:
    """Sends parcels to Graphite, in order.

    Attributes:
        host, port: of Graphite.
        max_queue: bytes that may wait; beyond, the oldest flush that is not under way is dropped.
        dropped: told the number of lines whenever some are lost.
        last_exception: when a connection failed last, seconds since 1970, 0 for never.
        clock: seconds since 1970.
    """

    host: str
    port: int
    max_queue: int
    dropped: Callable[[int], None]
    clock: Callable[[], float]
    last_exception: float = 0.0
    _parcels: deque[_Parcel] = field(default_factory=deque)
    _handed: deque[tuple[int, int]] = field(default_factory=deque)
    _written: int = 0
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _task: "asyncio.Task[None] | None" = None

    def start(self) -> None:
        """Begin to send."""
        self._idle.set()
        self._task = asyncio.create_task(self._run())

    def put(self, chunks: Sequence[Chunk]) -> None:
        """Queue one flush; when the queue is over its bound, drop the oldest flush that is not under way."""
        self._parcels.append(_Parcel(deque(chunks)))
        while self.waiting > self.max_queue and (parcel := self._oldest_not_under_way()):
            self._parcels.remove(parcel)
            self._drop(parcel.lines)
        self._idle.clear()
        self._wanted.set()

    def _oldest_not_under_way(self) -> _Parcel | None:
        return next((parcel for parcel in self._parcels if not parcel.under_way), None)

    @property
    def waiting(self) -> int:
        """The bytes not handed over yet."""
        return sum(parcel.size for parcel in self._parcels)

    async def finish(self, timeout: float) -> None:
        """Wait until everything was sent, at most `timeout` seconds, and stop; what is left counts as dropped."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), timeout)
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if left := sum(parcel.lines for parcel in self._parcels) + sum(lines for _, lines in self._handed):
            self._parcels.clear()
            self._handed.clear()
            self._drop(left)

    def _drop(self, lines: int) -> None:
        if lines:
            self.dropped(lines)

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            await self._wanted.wait()
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port)
            except OSError as error:
                self._failed(f"cannot connect to Graphite at {self.host}:{self.port}: {error}")
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            try:
                await self._serve(reader, writer)
            except (_Broken, OSError) as error:
                self._failed(f"the connection to Graphite broke: {error}")
                self._drop(sum(lines for _, lines in self._handed))
            finally:
                self._handed.clear()
                writer.transport.abort()
            if self._parcels:
                await asyncio.sleep(pause)

    def _failed(self, what: str) -> None:
        self.last_exception = self.clock()
        _log.warning("%s; %d bytes wait", what, self.waiting)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send over one connection until it breaks."""
        # Zero: drain() returns only when everything is with the kernel, where it can be seen being acknowledged.
        writer.transport.set_write_buffer_limits(0)
        self._written = 0
        ended = asyncio.create_task(_end_of(reader))
        try:
            while True:
                await _first_of(self._wanted.wait(), ended)
                while self._parcels:
                    await self._send(writer, self._parcels[0], ended)
                    self._parcels.popleft()
                await self._acknowledged(writer, ended)
                if not self._parcels:
                    self._wanted.clear()
                    self._idle.set()
        finally:
            ended.cancel()

    async def _send(self, writer: asyncio.StreamWriter, parcel: _Parcel, ended: "asyncio.Task[None]") -> None:
        parcel.under_way = True
        while parcel.chunks:
            if ended.done():
                raise _Broken("closed by the other side")
            chunk = parcel.chunks.popleft()
            self._written += len(chunk.data)
            self._handed.append((self._written, chunk.lines))
            writer.write(chunk.data)
            await _first_of(writer.drain(), ended)
            self._forget_acknowledged(writer)

    async def _acknowledged(self, writer: asyncio.StreamWriter, ended: "asyncio.Task[None]") -> None:
        """Wait until the other side's system has everything that was handed over."""
        pause = 0.001
        while self._handed:
            self._forget_acknowledged(writer)
            if self._handed:
                await asyncio.wait({ended}, timeout=pause)
                if ended.done():
                    raise _Broken("closed by the other side")
                pause = min(2 * pause, 0.1)

    def _forget_acknowledged(self, writer: asyncio.StreamWriter) -> None:
        arrived = self._written - _unacknowledged(writer)
        while self._handed and self._handed[0][0] <= arrived:
            self._handed.popleft()


async def _end_of(reader: asyncio.StreamReader) -> None:
    """Return when the other side has closed or broken the connection; what it says is nobody's business."""
    with contextlib.suppress(OSError):
        while await reader.read(4096):
            pass


async def _first_of(work: Awaitable[object], ended: "asyncio.Task[None]") -> None:
    """Wait for `work`, unless the connection ends before."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise _Broken("closed by the other side")
        task.result()
    finally:
        # asyncio.wait leaves what it waited for running, also when it is cancelled itself.
        task.cancel()


def _unacknowledged(writer: asyncio.StreamWriter) -> int:
    """Return how many bytes of the connection the other side's system has not acknowledged; 0 where nobody knows."""
    if not sys.platform.startswith("linux"):
        return 0
    raw = writer.get_extra_info("socket")
    try:
        # tcp(7): SIOCOUTQ, the same number as TIOCOUTQ, counts what is unsent or unacknowledged.
        answer = fcntl.ioctl(raw.fileno(), termios.TIOCOUTQ, b"\0" * 4)
    except (OSError, ValueError):
        return 0
    return int(struct.unpack("i", answer)[0])
