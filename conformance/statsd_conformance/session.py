"""One target under examination: found or started, its Graphite output caught, stopped for certain at the end."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from statsd_conformance.address import Address, AddressError, read_address
from statsd_conformance.behind import Behind, BehindError
from statsd_conformance.kernel import queue_and_drops, visible
from statsd_conformance.lanes import NoOther
from statsd_conformance.namespaces import FAR_IPV6, Namespaces, NoNamespaces, within
from statsd_conformance.observers import (
    MakeObserver,
    as_graphite,
    console,
    graphite,
    netdata,
    passed_on,
    pickled,
    prometheus,
    repeated,
    stream,
)
from statsd_conformance.probe import UNKNOWN, Probed, probe, use
from statsd_conformance.process import Process, StartError, free_port, is_free, start
from statsd_conformance.profile import Profile, ProfileError, load_profile
from statsd_conformance.programs import Found, Missing
from statsd_conformance.progress import WATCHED, Progress, step
from statsd_conformance.requirement import Inconclusive
from statsd_conformance.route import Route
from statsd_conformance.target import Crashed, Trace
from statsd_conformance.targets import NAMED, Command, CommandError, Named, Observed, Passing, Place
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import Case, run_all, run_apart
from statsd_conformance.wire import LARGEST_BURST, NoAnswer, Wire

# Without a known interval a first flush may take the ten seconds of most defaults; the run must not wait for ever.
FIRST_FLUSH: Final = 12.0
_BIND: Final = 3.0
_ENDING: Final = 1.0
_START: Final = 10.0
# Times that a target is started at other ports.
_STARTS: Final = 3
# Seconds that a program has to end before it is started again; one that hangs takes as long as it gets.
_DEAF: Final = 1.0
# Seconds between two looks at what does not come by itself, where no interval is known.
_LOOK: Final = 1.0
# Seconds until a proxy takes a node that does not answer for sick: by default ten to the question, ten to give it up.
_SICK: Final = 20.0
# Targets beside the first one, at a time: starting one takes a processor for a while.
_BESIDE: Final = 3
# Probes before one that lost canaries has to do.
_PROBES: Final = 3


class TargetError(Exception):
    """A target that cannot be examined at all; the message says why and what to do about it."""


class PortTaken(TargetError):
    """Somebody else took a port before the target that was to have it."""


class NotInstalled(TargetError):
    """A known implementation that is not on this machine; the message says how to install it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options of a run say about its targets.

    `admin` and `also` say where else a target that the suite did not start listens: its console, and for lines.
    `behind` is where the suite listens for what a target passes on, empty for nowhere or where a known one is told to.
    `hostile` and `bursts` allow input that may stop or flood a target elsewhere, and one that the suite did not start.
    `interval` is in seconds; None lets the suite choose (1 s) for targets that it starts, and measure elsewhere.
    `forgets` starts targets that forget what is idle, where they can be told to.
    `paths` is the network of the suite's own in which its targets are started, and at whose end they are.
    """

    directory: Path
    profile: str | None = None
    admin: str | None = None
    also: Sequence[str] = ()
    behind: Sequence[str] = ()
    sink: str = "graphite://:2003"
    interval: float | None = None
    hostile: bool = False
    forgets: bool = False
    paths: Namespaces | None = None
    bursts: bool = False


@dataclass(frozen=True, slots=True)
class Examination:
    """What a run over one target found: outcomes by case id, and how it went.

    `interval` is its flush interval in seconds, None when nobody knows; `ended` is when it was over.
    """

    target: str
    version: str
    outcomes: dict[str, Outcome]
    seconds: float = 0.0
    interval: float | None = None
    address: Address | None = None
    problem: str = ""
    route: Route = field(default_factory=Route)
    ended: datetime = field(default_factory=lambda: datetime.now(UTC))


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
            TargetError: the program ends at once or never listens.
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
            self.seen_bound = False
            await self._until_listening()
        self.started = time.monotonic()
        await self.wire.connect()

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


async def examine(spec: str, cases: Sequence[Case], settings: Settings) -> Examination:
    """Run the cases against the target that `spec` names, and return what was found.

    `spec` is an address, `exec:COMMAND` or the name of a known implementation. What keeps the target from being
    examined at all stands in the `problem` of the result.
    """
    begun = time.monotonic()
    try:
        async with running(spec, settings) as subject:
            begun = time.monotonic()
            allowed, held_back = _allowed(subject, cases, settings)
            outcomes = held_back | await unless_silent(_run(subject, allowed), subject, settings)
            wire = subject.wire
            elapsed = time.monotonic() - begun
            return Examination(
                spec, subject.version, outcomes, elapsed, wire.known_or_measured, wire.address, route=wire.route
            )
    except (
        TargetError,
        AddressError,
        CommandError,
        ProfileError,
        StartError,
        NoAnswer,
        Crashed,
        Inconclusive,
    ) as error:
        return Examination(spec, "", {}, time.monotonic() - begun, problem=str(error))


async def _run(subject: Subject, cases: Sequence[Case]) -> dict[str, Outcome]:
    """Run the cases, after a probe where no profile is known.

    Hostile ones, those apart and those of a network run on targets of their own where these can be started.
    """
    probed = subject.wire.profile is UNKNOWN
    if probed:
        await find_profile(subject.wire)
    if _only_passes(subject.wire):
        # A proxy that was there before the suite took its nodes for sick.
        await subject.wire.fence()
    apart = [case for case in cases if case.requirement.apart]
    hostile = [case for case in cases if case.requirement.hostile and not case.requirement.apart]
    network = [case for case in cases if case.requirement.network]
    ordinary = [case for case in cases if not (case.requirement.hostile or case.requirement.apart)]
    ordinary = [case for case in ordinary if not case.requirement.network]
    # What a probe or hostile cases send would be about a case that has to have a target of its own.
    alone = not (ordinary or network) and not (apart and (probed or hostile))
    if not subject.restartable or alone:
        return await run_all(subject, cases)
    few = asyncio.Semaphore(_BESIDE)
    beside = [asyncio.create_task(_beside(subject, case, few)) for case in apart]
    beside += [asyncio.create_task(_hostile_beside(subject, hostile))] if hostile else []
    beside += [asyncio.create_task(_over_paths(subject, network))] if network else []
    try:
        if not ordinary:
            # A target that nobody sends to may have nothing to flush.
            await subject.wire.fence()
        outcomes = await run_all(subject, ordinary)
        for task in beside:
            outcomes |= await task
        if hostile and hostile[0].id not in outcomes:
            outcomes |= await run_all(subject, hostile)
        return outcomes
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


async def _beside(subject: Subject, case: Case, few: asyncio.Semaphore) -> dict[str, Outcome]:
    """Run one case on another target that is started like the subject, when not too many are there."""
    # What is shown of the run is about the first one.
    WATCHED.set(Progress(subject.wire.name))
    try:
        async with few, subject.alike() as other:
            return await run_apart(other, [case])
    except (NoOther, TargetError, StartError) as error:
        return {case.id: Outcome(Verdict.INCONCLUSIVE, str(error), trace=Trace())}


async def _hostile_beside(subject: Subject, cases: Sequence[Case]) -> dict[str, Outcome]:
    """Run hostile cases on another target that is started like the subject; none where it cannot be."""
    WATCHED.set(Progress(subject.wire.name))
    try:
        async with subject.another() as other:
            return await run_all(other, cases)
    except NoOther:
        return {}


async def _over_paths(subject: Subject, cases: Sequence[Case]) -> dict[str, Outcome]:
    """Run the cases of a network on another target like the subject, at the end of paths that are made for it."""

    async def there(made: Namespaces) -> dict[str, Outcome]:
        async with subject.alike(made) as other:
            return await run_all(other, cases)

    # What is shown of the run is about the first one.
    WATCHED.set(Progress(subject.wire.name))
    try:
        return await within(there)
    except NoNamespaces as error:
        unsure = Outcome(Verdict.UNSUPPORTED, f"this machine lets the suite make no network: {error}")
    except (NoOther, NoAnswer) as error:
        unsure = Outcome(Verdict.INCONCLUSIVE, f"over a path of the suite's own: {error}", trace=Trace())
    return dict.fromkeys((case.id for case in cases), unsure)


async def find_profile(wire: Wire) -> Probed:
    """Find out how a target spells its output, and go by that from now on.

    Raises:
        TargetError: no counter came back.
        NoAnswer, Crashed: nothing did.
    """
    step("probing how it spells its output")
    for _ in range(_PROBES):
        drops, unseen = wire.drops(), wire.unseen
        probed = await probe(wire)
        if wire.drops() == drops and wire.unseen == unseen:
            break
    if not {"counter", "rate"} & set(probed.profile.paths):
        raise TargetError(f"{wire.name} flushes, but no counter came back under its name; say how with --profile FILE")
    use(wire, probed.profile)
    return probed


async def probe_target(spec: str, settings: Settings) -> Probed:
    """Return how the target that `spec` names spells its output, whatever profile it may have.

    Raises:
        TargetError: it cannot be found, started or heard.
    """
    try:
        async with running(spec, settings) as subject:
            use(subject.wire, UNKNOWN)
            return await unless_silent(find_profile(subject.wire), subject, settings)
    except (AddressError, CommandError, ProfileError, StartError, NoAnswer, Crashed, Inconclusive) as error:
        raise TargetError(str(error)) from None


def _allowed(subject: Subject, cases: Sequence[Case], settings: Settings) -> tuple[list[Case], dict[str, Outcome]]:
    """Return the cases that may be run, and the outcomes of those that send what nobody asked to have sent there."""
    held_back = {}
    if not (settings.hostile or subject.restartable or subject.wire.address.loopback):
        why = Outcome(
            Verdict.UNSUPPORTED, "hostile input goes to loopback and to what the suite started; --hostile sends it"
        )
        held_back = {case.id: why for case in cases if case.requirement.hostile}
    if _only_passes(subject.wire):
        why = Outcome(Verdict.UNSUPPORTED, "the target publishes nothing itself: it only passes lines on")
        held_back |= {case.id: why for case in cases if case.requirement.family != "PROXY"}
    return [case for case in cases if case.id not in held_back], held_back


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
    if spec in NAMED or spec.startswith("exec:"):
        named = NAMED[spec] if spec in NAMED else Command(spec.removeprefix("exec:"))
        subject = _startable(spec, named, settings)
        if _claims_proxy(subject.wire):
            return subject, _passed_on(subject.wire)
        if isinstance(named, Observed) and subject.place:
            return subject, named.observer(subject.place)
        return subject, graphite("127.0.0.1", 0)
    address = _address(spec)
    wire = Wire(spec, address, _profile(settings.profile), settings.interval)
    wire.sole, wire.largest_burst = False, LARGEST_BURST if settings.bursts else 0
    wire.also = [read_address(one) for one in settings.also]
    wire.admin = read_address(f"tcp://{settings.admin}") if settings.admin else None
    wire.behind = _behind(read_behind(settings.behind), wire.profile)
    if _claims_proxy(wire) or settings.sink == _BEHIND:
        # It has no flushes to measure.
        wire.known_interval, wire.grace = settings.interval or _LOOK, _SICK
        return Subject(wire, settings), _passed_on(wire)
    make = sink_observer(settings.sink, local=address.loopback, interval=settings.interval or _LOOK)
    return Subject(wire, settings), make


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
        wire.behind = _behind(read_behind(settings.behind) or named.behind, profile)
    elif isinstance(named, Command):
        wire.behind = _behind(read_behind(settings.behind), profile)
    return Subject(wire, settings, named, program, place, version=named.version(program))


def read_behind(texts: Sequence[str]) -> tuple[Address, ...]:
    """Return the addresses that `--behind` names.

    Raises:
        BehindError: one is no address of udp or tcp, or they are of both.
    """
    addresses = tuple(map(_read_behind, texts))
    if len({one.scheme for one in addresses}) > 1:
        raise BehindError(f"--behind {' and '.join(texts)}: the suite listens over one of udp and tcp")
    return addresses


def _read_behind(text: str) -> Address:
    try:
        address = read_address(text)
    except AddressError:
        address = Address("")
    if address.scheme not in ("udp", "tcp"):
        raise BehindError(f"--behind {text!r} is not of the form udp://HOST:PORT or tcp://HOST:PORT")
    return address


def _behind(addresses: Sequence[Address], profile: Profile) -> Behind | None:
    return Behind(addresses, shared="proxy" in profile.extensions) if addresses else None


def _claims_proxy(wire: Wire) -> bool:
    """Tell whether the profile says that a target publishes nothing itself."""
    return "proxy" in wire.profile.extensions


def _only_passes(wire: Wire) -> bool:
    """Tell whether what a target passes on is looked at in place of what it publishes."""
    return wire.sink.output == "passed on"


def _passed_on(wire: Wire) -> MakeObserver:
    if wire.behind is None:
        raise BehindError(f"{wire.name} only passes lines on; say where the suite listens for them with --behind")
    return passed_on(wire.behind)


def _profile(name: str | None) -> Profile:
    """Return the profile of that name; without one, UNKNOWN, which is to be probed."""
    return load_profile(name) if name else UNKNOWN


def sink_observer(text: str, *, local: bool, interval: float = _LOOK) -> MakeObserver:
    """Return what makes the observer that `--sink` names; one without a host listens on loopback for a `local` target.

    What does not come by itself is looked at every `interval` seconds.

    Raises:
        TargetError: it is no such place.
    """
    scheme, _, rest = text.partition("://")
    if scheme in ("file", "statsite") and rest:
        return stream(Path(rest), as_graphite if scheme == "statsite" else bytes)
    host, port = read_sink(text)
    if scheme == "prometheus":
        path = urlsplit(text)._replace(scheme="", netloc="").geturl()
        return prometheus(host, port, path or "/metrics", interval)
    if scheme in _ASKED:
        return _ASKED[scheme](host, port)
    return _LISTENING[scheme](host or ("127.0.0.1" if local else ""), port)


# What `--sink` calls a target that publishes nothing itself.
_BEHIND: Final = "behind"
_LISTENING: Final = {"graphite": graphite, "pickle": pickled, "statsd": repeated}
# What has to be asked is somewhere else, so that these, and a page, need a host.
_ASKED: Final = {"console": console, "netdata": netdata}


def read_sink(text: str) -> tuple[str, int]:
    """Return host and port of `graphite://host:port` and its like; where the suite listens the host may be empty.

    Raises:
        TargetError: it is no such address.
    """
    parts = urlsplit(text)
    try:
        with_host = parts.scheme in (*_ASKED, "prometheus") and parts.hostname
        if (parts.scheme in _LISTENING or with_host) and parts.port:
            return parts.hostname or "", parts.port
    except ValueError:
        pass
    asked = ", ".join(f"{scheme}://HOST:PORT" for scheme in _ASKED)
    raise TargetError(
        f"--sink {text!r} is not of the form graphite://HOST:PORT or graphite://:PORT, the same with pickle:// or "
        f"statsd://, {asked}, prometheus://HOST:PORT/PATH, file://PATH, statsite://PATH or {_BEHIND}"
    )


T = TypeVar("T")


async def unless_silent(run: Coroutine[None, None, T], subject: Subject, settings: Settings) -> T:
    """Return what `run` returns, unless the target turns out not to answer at all.

    The cases are under way meanwhile, so that waiting for a first flush costs no interval.
    """
    running_cases = asyncio.ensure_future(run)
    silence = asyncio.ensure_future(_silence(subject, settings))
    try:
        await asyncio.wait({running_cases, silence}, return_when=asyncio.FIRST_COMPLETED)
        if not running_cases.done():
            raise TargetError(silence.result())
        return running_cases.result()
    finally:
        running_cases.cancel()
        silence.cancel()
        await asyncio.gather(running_cases, silence, return_exceptions=True)


async def _silence(subject: Subject, settings: Settings) -> str:
    """Return, once it is certain that the target does not answer, what to tell the user; never before."""
    wire = subject.wire
    begun = time.monotonic()
    while bound(wire.address) is False and subject.process is None:
        if time.monotonic() - begun > _BIND:
            return (
                f"nothing answered: no program on this machine listens on {wire.address}, and nothing came out at "
                f"{settings.sink}. Start the target, or correct --target"
            )
        await asyncio.sleep(0.05)
    known = None if _only_passes(wire) else wire.known_interval
    limit = FIRST_FLUSH if known is None else 2 * known + wire.profile.lag + _BIND
    while not wire.snapshots:
        # A target that each case stops, and that is started again, has no time for a flush.
        if time.monotonic() - max(begun, subject.started) > limit:
            return _unheard(subject, settings, limit)
        await asyncio.sleep(0.05)
    never: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    return await never


def _unheard(subject: Subject, settings: Settings, waited: float) -> str:
    wire = subject.wire
    sent, heard = f"nothing answered: sent lines to {wire.address} and", wire.sink.heard()
    if subject.place and isinstance(subject.named, Command):
        # It was told another place than --sink.
        return (
            f"{sent} listened as Graphite on 127.0.0.1:{subject.place.graphite_port} for {waited:.0f} s, but "
            f"{heard.partition('. ')[0]}. Hand on {{graphite_host}} and {{graphite_port}} in its command line, and "
            f"{{interval}} or --interval SECONDS; {subject.last_words()}"
        )
    return (
        f"{sent} watched {settings.sink} for {waited:.0f} s, but {heard}, or say --interval SECONDS when it flushes "
        "less often"
    )
