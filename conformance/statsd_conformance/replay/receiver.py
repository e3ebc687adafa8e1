"""What the kernel of this machine shows of the socket that a target receives with."""

from collections.abc import Callable
from typing import Final

from statsd_conformance.address import Address
from statsd_conformance.kernel import Queue, queue_and_drops, visible
from statsd_conformance.replay.pace import Clock

_LOOK: Final = 0.05
_PAUSE: Final = 0.002


class Receiver:
    """Watches the receive queue of a UDP port on this machine; of any other target, and elsewhere, it sees nothing.

    `highest` is the most that was seen to wait in it, in bytes as the kernel counts: with what it keeps beside them.
    """

    def __init__(self, address: Address, clock: Clock, queue: Callable[[int], Queue | None] = queue_and_drops) -> None:
        self._port = address.local_udp_port
        self._clock = clock
        self._queue = queue
        self._before = self._after = self._state()
        self._next = 0.0
        self.highest = 0

    @property
    def seen(self) -> bool:
        """Whether there is a socket that can be watched."""
        return self._before is not None

    @property
    def absent(self) -> bool:
        """Whether it is known that nobody has the port."""
        return self._port is not None and self._before is None and visible()

    @property
    def dropped(self) -> int | None:
        """How many datagrams the kernel dropped there since the start; None where that is not known."""
        if self._before is None or self._after is None:
            return None
        # A target that was started again has a new socket, which counts from 0.
        return max(self._after.drops - self._before.drops, 0)

    def look(self) -> None:
        """Look at the queue, unless that was done a moment ago."""
        if self._before is not None and self._clock.monotonic() >= self._next:
            self._next = self._clock.monotonic() + _LOOK
            self._take()

    def settle(self, limit: float) -> int | None:
        """Wait until the target has read all, at most `limit` seconds; return the bytes left, None where unknown."""
        if self._before is None:
            return None
        until = self._clock.monotonic() + limit
        while (waiting := self._take()) and self._clock.monotonic() < until:
            self._clock.sleep(_PAUSE)
        return waiting

    def _take(self) -> int | None:
        self._after = self._state()
        if self._after is None:
            return None
        self.highest = max(self.highest, self._after.queued_bytes)
        return self._after.queued_bytes

    def _state(self) -> Queue | None:
        return self._queue(self._port) if self._port else None
