"""What a case talks to: send datagrams, wait for a flush. Whether a socket is behind it, it does not know."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from statsd_conformance.account import NOTHING, Account
from statsd_conformance.address import Address
from statsd_conformance.behind import Behind, Passed
from statsd_conformance.connection import Connection, Sent
from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import Snapshot
from statsd_conformance.measured import Measured
from statsd_conformance.passage import ETHERNET
from statsd_conformance.profile import Profile
from statsd_conformance.requirement import Unsupported
from statsd_conformance.target.needs import Needs
from statsd_conformance.target.places import unknown
from statsd_conformance.target.trace import Trace

_SHOWN: Final = 3
# More than a receive buffer of a usual size holds, few enough to be read line by line in no time.
_LARGEST_BURST: Final = 256


class Crashed(AssertionError):
    """The target stopped serving; the message says how that was seen."""


class Target(Needs, ABC):
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

    def worked(self) -> float:
        """Return for how many seconds the target has had a processor, or waited for one.

        Raises:
            Unsupported: its process cannot be seen.
        """
        raise Unsupported("what a target that the suite did not start works cannot be seen")

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
