"""One target under examination: found or started, its output caught, stopped for certain at the end."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from statsd_conformance.address import Address, AddressError, read_address
from statsd_conformance.kernel import queue_and_drops, visible
from statsd_conformance.lanes import NoOther
from statsd_conformance.namespaces import FAR_IPV6, Namespaces
from statsd_conformance.observers import MakeObserver, graphite
from statsd_conformance.probe import UNKNOWN, use
from statsd_conformance.process import Process, StartError, free_port, is_free, start
from statsd_conformance.profile import Profile, load_profile
from statsd_conformance.programs import Found, Missing
from statsd_conformance.progress import WATCHED, Progress
from statsd_conformance.session.passing import behind_of, claims_proxy, passed_on_by, read_behind
from statsd_conformance.session.settings import NotInstalled, PortTaken, Settings, TargetError
from statsd_conformance.session.sinks import BEHIND, LOOK, sink_observer
from statsd_conformance.standstill import Spent, spent
from statsd_conformance.targets import NAMED, Command, Named, Observed, Passing, Place, is_startable
from statsd_conformance.wire import LARGEST_BURST, Wire

# Seconds for a crashed program to end, and for a started one to listen.
_ENDING: Final = 1.0
_START: Final = 10.0
# Times that a target is started at other ports.
_STARTS: Final = 3
# Seconds that a program has to end before it is started again; one that hangs takes as long as it gets.
_DEAF: Final = 1.0
# Seconds until a proxy takes a node that does not answer for sick: by default ten to the question, ten to give it up.
_SICK: Final = 20.0


@dataclass
class Subject:
    """A running target and the wire to it; `wave.Subject` for real. What it was made from are the `settings`."""

    wire: Wire
    settings: Settings
    named: Named | None = None
    program: Found | None = None
    place: Place | None = None
    process: Process | None = None
    version: str = ""
    starts: int = 0
    started: float = 0.0
    seen_bound: bool = False

    @property
    def restartable(self) -> bool:
        """Whether the suite started it, and so can start it again."""
        return self.named is not None

    def alive(self) -> bool:
        """Tell whether it can still be there: its process runs, and its port, once bound, still is."""
        if self.process is not None and not self.process.alive():
            return False
        is_bound = bound(self.wire.address)
        self.seen_bound |= is_bound is True
        return is_bound is not False or not self.seen_bound

    async def start(self) -> None:
        """Start the program where there is one, wait until its port is there, and connect.

        Raises:
            TargetError: the program ends at once or never listens, or nothing can be sent to the target.
        """
        if self.named and self.program and self.place:
            if bound(self.wire.address):
                raise PortTaken(f"somebody else has {self.wire.address}, where {self.wire.name} was to listen")
            launch = self.named.prepare(self.program, self.place)
            self.starts += 1
            log = self.place.directory / f"log-{self.starts}.txt"
            folder = launch.folder or self.place.directory
            self.process = start(launch.command, directory=folder, log=log, environment=launch.environment)
            self.wire.nudge, self.wire.also, self.wire.admin = launch.nudge, launch.also, launch.admin
            self.wire.memory, self.wire.terminate = self.process.memory, self._terminate
            self.wire.worked = self.process.worked
            self.seen_bound = False
            await self._until_listening()
        self.started = time.monotonic()
        try:
            await self.wire.connect()
        except OSError as error:
            raise TargetError(
                f"cannot send to {self.wire.address}: {error.strerror or error}; correct --target, or start it"
            ) from None

    async def stop(self) -> None:
        """Stop the program, if the suite started one."""
        await self.wire.disconnect()
        await self._terminate()

    async def _terminate(self, within: float | None = None) -> None:
        """Let SIGTERM end the program, and go on listening."""
        process, self.process = self.process, None
        if process is not None:
            await asyncio.to_thread(process.stop, within)

    async def restart(self) -> None:
        """Stop what is left, which may be deaf to SIGTERM, and start again, at the same ports."""
        await self.wire.disconnect()
        await self._terminate(_DEAF)
        await self.start()

    @asynccontextmanager
    async def another(self) -> AsyncIterator["Subject"]:
        """Start one more like it, which is stopped on leaving.

        Raises:
            NoOther: it cannot be started, or would lack what is behind this one.
        """
        if self.settings.behind:
            raise NoOther("the place behind the target is taken")
        async with self.alike() as other:
            yield other

    @asynccontextmanager
    async def alike(self, paths: Namespaces | None = None) -> AsyncIterator["Subject"]:
        """Start one more like it, with nothing behind it that has a place of its own; it is stopped on leaving.

        With `paths` it is at the end of these, as the calling thread is.

        Raises:
            NoOther: it cannot be started.
        """
        directory = Path(tempfile.mkdtemp(prefix="another-", dir=self.settings.directory))
        settings = replace(self.settings, directory=directory, behind=(), paths=paths or self.settings.paths)
        async with AsyncExitStack() as stack:
            # What is shown of the run stays about the first one.
            shown = WATCHED.set(Progress(self.wire.name))
            try:
                other = await stack.enter_async_context(running(self.wire.name, settings))
            except (TargetError, StartError) as error:
                raise NoOther(f"no other target could be started: {error}") from None
            finally:
                WATCHED.reset(shown)
            use(other.wire, self.wire.profile)
            yield other

    def last_words(self) -> str:
        """Return its exit status and the last lines of its log, as far as they are known."""
        if self.process is None:
            return "its port is no longer bound"
        # A program that crashes closes its sockets a moment before it has ended.
        status = self.process.exit_status(_ENDING)
        ended = "it still runs" if status is None else f"exit status {status}"
        tail = self.process.log_tail().strip()
        return f"{ended}\nthe end of its log:\n{tail}" if tail else f"{ended}, its log is empty"

    def spent(self) -> Spent:
        """Return what it had of this machine so far."""
        return spent(self.process)

    async def _until_listening(self) -> None:
        until = time.monotonic() + _START
        while self.alive() and time.monotonic() < until:
            if bound(self.wire.address) is not False and await self._has_its_console():
                return
            await asyncio.sleep(0.01)
        where, words = self.wire.address, self.last_words()
        if self.alive():
            raise TargetError(
                f"{self.wire.name} was started and did not listen on {where} within {_START:g} s, where its command "
                f"line or its configuration tells it to: {words}"
            )
        error = TargetError if self._has_its_ports() else PortTaken
        raise error(f"{self.wire.name} was started and ended, and was to listen on {where}: {words}")

    async def _has_its_console(self) -> bool:
        """Tell whether its management console takes connections, where it has one."""
        if self.wire.admin is None:
            return True
        try:
            _, writer = await asyncio.open_connection(self.wire.admin.host, self.wire.admin.port)
        except OSError:
            return False
        writer.close()
        return True

    def _has_its_ports(self) -> bool:
        """Tell whether nobody has the ports of a program that has ended."""
        return self.place is None or (is_free(self.place.port) and is_free(self.place.admin_port))


def bound(address: Address) -> bool | None:
    """Tell whether a local UDP port is bound; None where this machine cannot tell."""
    if address.local_udp_port is None or not visible():
        return None
    return queue_and_drops(address.local_udp_port) is not None


@asynccontextmanager
async def running(spec: str, settings: Settings) -> AsyncIterator[Subject]:
    """Give the running subject that `spec` names; on leaving, everything that was started is stopped.

    A program that found its port taken gets another one.
    """
    async with AsyncExitStack() as stack:
        yield await _started(stack, spec, settings)


async def _started(stack: AsyncExitStack, spec: str, settings: Settings) -> Subject:
    for _ in range(_STARTS - 1):
        with suppress(PortTaken):
            return await stack.enter_async_context(_running(spec, settings))
    return await stack.enter_async_context(_running(spec, settings))


@asynccontextmanager
async def _running(spec: str, settings: Settings) -> AsyncIterator[Subject]:
    subject, make = _subject(spec, settings)
    wire = subject.wire
    wire.alive = subject.alive
    WATCHED.get().flushes = lambda: len(wire.snapshots)
    try:
        sink_port = await wire.watch(make)
    except OSError as error:
        raise TargetError(
            f"cannot listen as {settings.sink}: {error.strerror}; choose another place with --sink, as graphite://HOST:PORT"
        ) from None
    try:
        if wire.behind:
            await wire.behind.open()
        if subject.place is not None:
            behind = tuple(wire.behind.addresses) if wire.behind else ()
            subject.place = replace(subject.place, graphite_port=sink_port, behind=behind)
        await subject.start()
        yield subject
    finally:
        await subject.stop()
        await wire.close()


def _subject(spec: str, settings: Settings) -> tuple[Subject, MakeObserver]:
    """Return the subject, not started, and what makes the observer of its output."""
    if not is_startable(spec):
        return _elsewhere(spec, settings)
    named = NAMED[spec] if spec in NAMED else Command(spec.removeprefix("exec:"))
    subject = _startable(spec, named, settings)
    if claims_proxy(subject.wire):
        return subject, passed_on_by(subject.wire)
    if isinstance(named, Observed) and subject.place:
        return subject, named.observer(subject.place)
    return subject, graphite("127.0.0.1", 0)


def _elsewhere(spec: str, settings: Settings) -> tuple[Subject, MakeObserver]:
    """Return a subject that the suite does not start, and what makes the observer of its output."""
    address = _address(spec)
    wire = Wire(spec, address, _profile(settings.profile), settings.interval)
    wire.sole, wire.largest_burst = False, LARGEST_BURST if settings.bursts else 0
    wire.also = [_given("--also", read_address, one) for one in settings.also]
    wire.admin = _given("--admin", _console, settings.admin) if settings.admin else None
    wire.behind = behind_of(read_behind(settings.behind), wire.profile)
    if claims_proxy(wire) or settings.sink == BEHIND:
        # It has no flushes to measure.
        wire.known_interval, wire.grace = settings.interval or LOOK, _SICK
        return Subject(wire, settings), passed_on_by(wire)
    make = sink_observer(settings.sink, local=address.loopback, interval=settings.interval or LOOK)
    return Subject(wire, settings), make


def _given(option: str, read: Callable[[str], Address], text: str) -> Address:
    """Return the address that was given to an option.

    Raises:
        AddressError: it is none.
    """
    try:
        return read(text)
    except AddressError as error:
        raise AddressError(f"{option} {error}") from None


def _console(text: str) -> Address:
    try:
        return read_address(f"tcp://{text}")
    except AddressError:
        raise AddressError(f"{text!r} is no place of a console; give host:port") from None


def _address(spec: str) -> Address:
    """Return the address that `spec` is.

    Raises:
        AddressError: it is none.
    """
    try:
        return read_address(spec)
    except AddressError as error:
        if ":" in spec:
            raise
        raise AddressError(f"{error}, exec:COMMAND or a name: {', '.join(NAMED)}") from None


def _startable(spec: str, named: Named, settings: Settings) -> Subject:
    program = named.find()
    if isinstance(program, Missing):
        raise NotInstalled(program.hint)
    place = Place(
        port=free_port(),
        admin_port=free_port(),
        graphite_port=0,
        interval=settings.interval or 1.0,
        directory=settings.directory,
        forgets=settings.forgets,
        ipv6=FAR_IPV6 if settings.paths else "::1",
    )
    address = Address("udp", "127.0.0.1", place.port)
    profile = _profile(settings.profile or ("" if isinstance(named, Command) else named.profile))
    wire = Wire(spec, address, profile, place.interval, paths=settings.paths)
    if isinstance(named, Passing):
        wire.behind = behind_of(read_behind(settings.behind) or named.behind, profile)
    elif isinstance(named, Command):
        wire.behind = behind_of(read_behind(settings.behind), profile)
    return Subject(wire, settings, named, program, place, version=named.version(program))


def _profile(name: str | None) -> Profile:
    """Return the profile of that name; without one, UNKNOWN, which is to be probed."""
    return load_profile(name) if name else UNKNOWN
