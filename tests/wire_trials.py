"""Servers tried over the wire: the daemon around them, the engine's own wire to it, many of them in one event loop."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, ParamSpec, TypeVar

import passing
from defects.steps import Break
from statsd_conformance.address import Address
from statsd_conformance.namespaces import FAR_IPV6, Namespaces, NoNamespaces, within
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.process import free_port
from statsd_conformance.profile import Profile
from statsd_conformance.properties import PLAN, Plan
from statsd_conformance.standstill import Spent
from statsd_conformance.target import Target
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import Case, run_all
from statsd_conformance.wire import NoAnswer, Wire
from statsd_reference import Flush, Options, Point, Server, make_server
from statsd_reference.admin import Reply
from statsd_reference.daemon import Daemon
from statsd_reference.listen import DatagramListener
from statsd_reference.stream import Cut, Stream
from trials import PROFILE, Outcomes

P = ParamSpec("P")
T = TypeVar("T")

# Short enough for many flushes a second, long enough for a loaded machine to keep to it.
INTERVAL_MS: Final = 100
AT_ONCE: Final = 40
_TRIES: Final = 5
# The reference connects again after less than half of that when its receiver was down for two intervals.
_RECOVERY: Final = 2.0
# The daemons of many trials share one processor.
_LARGEST_BURST: Final = 512
NO_OPTIONS: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Trial:
    """A server to be tried: what breaks the right one, which cases, over which transport.

    A trial `in_a_network` is at the end of paths that are made for it.
    """

    plant: Break
    cases: Sequence[Case]
    scheme: str = "udp"
    profile: Profile = PROFILE
    options: Mapping[str, Any] = field(default_factory=dict)
    daemon: Callable[[Server], Daemon] = Daemon
    in_a_network: bool = False


async def over_the_wire(trials: Mapping[str, Trial]) -> dict[str, Outcomes]:
    """Run every trial, several at a time; return the outcomes of each.

    What never answers is tried again, when the others no longer keep the machine busy.
    """
    outcomes = await _wave_of(trials)
    silent = {name: trial for name, trial in trials.items() if not outcomes[name]}
    return outcomes | await _wave_of(silent)


async def _wave_of(trials: Mapping[str, Trial]) -> dict[str, Outcomes]:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(trial: Trial) -> Outcomes:
        async with room:
            return await (_in_a_network(trial) if trial.in_a_network else try_out(trial))

    outcomes = await asyncio.gather(*(one(trial) for trial in trials.values()))
    return dict(zip(trials, outcomes, strict=True))


async def _in_a_network(trial: Trial) -> Outcomes:
    try:
        return await within(partial(try_out, trial))
    except NoNamespaces as error:
        lacking = Outcome(Verdict.UNSUPPORTED, f"this machine lets the suite make no network: {error}")
        return {case.id: lacking for case in trial.cases}


async def try_out(trial: Trial, paths: Namespaces | None = None) -> Outcomes:
    """Run the cases of one trial against its server; no outcome at all when it never answers."""
    # What broke a property is tried first when the case is confirmed, and not shrunk among forty daemons once more.
    PLAN.set(Plan())
    if trial.options.get("address_ipv6") and not ipv6_loopback():
        lacking = Outcome(Verdict.UNSUPPORTED, "this machine has no IPv6 loopback")
        return {case.id: lacking for case in trial.cases}
    async with serving(trial.plant, trial.scheme, trial.profile, trial.options, trial.daemon, paths) as subject:
        try:
            return await run_all(subject, trial.cases)
        except NoAnswer:
            return {}


@asynccontextmanager
async def serving(
    plant: Break,
    scheme: str = "udp",
    profile: Profile = PROFILE,
    options: Mapping[str, Any] = NO_OPTIONS,
    daemon: Callable[[Server], Daemon] = Daemon,
    paths: Namespaces | None = None,
) -> AsyncIterator["DaemonSubject"]:
    """Give a running daemon around the server that `plant` makes of the right one, and a wire to it."""
    host, interval = options.get("address", "127.0.0.1"), options.get("flush_interval", INTERVAL_MS)
    wire = Wire("reference", Address(scheme, host, 1), replace(profile, lag=0.1), interval / 1000, grace=6.0)
    wire.paths = paths
    wire.largest_burst = _LARGEST_BURST
    sink_port = await wire.open("127.0.0.1", 0)
    with TemporaryDirectory() as folder:
        server = plant(make_server(placed(replace(_usual(scheme, sink_port), **options), Path(folder))))
        sockets: list[socket.socket] = []
        if isinstance(server, passing.Passing):
            wire.behind = server.behind()
            await wire.behind.open()
            server = passing.by_wire(server, wire.behind, sockets)
        more = partial(serving, plant, scheme, profile, options, daemon, paths)
        subject = DaemonSubject(server, wire, more, daemon)
        wire.recovery = _RECOVERY
        wire.alive, wire.memory, wire.terminate = subject.alive, subject.memory, subject.terminate
        try:
            await subject.start()
            yield subject
        finally:
            await subject.stop()
            await wire.close()
            for one in sockets:
                one.close()


def _usual(scheme: str, sink_port: int) -> Options:
    """Return the options of a daemon that nothing is said of."""
    return Options(
        address="127.0.0.1",
        port=0,
        mgmt_port=0,
        udp=scheme == "udp",
        tcp=scheme == "tcp",
        flush_interval=INTERVAL_MS,
        graphite_host="127.0.0.1",
        graphite_port=sink_port,
    )


def address_of(target: Target) -> Address:
    """Return where the lines of a case go."""
    assert isinstance(target, OverTheWire)
    return target._wire.address


def ipv6_loopback() -> bool:
    """Tell whether this machine has ::1."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


def placed(options: Options, folder: Path) -> Options:
    """Return the options with the Unix sockets that they name in a folder."""
    local, stream = (str(folder / path) if path else "" for path in (options.socket, options.stream_socket))
    return replace(options, socket=local, stream_socket=stream)


@dataclass
class BesideIPv6(Daemon):
    """Reads datagrams over IPv6 as well, at the address of a network of the suite's own or else at ::1.

    `ipv6` is where, None where that is not to be had.
    """

    ipv6: Address | None = None

    async def _listen(self) -> None:
        await super()._listen()
        for host in (FAR_IPV6, "::1"):
            bound = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            try:
                bound.bind((host, 0))
            except OSError:
                bound.close()
                continue
            self._datagrams.append(DatagramListener(bound, self._take))
            self.ipv6 = Address("udp", host, bound.getsockname()[1])
            return


@dataclass
class DaemonSubject:
    """A daemon in this event loop in the place of a process: what one of its steps raises ends it."""

    server: Server
    wire: Wire
    serve_more: Callable[[], AbstractAsyncContextManager["DaemonSubject"]]
    make_daemon: Callable[[Server], Daemon] = Daemon
    error: Exception | None = None
    restarts: int = -1
    held: int = 0
    ended: bool = False
    others: list["DaemonSubject"] = field(default_factory=list)
    daemon: Daemon | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _serving: "asyncio.Task[None] | None" = None

    @property
    def restartable(self) -> bool:
        """Whether it can be started again: always."""
        return True

    def memory(self) -> int:
        """Return how many bytes of a line that has not ended the stream that sent last holds."""
        return self.held

    def alive(self) -> bool:
        """Tell whether no step has raised, and nobody has ended it."""
        return self.error is None and not self.ended

    def last_words(self) -> str:
        """Return what a step raised."""
        return f"it raised {self.error!r}"

    def spent(self) -> Spent:
        """Return what leaves no doubt that it stopped: what keeps it from work in this loop keeps the suite, too."""
        now = time.monotonic()
        return Spent(now, ran=now)

    async def start(self) -> None:
        """Start the daemon and connect to it, at another port each time: the last one may be taken by now."""
        self.error, self.ended = None, False
        self.restarts += 1
        self._stopping.clear()
        self.wire.address = replace(self.wire.address, port=await self._listen(_TRIES))
        options = self.server.options
        sockets = (("unix", options.socket), ("unixstream", options.stream_socket))
        self.wire.also = [Address(kind, path=path) for kind, path in sockets if path]
        if isinstance(self.daemon, BesideIPv6) and self.daemon.ipv6:
            self.wire.also = [*self.wire.also, self.daemon.ipv6]
        await self.wire.connect()

    async def _listen(self, tries: int) -> int:
        """Return the port; the number that the system gave for UDP may be taken for TCP."""
        if self.server.options.mgmt_port:
            port = free_port()
            self.server = replace(self.server, options=replace(self.server.options, mgmt_port=port))
            self.wire.admin = Address("tcp", "127.0.0.1", port)
        listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._serving = asyncio.create_task(self._serve(listening))
        try:
            return await listening
        except Exception:
            if tries <= 1:
                raise
        return await self._listen(tries - 1)

    async def stop(self) -> None:
        """Stop the daemon."""
        await self.wire.disconnect()
        await self.terminate()

    async def terminate(self) -> None:
        """Stop the daemon as a signal does, and go on listening."""
        self.ended = True
        self._stopping.set()
        if self._serving:
            await self._serving

    async def restart(self) -> None:
        """Stop it and start it again."""
        await self.stop()
        await self.start()

    @asynccontextmanager
    async def another(self) -> AsyncIterator["DaemonSubject"]:
        """Give one more around a server of its own."""
        async with self.serve_more() as other:
            other.wire.grace = self.wire.grace
            self.others.append(other)
            yield other

    async def _serve(self, listening: "asyncio.Future[int]") -> None:
        try:
            async with self.make_daemon(mortal(self._weighed(), self._end)) as daemon:
                self.daemon = daemon
                listening.set_result(daemon.port)
                await self._stopping.wait()
        except Exception as error:
            if listening.done():
                raise
            listening.set_exception(error)

    def _weighed(self) -> Server:
        """Return the server that notes how much a stream holds."""

        def cut(stream: Stream, chunk: bytes, max_line: int) -> Cut:
            done = self.server.cut(stream, chunk, max_line)
            self.held = len(done.stream.rest)
            return done

        def finish(stream: Stream) -> bytes:
            self.held = 0
            return self.server.finish(stream)

        return replace(self.server, cut=cut, finish=finish)

    def _end(self, error: Exception) -> None:
        self.error = self.error or error


def mortal(server: Server, end: Callable[[Exception], None]) -> Server:
    """Return the server which does nothing any more once one of its steps has raised; `end` is told of it.

    Receiving steps that are the reference's own are left as they are, so that the daemon takes its fast path.
    """
    dead = False
    make_receive = server.make_receive

    def guarded(step: Callable[P, T], instead: Callable[P, T]) -> Callable[P, T]:
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            nonlocal dead
            if not dead:
                try:
                    return step(*args, **kwargs)
                except ConnectionError:
                    # A step on a stream closes its connection so.
                    raise
                except Exception as error:
                    dead = True
                    end(error)
            return instead(*args, **kwargs)

        return call

    server = replace(
        server,
        flush=guarded(server.flush, lambda window, timestamp: (Flush(1.0, timestamp), window)),
        points=guarded(partial(_all_points, server), lambda flush: iter(())),
        write=guarded(server.write, lambda point: b""),
        cut=guarded(server.cut, lambda stream, chunk, max_line: Cut(b"", 0, stream)),
        finish=guarded(server.finish, lambda stream: b""),
        answer=guarded(server.answer, lambda command, state: Reply(b"", close=True)),
    )
    if server.is_standard:
        return server
    return replace(
        server,
        make_receive=lambda: guarded(make_receive(), lambda datagram: ()),
        split=guarded(server.split, lambda datagram: []),
        parse=guarded(server.parse, lambda line: ()),
        accumulate=guarded(server.accumulate, lambda window, reading: window),
    )


def _all_points(server: Server, flush: Flush) -> Iterator[Point]:
    """Return the points made at once, so that what making them raises is raised here."""
    return iter(list(server.points(flush)))
