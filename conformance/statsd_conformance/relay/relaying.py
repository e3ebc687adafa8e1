"""The relay itself: a passage with an impaired path behind it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from statsd_conformance.address import Address
from statsd_conformance.recording.datagram import Endpoint
from statsd_conformance.relay.impairment import Impairment
from statsd_conformance.relay.passage import Passage
from statsd_conformance.relay.record import Recorder, RecordError
from statsd_conformance.relay.under_way import Leaving, UnderWay

DATAGRAMS: Final = ("udp", "unix")


@dataclass
class Tally:
    """What a relay did, in numbers of datagrams; `size` and `sent_size` are bytes.

    Attributes:
        came: that arrived.
        let_through: that left, copies among them.
        lost, doubled, reordered, cut, delayed: of those that came.
        early: that left when the relay ended, sooner than they were to.
        failed: that were to leave and did not, by reason.
    """

    came: int = 0
    size: int = 0
    let_through: int = 0
    sent_size: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    cut: int = 0
    delayed: int = 0
    early: int = 0
    failed: dict[str, int] = field(default_factory=dict)


@dataclass
class Relay:
    """Passes datagrams on over a path that is impaired.

    Attributes:
        listen: where they come, udp or unix; port 0 leaves it to the system.
        to: where they go.
        impairment: of the path.
        recorder: writes what it does, None for nobody.
        tally: what it has done so far.
        passage: the sockets.
    """

    listen: Address
    to: Address
    impairment: Impairment
    recorder: Recorder | None = None
    clock: Callable[[], float] = time.monotonic
    tally: Tally = field(default_factory=Tally)
    passage: Passage = field(init=False)
    _path: UnderWay = field(init=False)
    _timer: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self.passage = Passage(self.listen, self.to, self._take)
        self._path = UnderWay(self.impairment)

    async def open(self) -> int:
        """Begin to listen; return the port, 0 for a Unix socket.

        Raises:
            PassageError: it would pass everything on to itself.
            RecordError: the record cannot be written.
            OSError: the place cannot be had, or nothing can be sent to where it should go.
        """
        port = await self.passage.open()
        if self.recorder:
            try:
                self.recorder.begin(self.impairment, *self.passage.ends())
            except RecordError:
                self.passage.stop()
                self.passage.close()
                raise
        return port

    def close(self) -> None:
        """Take what came so far, send all that is under way at once, and stop."""
        self.passage.stop()
        if self._timer:
            self._timer.cancel()
        for leaving in self._path.end():
            self.tally.early += 1
            self._send(leaving, early=True)
        self.passage.close()
        if self.recorder:
            self.recorder.close()

    def _take(self, payload: bytes, sender: Endpoint) -> None:
        now = self.clock()
        fate = self._path.come(payload, now)
        tally = self.tally
        tally.came += 1
        tally.size += len(payload)
        tally.lost += not fate.delays
        tally.doubled += len(fate.delays) > 1
        tally.reordered += bool(fate.behind)
        tally.cut += len(fate.cut(payload)) < len(payload)
        tally.delayed += any(fate.delays)
        if self.recorder:
            self.recorder.came(self._path.number, payload, sender, fate)
        self._go_on(now)

    def _go_on(self, now: float) -> None:
        """Send what leaves by now, and come back when the next one does."""
        for leaving in self._path.leave(now):
            self._send(leaving)
        due = self._path.due
        if self._timer and (due is None or self._timer.when() != due):
            self._timer.cancel()
            self._timer = None
        if due is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(due, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._go_on(self.clock())

    def _send(self, leaving: Leaving, *, early: bool = False) -> None:
        why = self.passage.send(leaving.payload)
        if why:
            self.tally.failed[why] = self.tally.failed.get(why, 0) + 1
        else:
            self.tally.let_through += 1
            self.tally.sent_size += len(leaving.payload)
        if self.recorder:
            self.recorder.went(leaving, why, early=early)
