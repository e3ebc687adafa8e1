"""Graphite output against a Graphite that misbehaves: nothing twice, every lost line counted."""

import asyncio
import socket
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from statsd_reference.output import Chunk, GraphiteOutput

PATIENCE = 30.0


@dataclass
class Graphite:
    """A listener that keeps whole lines, and does to the n-th connection what `manners` says."""

    manners: dict[int, str] = field(default_factory=dict)
    lines: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def open(self) -> None:
        """Listen; at the same port as before, where there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and break what is connected."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        manner = self.manners.get(self.connections, "")
        self._writers.append(writer)
        rest = b""
        while manner != "deaf" and (data := await reader.read(4096)):
            *whole, rest = (rest + data).split(b"\n")
            self.lines += whole
            if manner == "resets":
                _reset(writer)
                return
            if manner == "closes":
                writer.close()
                return


def _reset(writer: asyncio.StreamWriter) -> None:
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@dataclass
class Sent:
    """What was put and what was said to be dropped."""

    output: GraphiteOutput
    put: list[bytes] = field(default_factory=list)

    def flush(self, number: int, lines: int = 50) -> None:
        """Put one flush of distinct lines, ten a chunk."""
        made = [b"flush%d.line%d 1 2" % (number, line) for line in range(lines)]
        self.put += made
        parts = [made[start : start + 10] for start in range(0, lines, 10)]
        self.output.put([Chunk(b"".join(line + b"\n" for line in part), len(part)) for part in parts])


@asynccontextmanager
async def sending(graphite: Graphite, max_queue: int = 10**8) -> AsyncIterator[tuple[Sent, list[int]]]:
    dropped: list[int] = []
    output = GraphiteOutput("127.0.0.1", graphite.port, max_queue, dropped.append, time.time)
    output.start()
    try:
        yield Sent(output), dropped
    finally:
        await output.finish(0.0)
        await graphite.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


def assert_accounted_for(graphite: Graphite, sent: Sent, dropped: list[int]) -> None:
    """Assert that nothing came twice, and that whatever did not come was counted."""
    assert max(Counter(graphite.lines).values(), default=1) == 1
    assert set(graphite.lines) <= set(sent.put)
    assert len(graphite.lines) + sum(dropped) >= len(sent.put)


def test_flushes_arrive_in_order_over_one_connection() -> None:
    async def scene() -> None:
        graphite = Graphite()
        await graphite.open()
        async with sending(graphite) as (sent, dropped):
            for number in range(5):
                sent.flush(number)
            await until(lambda: len(graphite.lines) == 250)
            assert graphite.lines == sent.put
            assert graphite.connections == 1
            assert not dropped

    asyncio.run(scene())


def test_flushes_wait_for_a_graphite_that_is_down() -> None:
    async def scene() -> None:
        graphite = Graphite()
        await graphite.open()
        await graphite.close()
        async with sending(graphite) as (sent, dropped):
            sent.flush(1)
            await until(lambda: sent.output.last_exception > 0)
            await graphite.open()
            await until(lambda: len(graphite.lines) == 50)
            assert graphite.lines == sent.put
            assert not dropped

    asyncio.run(scene())


def test_connection_closed_between_flushes_costs_nothing() -> None:
    async def scene() -> None:
        graphite = Graphite({1: "closes"})
        await graphite.open()
        async with sending(graphite) as (sent, dropped):
            sent.flush(1, lines=10)
            await until(lambda: sent.output.last_exception > 0)
            sent.flush(2)
            await until(lambda: len(graphite.lines) + sum(dropped) >= 60)
            assert_accounted_for(graphite, sent, dropped)
            assert graphite.lines[-50:] == sent.put[-50:]
            assert graphite.connections == 2

    asyncio.run(scene())


def test_reset_in_mid_flush_sends_nothing_twice_and_counts_what_was_lost() -> None:
    async def scene() -> None:
        graphite = Graphite({1: "resets"})
        await graphite.open()
        async with sending(graphite) as (sent, dropped):
            sent.flush(1, lines=200_000)
            await until(lambda: graphite.connections == 2 and sent.output.waiting == 0)
            sent.flush(2)
            await until(lambda: sent.put[-1] in graphite.lines)
            assert_accounted_for_but_for_the_kernels_share(graphite, sent, dropped)

    asyncio.run(scene())


def assert_accounted_for_but_for_the_kernels_share(graphite: Graphite, sent: Sent, dropped: list[int]) -> None:
    """As above, but what the other side's system had acknowledged and nobody had read was lost without a trace."""
    assert max(Counter(graphite.lines).values()) == 1
    assert sum(dropped) > 0
    lost = len(sent.put) - len(graphite.lines) - sum(dropped)
    buffered = 6 * 2**20 / len(sent.put[-1])
    assert lost < buffered


def test_queue_is_bounded_and_the_oldest_flush_goes_first() -> None:
    async def scene() -> None:
        graphite = Graphite()
        await graphite.open()
        await graphite.close()
        async with sending(graphite, max_queue=4000) as (sent, dropped):
            for number in range(10):
                sent.flush(number)
                assert sent.output.waiting <= 4000
            await graphite.open()
            await until(lambda: sent.output.waiting == 0 and sent.put[-1] in graphite.lines)
            assert graphite.lines == sent.put[-len(graphite.lines) :]
            assert len(graphite.lines) + sum(dropped) == len(sent.put)

    asyncio.run(scene())


def test_what_is_left_at_the_end_is_counted() -> None:
    async def scene() -> None:
        graphite = Graphite()
        await graphite.open()
        await graphite.close()
        dropped: list[int] = []
        output = GraphiteOutput("127.0.0.1", graphite.port, 10**8, dropped.append, time.time)
        output.start()
        sent = Sent(output)
        sent.flush(1)
        await output.finish(0.0)
        assert sum(dropped) == 50

    asyncio.run(scene())
