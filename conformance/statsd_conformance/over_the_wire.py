"""A target as a case sees it that is reached over sockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from itertools import count, pairwise
from typing import Final

from statsd_conformance.account import Account, account
from statsd_conformance.address import Address
from statsd_conformance.connection import Connection, Sent, opened
from statsd_conformance.crafted import IPV6
from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import Snapshot
from statsd_conformance.kernel import visible
from statsd_conformance.observers import GraphiteObserver
from statsd_conformance.requirement import Inconclusive, Unsupported
from statsd_conformance.target import Crashed, Target, note, note_reset, unknown
from statsd_conformance.wire import NoAnswer, Wire

# Intervals that a target may take to connect again, if that is more than the seconds of the wire.
_RECOVERY_INTERVALS: Final = 5
# Seconds that the last lines of a target may take when it has ended.
_LAST_WORDS: Final = 1.0
# Part of an interval behind which a flush may have been due.
_ALMOST: Final = 0.9
# Seconds that a flush may come later than another, of targets that hold output back; most profiles leave more time.
_LATE: Final = 0.5
# Seconds in which a target that publishes because it ends has done so.
_AT_ONCE: Final = 0.1


class OverTheWire(Target):
    """One case's view of a target behind sockets, with a prefix that no other case has."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire.name, wire.profile, wire.new_token())
        self._wire = wire
        self._seen = len(wire.snapshots)
        self._connections = count(1)
        self._start = self._seen
        self._accounted = 0
        self.behind = wire.behind

    @property
    def interval(self) -> float:
        """The flush interval in seconds."""
        return self._wire.interval

    @property
    def output(self) -> str:
        """What the target publishes, as its observer says."""
        return self._wire.sink.output

    @property
    def sole(self) -> bool:
        """Whether nobody but the suite sends to it, for certain."""
        return self._wire.sole

    @property
    def verbatim(self) -> bool:
        """Whether it was listened to as Graphite plaintext."""
        return type(self._wire.sink) is GraphiteObserver

    def needs_datagrams(self) -> None:
        """Say that the case is about datagrams as such.

        Raises:
            Unsupported: what is sent to the target goes over a stream.
        """
        if self._wire.address.scheme in ("tcp", "unixstream"):
            raise Unsupported("what is sent to the target goes over a stream, which has no datagrams")

    def _transmit(self, datagram: bytes, *, elsewhere: bool = False) -> None:
        if elsewhere:
            self._wire.transmit_elsewhere(datagram)
        else:
            self._wire.transmit(datagram)

    async def needs_stream(self) -> None:
        """Connect over TCP to where datagrams go.

        Raises:
            Unsupported: nobody listens there.
        """
        if not await self._wire.open_stream():
            await super().needs_stream()

    def _transmit_over_stream(self, lines: bytes) -> None:
        self._wire.transmit_over_stream(lines)

    async def needs_address(self, kind: str) -> None:
        """Open a socket for datagrams to the target's address of that kind.

        Raises:
            Unsupported: nobody said one.
            Inconclusive: nothing is there.
        """
        try:
            if not await self._wire.open_sender(kind):
                lacks_ipv6 = kind.endswith(IPV6) and self._wire.address_of(kind) is None
                raise unknown("udp6" if lacks_ipv6 else kind)
        except OSError as error:
            raise self._missing(self._address(kind), error) from None

    def _address(self, kind: str) -> Address:
        return self._wire.address_of(kind) or self._wire.address

    def _transmit_by(self, kind: str, datagram: bytes) -> None:
        self._wire.transmit_by(kind, datagram)

    async def _connect(self, kind: str) -> Connection:
        address, guessed = self._wire.address_of(kind), None
        if address is None and kind == "tcp" and self._wire.address.scheme == "udp":
            # Many targets read both at one port.
            address = guessed = replace(self._wire.address, scheme="tcp")
        if address is None:
            raise unknown(kind)
        try:
            way = address, next(self._connections)
            return await opened(address, partial(self._note, *way), partial(note_reset, self.trace, *way))
        except OSError as error:
            raise (unknown(kind) if guessed and self._wire.alive() else self._missing(address, error)) from None

    def _note(self, address: Address, connection: int, segment: bytes) -> None:
        note(self.trace, address, connection, segment)
        if address != self._wire.admin:
            self._wire.streamed()

    def _missing(self, address: Address, error: OSError) -> Exception:
        """Return what says that an address which was named is not there."""
        if not self._wire.alive():
            return Crashed("its process has ended")
        return Inconclusive(f"nothing answers at {address}, which was named: {error.strerror or 'no time left'}")

    @property
    def patience(self) -> float:
        """Seconds to wait for what has to come."""
        return self._wire.patience

    def memory(self) -> int:
        """Return how many bytes the target's process holds."""
        return self._wire.memory() if self._wire.memory else super().memory()

    def worked(self) -> float:
        """Return for how many seconds the target's process had a processor."""
        return self._wire.worked() if self._wire.worked else super().worked()

    @property
    def largest_burst(self) -> int:
        """The most datagrams that a burst may have, 0 where none may be sent."""
        return self._wire.largest_burst

    async def burst(self, datagram: bytes, number: int) -> int:
        """Send a datagram so many times without a pause; return how many the kernel dropped.

        Raises:
            Unsupported: that cannot be seen, or the suite did not start the target and nobody allowed it.
            Inconclusive: the target has not read all in time, or the kernel lost some elsewhere.
            Crashed: it has ended.
        """
        if not self._wire.largest_burst:
            raise Unsupported(
                "the suite did not start the target, and a burst may cost others what they send; --bursts allows it"
            )
        if self._wire.address.local_udp_port is None or not visible():
            raise Unsupported("the kernel shows what it drops of UDP to this machine only")
        return await self._wire.burst(datagram, number)

    @asynccontextmanager
    async def unheard(self) -> AsyncIterator[None]:
        """Let nobody listen where the target sends its output, until left."""
        async with self._wire.unheard():
            yield

    async def reads(self) -> bool:
        """Tell whether the target has read everything that was sent, as far as that can be seen.

        Raises:
            Crashed: it has ended.
        """
        settled = await self._wire.settled()
        if not self._wire.alive():
            raise Crashed("its process has ended")
        return settled

    async def heard_again(self) -> bool:
        """Tell whether a flush comes back, within some intervals and some seconds."""
        until = time.monotonic() + max(self._wire.recovery, _RECOVERY_INTERVALS * self.interval)
        while time.monotonic() < until:
            try:
                await self.flush()
            except NoAnswer:
                continue
            return True
        return False

    def needs_distance(self) -> int:
        """Say that the case looks at the path to the target; return the MTU where datagrams leave, in bytes.

        Raises:
            Unsupported: there is none but loopback.
        """
        if self._wire.address.loopback:
            raise Unsupported("over loopback every size arrives; of a target elsewhere this tells what the path takes")
        return self._wire.mtu or super().needs_distance()

    def needs_end(self) -> None:
        """Say that the case ends the target.

        Raises:
            Unsupported: the suite did not start it.
        """
        if self._wire.terminate is None:
            raise Unsupported("the suite did not start the target, so it does not end it either")

    async def terminate(self) -> Flushed:
        """End the target as SIGTERM does, and return what it published since the case's last flush.

        Raises:
            Inconclusive: another flush was due by then.
        """
        self.needs_end()
        assert self._wire.terminate
        await self._wire.terminate()
        until = time.monotonic() + self._wire.profile.lag + _LAST_WORDS
        while True:
            # What it sent at last may still be on its way.
            last = tuple(self._wire.snapshots[self._seen :])
            if any(snapshot.lines_of(self.token) for snapshot in last) or time.monotonic() > until:
                break
            await asyncio.sleep(0.02)
        heard = self._wire.snapshots[max(self._seen - 1, 0) :]
        if any(self._was_due(before, one) for before, one in pairwise(heard) if one.lines_of(self.token)):
            raise Inconclusive("a flush was due when the target was ended, so it may have come of itself")
        flushed = Flushed(self.profile, self.interval, self.token, last, lambda: None)
        self.trace.flushes.append(flushed)
        return flushed

    def _was_due(self, before: Snapshot, snapshot: Snapshot) -> bool:
        """Tell whether a snapshot came when the interval after the one before may have been almost over.

        The one before may have come late, but no flush comes right behind another.
        """
        late = min(self._wire.profile.lag, _LATE)
        soonest = max(_ALMOST * self.interval - late, min(_AT_ONCE, self.interval / 2))
        return snapshot.arrived - before.arrived > soonest

    async def pause(self, intervals: float) -> None:
        """Let a part of a flush interval go by."""
        await asyncio.sleep(intervals * self.interval)

    async def _snapshots(self) -> Sequence[Snapshot]:
        self._start, self._seen = self._seen, await self._wire.fence()
        return self._wire.snapshots[self._start : self._seen]

    def forget(self) -> None:
        """Leave what was sent and flushed so far out of the evidence."""
        super().forget()
        self._accounted = 0

    def release(self) -> None:
        """Keep no longer what the last flush published of the case."""
        super().release()
        for number in range(self._start, self._seen):
            self._wire.snapshots[number] = self._wire.snapshots[number].without(self.token)

    def _others(self) -> Callable[[], Account | None]:
        sent, self._accounted = self.trace.datagrams[self._accounted :], len(self.trace.datagrams)
        mine = [datagram for datagram in sent if not isinstance(datagram, Sent)]
        first, last = self._start, self._seen

        def others() -> Account | None:
            everything = self._wire.sent_between(first, last)
            return None if everything is None else account(everything).less(account(mine))

        return others
