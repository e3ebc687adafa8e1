"""The connection of one run to one target: what is queued leaves, paced, and what comes back answers fences."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final

from statsd_conformance.address import Address
from statsd_conformance.behind import Behind
from statsd_conformance.crafted import KINDS, address_kind
from statsd_conformance.graphite import Snapshot
from statsd_conformance.kernel import backlog_drops, mtu_of, queue_and_drops
from statsd_conformance.namespaces import KINDS as LINK_KINDS
from statsd_conformance.namespaces import Namespaces
from statsd_conformance.observers import GraphiteObserver, MakeObserver, Observer, graphite
from statsd_conformance.profile import Profile
from statsd_conformance.requirement import Inconclusive, Unsupported
from statsd_conformance.rhythm import Rhythm
from statsd_conformance.route import Route, route_of
from statsd_conformance.target import DIGITS, Crashed, token
from statsd_conformance.totals import Totals
from statsd_conformance.wire.fences import Fence, FenceRequest, Fences, NoAnswer, refuse
from statsd_conformance.wire.held import Held
from statsd_conformance.wire.queued import BURST, Elsewhere, Piece, Streamed, needed
from statsd_conformance.wire.ways import Ways

# Of a burst that is to overrun it, for as long as one processor has work for less than a tenth of a second.
LARGEST_BURST: Final = 16_384
# The interval that is assumed until one is known: the default of the original.
_UNKNOWN_INTERVAL: Final = 10.0
# What an interval may be before one is known.
_SHORTEST_INTERVAL: Final = 1.0
# Seconds that a target has to read a burst. Where it has not read so many, a receive buffer is full, and whatever else
# is sent is lost: the fence behind it is to be on its way soon, to tell that nothing comes back.
_READING: Final = 1.0
_FULL: Final = 3
_MOMENT: Final = 0.01
# Seconds that a target has to heed a nudge.
_NUDGE: Final = 2.0
_CLOSED: Final = "the connection to the target was closed meanwhile"


@dataclass
class Wire:
    """The connection of one run to one target.

    Attributes:
        name: of the target, for messages.
        address: where its lines go.
        profile: how it spells its output.
        known_interval: its flush interval in seconds, None when it has to be measured.
        nudge: called from time to time while a fence is under way, for targets that hold output back.
        alive: tells whether the target can still be there.
        also: where else it reads lines.
        admin: where its management console is, None where nobody said so.
        behind: listens for what it passes on, None where nobody said that it does.
        memory: returns how many bytes its process holds; None where that cannot be seen.
        worked: returns for how many seconds its process had a processor; None where that cannot be seen.
        terminate: ends its process as SIGTERM does; None where the suite did not start it.
        paths: the network of the suite's own at whose end the target is, None where it is anywhere else.
        grace: seconds to wait for a fence beyond the flushes that it needs.
        recovery: seconds in which a target has to connect again to a receiver that was down.
        snapshots: everything it flushed so far.
        log: everything that was sent so far.
        sole: whether nobody else sends to the target, for certain.
        largest_burst: the most datagrams of a burst; 0 where none may be sent, for others may send to the target.
        answers: whether the last fence that somebody waited for came back.
        unseen: in how many of these something sent before may be missing, because nobody looked in time.
    """

    name: str
    address: Address
    profile: Profile
    known_interval: float | None = None
    nudge: Callable[[], Awaitable[None]] | None = None
    alive: Callable[[], bool] = lambda: True
    also: Sequence[Address] = ()
    admin: Address | None = None
    behind: Behind | None = None
    memory: Callable[[], int] | None = None
    worked: Callable[[], float] | None = None
    terminate: Callable[[], Awaitable[None]] | None = None
    paths: Namespaces | None = None
    grace: float = 3.0
    recovery: float = 15.0
    snapshots: list[Snapshot] = field(default_factory=list)
    log: list[bytes] = field(default_factory=list)
    sole: bool = True
    largest_burst: int = LARGEST_BURST
    answers: bool = True
    sent: int = 0
    unseen: int = 0
    _queue: "asyncio.Queue[bytes | FenceRequest | Fence]" = field(default_factory=asyncio.Queue)
    _ways: Ways = field(default_factory=Ways)
    _held: Held = field(default_factory=Held)
    _forgotten: int = 0
    _totals: Totals = field(default_factory=Totals)
    _rhythm: Rhythm = field(default_factory=Rhythm)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    _burst: int = 0
    _unread: int = 0
    _sending: bool = False
    _cases: int = 0
    _sent_last: float = 0.0
    _sink_port: int = 0
    route: Route = field(default_factory=Route)

    def __post_init__(self) -> None:
        self.run = "".join(secrets.choice(DIGITS) for _ in range(5))
        self.sink = self._made(graphite("127.0.0.1", 0))
        self._fences = Fences(self.run)

    async def open(self, sink_host: str, sink_port: int) -> int:
        """Listen as Graphite; return the sink's port."""
        return await self.watch(graphite(sink_host, sink_port))

    async def watch(self, make: MakeObserver) -> int:
        """Watch the target's output through the observer that `make` makes; return its port, 0 for none.

        Raises:
            OSError: its place cannot be had.
        """
        self.sink = self._made(make)
        self._sink_port = await self.sink.open()
        return self._sink_port

    def _made(self, make: MakeObserver) -> Observer:
        return make(self.profile, self._take, lambda: self.silence)

    @asynccontextmanager
    async def unheard(self) -> AsyncIterator[None]:
        """Take nothing that the target publishes, until left.

        Raises:
            Unsupported: it is not the target that comes to the suite.
            Inconclusive: the place was taken meanwhile.
        """
        if not isinstance(self.sink, GraphiteObserver) or not self._sink_port:
            raise Unsupported("its output is fetched or read from a file, so there is no receiver that could be down")
        try:
            async with self.sink.away():
                yield
        except OSError as error:
            raise Inconclusive(f"cannot listen again where the target sends its output: {error.strerror}") from None

    async def connect(self) -> None:
        """Open the socket that lines go out of, and start sending what is queued."""
        await self._ways.open(self.address)
        self.route = route_of(self._ways.socket, self._sink_port)
        self.answers = True
        self._totals = Totals()
        self._unread = 0
        self._tasks = [asyncio.create_task(self._pump()), asyncio.create_task(self._watch())]

    async def close(self) -> None:
        """Stop sending and listening."""
        await self.disconnect()
        if self.behind:
            await self.behind.close()
        await self.sink.close()

    async def disconnect(self) -> None:
        """Close the outgoing socket, and forget what was not sent yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._ways.close()
        self._tasks, self._sending = [], False
        closed = Inconclusive(_CLOSED)
        self._fail(closed)
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if isinstance(item, FenceRequest):
                refuse([item.done], closed)

    async def open_stream(self) -> bool:
        """Connect over TCP to where datagrams go, unless that was done before; tell whether somebody listens there."""
        return await self._ways.open_stream(self.address)

    def address_of(self, kind: str) -> Address | None:
        """Return the target's address of that kind, its main one first; None where nobody said one."""
        if kind == "console":
            return self.admin
        if kind in KINDS or kind in LINK_KINDS:
            kind = address_kind(kind)
        return next((one for one in (self.address, *self.also) if one.kind == kind), None)

    async def open_sender(self, kind: str) -> bool:
        """Open a socket for datagrams of that kind, unless that was done; tell whether there is one.

        Raises:
            OSError: nothing is there.
        """
        return await self._ways.open_kind(kind, self.address_of(kind), self.paths)

    def transmit_by(self, kind: str, datagram: bytes) -> None:
        """Queue one datagram for the address of that kind, whose socket is open."""
        self.transmit(self._ways.by(kind, datagram))

    def transmit_elsewhere(self, datagram: bytes) -> None:
        """Queue one datagram that leaves from the second socket."""
        self.transmit(Elsewhere(datagram))

    def transmit_over_stream(self, lines: bytes) -> None:
        """Queue lines for the stream, which is open."""
        self.transmit(Streamed(lines))

    def transmit_pieces(self, pieces: Iterable[bytes], *, apart: bool = False) -> None:
        """Queue pieces of lines for the stream, a moment between them if `apart`; lost where it is closed."""
        for piece in pieces:
            queued = Piece(piece)
            queued.apart = apart
            self.transmit(queued)

    def new_token(self) -> bytes:
        """Return a prefix for a case that nobody had before."""
        self._cases += 1
        return token(self.run, self._cases)

    @property
    def interval(self) -> float:
        """The flush interval in seconds: as told, else as measured, else that of the original."""
        return self.known_or_measured or _UNKNOWN_INTERVAL

    @property
    def known_or_measured(self) -> float | None:
        """The flush interval in seconds as told, else as measured; None before the second flush."""
        if self.known_interval is not None:
            return self.known_interval
        return self._rhythm.interval

    @property
    def silence(self) -> float:
        """Seconds without a line after which a flush has ended: well inside the shortest interval that may be."""
        return min(self.profile.silence, (self.known_or_measured or _SHORTEST_INTERVAL) / 3)

    @property
    def patience(self) -> float:
        """Seconds to wait for a fence before giving up: every snapshot that it needs, and one more, and the lag."""
        return (self.profile.rounds + 1.5) * self.interval + self.profile.lag + self.grace

    @property
    def unanswered(self) -> float | None:
        """Monotonic seconds when the oldest fence was raised that did not come back yet; None where there is none."""
        return self._fences.under_way[0].raised if self._fences.under_way else None

    def transmit(self, datagram: bytes) -> None:
        """Queue one datagram."""
        self._queue.put_nowait(datagram)

    async def fence(self) -> int:
        """Wait for a flush that holds everything queued so far; return the number of snapshots up to it.

        Raises:
            NoAnswer: no such flush came in time.
            Crashed: the target's process is gone.
        """
        request = FenceRequest(asyncio.get_running_loop().create_future())
        self._queue.put_nowait(request)
        return await request.done

    def sent_between(self, first: int, last: int) -> list[bytes] | None:
        """Return the datagrams that snapshots from number `first` on, up to `last` without it, hold.

        None where it is not certain which they are, or where not all of it were plain datagrams.
        """
        return None if self.address.scheme == "tcp" else self._held.between(first, last, self.log)

    def streamed(self) -> None:
        """Note that a case sent something over a connection of its own."""
        self.log.append(Streamed())

    def forget(self, snapshots: int) -> None:
        """Let go of the lines of the first so many snapshots, and of what was sent so far: a long run has no room."""
        for number in range(self._forgotten, snapshots):
            self.snapshots[number] = replace(self.snapshots[number], lines=())
        self._forgotten = max(self._forgotten, snapshots)
        self.log.clear()
        self._held.forget()

    def warning(self, sink: str) -> str:
        """Return what to tell of somebody else who publishes where the target does; empty where none is certain."""
        return self.sink.peers.warning(sink) if isinstance(self.sink, GraphiteObserver) else ""

    @property
    def mtu(self) -> int | None:
        """The MTU of the link by which datagrams leave, in bytes, or of the path; None where nobody says."""
        return mtu_of(self._ways.socket)

    def drops(self) -> int:
        """Return how many datagrams the kernel dropped at the target's socket so far; 0 where it cannot be seen."""
        port = self.address.local_udp_port
        state = queue_and_drops(port) if port else None
        return state.drops if state else 0

    async def burst(self, datagram: bytes, number: int) -> int:
        """Send a datagram so many times without a pause, behind all that is queued; return how many the kernel dropped.

        Raises:
            Inconclusive: the target has not read all in time, or the kernel dropped packets elsewhere meanwhile.
            Crashed: it has ended.
        """
        await self._read_all()
        before, elsewhere = self.drops(), backlog_drops()
        # In a thread, so that whoever else waits in this loop is heard meanwhile.
        try:
            await asyncio.to_thread(self._ways.flood, datagram, number)
        except OSError as error:
            raise Inconclusive(f"sending to {self.address} failed: {error.strerror or error}") from None
        self.sent += number
        self.log += [datagram] * number
        self._sent_last = time.monotonic()
        await self._read_all()
        if backlog_drops() != elsewhere:
            raise Inconclusive(
                "the kernel dropped packets before they came to any socket, and not all may be the burst's"
            )
        return self.drops() - before

    async def _read_all(self) -> None:
        """Wait until the target has read all that was sent.

        Raises:
            Inconclusive: it does not, within the time that a flush gets.
            Crashed: it has ended.
        """
        if await self.settled():
            return
        if not self.alive():
            raise Crashed("its process has ended")
        raise Inconclusive(f"the target did not read what was sent within {self.patience:.0f} s")

    async def sent_all(self) -> None:
        """Wait until everything queued has left."""
        while self._sending or not self._queue.empty():
            await asyncio.sleep(0.001)

    async def settled(self) -> bool:
        """Wait until everything queued was sent and read, as far as can be seen; tell whether the target serves."""
        await self.sent_all()
        return await self._drained(self.patience) and self.alive()

    def _take(self, snapshot: Snapshot) -> None:
        if self.profile.counters == "start":
            snapshot = self._totals.by_flush(snapshot, self.profile)
        self.snapshots.append(snapshot)
        self._rhythm.take(snapshot)
        if snapshot.unseen_since is not None and snapshot.unseen_since < self._sent_last:
            self.unseen += 1
        names = self._fences.names_in(snapshot)
        self._held.take(names, len(self.snapshots), self.log)
        self._resolve(self._fences.passed(names, self.profile.rounds))
        for fence in self._fences.seen_in(names):
            # It is wanted once more, and not every target publishes an idle counter again.
            self._send_again(fence)

    def _resolve(self, passed: Sequence[Fence]) -> None:
        self.answers |= bool(passed)
        for fence in passed:
            for waiting in fence.waiting:
                if not waiting.done():
                    waiting.set_result(len(self.snapshots))

    async def _pump(self) -> None:
        """Send what is queued, in order and paced; requests for a fence that stand together share one."""
        while True:
            batch = [await self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get_nowait())
            self._sending = True
            waiting = [item.done for item in batch if isinstance(item, FenceRequest)]
            try:
                for item in batch:
                    if isinstance(item, Fence):
                        await self._send_fence(item)
                    elif not isinstance(item, FenceRequest):
                        await self._send(item)
                if waiting:
                    await self._raise_fence(waiting)
            except OSError as error:
                self._fences.take_back(waiting)
                refuse(waiting, Inconclusive(f"sending to {self.address} failed: {error.strerror or error}"))
            except asyncio.CancelledError:
                refuse(waiting, Inconclusive(_CLOSED))
                raise
            self._sending = False

    async def _raise_fence(self, waiting: list["asyncio.Future[int]"]) -> None:
        fence = Fence(time.monotonic(), waiting)
        self._fences.under_way.append(fence)
        await self._send_fence(fence)

    async def _send_fence(self, fence: Fence) -> None:
        name, line = self._fences.line(fence)
        await self._send(line)
        self._held.ends(name, len(self.log))

    async def _send(self, datagram: bytes) -> None:
        """Send one datagram, once there is room for it.

        Raises:
            OSError: it cannot be sent, being too long for example.
        """
        room_needed = needed(datagram)
        if self._burst + room_needed > BURST:
            # The next half burst is sent while the target reads the last one.
            left = max(0, min(BURST // 2, BURST - room_needed))
            read = await self._drained(_READING if self._unread < _FULL else _MOMENT, left)
            self._unread = 0 if read else self._unread + 1
        self._burst += room_needed
        self.sent += 1
        self.log.append(datagram)
        self._sent_last = time.monotonic()
        # ICMP port unreachable for an earlier datagram: nobody listens there at the moment.
        with suppress(ConnectionRefusedError):
            await self._ways.send(datagram)

    async def _drained(self, limit: float, left: int = 0) -> bool:
        """Wait until a local target has read what is in its socket, elsewhere a moment; tell whether it did in time.

        So many bytes may be `left`.
        """
        self._burst = 0
        port = self.address.local_udp_port
        until = time.monotonic() + limit
        await asyncio.sleep(0 if left else 0.001)
        while True:
            state = queue_and_drops(port) if port else None
            if state is None:
                await asyncio.sleep(0.006)
                return True
            if state.queued_bytes <= left:
                self._burst = state.queued_bytes
                return True
            if time.monotonic() > until or not self.alive():
                return False
            await asyncio.sleep(0.001)

    async def _watch(self) -> None:
        """Look after fences under way: nudge, send again what may have been lost, give up in the end."""
        while True:
            await asyncio.sleep(0.1)
            if not self._fences.under_way:
                continue
            if not self.alive():
                self._fail(Crashed("its process has ended"))
                continue
            if self.nudge:
                # One that hangs is deaf to that, too, and has to be given up all the same.
                with suppress(TimeoutError):
                    async with asyncio.timeout(_NUDGE):
                        await self.nudge()
            now, oldest = time.monotonic(), self._fences.under_way[0]
            if now - oldest.raised > self.patience:
                heard = (
                    f"{len(self.snapshots)} flushes heard, none with the fence" if self.snapshots else "nothing heard"
                )
                self._fail(NoAnswer(f"no flush came back within {now - oldest.raised:.1f} s ({heard})"))
            elif now - oldest.sent > self.interval + self.profile.lag:
                # It was lost on the way.
                self._send_again(oldest)

    def _send_again(self, fence: Fence) -> None:
        fence.sent = time.monotonic()
        self._queue.put_nowait(fence)

    def _fail(self, error: Exception) -> None:
        self.answers &= not self._fences.fail(error)
