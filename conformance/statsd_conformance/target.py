"""What a case talks to: send datagrams, wait for a flush. Whether a socket is behind it, it does not know."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import GraphiteLine, Snapshot, read_line
from statsd_conformance.profile import Profile
from statsd_conformance.requirement import Unsupported
from statsd_reference import Server
from statsd_reference.stream import Stream

DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
TOKEN_LENGTH: Final = 10


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
    """What one case sent and saw, for its evidence: datagrams in order, and what each `flush` returned."""

    datagrams: list[bytes] = field(default_factory=list)
    flushes: list[Flushed] = field(default_factory=list)

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

    @property
    @abstractmethod
    def interval(self) -> float:
        """The flush interval in seconds."""

    @abstractmethod
    def _transmit(self, datagram: bytes, *, elsewhere: bool = False) -> None:
        """Send one datagram as it is, from the case's socket or from another one."""

    @abstractmethod
    async def _snapshots(self) -> Sequence[Snapshot]:
        """Return the snapshots since the last call, up to one that holds everything sent before this call."""

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

    async def flush(self) -> Flushed:
        """Return everything published since the case's last flush, up to a flush that holds all that was sent."""
        snapshots = await self._snapshots()
        flushed = Flushed(self.profile, self.interval, self.token, tuple(snapshots))
        self.trace.flushes.append(flushed)
        return flushed

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

    def needs_extension(self, name: str) -> None:
        """Say that the case is of an extension, as in `needs_extension("deleteGauges")`.

        Raises:
            Unsupported: the target's profile does not say that it has it.
        """
        if name not in self.profile.extensions:
            raise Unsupported(f"the profile {self.profile.name!r} does not say {name}")


def sentinels(target: Target) -> list[bytes]:
    """Return the buckets that `sandwich` puts before, behind and after what it sends."""
    return [target.bucket(leaf) for leaf in ("pre", "post", "end")]


async def sandwich(target: Target, *lines: bytes) -> Flushed:
    """Send lines between two sentinels in one datagram, and an end sentinel in a second one; return what was flushed.

    Asserts that each sentinel arrived exactly once, with its own value: the lines between harmed no neighbour
    (semantics, section 4.4). Sentinels are the buckets `pre`, `post` and `end` of the case.
    """
    pre, post, end = sentinels(target)
    target.send(b"\n".join([pre + b":1|c", *lines, post + b":1|c"]), end + b":1|c")
    flushed = await target.flush()
    arrived = [sum(flushed.counts(sentinel)) for sentinel in (pre, post, end)]
    assert arrived == [1, 1, 1], (
        f"the counters before, after and in the next datagram came out as {arrived}, each was sent once as 1"
    )
    return flushed


async def assert_rejected(target: Target, *lines: bytes) -> Flushed:
    """Send lines between sentinels and assert that they published nothing at all, and harmed no neighbour."""
    flushed = await sandwich(target, *lines)
    strays = flushed.strays(*sentinels(target))
    assert not strays, f"a line that has to be rejected was published: {flushed.summary(*strays)}"
    return flushed


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
        self.clock = 1_700_000_000.0
        self.stream = Stream()

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

    async def _snapshots(self) -> Sequence[Snapshot]:
        self.clock += self.interval
        with _its_crash():
            flush, self.window = self.server.flush(self.window, round(self.clock))
            text = b"".join(self.server.write(point) for point in self.server.points(flush))
        lines = tuple(read_line(raw) for raw in text.split(b"\n")[:-1])
        return [Snapshot(lines, self.clock, self.clock)]


@contextmanager
def _its_crash() -> Iterator[None]:
    """Take whatever a server raises for its end."""
    try:
        yield
    except Exception as error:
        raise Crashed(f"the server raised {type(error).__name__}: {error}") from error
