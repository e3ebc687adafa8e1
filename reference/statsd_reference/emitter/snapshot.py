"""The emitter whose gate is a snapshot: all counters of a module in one datagram, when any of them changed."""

from statsd_reference.emitter.machine import Emitter, Send, Watch
from statsd_reference.emitter.pack import Datagram, pack_snapshot, snapshot_of
from statsd_reference.emitter.profile import EmitterProfile


class SnapshotEmitter(Emitter):
    """Sends the counters of one module whole.

    What failed is not tried again before something else changes, the period is over or the emitter is closed: a loop
    that does not wait would try without end.

    Raises:
        NameRefused: the module's name or the rank is refused.
    """

    def __init__(
        self, profile: EmitterProfile, module: str, rank: int, send: Send, watch: Watch = lambda active: None
    ) -> None:
        self._form = snapshot_of(profile, module, rank)
        # Of each counter what went out; and all of them as they were last tried, and last refused.
        self._sent = (0,) * len(profile.counters)
        self._tried: tuple[int, ...] = ()
        self._refused: tuple[int, ...] = ()
        super().__init__(profile, send, watch)

    def look(self, *, last: bool = False) -> None:
        """Send a snapshot while on, if one of its counters changed."""
        values = tuple(self.counts)
        again = last or self.trigger == "period"
        if self.on and self._pending() and (again or values != self._tried):
            self._tried = values
            self._emit(values)
        if self.trigger == "period" and not self._pending():
            self._wake(False)

    def clear(self) -> None:
        """Set all counters to 0, which is a change like any other; what was added before is still sent."""
        if self.profile.type == "c":
            self._sent = tuple(sent - count for sent, count in zip(self._sent, self.counts, strict=True))
            self._tried = self._refused = ()
        super().clear()

    def _pending(self) -> bool:
        return tuple(self.counts) not in (self._sent, self._refused)

    def _emit(self, values: tuple[int, ...]) -> None:
        written = values
        if self.profile.type == "c":
            written = tuple(value - sent for value, sent in zip(values, self._sent, strict=True))
        packed = pack_snapshot(self._form, written)
        for datagram in packed.datagrams:
            self._send_one(datagram, values)
        for _, refused in packed.refused:
            self._refused = values
            self.account.refuse(refused)

    def _send_one(self, datagram: Datagram, values: tuple[int, ...]) -> None:
        if not self._send(datagram.payload):
            self.account.failed += 1
            return
        self.account.sent(len(datagram.members))
        went = set(datagram.members)
        self._sent = (
            values
            if len(went) == len(values)
            else tuple(values[place] if place in went else sent for place, sent in enumerate(self._sent))
        )
