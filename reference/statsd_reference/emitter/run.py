"""A life of several emitters on one loop, with made-up traffic: from the first wait to the last snapshot."""

import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from statsd_reference.emitter import Emitter, EmitterProfile, make_emitter
from statsd_reference.emitter.account import Account
from statsd_reference.emitter.points import LIBEV, Callback, Loop, Point, Watcher
from statsd_reference.emitter.traffic import HEARTBEAT, Counted, Traffic

# Modules of a Flux instance, for who names none.
MODULES: Final = ("kvs", "cron", "heartbeat", "job-exec", "job-manager", "sched-simple", "content-sqlite")
WATCHERS: Final = (*LIBEV, "timer")
# Seconds between turns of the traffic: a timer that is due more often would be late.
_TURN: Final = 0.001


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run.

    Attributes:
        profile: of all emitters.
        modules: their names.
        rank: of their process.
        watcher: what wakes them, one of WATCHERS; empty for what the profile says.
        rate: messages a second among all modules.
        seconds: how long; None for until it is stopped.
        datagrams: how many it makes, and sends or fails to send, before it ends without a last one; None for no end.
        seed: of the traffic.
        mask: debug mask of the modules.
    """

    profile: EmitterProfile
    modules: tuple[str, ...] = ("kvs",)
    rank: int = 0
    watcher: str = ""
    rate: float = 100.0
    seconds: float | None = None
    datagrams: int | None = None
    seed: int = 0
    mask: int = 0x1000


def module_names(number: int) -> tuple[str, ...]:
    """Return so many names of modules: those of Flux first."""
    return (*MODULES[:number], *(f"module-{place}" for place in range(len(MODULES), number)))


class Run:
    """The emitters of a plan on a loop.

    Raises:
        NameRefused: a module's name or the rank is refused.
    """

    def __init__(
        self, plan: Plan, loop: Loop, send: Callable[[bytes], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._plan = plan
        self._loop = loop
        self._send = send
        self._clock = clock
        self._traffic = Traffic(len(plan.modules), Random(plan.seed))
        self._profile = woken_by(plan.profile, plan.watcher)
        self._tried = self._said = 0
        self.emitters = [self._made(module) for module in plan.modules]

    def run(self, started: Callable[[], object] = lambda: None) -> None:
        """Run the loop until the plan, SIGINT or SIGTERM ends it; `started` is called when signals are heard."""
        loop = self._loop
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.signal(number, loop.stop)
        loop.signal(signal.SIGUSR1, lambda: self.set_mask(self._plan.mask))
        loop.signal(signal.SIGUSR2, lambda: self.set_mask(0))
        self._begin()
        started()
        loop.run()
        self._end()

    def set_mask(self, bits: int) -> None:
        """Give all modules a debug mask."""
        for emitter in self.emitters:
            emitter.set_mask(bits)

    def accounts(self) -> Sequence[Account]:
        """Return what each emitter did."""
        return [emitter.account for emitter in self.emitters]

    def _made(self, module: str) -> Emitter:
        # An emitter without a switch asks to be woken while it is made.
        watcher = self._watcher(lambda: made[0].look())

        def watch(active: bool) -> None:
            watcher.start() if active else watcher.stop()

        made = [make_emitter(self._profile, module, self._plan.rank, self._take, watch)]
        return made[0]

    def _watcher(self, look: Callback) -> Watcher:
        if self._profile.trigger == "period":
            return self._loop.timer(self._profile.period, look)
        return self._loop.watch(LIBEV.get(self._plan.watcher, Point.PREPARE), look)

    def _take(self, datagram: bytes) -> bool:
        went = self._send(datagram)
        self._tried += 1
        if self._tried == self._plan.datagrams:
            for emitter in self.emitters:
                emitter.stop()
            self._loop.stop()
        return went

    def _begin(self) -> None:
        first = self._loop.watch(Point.PREPARE, lambda: self._wait(first))
        first.start()
        self.set_mask(self._plan.mask)
        self._since = self._clock()
        if self._plan.rate:
            self._loop.timer(max(1 / self._plan.rate, _TURN), self._turn).start()
        self._loop.timer(HEARTBEAT, lambda: self._count(self._traffic.heartbeat())).start()
        if self._plan.seconds is not None:
            self._loop.timer(self._plan.seconds, self._loop.stop).start()

    def _wait(self, first: Watcher) -> None:
        first.stop()
        for emitter in self.emitters:
            emitter.wait()

    def _turn(self) -> None:
        """Let as many messages happen as are due."""
        due = int((self._clock() - self._since) * self._plan.rate)
        while self._said < due:
            self._said += 1
            self._count(self._traffic.message())

    def _count(self, counted: Iterable[Counted]) -> None:
        for module, counter in counted:
            self.emitters[module].add(counter)
        if self._plan.datagrams and not self._tried and all(account.refused for account in self.accounts()):
            # No datagram can be made, so none would ever be the last.
            self._loop.stop()

    def _end(self) -> None:
        for answer in self._traffic.settle():
            self._count(answer)
        for emitter in self.emitters:
            emitter.close()


def woken_by(profile: EmitterProfile, watcher: str) -> EmitterProfile:
    """Return the profile with the trigger that a watcher, one of WATCHERS, stands for; as it is for no watcher."""
    if not watcher:
        return profile
    trigger = "period" if watcher == "timer" else "loop-pass"
    return replace(profile, trigger=trigger, quiet=profile.quiet if trigger == "period" else "keep")
