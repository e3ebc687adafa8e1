"""Taps pass on every byte, keep a copy, and tell who ended a connection."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from statsd_conformance.address import Address
from statsd_conformance.kernel import visible
from statsd_conformance.tracing.taps import GraphiteTap, TapError, WireTap

LOCAL = "127.0.0.1"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def udp(port: int) -> Address:
    return Address("udp", LOCAL, port)


def tcp(port: int) -> Address:
    return Address("tcp", LOCAL, port)


def inlet(kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    made.bind((LOCAL, 0))
    made.setblocking(False)
    return made


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.002)


def test_datagrams_are_passed_on_as_they_are_and_kept() -> None:
    async def scene() -> None:
        with inlet() as aggregator, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as emitter:
            tap = WireTap(udp(0), udp(aggregator.getsockname()[1]))
            port = await tap.open()
            sent = [b"a:1|c", b"\ta:2|c\n", b"", b"b:1|g\nc:\xff"]
            for one in sent:
                emitter.sendto(one, (LOCAL, port))
            loop = asyncio.get_running_loop()
            assert [await loop.sock_recv(aggregator, 100) for _ in sent] == sent
            await tap.close()
        wire = tap.wire()
        assert (list(wire.sent), wire.datagrams, wire.lines) == ([b"a", b"\ta", b"b"], 4, 4)
        assert wire.broken == (b"c:\xff",)
        assert wire.first > 0

    asyncio.run(scene())


def test_many_datagrams_are_read_in_several_goes() -> None:
    async def run() -> list[int]:
        with inlet() as aggregator, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as emitter:
            tap = WireTap(udp(0), udp(aggregator.getsockname()[1]))
            emitter.connect(("127.0.0.1", await tap.open()))
            for _ in range(300):
                emitter.send(b"a:1|c")
            # Nothing awaits in between, so the loop has read nothing yet.
            assert tap._passage
            goes = [tap._passage.drain(), tap._passage.drain()]
            await tap.close()
            return goes

    assert asyncio.run(run()) == [256, 44]


def test_datagrams_for_nobody_are_seen_all_the_same() -> None:
    async def scene() -> None:
        with inlet() as gone:
            nobody = gone.getsockname()[1]
        tap = WireTap(udp(0), udp(nobody))
        port = await tap.open()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as emitter:
            for number in range(3):
                emitter.sendto(b"a:%d|g" % number, (LOCAL, port))
                await until(lambda number=number: tap.wire().datagrams == number + 1)  # type: ignore[misc]  # its own
        await tap.close()
        assert tap.wire().sent[b"a"].lines == 3

    asyncio.run(scene())


def held(inlet: socket.socket) -> int:
    """Return how many datagrams wait in a socket."""
    for count in range(1_000):
        try:
            inlet.recv(100)
        except BlockingIOError:
            return count
    raise AssertionError("it never runs empty")


@pytest.mark.skipif(not visible(), reason="this system does not tell of drops")
def test_datagrams_that_the_system_drops_at_the_aggregator_are_counted() -> None:
    async def scene() -> None:
        with inlet() as aggregator, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as emitter:
            aggregator.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            tap = WireTap(udp(0), udp(aggregator.getsockname()[1]))
            port = await tap.open()
            for number in range(100):
                emitter.sendto(b"a:%d|g" % number, (LOCAL, port))
                await until(lambda number=number: tap.wire().datagrams == number + 1)  # type: ignore[misc]  # its own
            await tap.close()
            kept = held(aggregator)
        assert tap.wire().dropped == 100 - kept > 0
        assert tap.wire().missed == 0

    asyncio.run(scene())


def test_datagrams_of_unix_sockets_are_passed_on(tmp_path: Path) -> None:
    async def scene() -> None:
        far, near = tmp_path / "far", tmp_path / "near"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as aggregator:
            aggregator.bind(str(far))
            aggregator.setblocking(False)
            tap = WireTap(Address("unix", path=str(near)), Address("unix", path=str(far)))
            assert await tap.open() == 0
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as emitter:
                emitter.sendto(b"a:1|c", str(near))
            assert await asyncio.get_running_loop().sock_recv(aggregator, 100) == b"a:1|c"
            await tap.close()
        assert list(tap.wire().sent) == [b"a"]
        assert not near.exists()

    asyncio.run(scene())


async def stream(serve: Serve) -> tuple[asyncio.Server, int]:
    server = await asyncio.start_server(serve, LOCAL, 0)
    return server, server.sockets[0].getsockname()[1]


def test_lines_over_tcp_are_joined_where_segments_cut_them() -> None:
    got: list[bytes] = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read())
        writer.close()

    async def scene() -> None:
        server, port = await stream(keep)
        tap = WireTap(tcp(0), tcp(port))
        reader, writer = await asyncio.open_connection(LOCAL, await tap.open())
        for piece in (b"a:1|", b"c\nb:2|c\nc:", b"3|c"):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await tap.close()
        server.close()
        assert got == [b"a:1|c\nb:2|c\nc:3|c"]
        assert list(tap.wire().sent) == [b"a", b"b", b"c"]
        assert tap.wire().datagrams == 0

    asyncio.run(scene())


def test_lines_over_unix_stream_sockets_are_passed_on(tmp_path: Path) -> None:
    far, near = tmp_path / "far", tmp_path / "near"
    got: list[bytes] = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read())
        writer.close()

    async def scene() -> None:
        server = await asyncio.start_unix_server(keep, far)
        tap = WireTap(Address("unixstream", path=str(near)), Address("unixstream", path=str(far)))
        assert await tap.open() == 0
        reader, writer = await asyncio.open_unix_connection(near)
        writer.write(b"a:1|c\n")
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await tap.close()
        server.close()
        assert (got, list(tap.wire().sent)) == ([b"a:1|c\n"], [b"a"])

    asyncio.run(scene())


def test_a_connection_that_is_still_open_does_not_hold_up_the_end() -> None:
    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def scene() -> None:
        server, port = await stream(wait)
        tap = GraphiteTap(tcp(0), tcp(port))
        reader, writer = await asyncio.open_connection(LOCAL, await tap.open())
        writer.write(b"a 1 100\nb 2")
        await until(lambda: bool(tap.output().flushed))
        await tap.close()
        assert await reader.read() == b""
        writer.close()
        server.close()
        assert list(tap.output().flushed) == [b"a"]

    asyncio.run(scene())


def test_answers_come_back_through_the_relay() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    async def scene() -> None:
        server, port = await stream(answer)
        tap = GraphiteTap(tcp(0), tcp(port))
        reader, writer = await asyncio.open_connection(LOCAL, await tap.open())
        writer.write(b"a.b 1 100\n")
        assert await reader.read() == b"a.b 1 100\n"
        writer.close()
        await tap.close()
        server.close()

    asyncio.run(scene())


def test_a_connection_that_the_store_ends_is_told_from_one_that_the_aggregator_ends() -> None:
    async def drop_bad(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (line := await reader.readline()) and b"bad" not in line:
            pass
        writer.close()

    async def say(port: int, lines: bytes, *, end: bool) -> None:
        reader, writer = await asyncio.open_connection(LOCAL, port)
        writer.write(lines)
        if end:
            writer.write_eof()
        assert await reader.read() == b""
        writer.close()

    async def scene() -> None:
        server, port = await stream(drop_bad)
        tap = GraphiteTap(tcp(0), tcp(port))
        near = await tap.open()
        await say(near, b"a 1 100\n", end=True)
        await say(near, b"a 1 110\nbad\xff 1 110\nb 1 110\n", end=False)
        await tap.close()
        server.close()
        output = tap.output()
        assert (output.connections, output.closed, output.refused) == (2, 1, 0)
        assert output.poison == (b"bad\xff",)
        assert [one.behind for one in output.flushed.values()] == [0, 0, 1]
        assert (output.flushes, output.first, output.last, output.period) == (2, 100, 110, 10)

    asyncio.run(scene())


def test_a_store_that_takes_nothing_is_counted_and_what_was_flushed_is_seen() -> None:
    async def scene() -> None:
        with inlet(socket.SOCK_STREAM) as bound:
            tap = GraphiteTap(tcp(0), tcp(bound.getsockname()[1]))
            reader, writer = await asyncio.open_connection(LOCAL, await tap.open())
            writer.write(b"a 1 100\n")
            assert await reader.read() == b""
            writer.close()
            await tap.close()
        output = tap.output()
        assert (list(output.flushed), output.refused, output.closed) == ([b"a"], 1, 0)

    asyncio.run(scene())


@pytest.mark.parametrize("kind", [WireTap, GraphiteTap])
def test_a_place_that_is_taken_is_named_with_the_remedy(kind: type[WireTap] | type[GraphiteTap]) -> None:
    async def scene() -> None:
        with inlet(socket.SOCK_STREAM) as taken:
            taken.listen()
            with pytest.raises(TapError, match=r"no tap at 127\.0\.0\.1:\d+/tcp .*; choose other places with --"):
                await kind(tcp(taken.getsockname()[1]), tcp(1)).open()

    asyncio.run(scene())


def test_a_tap_does_not_make_datagrams_of_a_stream() -> None:
    with pytest.raises(TapError, match="datagrams go to datagrams"):
        asyncio.run(WireTap(udp(0), tcp(1)).open())
