"""Connections of a case's own, to a server of asyncio and to a `Server` value."""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from statsd_conformance import connection as module
from statsd_conformance.address import Address
from statsd_conformance.connection import OverSocket, Sent, opened
from statsd_conformance.kernel import unread
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.requirement import Inconclusive, Unsupported
from statsd_conformance.target import Crashed, InProcess, Target
from statsd_reference import Options, make_server
from statsd_reference.admin import Reply
from statsd_reference.stream import Cut
from trials import PROFILE
from wire_trials import DaemonSubject, serving


@dataclass
class Peer:
    """Keeps what each read of a connection gave, and answers `hello` as it was told to."""

    answer: bytes = b""
    closes: bool = False
    reads: list[bytes] = field(default_factory=list)
    broken: list[BaseException] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one connection to its end."""
        try:
            while piece := await reader.read(65536):
                self.reads.append(piece)
                writer.write(self.answer)
                if self.closes:
                    break
        except ConnectionError as error:
            self.broken.append(error)
        finally:
            writer.close()
            self.ended.set()


def talking(peer: Peer, talk: Callable[[OverSocket], Awaitable[None]]) -> list[bytes]:
    """Let a case talk over TCP to a peer; return what it noted, `reset` when it broke off."""
    noted: list[bytes] = []

    def note_reset() -> None:
        noted.append(b"reset")

    async def run() -> None:
        server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
        async with server:
            connection = await opened(Address("tcp", *server.sockets[0].getsockname()), noted.append, note_reset)
            try:
                await talk(connection)
            finally:
                connection.close()
                await asyncio.wait_for(peer.ended.wait(), 10)

    asyncio.run(run())
    return noted


def test_segments_are_read_one_by_one() -> None:
    peer = Peer()
    segments = [b"a:%d" % number for number in range(30)]

    async def talk(connection: OverSocket) -> None:
        await connection.send(*segments)

    assert talking(peer, talk) == segments
    assert peer.reads == segments


def test_reply_is_returned_up_to_its_end_and_the_rest_kept() -> None:
    async def talk(connection: OverSocket) -> None:
        assert await connection.ask(b"help", b"\n\n") == b"one\n\n"
        assert await connection.until(b"END\n") == b"two\nEND\n"

    peer = Peer(answer=b"one\n\ntwo\nEND\n")
    talking(peer, talk)
    assert peer.reads == [b"help\n"]


@pytest.mark.parametrize("closes", [True, False], ids=["closes", "is silent"])
def test_reply_without_its_end_is_an_assertion(closes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)

    async def talk(connection: OverSocket) -> None:
        with pytest.raises(AssertionError, match=r"the reply to b'help' was b'ERROR\\n', and no b'END\\n' came"):
            await connection.ask(b"help", b"END\n")
        assert await connection.closed() is closes
        assert connection.takes is not closes

    talking(Peer(answer=b"ERROR\n", closes=closes), talk)


def test_what_is_sent_to_a_closed_connection_is_no_error() -> None:
    async def talk(connection: OverSocket) -> None:
        await connection.send(b"x")
        assert await connection.closed()
        await connection.send(b"y" * 1_000_000, b"z")
        assert not connection.takes

    talking(Peer(closes=True), talk)


def test_reset_is_an_error_for_the_peer() -> None:
    async def talk(connection: OverSocket) -> None:
        await connection.send(b"a:1")
        connection.reset()

    peer = Peer()
    assert talking(peer, talk) == [b"a:1", b"reset"]
    assert [type(error) for error in peer.broken] == [ConnectionResetError]


def test_reset_of_what_the_peer_has_broken_off_is_no_error() -> None:
    async def talk(connection: OverSocket) -> None:
        await connection.send(b"x")
        assert await connection.closed()
        connection.reset()
        await asyncio.sleep(0)
        connection.reset()

    talking(Peer(closes=True), talk)


def test_peer_that_stops_reading_ends_the_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)

    async def run() -> None:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen()
            connection = await opened(Address("tcp", *deaf.getsockname()), lambda segment: None, lambda: None)
            assert connection.takes
            await connection.send(b"x" * 20_000_000)
            assert not connection.takes
            connection.reset()

    asyncio.run(run())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only tells what is not read")
def test_kernel_tells_what_is_not_read() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        with socket.create_connection(listening.getsockname()) as sending:
            sending.sendall(b"12345")
            with listening.accept()[0] as taken:
                assert unread(sending) == 5
                taken.recv(3)
                assert unread(sending) == 2
                assert unread(taken) == 0


# Targets in this process, and daemons behind sockets, offer the same.


def local(**options: object) -> InProcess:
    return InProcess(make_server(replace(Options(flush_interval=1000), **options)), PROFILE)  # type: ignore[arg-type]  # as Options takes them


def test_lines_reach_a_server_over_a_connection_and_stand_in_the_trace() -> None:
    async def run() -> None:
        target = local(tcp=True)
        async with target.connection() as tcp:
            await tcp.send(target.bucket() + b":1", b"0|c\n")
        assert (await target.flush_holding(target.bucket())).count(target.bucket()) == 10
        assert all(isinstance(one, Sent) and one.connection == 1 for one in target.trace.datagrams)

    asyncio.run(run())


@pytest.mark.parametrize("kind", ["tcp", "unixstream", "console"])
def test_server_without_a_listener_takes_no_connection(kind: str) -> None:
    async def run() -> None:
        with pytest.raises(Unsupported, match=r"--a(lso|dmin)"):
            await connected(local(mgmt_port=0), kind)

    asyncio.run(run())


@pytest.mark.parametrize("kind", ["udp6", "unix"])
def test_server_without_an_address_takes_no_datagrams_there(kind: str) -> None:
    with pytest.raises(Unsupported, match="--also"):
        asyncio.run(local().needs_address(kind))


def test_step_that_raises_a_connection_error_closes_the_connection() -> None:
    def cut(stream: object, chunk: bytes, max_line: int) -> Cut:
        raise ConnectionAbortedError

    async def run() -> None:
        target = InProcess(replace(make_server(Options(tcp=True)), cut=cut), PROFILE)
        async with target.connection() as tcp:
            assert not await tcp.closed()
            await tcp.send(b"bad\n", b"bad\n")
            assert await tcp.closed()

    asyncio.run(run())


def test_server_may_read_the_end_of_a_stream() -> None:
    async def run() -> None:
        server = replace(make_server(Options(tcp=True)), finish=lambda stream: stream.rest)
        target = InProcess(server, PROFILE)
        async with target.connection() as tcp:
            await tcp.send(target.bucket() + b":4|c")
            assert target.memory() == len(target.bucket() + b":4|c")
        assert target.memory() == 0
        assert (await target.flush()).count(target.bucket()) == 4

    asyncio.run(run())


def test_console_of_a_server_does_what_it_answers() -> None:
    async def run() -> None:
        target = local()
        bucket = target.bucket()
        target.send(bucket + b":3|c\nbad")
        async with target.connection("console") as console:
            assert b"%b': 3" % bucket in await console.ask(b"counters", b"END\n\n")
            assert await console.ask(b"delcounters " + bucket, b"END\n\n") == b"deleted: %b\nEND\n\n" % bucket
            assert bucket not in await console.ask(b"counters", b"END\n\n")
            assert b"messages.bad_lines_seen: 1\n" in await console.ask(b"stats", b"END\n\n")
            assert await console.ask(b"health down", b"\n") == b"health: down\n"
            assert not (await target.flush()).has(bucket)
            assert b"messages.bad_lines_seen: 1\n" in await console.ask(b"stats", b"END\n\n")
            await console.send(b"quit")
            assert await console.closed()
        async with target.connection("console") as console:
            assert await console.ask(b"health", b"\n") == b"health: down\n"
            console.reset()
            assert not console.takes

    asyncio.run(run())


def test_console_that_raises_has_crashed() -> None:
    def answer(command: bytes, state: object) -> Reply:
        raise KeyError(command)

    async def run() -> None:
        target = InProcess(replace(make_server(Options()), answer=answer), PROFILE)
        async with target.connection("console") as console:
            with pytest.raises(Crashed, match="KeyError"):
                await console.send(b"help")

    asyncio.run(run())


async def connected(target: Target, kind: str) -> None:
    """Connect, and close again."""
    async with target.connection(kind):
        pass


def over_the_wire(talk: Callable[[DaemonSubject], Awaitable[None]], **options: object) -> None:
    async def run() -> None:
        async with serving(lambda server: server, options=options) as subject:
            await talk(subject)

    asyncio.run(run())


def test_daemon_takes_connections_and_datagrams_at_every_address() -> None:
    async def talk(subject: DaemonSubject) -> None:
        target = OverTheWire(subject.wire)
        kinds: dict[str, bytes] = {kind: target.bucket(kind) for kind in ("tcp", "unixstream", "unix")}
        for kind in ("tcp", "unixstream"):
            async with target.connection(kind) as connection:
                await connection.send(kinds[kind] + b":1", b"0|c\n")
        await target.needs_address("unix")
        target.send_by("unix", kinds["unix"] + b":10|c")
        flushed = await target.flush_holding(*kinds.values())
        assert [flushed.count(bucket) for bucket in kinds.values()] == [10, 10, 10]

    over_the_wire(talk, tcp=True, socket="d", stream_socket="s")


def test_address_that_was_named_and_is_not_there_is_inconclusive(tmp_path: Path) -> None:
    async def talk(subject: DaemonSubject) -> None:
        subject.wire.also = [Address("unix", path=str(tmp_path / "d")), Address("unixstream", path=str(tmp_path / "s"))]
        target = OverTheWire(subject.wire)
        with pytest.raises(Inconclusive, match=r"nothing answers at unix://.*, which was named: No such file"):
            await target.needs_address("unix")
        with pytest.raises(Inconclusive, match="nothing answers at unixstream"):
            await connected(target, "unixstream")
        subject.error = ValueError("it died")
        with pytest.raises(Crashed):
            await target.needs_address("unix")
        subject.error = None

    over_the_wire(talk)


def test_address_that_was_only_guessed_is_unsupported_where_nobody_listens() -> None:
    async def talk(subject: DaemonSubject) -> None:
        target = OverTheWire(subject.wire)
        for kind in ("tcp", "udp6", "unix", "unixstream", "console"):
            reached = target.needs_address(kind) if kind in ("udp6", "unix") else connected(target, kind)
            with pytest.raises(Unsupported, match=r"--a(lso|dmin)"):
                await reached
        subject.wire.memory = None
        with pytest.raises(Unsupported, match="did not start"):
            target.memory()

    over_the_wire(talk)


def test_trace_tells_which_connection_was_broken_off_and_behind_what() -> None:
    async def run() -> list[tuple[bytes, int, bool]]:
        target = InProcess(make_server(Options(tcp=True)), PROFILE)
        async with target.connection() as first, target.connection() as second, target.connection() as third:
            await first.send(b"a:", b"1")
            await second.send(b"b:2|c\n")
            first.reset()
            third.reset()
        sent = [one for one in target.trace.datagrams if isinstance(one, Sent)]
        return [(bytes(one), one.connection, one.reset) for one in sent]

    assert asyncio.run(run()) == [(b"a:", 1, False), (b"1", 1, True), (b"b:2|c\n", 2, False)]
