"""The daemon: sockets, clock and Graphite around the steps of a server."""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from statsd_reference.admin import GraphiteState, Reply, State, without
from statsd_reference.console import ConsoleListener
from statsd_reference.encode import PICKLE_POINTS, Names, write_pickle
from statsd_reference.listen import DatagramListener, StreamListener, bind_udp, bind_unix
from statsd_reference.model import Point, Window
from statsd_reference.output import Chunk, GraphiteOutput
from statsd_reference.own import LastFlush, lagging, own_points
from statsd_reference.receive import PlainReceiver, Receiver
from statsd_reference.server import Server

_log = logging.getLogger("statsd_reference")

# Points that go out in one piece, and seconds of a flush between two looks at the sockets.
_CHUNK: Final = 200
_LOOK: Final = 0.0002
# Seconds that Graphite gets for the last flush at the end.
_LAST_WORDS: Final = 5.0


@dataclass
class Daemon:
    """A server that listens, flushes on time and sends to Graphite; to be used with `async with`.

    Attributes:
        server: the steps. Where they are not the reference's own, every datagram goes through them one by one.
        clock: seconds since 1970.
        port: where it listens for lines, once it does.
        mgmt_port: where its console listens, 0 where there is none.
        health: what the console says, "up" or "down".
        make_output: makes what sends to Graphite.
    """

    server: Server
    clock: Callable[[], float] = time.time
    port: int = 0
    mgmt_port: int = 0
    health: str = "up"
    make_output: Callable[..., GraphiteOutput] = GraphiteOutput
    last_message: float = 0.0
    bad_lines: float = 0.0
    last_flush: LastFlush = field(default_factory=LastFlush)
    _previous: int = 0
    _started: float = 0.0
    _datagrams: list[DatagramListener] = field(default_factory=list)
    _streams: StreamListener | None = None
    _console: ConsoleListener | None = None
    _output: GraphiteOutput | None = None
    _flushing: "asyncio.Task[None] | None" = None
    _one_flush: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.options = self.server.options
        self.names = Names(self.options)
        self.health = self.options.health_status
        self.receiver = Receiver(self.server) if self.server.is_standard else PlainReceiver(self.server)

    async def __aenter__(self) -> "Daemon":
        """Listen and begin to flush.

        Raises:
            ListenError: an address cannot be had.
        """
        self._started = self.last_message = self.clock()
        self.last_flush = LastFlush(ended=self._started)
        try:
            await self._listen()
        except BaseException:
            await self._close_listeners()
            raise
        options = self.options
        if options.graphite_host:
            port = options.graphite_pickle_port if options.graphite_protocol == "pickle" else options.graphite_port
            self._output = self.make_output(
                options.graphite_host, port, options.max_queue, self._count_dropped, self.clock
            )
            self._output.start()
        self._flushing = asyncio.create_task(self._flush_on_time())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Take what waits in the sockets, flush once more, and wait a moment for Graphite."""
        if self._flushing:
            self._flushing.cancel()
            await asyncio.gather(self._flushing, return_exceptions=True)
        for listener in self._datagrams:
            while listener.drain():
                pass
        await self._close_listeners()
        await self.flush_now()
        if self._output:
            await self._output.finish(_LAST_WORDS)

    async def _listen(self) -> None:
        options = self.options
        if options.udp:
            bound = bind_udp(options)
            self.port = bound.getsockname()[1]
            self._datagrams.append(DatagramListener(bound, self._take))
        if options.socket:
            self._datagrams.append(DatagramListener(bind_unix(options.socket, options.socket_mod), self._take))
        if options.tcp or options.stream_socket:
            self._streams = StreamListener(self.server, self._take, self.count)
        if self._streams and options.tcp:
            self.port = await self._streams.open(self.port or options.port)
        if self._streams and options.stream_socket:
            await self._streams.open_unix(options.stream_socket, options.socket_mod)
        if options.mgmt_port:
            self._console = ConsoleListener(self._execute)
            self.mgmt_port = await self._console.open(options.mgmt_address, options.mgmt_port)

    async def _close_listeners(self) -> None:
        for listener in self._datagrams:
            listener.close()
        if self._datagrams and self.options.socket:
            with contextlib.suppress(OSError):
                Path(self.options.socket).unlink()
        self._datagrams = []
        if self._streams:
            await self._streams.close()
        if self._streams and self.options.stream_socket:
            with contextlib.suppress(OSError):
                Path(self.options.stream_socket).unlink()
        if self._console:
            await self._console.close()

    def _execute(self, command: bytes) -> Reply:
        """Answer one command of the console, and keep what it changed."""
        window = self.receiver.window
        now = math.floor(self.clock() + 0.5)
        last_exception = self._output.last_exception if self._output else 0.0
        graphite = GraphiteState(
            flush_age=now - math.floor(self.last_flush.ended + 0.5),
            exception_age=now - math.floor(last_exception + 0.5),
            flush_time=self.last_flush.milliseconds,
            flush_length=self.last_flush.length,
        )
        state = State(
            options=self.options,
            window=window,
            uptime=now - math.floor(self._started + 0.5),
            message_age=now - math.floor(self.last_message + 0.5),
            bad_lines=self.bad_lines + window.counters.get(self._bad_lines_seen, 0.0),
            graphite=graphite,
            health=self.health,
        )
        reply = self.server.answer(command, state)
        self.health = reply.health or self.health
        if reply.delete:
            following = without(window, reply.delete)
            # Deleting the counter of bad lines does not undo what was seen in the daemon's life.
            own = self._bad_lines_seen
            self.bad_lines += window.counters.get(own, 0.0) - following.counters.get(own, 0.0)
            self.receiver.take(following)
        return reply

    @property
    def _bad_lines_seen(self) -> bytes:
        return f"{self.options.prefix_stats}.bad_lines_seen".encode()

    def _take(self, datagrams: list[bytes]) -> None:
        self.last_message = self.clock()
        if self.options.dump_messages:
            for datagram in datagrams:
                _log.info("%r", datagram)
        self.receiver.add_batch(datagrams)

    def count(self, own: str, number: float) -> None:
        """Add to one of the daemon's own counters; it appears in the output once it was counted."""
        window = self.receiver.window
        bucket = f"{self.options.prefix_stats}.{own}".encode()
        counters = {**window.counters, bucket: window.counters.get(bucket, 0.0) + number}
        self.receiver.take(replace(window, counters=counters))

    def _count_dropped(self, lines: int) -> None:
        _log.warning("%d lines for Graphite were dropped", lines)
        self.count("graphite_lines_dropped", lines)

    async def _flush_on_time(self) -> None:
        """Flush every interval after the start, without drift; an interval that was missed is not made up for."""
        loop, interval = asyncio.get_running_loop(), self.options.interval
        begun, number = loop.time(), 1
        while True:
            await asyncio.sleep(begun + number * interval - loop.time())
            await self.flush_now()
            number = max(number + 1, math.ceil((loop.time() - begun) / interval))

    async def flush_now(self) -> None:
        """Close the window and queue what it amounts to for Graphite."""
        async with self._one_flush:
            now = self.clock()
            timestamp = math.floor(now + 0.5)
            flush, following = self.server.flush(self._closing_window(timestamp), timestamp)
            self.receiver.take(following)
            self._previous = timestamp
            chunks = await self._written(self.server.points(flush), timestamp)
            if self._output:
                self._output.put(chunks)
            length = sum(len(chunk.data) for chunk in chunks)
            self.last_flush = LastFlush(self.clock(), 0.0, length)

    def _closing_window(self, timestamp: int) -> Window:
        window = self.receiver.window
        self.bad_lines += window.counters.get(self._bad_lines_seen, 0.0)
        return lagging(window, self.options, timestamp, self._previous)

    async def _written(self, points: Iterator[Point], timestamp: int) -> list[Chunk]:
        """Return the points, and the daemon's own after them, as chunks; the sockets are looked at in between."""
        begun = time.perf_counter()
        chunks: list[Chunk] = []
        pickled = self.options.graphite_protocol == "pickle"
        size = PICKLE_POINTS if pickled else _CHUNK
        part: list[Point] = []
        looked = begun
        for point in points:
            part.append(point)
            # The statistics of one timer may take as long as hundreds of counters, so the time counts.
            if time.perf_counter() - looked > _LOOK:
                await asyncio.sleep(0)
                looked = time.perf_counter()
            if len(part) == size:
                chunks.append(self._chunk(part, pickled))
                part = []
        if part:
            chunks.append(self._chunk(part, pickled))
        own = own_points(
            self.names,
            self.last_flush,
            timestamp,
            took_ms=1000 * (time.perf_counter() - begun),
            last_exception=self._output.last_exception if self._output else 0.0,
        )
        return [*chunks, self._chunk(list(own), pickled)]

    def _chunk(self, points: list[Point], pickled: bool) -> Chunk:
        data = write_pickle(points) if pickled else b"".join(map(self.server.write, points))
        return Chunk(data, len(points))
