"""A target over the wire: datagrams out through one socket, snapshots in through a sink, fences between the two.

A fence is a counter of a name never used before, sent on the same socket behind a case's own datagrams. A snapshot in
which that name stands holds everything sent before it. Only the name matters, never the value, so that a target which
gets every number wrong can still be waited for.
"""

import asyncio
import re
import secrets
import select
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from statsd_conformance.address import Address, Sender
from statsd_conformance.behind import Behind
from statsd_conformance.crafted import KINDS, Crafter, address_kind, crafter
from statsd_conformance.graphite import Snapshot
from statsd_conformance.kernel import backlog_drops, mtu_of, queue_and_drops
from statsd_conformance.namespaces import KINDS as LINK_KINDS
from statsd_conformance.namespaces import Namespaces, link_of
from statsd_conformance.observers import GraphiteObserver, MakeObserver, Observer, graphite
from statsd_conformance.profile import Profile
from statsd_conformance.requirement import Inconclusive, Unsupported
from statsd_conformance.rhythm import Rhythm
from statsd_conformance.route import Route, route_of
from statsd_conformance.target import DIGITS, Crashed, token
from statsd_conformance.totals import Totals

# Of a default receive buffer of Linux, 212,992 bytes, one burst takes no more than this.
BURST: Final = 64 * 1024
# Of a burst that is to overrun it, for as long as one processor has work for less than a tenth of a second.
LARGEST_BURST: Final = 16_384
# The interval that is assumed until one is known: the default of the original.
UNKNOWN_INTERVAL: Final = 10.0
# What an interval may be before one is known.
SHORTEST_INTERVAL: Final = 1.0
# Seconds until a datagram of a burst that found no room is sent again.
_MOMENT: Final = 1.0
_CLOSED: Final = "the connection to the target was closed meanwhile"


class _Elsewhere(bytes):
    """A datagram that leaves by the second socket."""


class _Streamed(bytes):
    """Lines that leave by a connection over TCP."""


class _Piece(bytes):
    """Some bytes of lines that leave by a connection over TCP, cut where somebody else said."""

    # Whether it gets a moment to be read in, for what comes together is read together.
    apart = False


class _By(bytes):
    """A datagram that leaves for another address of the target."""

    sender: Sender | Crafter
    # In how small pieces it comes is known only over a path.
    alone: bool


class _Signal(bytes):
    """A datagram of the wire's own, which a target that cuts lines wrongly has to get in one piece."""


class NoAnswer(Exception):
    """No flush came back; the message says what was listened to and for how long."""


def room(datagram: bytes) -> int:
    """Return how much of a receive buffer a datagram takes at most.

    Linux counts what it allocated: 832 bytes for a small one, up to twice its size for a large one.
    """
    return 1024 + 2 * len(datagram)


@dataclass(frozen=True, slots=True)
class _FenceRequest:
    done: "asyncio.Future[int]"


@dataclass
class _Fence:
    """A fence under way: the calls that wait for it, a name for each sending, and how many snapshots it was seen in."""

    raised: float
    waiting: list["asyncio.Future[int]"]
    names: set[bytes] = field(default_factory=set)
    sent: float = 0.0
    seen: int = 0

    def __post_init__(self) -> None:
        self.sent = self.raised


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
    refused: int = 0
    _queue: "asyncio.Queue[bytes | _FenceRequest | _Fence]" = field(default_factory=asyncio.Queue)
    # By number of snapshots, how much of the log they hold, where that is certain; and where in it the fences end.
    _held: dict[int, int] = field(default_factory=dict)
    _ends: dict[bytes, int] = field(default_factory=dict)
    unseen: int = 0
    _forgotten: int = 0
    _totals: Totals = field(default_factory=Totals)
    _rhythm: Rhythm = field(default_factory=Rhythm)
    _fences: list[_Fence] = field(default_factory=list)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    _burst: int = 0
    _stream: Sender | None = None
    _senders: dict[str, Sender | Crafter] = field(default_factory=dict)
    _sending: bool = False
    _cases: int = 0
    _raised: int = 0
    _sent_last: float = 0.0
    _sink_port: int = 0
    route: Route = field(default_factory=Route)

    def __post_init__(self) -> None:
        self.run = "".join(secrets.choice(DIGITS) for _ in range(5))
        self.sink = self._made(graphite("127.0.0.1", 0))
        self._fence_name = re.compile(rb"q%bfence[0-9]+z" % self.run.encode())

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
        self._socket = await self.address.connect()
        try:
            self._other = await self.address.connect()
        except BaseException:
            self._socket.close()
            raise
        self.route = route_of(self._socket.socket, self._sink_port)
        self.answers = True
        self._totals = Totals()
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
        if self._tasks:
            self._socket.close()
            self._other.close()
        for sender in self._senders.values():
            sender.close()
        self._senders = {}
        if self._stream:
            self._stream.close()
            self._stream = None
        self._tasks, self._sending = [], False
        closed = Inconclusive(_CLOSED)
        self._fail(closed)
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if isinstance(item, _FenceRequest):
                _refuse([item.done], closed)

    async def open_stream(self) -> bool:
        """Connect over TCP to where datagrams go, unless that was done before; tell whether somebody listens there."""
        if self.address.scheme != "udp":
            return False
        if self._stream is None:
            try:
                opened = await replace(self.address, scheme="tcp").connect()
            except OSError:
                return False
            if self._stream is not None:
                opened.close()
                return True
            self._stream = opened
        return True

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
        if kind not in self._senders:
            address = self.address_of(kind)
            made = await self._sender(kind, address) if address else None
            if made:
                self._senders[kind] = made
        return kind in self._senders

    async def _sender(self, kind: str, address: Address) -> Sender | Crafter | None:
        if kind in KINDS:
            return crafter(kind, address)
        if kind not in LINK_KINDS:
            return await address.connect()
        if self.paths is None:
            return None
        return Sender(self.paths.connected(link_of(kind), address.host, address.port), stream=False)

    def transmit_by(self, kind: str, datagram: bytes) -> None:
        """Queue one datagram for the address of that kind, whose socket is open."""
        queued = _By(datagram)
        queued.sender, queued.alone = self._senders[kind], kind in LINK_KINDS
        self.transmit(queued)

    def transmit_elsewhere(self, datagram: bytes) -> None:
        """Queue one datagram that leaves from the second socket."""
        self.transmit(_Elsewhere(datagram))

    def transmit_over_stream(self, lines: bytes) -> None:
        """Queue lines for the stream, which is open."""
        self.transmit(_Streamed(lines))

    def transmit_pieces(self, pieces: Iterable[bytes], *, apart: bool = False) -> None:
        """Queue pieces of lines for the stream, a moment between them if `apart`; lost where it is closed."""
        for piece in pieces:
            queued = _Piece(piece)
            queued.apart = apart
            self.transmit(queued)

    def new_token(self) -> bytes:
        """Return a prefix for a case that nobody had before."""
        self._cases += 1
        return token(self.run, self._cases)

    @property
    def interval(self) -> float:
        """The flush interval in seconds: as told, else as measured, else that of the original."""
        return self.known_or_measured or UNKNOWN_INTERVAL

    @property
    def known_or_measured(self) -> float | None:
        """The flush interval in seconds as told, else as measured; None before the second flush."""
        if self.known_interval is not None:
            return self.known_interval
        return self._rhythm.interval

    @property
    def silence(self) -> float:
        """Seconds without a line after which a flush has ended: well inside the shortest interval that may be."""
        return min(self.profile.silence, (self.known_or_measured or SHORTEST_INTERVAL) / 3)

    @property
    def patience(self) -> float:
        """Seconds to wait for a fence before giving up: every snapshot that it needs, and one more, and the lag."""
        return (self.profile.rounds + 1.5) * self.interval + self.profile.lag + self.grace

    @property
    def unanswered(self) -> float | None:
        """Monotonic seconds when the oldest fence was raised that did not come back yet; None where there is none."""
        return self._fences[0].raised if self._fences else None

    def transmit(self, datagram: bytes) -> None:
        """Queue one datagram."""
        self._queue.put_nowait(datagram)

    async def fence(self) -> int:
        """Wait for a flush that holds everything queued so far; return the number of snapshots up to it.

        Raises:
            NoAnswer: no such flush came in time.
            Crashed: the target's process is gone.
        """
        request = _FenceRequest(asyncio.get_running_loop().create_future())
        self._queue.put_nowait(request)
        return await request.done

    def sent_between(self, first: int, last: int) -> list[bytes] | None:
        """Return the datagrams that snapshots from number `first` on, up to `last` without it, hold.

        None where it is not certain which they are, or where not all of it were plain datagrams.
        """
        if first not in self._held or last not in self._held or self.address.scheme == "tcp":
            return None
        sent = self.log[self._held[first] : self._held[last]]
        return None if any(isinstance(one, _Streamed | _Piece | _By) for one in sent) else sent

    def streamed(self) -> None:
        """Note that a case sent something over a connection of its own."""
        self.log.append(_Streamed())

    def forget(self, snapshots: int) -> None:
        """Let go of the lines of the first so many snapshots, and of what was sent so far: a long run has no room."""
        for number in range(self._forgotten, snapshots):
            self.snapshots[number] = replace(self.snapshots[number], lines=())
        self._forgotten = max(self._forgotten, snapshots)
        self.log.clear()
        self._held.clear()
        self._ends.clear()

    @property
    def mtu(self) -> int | None:
        """The MTU of the link by which datagrams leave, in bytes, or of the path; None where nobody says."""
        return mtu_of(self._socket.socket)

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
            await asyncio.to_thread(_flood, self._socket.socket, datagram, number)
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
        # All at once: a flush may have a hundred thousand lines.
        names = set(self._fence_name.findall(b"\n".join([line.path for line in snapshot.lines]).lower()))
        held = max((self._ends[name] for name in names if name in self._ends), default=0)
        # A fence that is not in it tells that nothing behind is, either.
        if held and all(isinstance(one, _Signal) for one in self.log[held : held + 1]):
            self._held[len(self.snapshots)] = held
        passed = 0
        for number, fence in enumerate(self._fences, start=1):
            fence.seen += not fence.names.isdisjoint(names)
            if fence.seen >= self.profile.rounds:
                # What an earlier fence waited for was sent before, on the same socket.
                passed = number
        self._resolve(passed)
        for fence in self._fences:
            if not fence.names.isdisjoint(names):
                # It is wanted once more, and not every target publishes an idle counter again.
                self._send_again(fence)

    def _resolve(self, passed: int) -> None:
        done, self._fences = self._fences[:passed], self._fences[passed:]
        self.answers |= bool(done)
        for fence in done:
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
            waiting = [item.done for item in batch if isinstance(item, _FenceRequest)]
            try:
                for item in batch:
                    if isinstance(item, _Fence):
                        await self._send_fence(item)
                    elif not isinstance(item, _FenceRequest):
                        await self._send(item)
                if waiting:
                    await self._raise_fence(waiting)
            except OSError as error:
                self._fences = [fence for fence in self._fences if fence.waiting is not waiting]
                _refuse(waiting, Inconclusive(f"sending to {self.address} failed: {error.strerror or error}"))
            except asyncio.CancelledError:
                _refuse(waiting, Inconclusive(_CLOSED))
                raise
            self._sending = False

    async def _raise_fence(self, waiting: list["asyncio.Future[int]"]) -> None:
        fence = _Fence(time.monotonic(), waiting)
        self._fences.append(fence)
        await self._send_fence(fence)

    async def _send_fence(self, fence: _Fence) -> None:
        """Send a fence under one more name, so that a snapshot tells which of its datagrams it holds."""
        self._raised += 1
        name = b"q%bfence%dz" % (self.run.encode(), self._raised)
        fence.names.add(name)
        await self._send(fence_line(name))
        self._ends[name] = len(self.log)

    async def _send(self, datagram: bytes) -> None:
        """Send one datagram, once there is room for it.

        Raises:
            OSError: it cannot be sent, being too long for example.
        """
        # A datagram that comes in pieces takes the room of all of them.
        needed = BURST if isinstance(datagram, _By) and datagram.alone else room(datagram)
        if self._burst + needed > BURST:
            await self._drained(1.0)
        self._burst += needed
        self.sent += 1
        self.log.append(datagram)
        self._sent_last = time.monotonic()
        if isinstance(datagram, _Piece):
            await self._send_piece(datagram)
            return
        try:
            sender: Sender | Crafter = self._other if isinstance(datagram, _Elsewhere) else self._socket
            if isinstance(datagram, _By):
                sender = datagram.sender
            if isinstance(datagram, _Streamed) and self._stream:
                sender = self._stream
            await sender.send(datagram, whole=isinstance(datagram, _Signal | _Streamed))
        except ConnectionRefusedError:
            # ICMP port unreachable for an earlier datagram: nobody listens there at the moment.
            self.refused += 1

    async def _send_piece(self, piece: _Piece) -> None:
        try:
            if self._stream:
                await self._stream.send_piece(piece)
                if piece.apart:
                    await asyncio.sleep(0.001)
        except OSError:
            # The target has closed it, which it may.
            if self._stream:
                self._stream.close()
            self._stream = None

    async def _drained(self, limit: float) -> bool:
        """Wait until a local target has read what is in its socket, elsewhere a moment; tell whether it did in time."""
        self._burst = 0
        port = self.address.local_udp_port
        until = time.monotonic() + limit
        while True:
            await asyncio.sleep(0.001)
            state = queue_and_drops(port) if port else None
            if state is None:
                await asyncio.sleep(0.005)
                return True
            if not state.queued_bytes:
                return True
            if time.monotonic() > until or not self.alive():
                return False

    async def _watch(self) -> None:
        """Look after fences under way: nudge, send again what may have been lost, give up in the end."""
        while True:
            await asyncio.sleep(0.1)
            if not self._fences:
                continue
            if not self.alive():
                self._fail(Crashed("its process has ended"))
                continue
            if self.nudge:
                await self.nudge()
            now, oldest = time.monotonic(), self._fences[0]
            if now - oldest.raised > self.patience:
                heard = (
                    f"{len(self.snapshots)} flushes heard, none with the fence" if self.snapshots else "nothing heard"
                )
                self._fail(NoAnswer(f"no flush came back within {now - oldest.raised:.1f} s ({heard})"))
            elif now - oldest.sent > self.interval + self.profile.lag:
                # It was lost on the way.
                self._send_again(oldest)

    def _send_again(self, fence: _Fence) -> None:
        fence.sent = time.monotonic()
        self._queue.put_nowait(fence)

    def _fail(self, error: Exception) -> None:
        fences, self._fences = self._fences, []
        self.answers &= not fences
        for fence in fences:
            _refuse(fence.waiting, error)


def fence_line(name: bytes) -> bytes:
    """Return the datagram that raises a fence; it ends in LF, for targets that lose a line which does not."""
    return _Signal(name + b":1|c\n")


def _refuse(waiting: Sequence["asyncio.Future[int]"], error: Exception) -> None:
    """Let everybody who still waits see `error`."""
    for future in waiting:
        if not future.done():
            future.set_exception(error)


def _flood(connected: socket.socket, datagram: bytes, number: int) -> None:
    """Send a datagram so many times, as fast as may be.

    Raises:
        OSError: one does not leave.
    """
    send = connected.send
    for _ in range(number):
        try:
            send(datagram)
        except (ConnectionRefusedError, BlockingIOError):
            # An answer to an earlier one, that nobody listens; or no room to send, which is no loss on the way.
            select.select([], [connected], [], _MOMENT)
            send(datagram)
