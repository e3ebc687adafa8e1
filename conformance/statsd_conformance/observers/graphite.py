"""The Graphite side of a target: a TCP listener that cuts what comes in into snapshots, one a flush."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from statsd_conformance.graphite import GraphiteLine, Snapshot, read_line
from statsd_conformance.observers.observer import MakeObserver
from statsd_conformance.observers.peers import Peer, Peers
from statsd_conformance.profile import Profile
from statsd_conformance.progress import counted

# Where marker lines end flushes, that many times as long a silence is waited for: it is a stall sooner than an end.
_MARKED = 2
# A silence is made of so many pieces, so that a time in which this program was not run is no more than one of them.
_PIECES = 4
# A target that sends bytes without an end is not sending Graphite lines.
_LONGEST_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class _Turn:
    """When a connection is read, and when it is over."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class GraphiteObserver:
    """Listens for Graphite plaintext, and tells `on_snapshot` of every flush that has ended.

    A flush ends as the profile says: with its connection, a marker line or the first line of another timestamp; and
    always with silence, of as many seconds as `silence` returns. Where it has no other end, a path that comes again
    with another time begins the next one: who is kept from reading for a while gets two at once.

    An empty `host` stands for every address of this machine. Where each flush has a connection of its own, one is read
    when those before it have ended or gone silent: a large flush may still be on its way when the next one begins.
    """

    profile: Profile
    on_snapshot: Callable[[Snapshot], None]
    silence: Callable[[], float]
    host: str = "127.0.0.1"
    port: int = 0
    lines: list[GraphiteLine] = field(default_factory=list)
    connections: int = 0
    output: str = "graphite"
    peers: Peers = field(default_factory=Peers)
    _server: asyncio.Server | None = None
    _ending: asyncio.TimerHandle | None = None
    _marked: bool = False
    _last: "_Turn | None" = None
    _heard_at: float = 0.0
    _stamps: dict[bytes, bytes] = field(default_factory=dict)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def open(self) -> int:
        """Listen; return the port, which `port` 0 leaves to the system.

        Raises:
            OSError: the address cannot be had.
        """
        self._server = await asyncio.start_server(self._accept, self.host, self.port, limit=_LONGEST_LINE)
        # Opened again, it is where it was.
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._ending:
            self._ending.cancel()
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # The callbacks of those tasks come with the next turn of the loop.
        await asyncio.sleep(0)

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Refuse connections and drop those that there are, until left; what came of a flush is forgotten.

        Raises:
            OSError: the place was taken meanwhile.
        """
        places = [(one.family, one.getsockname()) for one in self._server.sockets] if self._server else []
        await self.close()
        self.lines = []
        with ExitStack() as held:
            # Bound without listening, the port refuses, and the system gives it to nobody else.
            for family, place in places:
                holder = held.enter_context(socket.socket(family))
                holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                holder.bind(place)
            yield
        await self.open()

    def heard(self) -> str:
        """Return what there was to hear, where that was no flush, and what to do about it."""
        place = f"{self.host}:{self.port}" if self.host else f"port {self.port} of every address of this machine"
        came = f"no connection came in at {place}"
        if self.connections:
            # Its plugin writes blocks of 1,428 bytes, each when full, for which a few names take many intervals.
            held_back = "collectd holds lines back unless <LoadPlugin write_graphite> has FlushInterval 1"
            came = f"{counted(self.connections, 'connection')} came in at {place}, but no whole line ({held_back})"
        # It has a loopback of its own.
        contained = " (a target in a container needs one at 0.0.0.0)" if self.host == "127.0.0.1" else ""
        return (
            f"{came}. Point the Graphite output of the target at that place (graphiteHost and graphitePort of StatsD; "
            f"write_graphite of collectd), choose another with --sink{contained}"
        )

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = self.peers.came(writer.get_extra_info("peername"))
        task = asyncio.create_task(self._serve(reader, peer))
        self._tasks.add(task)

        def done(task: "asyncio.Task[None]") -> None:
            self._tasks.discard(task)
            self.peers.went(peer)
            writer.close()

        # Also of one that is cancelled before it began.
        task.add_done_callback(done)

    async def _serve(self, reader: asyncio.StreamReader, peer: Peer) -> None:
        self.connections += 1
        before, turn = self._last, _Turn()
        self._last = turn
        try:
            if self.profile.end == "close" and before:
                await self._ended_or_silent(before)
            self._heard_at = time.monotonic()
            turn.begun.set()
            await self._read(reader, peer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            turn.begun.set()
            turn.ended.set()

    async def _ended_or_silent(self, before: "_Turn") -> None:
        """Wait until a connection has ended, or nothing has come of it for as long as ends a flush."""
        await before.begun.wait()
        while (left := self._heard_at + self.silence() - time.monotonic()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await before.ended.wait()
                    return
        self._end()

    async def _read(self, reader: asyncio.StreamReader, peer: Peer) -> None:
        rest = b""
        while chunk := await reader.read(65536):
            *whole, rest = (rest + chunk).split(b"\n")
            self._take(whole)
            self.peers.take(peer, whole)
            rest = rest[-_LONGEST_LINE:]
        if rest:
            self._take([rest])
        if self.profile.end == "close":
            self._end()

    def _take(self, raw_lines: list[bytes]) -> None:
        self._heard_at = time.monotonic()
        marker = self.profile.marker.encode() if self.profile.end == "marker" else None
        for raw in raw_lines:
            line = read_line(raw)
            if self._is_of_the_next_flush(line):
                self._end()
            self.lines.append(line)
            if self.profile.end == "silence":
                self._stamps[line.path] = line.timestamp
            # Anywhere in it, so that a target which writes its lines wrongly can still be heard.
            if marker and marker in raw:
                self._marked = True
                self._end()
        self._wait_for_silence(_PIECES)

    def _is_of_the_next_flush(self, line: GraphiteLine) -> bool:
        before = line.timestamp
        if self.profile.end == "timestamp":
            before = self.lines[-1].timestamp if self.lines else before
        elif self.profile.end == "silence":
            before = self._stamps.get(line.path, before)
        # A line that is written wrongly has none.
        return line.timestamp != before and line.timestamp.isdigit() and before.isdigit()

    def _wait_for_silence(self, pieces: int) -> None:
        if self._ending:
            self._ending.cancel()
        if self.lines and pieces:
            piece = self.silence() * (_MARKED if self._marked else 1) / _PIECES
            self._ending = asyncio.get_running_loop().call_later(piece, self._wait_for_silence, pieces - 1)
        else:
            self._end()

    def _end(self) -> None:
        if self.lines:
            lines, self.lines = tuple(self.lines), []
            self._stamps.clear()
            self.on_snapshot(Snapshot(lines, time.monotonic(), time.time()))


def graphite(host: str, port: int) -> MakeObserver:
    """Return what makes an observer that listens there for Graphite plaintext."""
    return lambda profile, on_snapshot, silence: GraphiteObserver(profile, on_snapshot, silence, host, port)
