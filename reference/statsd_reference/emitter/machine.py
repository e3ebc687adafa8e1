"""What every emitter is: counters, a switch, and a say in when it is woken. Sockets and loops stay outside.

Nobody but the emitter's owner changes its counters: sending, failing to send and refusing count in its `Account` only,
so that what is observed does not depend on being observed.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from statsd_reference.emitter.account import Account
from statsd_reference.emitter.profile import EmitterProfile

# Takes a datagram and says whether it went out.
Send = Callable[[bytes], bool]
# Is told when wake-ups begin and end to be needed: at each pass of a loop, or every `period` seconds.
Watch = Callable[[bool], None]


class Emitter(ABC):
    """The counters of one module, and when they are sent.

    Attributes:
        counts: the totals, in the order of the profile's counters; to be changed with `add` and `clear`.
        on: whether it sends.
        period: seconds between looks; 0 where it does not look by the clock.
        account: what it sent and what not.
    """

    def __init__(self, profile: EmitterProfile, send: Send, watch: Watch = lambda active: None) -> None:
        self.profile = profile
        self.counts = [0] * len(profile.counters)
        self.account = Account()
        self.on = False
        self.trigger = profile.trigger
        self.period = profile.period if profile.trigger == "period" else 0.0
        self._send = send
        self._watch = watch
        self._awake = False
        self._closed = False
        self._waited = False
        if profile.switch == "none":
            self._switch(True)

    def set_mask(self, bits: int) -> None:
        """Take a module's debug mask: it sends while that has a bit of the profile's. Without a switch, no effect."""
        if self.profile.switch == "mask" and not self._closed:
            self._switch(bool(bits & self.profile.mask))

    def wait(self) -> None:
        """Say that the module's loop is about to wait: the first time it sends its keepalive, on or off."""
        if not self._waited and self.profile.keepalive:
            self.add(self.profile.counters.index(self.profile.keepalive))
        self._waited = True

    def add(self, counter: int, number: int = 1) -> None:
        """Count `number` more of the counter with that place.

        Raises:
            ValueError: a count would fall.
        """
        if number < 0:
            raise ValueError(f"a count does not fall: {number}")
        self.counts[counter] += number
        self._changed()

    def clear(self) -> None:
        """Set all counters to 0, which is a change like any other."""
        self.counts = [0] * len(self.counts)
        self._changed()

    @abstractmethod
    def look(self, *, last: bool = False) -> None:
        """Send what the gate lets pass: what changed, while on. The `last` time also what failed before."""

    def set_period(self, seconds: float) -> None:
        """Look every so many seconds from now on; for 0 or less, at each change."""
        self.trigger = "period" if seconds > 0 else "immediate"
        self.period = max(seconds, 0.0)
        self._wake(False)
        self._changed()

    def close(self) -> None:
        """Send what changed since it was last sent, once, and nothing more after that."""
        self.look(last=True)
        self.stop()

    def stop(self) -> None:
        """Send nothing more, whatever changed."""
        self._closed = True
        self._switch(False)

    def _switch(self, on: bool) -> None:
        self.on = on
        self._wake(on and self.trigger == "loop-pass")
        self._changed()

    def _changed(self) -> None:
        """See to it that a change is looked at: now, or when the period is over."""
        if self.on and self.trigger == "immediate":
            self.look()
        elif self.on and self.trigger == "period" and not self._awake:
            self._wake(self._pending())

    @abstractmethod
    def _pending(self) -> bool:
        """Tell whether a look at the end of the period would find something to do."""

    def _wake(self, wanted: bool) -> None:
        if wanted != self._awake:
            self._awake = wanted
            self._watch(wanted)
