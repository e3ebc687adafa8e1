"""What a program that the suite started takes without need, looked for beside a search: memory, and its processor.

A busy loop goes on when nothing is sent any more. Nobody can rest after each interval to see that, but a target that
works little cannot be in one. Only where it works all the time it is left alone for a moment now and then; where it is
busy all the same, what was sent since it was last at rest is tried again, some of it at a time.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.scenario import Judge, Scenario
from statsd_fuzz.wire.shrink import by_way
from statsd_fuzz.wire.soaking import Soaking
from statsd_fuzz.wire.surviving import Surviving
from statsd_fuzz.wire.tokens import Tokens
from statsd_fuzz.wire.watch import BUSY, Watch, Watching

_GROWS: Final = "memory-grows"
# Seconds between two moments of rest; and what was sent in between is tried again in so many parts.
_EVERY: Final = 5.0
_PARTS: Final = 5
# Batches whose scenarios are sent again and again when the search is over, and so many of these at most.
_SOAKED: Final = 4
_MOST: Final = 2000

Suspects = list[tuple[Scenario, Fault]]


@dataclass
class Hunger:
    """Looks at the program of a target from time to time; `sent` is what was sent since it was last at rest."""

    surviving: Surviving
    watch: Watch
    tokens: Tokens
    sent: list[Sequence[Scenario]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._idle = Watching(self.surviving, self.watch, idle=True)
        self._soak = Soaking(self.surviving.subject, self.watch, self.tokens)
        self._soaking = Surviving(self.surviving.subject, self._soak)
        self._rested = time.monotonic()

    def note(self, scenarios: Sequence[Scenario]) -> None:
        """Take down what is sent next."""
        if self.watch.sees and scenarios:
            self.sent.append(scenarios)

    def judge_of(self, fault: Fault, usual: Judge) -> Judge:
        """Return what tells whether a fault shows again."""
        judges: dict[str, Judge] = {_GROWS: self._soaking, "burns-the-processor": self._idle}
        return judges.get(fault.name, usual)

    @property
    def is_due(self) -> bool:
        """Whether the target has been so busy for so long that it has to show that it can rest."""
        if self.watch.part <= BUSY:
            self._is_well()
            return False
        return self.watch.sees and time.monotonic() - self._rested > _EVERY

    async def busy(self) -> Suspects:
        """Return what a target that is sent nothing is busy with, and has to show alone; nothing may be under way.

        Raises:
            NoAnswer, Crashed: it stopped, and the suite did not start it.
        """
        fault = await self.watch.idle_fault() if self.watch.sees else None
        sent = list(self._in_parts())
        self._is_well()
        if fault is None:
            return []
        await self.surviving.subject.restart()
        self.watch.begin()
        for some in sent:
            # Whatever else is wrong with some of them, this all of them have.
            if any(one and one.name == fault.name for one in (await self._idle(some))[:1]):
                break
        return [(one, fault) for one in by_way(some)] if sent else []

    async def grown(self, scenarios: Sequence[Scenario], fault: Fault) -> Suspects:
        """Return what made a target grow, and has to show alone; nothing may be under way.

        Raises:
            TargetError: it cannot be started again.
        """
        await self.surviving.subject.restart()
        self.watch.begin()
        return [(one, fault) for one in by_way(await self._soak.narrowed(scenarios))]

    async def kept(self) -> Suspects:
        """Return what a target keeps memory of, and has to show alone; nothing may be under way.

        Raises:
            NoAnswer, Crashed: it stopped, and the suite did not start it.
        """
        some = [one for scenarios in self.sent[-_SOAKED:] for one in scenarios][-_MOST:]
        if not self.watch.sees or not some:
            return []
        (fault, *_) = await self._soaking(some)
        if fault and fault.name != _GROWS:
            # It stopped, and its memory tells nobody what of.
            return [(one, fault) for one in by_way(some)]
        return await self.grown(some, fault) if fault else []

    def _is_well(self) -> None:
        self.sent = self.sent[-_SOAKED:]
        self._rested = time.monotonic()

    def _in_parts(self) -> Iterator[list[Scenario]]:
        size = -(-len(self.sent) // _PARTS) or 1
        for start in range(0, len(self.sent), size):
            yield [one for scenarios in self.sent[start : start + size] for one in scenarios]
