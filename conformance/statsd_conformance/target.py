"""What a case talks to: send datagrams, wait for a flush. Whether a socket is behind it, it does not know."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final

from statsd_conformance import crafted, namespaces
from statsd_conformance.account import NOTHING, Account
from statsd_conformance.address import Address
from statsd_conformance.behind import Behind, Passed
from statsd_conformance.connection import Connection, LocalConsole, LocalStream, Sent
from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import GraphiteLine, Snapshot, read_line
from statsd_conformance.measured import Measured
from statsd_conformance.passage import ETHERNET
from statsd_conformance.profile import EXTENSIONS, OWN_COUNTERS, Profile
from statsd_conformance.requirement import Unsupported
from statsd_reference import Server
from statsd_reference.admin import GraphiteState, Reply, State, without
from statsd_reference.encode import Names
from statsd_reference.own import LastFlush, lagging, own_points
from statsd_reference.stream import Cut, Stream

# What compares a replay reads what targets publish.
if TYPE_CHECKING:
    from statsd_conformance.replayed.compared import Comparison

DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
TOKEN_LENGTH: Final = 10
# How to tell the suite of what it does not know yet, by the kind of address.
_SAY: Final = {
    "tcp": "the target reads no TCP where its datagrams go; --also tcp://HOST:PORT says where it does",
    "udp6": "nobody said where the target reads datagrams over IPv6; --also udp://[::1]:PORT does",
    "unix": "nobody said where the target reads Unix datagrams; --also unix:///PATH does",
    "unixstream": "nobody said where the target reads a Unix stream; --also unixstream:///PATH does",
    **dict.fromkeys(
        crafted.KINDS,
        "this machine lets the suite craft no packets: that takes the right to open raw sockets (root or CAP_NET_RAW) "
        "and a target at an address of this machine",
    ),
    **dict.fromkeys(
        namespaces.KINDS, "only a target that the suite starts itself can be put at the end of a path of the suite's"
    ),
    "console": "nobody said where the target's management console is; --admin HOST:PORT does",
    "behind": "nobody said where the target passes lines on to; --behind udp://HOST:PORT has the suite listen there",
}
_SHOWN: Final = 3
_PAIRS: Final = 300
# More than a receive buffer of a usual size holds, few enough to be read line by line in no time.
_LARGEST_BURST: Final = 256


def token(run: str, number: int) -> bytes:
    """Return a case's own prefix: `q`, five letters or digits of the run, four of the case (base 36).

    Letters and digits in lower case only, so that no target changes or splits it (semantics, section 4.2).
    """
    digits = ""
    for _ in range(4):
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return f"q{run}{digits}".encode()


@dataclass
class Trace:
    """What one case sent and saw, for its evidence: datagrams in order, what each `flush` returned, what it measured.

    Of a case that looks at an emitter they are what that sent, and `again` is a shell line that has it send once more.
    `replayed` is how a recording came out, of a case that played one.
    """

    datagrams: list[bytes] = field(default_factory=list)
    flushes: list[Flushed] = field(default_factory=list)
    again: str = ""
    measured: list[Measured] = field(default_factory=list)
    replayed: "Comparison | None" = None

    def published(self) -> list[GraphiteLine]:
        """Return the Graphite lines that came back with the case's own prefix."""
        return [line for flushed in self.flushes for line in flushed.own]


class Crashed(AssertionError):
    """The target stopped serving; the message says how that was seen."""


class Target(ABC):
    """An aggregator under test, as one case sees it."""

    def __init__(self, name: str, profile: Profile, own: bytes) -> None:
        self.name = name
        self.profile = profile
        self.token = own
        self.trace = Trace()
        self.behind: Behind | None = None

    @property
    @abstractmethod
    def interval(self) -> float:
        """The flush interval in seconds."""

    @property
    def sole(self) -> bool:
        """Whether nobody but the suite sends to it, for certain."""
        return True

    @property
    def verbatim(self) -> bool:
        """Whether the lines of a snapshot are the bytes that the target wrote."""
        return True

    @abstractmethod
    def _transmit(self, datagram: bytes, *, elsewhere: bool = False) -> None:
        """Send one datagram as it is, from the case's socket or from another one."""

    @abstractmethod
    async def _snapshots(self) -> Sequence[Snapshot]:
        """Return the snapshots since the last call, up to one that holds everything sent before this call."""

    def _others(self) -> Callable[[], Account | None]:
        """Return what tells how much all but this case sent for the last snapshots; None where that is not certain."""
        return lambda: NOTHING

    def bucket(self, leaf: str = "a") -> bytes:
        """Return a bucket of the case's own."""
        return self.token + b"." + leaf.encode()

    def send(self, *datagrams: bytes) -> None:
        """Send each argument as one datagram, as it is, in order."""
        for datagram in datagrams:
            self.trace.datagrams.append(datagram)
            self._transmit(datagram)

    def send_from_elsewhere(self, *datagrams: bytes) -> None:
        """Send each argument as one datagram from another socket, in order with what `send` sends."""
        for datagram in datagrams:
            self.trace.datagrams.append(datagram)
            self._transmit(datagram, elsewhere=True)

    async def needs_stream(self) -> None:
        """Say that the case sends over TCP as well, and connect.

        Raises:
            Unsupported: the target does not read lines from TCP beside its datagrams.
        """
        raise Unsupported("the target reads no TCP beside its datagrams")

    def send_over_stream(self, *lines: bytes) -> None:
        """Send each argument, lines that end in LF, over TCP, in order; `needs_stream` comes first."""
        for one in lines:
            self.trace.datagrams.append(one)
            self._transmit_over_stream(one)

    def _transmit_over_stream(self, lines: bytes) -> None:
        raise Unsupported("the target reads no TCP beside its datagrams")

    async def needs_address(self, kind: str) -> None:
        """Say that the case sends datagrams of that kind.

        It is an address, `udp6` or `unix`, or one of `crafted.KINDS` or `namespaces.KINDS`.

        Raises:
            Unsupported: the target reads none there, or this machine sends none.
        """
        raise unknown(kind)

    def send_by(self, kind: str, *datagrams: bytes) -> None:
        """Send each argument as one datagram of that kind; `needs_address` comes first.

        What goes another way than the fences may come later than they: see `flush_holding`.
        """
        for datagram in datagrams:
            self.trace.datagrams.append(Sent(datagram, self._address(kind)))
            self._transmit_by(kind, datagram)

    def _address(self, kind: str) -> Address:
        """Return the address of that kind, for the trace."""
        return Address("unix", path="/") if kind == "unix" else Address("udp", "::1", 1)

    def _transmit_by(self, kind: str, datagram: bytes) -> None:
        raise unknown(kind)

    @asynccontextmanager
    async def connection(self, kind: str = "tcp") -> AsyncIterator[Connection]:
        """Give a connection of the case's own to the target's address of that kind, closed on leaving.

        `kind` is `tcp` or `unixstream`, or `console` for the management console.

        Raises:
            Unsupported: the target takes none there.
        """
        connection = await self._connect(kind)
        try:
            yield connection
        finally:
            connection.close()

    @asynccontextmanager
    async def console(self) -> AsyncIterator[Connection]:
        """Give a connection to the management console of an aggregator, as the original has it.

        Raises:
            Unsupported: it has none, or nobody said where.
        """
        if "proxy" in self.profile.extensions:
            raise Unsupported("its console is that of a proxy, which PROXY-05 is about")
        async with self.connection("console") as console:
            yield console

    async def _connect(self, kind: str) -> Connection:
        raise unknown(kind)

    def needs_behind(self, scheme: str = "") -> Behind:
        """Say that the case looks at what the target passes on, by `scheme` where that matters; return what listens.

        Raises:
            Unsupported: nobody said where it does, or it goes another way.
        """
        if self.behind is None:
            raise unknown("behind")
        if scheme not in ("", self.behind.scheme):
            raise Unsupported(f"the target passes lines on over {self.behind.scheme}, this is about {scheme}")
        return self.behind

    async def passed_on(self, *marks: bytes) -> list[Passed]:
        """Wait until each mark, a line that the case sent, was passed on; return all of the case's own that was.

        Raises:
            Unsupported: nobody said where the target passes lines on.
            AssertionError: a mark does not come.
        """
        behind = self.needs_behind()
        missing = await behind.heard(marks, self.patience)
        own = [one for one in behind.passed if self.token in one.data]
        shown = ", ".join(repr(one.data[:80]) for one in own[-_SHOWN:]) or "nothing"
        assert not missing, f"{missing[0]!r} was sent and not passed on; the last of the case that was: {shown}"
        return own

    @property
    def patience(self) -> float:
        """Seconds to wait for what has to come, before it counts as missing."""
        return 0.0

    def memory(self) -> int:
        """Return how many bytes the target holds in memory, roughly.

        Raises:
            Unsupported: its process cannot be seen.
        """
        raise Unsupported("the memory of a target that the suite did not start cannot be seen")

    @property
    def largest_burst(self) -> int:
        """The most datagrams that a burst may have."""
        return _LARGEST_BURST

    async def burst(self, datagram: bytes, number: int) -> int:
        """Send a datagram so many times without a pause, and wait until the target has read what came to it.

        The trace holds none of them; a case that fails puts in what failed.

        Returns:
            How many the kernel dropped before the target's socket.

        Raises:
            Unsupported: that cannot be seen, or nobody may do that to the target.
            Inconclusive: the target has not read all within the time that a flush gets.
            Crashed: it has ended.
        """
        raise Unsupported("of this target nobody sees what the kernel drops before it")

    @asynccontextmanager
    async def unheard(self) -> AsyncIterator[None]:
        """Let nobody take what the target publishes, until left.

        Raises:
            Unsupported: the target sends it nowhere, but is asked for it or writes it to a file.
        """
        raise Unsupported("nobody can stop to listen to the target")
        yield  # what makes this a generator

    async def reads(self) -> bool:
        """Tell whether the target has read everything that was sent, as far as that can be seen.

        Raises:
            Crashed: it has ended.
        """
        return True

    async def heard_again(self) -> bool:
        """Tell whether a flush comes back after `unheard`, also from a target that waits before it connects again."""
        await self.flush()
        return True

    def needs_distance(self) -> int:
        """Say that the case looks at the path to the target; return the MTU where datagrams leave, in bytes.

        Raises:
            Unsupported: there is none but loopback.
        """
        return ETHERNET

    def needs_end(self) -> None:
        """Say that the case ends the target.

        Raises:
            Unsupported: the suite did not start it.
        """
        return

    async def terminate(self) -> Flushed:
        """End the target as SIGTERM does, and return what it published since the case's last flush."""
        return await self.flush()

    async def flush_holding(self, *buckets: bytes) -> Flushed:
        """Return what is published up to a flush by which all the buckets were, and of at most two.

        For lines that went another way than the fences, and may be read later than they.
        """
        first = await self.flush()
        if all(first.has(bucket) for bucket in buckets):
            return first
        second = await self.flush()
        snapshots = first.snapshots + second.snapshots
        return Flushed(self.profile, self.interval, self.token, snapshots, lambda: None)

    def release(self) -> None:
        """Keep no longer what the last flush published of the case, which may be too much in a long one."""
        self.trace.flushes.pop()

    async def flush(self) -> Flushed:
        """Return everything published since the case's last flush, up to a flush that holds all that was sent."""
        snapshots = await self._snapshots()
        flushed = Flushed(self.profile, self.interval, self.token, tuple(snapshots), self._others())
        self.trace.flushes.append(flushed)
        return flushed

    def measured(self, what: str, said: str) -> None:
        """Note a fact that the case measured, whatever its verdict; of a case that runs again the last run's count."""
        self.trace.measured.append(Measured(what, said))

    def forget(self) -> None:
        """Leave what was sent and flushed so far out of the evidence: it only led to what follows."""
        self.trace.datagrams.clear()
        self.trace.flushes.clear()

    def needs_datagrams(self) -> None:
        """Say that the case is about datagrams as such.

        Raises:
            Unsupported: what is sent to the target goes over a stream.
        """
        return

    async def pause(self, intervals: float) -> None:
        """Let a part of a flush interval go by, where time passes for the target."""
        return

    async def after(self, *lines: bytes) -> Flushed:
        """Send the lines as one datagram, joined by LF, and return what was flushed."""
        self.send(b"\n".join(lines))
        return await self.flush()

    def needs(self, *types: str) -> None:
        """Say that the case needs types of the wire, as in `needs("s")`.

        Raises:
            Unsupported: the target's profile does not have them.
        """
        missing = [one for one in types if one not in self.profile.types]
        if missing:
            raise Unsupported(f"the profile {self.profile.name!r} has no type {missing[0]!r}")

    def needs_paths(self, *kinds: str) -> None:
        """Say that the case looks at kinds of output, as in `needs_paths("rate")`.

        Raises:
            Unsupported: the target does not publish them, by its profile.
        """
        missing = [kind for kind in kinds if kind not in self.profile.paths]
        if missing:
            raise Unsupported(f"the profile {self.profile.name!r} publishes no {missing[0]}")

    def needs_statistics(self, *statistics: str) -> None:
        """Say that the case looks at statistics of timers, by the original's names, as in `needs_statistics("median")`.

        Raises:
            Unsupported: the target does not read timers or does not publish these, by its profile.
        """
        self.needs("ms")
        missing = [one for one in statistics if one not in self.profile.statistics]
        if missing:
            raise Unsupported(f"the profile {self.profile.name!r} publishes no {missing[0]} of a timer")

    def needs_idle(self, kind: str) -> None:
        """Say that the case looks at what an interval without samples publishes of a kind, as in `needs_idle("gauge")`.

        Raises:
            Unsupported: the target is meant to forget what is idle, by its profile.
        """
        forgetting = ("deleteIdleStats", "deleteGauges") if kind == "gauge" else ("deleteIdleStats",)
        if said := [name for name in forgetting if name in self.profile.extensions]:
            raise Unsupported(f"the profile {self.profile.name!r} says {said[0]}, by which an idle {kind} is forgotten")

    def needs_tags(self) -> None:
        """Say that the case looks at tags in the output.

        Raises:
            Unsupported: the target does not publish them, by its profile.
        """
        if self.profile.tags == "none":
            raise Unsupported(f"the profile {self.profile.name!r} publishes no tags")

    def needs_errors(self) -> None:
        """Say that the case looks at how many samples the target rejected.

        Raises:
            Unsupported: the target does not publish that, by its profile.
        """
        if not self.profile.errors:
            raise Unsupported(f"the profile {self.profile.name!r} publishes no count of rejected samples")

    @property
    def output(self) -> str:
        """What the target publishes, as its observer says: "graphite", "statsd" or "prometheus"."""
        return "graphite"

    def needs_graphite(self) -> None:
        """Say that the case looks at how lines to Graphite are written.

        Raises:
            Unsupported: the target's output is of another form.
        """
        if self.output != "graphite":
            raise Unsupported(f"the target is seen by its {self.output} output, not by lines to Graphite")

    def needs_flushes(self) -> None:
        """Say that the case looks at when the target flushes.

        Raises:
            Unsupported: the target shows all the time how things stand, and the suite chooses when to look.
        """
        if self.output == "prometheus":
            raise Unsupported("a Prometheus page is looked at when the suite likes, so it shows no flush")

    def needs_finished_timers(self) -> None:
        """Say that the case looks at what a flush makes of all times of an interval.

        Raises:
            Unsupported: what is seen is the running interval, of which the last times may be missing.
        """
        if self.output == "console":
            raise Unsupported("a console shows the times of the running interval, not what a flush makes of them")

    def needs_own(self, *names: str) -> None:
        """Say that the case looks at what the target publishes about itself, as in `needs_own("packets_received")`.

        Raises:
            Unsupported: the target does not publish it, by its profile.
        """
        if missing := [name for name in names if name not in self.profile.own]:
            unseen = self.profile.name == "probed" and missing[0] in OWN_COUNTERS
            why = "the probe found none of that name" if unseen else "a profile names it in [own]"
            raise Unsupported(f"the profile {self.profile.name!r} says no path of the target's own {missing[0]}; {why}")

    def needs_extension(self, name: str) -> None:
        """Say that the case is of an extension, as in `needs_extension("deleteGauges")`.

        Raises:
            Unsupported: the target's profile does not say that it has it.
            ValueError: no profile can say that.
        """
        if name not in EXTENSIONS:
            raise ValueError(f"{name} is not among the extensions that a profile takes")
        if name not in self.profile.extensions:
            raise Unsupported(f"the profile {self.profile.name!r} does not say {name}")


def sentinels(target: Target) -> list[bytes]:
    """Return the buckets that `sandwich` puts before, behind and after what it sends."""
    return [target.bucket(leaf) for leaf in ("pre", "post", "end")]


def unknown(kind: str) -> Unsupported:
    """Return what says that the target has no address of that kind, and how to name one."""
    return Unsupported(_SAY[kind])


async def sandwich(target: Target, *lines: bytes) -> Flushed:
    """Send lines between two sentinels in one datagram, and an end sentinel in a second one; return what was flushed.

    Asserts that each sentinel arrived exactly once, with its own value: the lines between harmed no neighbour
    (semantics, section 4.4). Sentinels are the buckets `pre`, `post` and `end` of the case.
    """
    flushed, harm = await sandwich_with_harm(target, *lines)
    assert not harm, harm
    return flushed


async def sandwich_with_harm(target: Target, *lines: bytes) -> tuple[Flushed, str]:
    """Do as `sandwich`, but also return what became of the sentinels, in words, instead of asserting it.

    The words are empty when each of them arrived exactly once. For a case that has to say both what a line was taken
    for and whom it harmed.
    """
    pre, post, end = sentinels(target)
    target.send(b"\n".join([pre + b":1|c", *lines, post + b":1|c"]), end + b":1|c")
    flushed = await target.flush()
    arrived = [sum(flushed.counts(sentinel)) for sentinel in (pre, post, end)]
    if arrived == [1, 1, 1]:
        return flushed, ""
    return flushed, (
        f"the counters before, after and in the next datagram came out as {arrived}, each was sent once as 1"
    )


async def assert_rejected(target: Target, *lines: bytes) -> Flushed:
    """Send lines between sentinels and assert that they published nothing at all, and harmed no neighbour."""
    flushed = await sandwich(target, *lines)
    strays = flushed.strays(*sentinels(target))
    assert not strays, f"a line that has to be rejected was published: {flushed.summary(*strays)}"
    return flushed


async def assert_next_counts(target: Target, datagram: bytes) -> None:
    """Send a datagram many times, a sample right behind it each time, and assert that each sample was counted.

    Many times, for some servers read the two together only when they find both waiting.
    """
    bucket = target.bucket()
    target.send(*[datagram, bucket + b":1|c"] * _PAIRS)
    counted = sum((await target.flush()).counts(bucket))
    assert counted == _PAIRS, f"samples right behind such a datagram are lost; published: {counted:g} of {_PAIRS}"


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


def note(trace: Trace, address: Address, connection: int, segment: bytes) -> None:
    """Put a segment into the trace of its case."""
    trace.datagrams.append(Sent(segment, address, connection))


def note_reset(trace: Trace, address: Address, connection: int) -> None:
    """Put into the trace of its case that a connection was broken off behind its last segment, if it had any."""
    for number, sent in reversed(list(enumerate(trace.datagrams))):
        if isinstance(sent, Sent) and (sent.address, sent.connection) == (address, connection):
            trace.datagrams[number] = Sent(sent, address, connection, reset=True)
            return


@contextmanager
def _its_crash() -> Iterator[None]:
    """Take whatever a server raises for its end, but ConnectionError, by which a step closes a connection."""
    try:
        yield
    except ConnectionError:
        raise
    except Exception as error:
        raise Crashed(f"the server raised {type(error).__name__}: {error}") from error
