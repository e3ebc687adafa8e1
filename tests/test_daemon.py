"""The daemon on every kind of socket, with a Graphite that keeps what it gets."""

import asyncio
import pickle
import socket
import stat
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from statsd_conformance.process import free_port
from statsd_reference import Options, make_server
from statsd_reference.daemon import Daemon
from statsd_reference.listen import ListenError, bind_udp

PATIENCE = 30.0
QUIET: dict[str, Any] = {"address": "127.0.0.1", "port": 0, "mgmt_port": 0, "flush_interval": 600_000}


@dataclass
class Graphite:
    """Keeps every byte of every connection."""

    received: bytes = b""
    more: asyncio.Event = field(default_factory=asyncio.Event)
    connections: list["asyncio.Task[None] | None"] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one connection to its end."""
        self.connections.append(asyncio.current_task())
        while data := await reader.read(65536):
            self.received += data
            self.more.set()
        writer.close()

    async def until(self, text: bytes) -> bytes:
        """Wait until `text` has come; return everything that has."""
        async with asyncio.timeout(PATIENCE):
            while text not in self.received:
                self.more.clear()
                await self.more.wait()
        return self.received


@asynccontextmanager
async def daemon(**options: Any) -> AsyncIterator[tuple[Daemon, Graphite]]:
    graphite = Graphite()
    server = await asyncio.start_server(graphite.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    where: dict[str, Any] = {"graphite_host": "127.0.0.1", "graphite_port": port, "graphite_pickle_port": port}
    try:
        async with Daemon(make_server(Options(**(QUIET | where | options)))) as running:
            yield running, graphite
    finally:
        server.close()
        await asyncio.gather(*filter(None, graphite.connections))


async def received(running: Daemon, bucket: bytes) -> None:
    """Wait until a counter has arrived."""
    async with asyncio.timeout(PATIENCE):
        while bucket not in running.receiver.window.counters:
            await asyncio.sleep(0.002)


async def answered(running: Daemon, commands: bytes) -> bytes:
    """Return what the management console answers to commands, the last of which is `quit`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.mgmt_port)
    writer.write(commands)
    replies = await asyncio.wait_for(reader.read(), PATIENCE)
    writer.close()
    return replies


def send(datagram: bytes, port: int, family: int = socket.AF_INET) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.sendto(datagram, ("::1" if family == socket.AF_INET6 else "127.0.0.1", port))


def test_datagram_comes_out_at_graphite_and_the_marker_is_last() -> None:
    async def scene() -> None:
        async with daemon() as (running, graphite):
            send(b"a:3|c", running.port)
            await received(running, b"a")
            await running.flush_now()
            lines = (await graphite.until(b"flush_length")).splitlines()
            assert any(line.startswith(b"stats_counts.a 3 ") for line in lines)
            assert lines[-1].startswith(b"stats.statsd.graphiteStats.flush_length ")
            assert b"timestamp_lag" not in graphite.received
            await running.flush_now()
            await graphite.until(b"stats.gauges.statsd.timestamp_lag")

    asyncio.run(scene())


def test_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("this Python has no IPv6")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no ::1")

    async def scene() -> None:
        async with daemon(address="::1", address_ipv6=True) as (running, _):
            send(b"a:3|c", running.port, socket.AF_INET6)
            await received(running, b"a")

    asyncio.run(scene())


def test_receive_buffer_is_asked_for() -> None:
    sizes = []
    for asked in (10_000, 100_000):
        with bind_udp(Options(address="127.0.0.1", port=0, receive_buffer=asked)) as bound:
            sizes.append(bound.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
    # Linux says twice what was asked for.
    assert sizes in ([10_000, 100_000], [20_000, 200_000])


def test_unix_datagrams(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left_over:
        left_over.bind(str(path))

    async def scene() -> None:
        async with daemon(udp=False, socket=str(path), socket_mod="660") as (running, _):
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"a:3|c", str(path))
            await received(running, b"a")
        assert not path.exists()

    asyncio.run(scene())


def test_unix_stream_is_read_as_tcp_is(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left_over:
        left_over.bind(str(path))

    async def scene() -> None:
        async with daemon(udp=False, stream_socket=str(path), socket_mod="600") as (running, _):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            _, writer = await asyncio.open_unix_connection(path)
            writer.write(b"a:1|c\na:")
            await writer.drain()
            await received(running, b"a")
            writer.write(b"2|c\nb:1|c\n")
            await received(running, b"b")
            assert running.receiver.window.counters[b"a"] == 3
            writer.close()
        assert not path.exists()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("taken", "remedy"),
    [
        ("port", "choose another place with port and address"),
        ("mgmt_port", "choose another place with mgmt_port and mgmt_address"),
    ],
)
def test_port_of_somebody_else_is_named_with_the_remedy(taken: str, remedy: str) -> None:
    async def scene(number: int) -> None:
        with pytest.raises(ListenError, match=rf":{number}: Address already in use; {remedy}"):
            async with daemon(udp=False, tcp=True, **{taken: number}):
                raise AssertionError("it listens where somebody else does")

    with socket.create_server(("127.0.0.1", 0)) as somebody:
        asyncio.run(scene(somebody.getsockname()[1]))


def test_file_in_place_of_the_socket_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")

    async def scene() -> None:
        with pytest.raises(ListenError, match="precious"):
            async with daemon(udp=False, socket=str(path)):
                raise AssertionError("it listens on a file")

    asyncio.run(scene())
    assert path.read_text() == "data"


def test_stream_may_be_cut_at_every_offset() -> None:
    text = b"aa:1|c\nbb:2|c|@0.5\ncc:3|g\n"

    async def scene() -> None:
        async with daemon(udp=False, tcp=True) as (running, _):
            for offset in range(1, len(text)):
                _, writer = await asyncio.open_connection("127.0.0.1", running.port)
                writer.write(text[:offset])
                await writer.drain()
                await asyncio.sleep(0)
                writer.write(text[offset:] + b"end%d:1|c\n" % offset)
                await writer.drain()
                await received(running, b"end%d" % offset)
                writer.close()
            counters = running.receiver.window.counters
            assert counters[b"aa"] == len(text) - 1
            assert counters[b"bb"] == 4 * (len(text) - 1)
            assert counters[b"statsd.bad_lines_seen"] == 0

    asyncio.run(scene())


@pytest.mark.parametrize("abrupt", [False, True], ids=["closed", "reset"])
def test_server_may_read_what_a_stream_leaves_unended(abrupt: bool) -> None:
    lenient = replace(make_server(Options(**QUIET, udp=False, tcp=True)), finish=lambda stream: stream.rest)

    async def scene() -> None:
        async with Daemon(lenient) as running:
            _, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(b"a:1|c\nb:2|c")
            await received(running, b"a")
            if abrupt:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.close()
            await received(running, b"b")

    asyncio.run(scene())


def test_endless_line_costs_one_bad_line_and_no_connection() -> None:
    async def scene() -> None:
        async with daemon(udp=False, tcp=True, max_line=1000) as (running, _):
            _, writer = await asyncio.open_connection("127.0.0.1", running.port)
            for _ in range(50):
                writer.write(b"x" * 4000)
                await writer.drain()
            writer.write(b":1|c\nb:1|c\n")
            await received(running, b"b")
            assert running.receiver.window.counters[b"statsd.bad_lines_seen"] == 1
            writer.close()

    asyncio.run(scene())


def test_connection_over_the_limit_is_refused_and_counted() -> None:
    async def scene() -> None:
        async with daemon(udp=False, tcp=True, max_connections=1) as (running, _):
            _, first = await asyncio.open_connection("127.0.0.1", running.port)
            first.write(b"a:1|c\n")
            await received(running, b"a")
            reader, second = await asyncio.open_connection("127.0.0.1", running.port)
            assert await reader.read() == b""
            assert running.receiver.window.counters[b"statsd.connections_refused"] == 1
            first.close()
            second.close()

    asyncio.run(scene())


def test_bad_lines_seen_outlive_their_counter() -> None:
    async def scene() -> None:
        async with daemon(mgmt_port=free_port(), mgmt_address="127.0.0.1") as (running, _):
            send(b"bad\na:3|c", running.port)
            await received(running, b"a")
            replies = await answered(running, b"delcounters statsd.bad_lines_seen\nstats\nquit\n")
            assert replies.startswith(b"deleted: statsd.bad_lines_seen\n")
            assert b"\nmessages.bad_lines_seen: 1\n" in replies

    asyncio.run(scene())


def test_pickle_says_what_plaintext_says() -> None:
    async def flushed(protocol: str) -> bytes:
        async with daemon(graphite_protocol=protocol, global_suffix="x") as (running, graphite):
            send(b"a:3|c\nb:1.5|g\nt:320|ms\ns:u|s", running.port)
            await received(running, b"a")
            await running.flush_now()
            return await graphite.until(b"flush_length")

    async def scene() -> None:
        text, pickled = await flushed("text"), await flushed("pickle")
        plain = {line.split()[0]: float(line.split()[1]) for line in text.splitlines()}
        points: dict[bytes, float] = {}
        while pickled:
            (size,) = struct.unpack("!L", pickled[:4])
            points |= {path.encode(): value for path, (_, value) in pickle.loads(pickled[4 : 4 + size])}
            pickled = pickled[4 + size :]
        own = [path for path in plain if b"graphiteStats" in path or b"processing_time" in path]
        assert points.keys() == plain.keys()
        assert {path: plain[path] for path in plain if path not in own} == {
            path: points[path] for path in points if path not in own
        }

    asyncio.run(scene())


def test_console_answers_on_its_own_port() -> None:
    async def scene() -> None:
        async with daemon(mgmt_port=free_port(), mgmt_address="127.0.0.1") as (running, _):
            send(b"a:3|c", running.port)
            await received(running, b"a")
            replies = await answered(running, b"delcounters a\nhealth down\nhealth\nquit\n")
            assert replies == b"deleted: a\nEND\n\nhealth: down\nhealth: down\n"
            assert b"a" not in running.receiver.window.counters

    asyncio.run(scene())
