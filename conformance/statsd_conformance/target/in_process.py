"""A `Server` value as the target, without any socket."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from itertools import count

from statsd_conformance import crafted, namespaces
from statsd_conformance.address import Address
from statsd_conformance.connection import Connection, LocalConsole, LocalStream
from statsd_conformance.graphite import Snapshot, read_line
from statsd_conformance.profile import Profile
from statsd_conformance.target.places import unknown
from statsd_conformance.target.target import Crashed, Target
from statsd_conformance.target.tokens import token
from statsd_conformance.target.trace import note, note_reset
from statsd_reference import Server
from statsd_reference.admin import GraphiteState, Reply, State, without
from statsd_reference.encode import Names
from statsd_reference.own import LastFlush, lagging, own_points
from statsd_reference.stream import Cut, Stream


class InProcess(Target):
    """A `Server` value without any socket, for tests of the suite: what is sent is read at once.

    It publishes real Graphite lines, read back as over the wire.
    """

    _numbers = count()

    def __init__(self, server: Server, profile: Profile) -> None:
        super().__init__("in-process", profile, token("local", next(self._numbers) % 36**4))
        self.server = server
        self.window = server.first_window()
        self.receive = server.make_receive()
        self.clock = self.started = 1_700_000_000.0
        self.stream = Stream()
        self.health = server.options.health_status
        self.bad_lines = 0.0
        self.streams: list[LocalStream] = []
        self.last = LastFlush()

    @property
    def interval(self) -> float:
        """The flush interval in seconds."""
        return self.server.options.interval

    def _transmit(self, datagram: bytes, *, elsewhere: bool = False) -> None:
        with _its_crash():
            for received in self.receive(datagram):
                self.window = self.server.accumulate(self.window, self.server.read(received))

    async def needs_stream(self) -> None:
        """Begin a stream.

        Raises:
            Unsupported: the server's options say no TCP.
        """
        if not self.server.options.tcp:
            await super().needs_stream()
        self.stream = Stream()

    def _transmit_over_stream(self, lines: bytes) -> None:
        with _its_crash():
            cut = self.server.cut(self.stream, lines, self.server.options.max_line)
            self.stream = cut.stream
            self.window = self.server.accumulate(self.window, self.server.read(cut.lines))

    async def needs_address(self, kind: str) -> None:
        """Say that the case sends datagrams to an address of that kind.

        Raises:
            Unsupported: the server's options say none.
        """
        if kind not in self._kinds():
            raise unknown(kind)

    def _transmit_by(self, kind: str, datagram: bytes) -> None:
        if kind not in crafted.LOST and (kind not in namespaces.KINDS or namespaces.link_of(kind).takes(datagram)):
            self._transmit(datagram)

    def _kinds(self) -> set[str]:
        """Return the kinds of addresses that the server's options say."""
        options = self.server.options
        said = {
            "tcp": options.tcp,
            "udp6": options.address_ipv6,
            "unix": bool(options.socket),
            "unixstream": bool(options.stream_socket),
            "console": bool(options.mgmt_port),
            **dict.fromkeys((*crafted.KINDS, *namespaces.KINDS), True),
        }
        return {kind for kind, yes in said.items() if yes}

    async def _connect(self, kind: str) -> Connection:
        if kind not in self._kinds():
            raise unknown(kind)
        number = len(self.streams) + 1
        way = self.trace, Address(kind, "127.0.0.1", 1), number
        if kind == "console":
            return LocalConsole(partial(note, *way), partial(note_reset, *way), self._execute)
        stream = LocalStream(partial(note, *way), partial(note_reset, *way), self._cut, self._finish)
        self.streams.append(stream)
        return stream

    def _cut(self, stream: Stream, segment: bytes) -> Cut:
        with _its_crash():
            cut = self.server.cut(stream, segment, self.server.options.max_line)
            self._take_lines(cut.lines)
            return cut

    def _finish(self, stream: Stream) -> None:
        with _its_crash():
            self._take_lines(self.server.finish(stream))

    def _take_lines(self, lines: bytes) -> None:
        if lines:
            self.window = self.server.accumulate(self.window, self.server.read(lines))

    async def burst(self, datagram: bytes, number: int) -> int:
        """Send a datagram so many times; no kernel drops any."""
        for _ in range(number):
            self._transmit(datagram)
        return 0

    def memory(self) -> int:
        """Return how many bytes of unended lines its streams hold."""
        return sum(len(stream.stream.rest) for stream in self.streams)

    @asynccontextmanager
    async def unheard(self) -> AsyncIterator[None]:
        """Lose one flush."""
        yield
        await self._snapshots()

    def _execute(self, command: bytes) -> Reply:
        """Answer one command of the console, and do what the reply says."""
        state = State(
            self.server.options,
            self.window,
            uptime=round(self.clock - self.started),
            message_age=0,
            bad_lines=self.bad_lines + self.window.counters.get(self._bad_lines_seen, 0.0),
            graphite=GraphiteState(0, round(self.clock)),
            health=self.health,
        )
        with _its_crash():
            reply = self.server.answer(command, state)
        self.health = reply.health or self.health
        if reply.delete:
            self.window = without(self.window, reply.delete)
        return reply

    @property
    def _bad_lines_seen(self) -> bytes:
        return f"{self.server.options.prefix_stats}.bad_lines_seen".encode()

    async def _snapshots(self) -> Sequence[Snapshot]:
        self.clock += self.interval
        self.bad_lines += self.window.counters.get(self._bad_lines_seen, 0.0)
        timestamp, options = round(self.clock), self.server.options
        window = lagging(self.window, options, timestamp, round(self.last.ended))
        with _its_crash():
            flush, self.window = self.server.flush(window, timestamp)
            own = own_points(Names(options), self.last, timestamp)
            text = b"".join(self.server.write(point) for point in (*self.server.points(flush), *own))
        self.last = LastFlush(self.clock, length=len(text))
        lines = tuple(read_line(raw) for raw in text.split(b"\n")[:-1])
        return [Snapshot(lines, self.clock, self.clock)]


@contextmanager
def _its_crash() -> Iterator[None]:
    """Take whatever a server raises for its end, but ConnectionError, by which a step closes a connection."""
    try:
        yield
    except ConnectionError:
        raise
    except Exception as error:
        raise Crashed(f"the server raised {type(error).__name__}: {error}") from error
