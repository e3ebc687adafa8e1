"""Close looks at what showed a fault, several at once and beside the search: they share each interval of the target.

Only what needs a target for itself has it so. To shrink does not, as each candidate has names of its own: a neighbour
that interferes makes a candidate fail too often or too rarely, and then the least is larger than it had to be, or is
no finding in the end. To see a fault three times more does: that is what a finding is, and what made it must not be
what somebody else sent. Nor can a path without anybody's token be told from those of others.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from statsd_fuzz.comparing import shown
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.collected import Collected, Told
from statsd_fuzz.wire.finding import explains
from statsd_fuzz.wire.judge import Judge
from statsd_fuzz.wire.naming import what_broke
from statsd_fuzz.wire.scenario import Judge as Asked
from statsd_fuzz.wire.scenario import Scenario
from statsd_fuzz.wire.shrink import Enough
from statsd_fuzz.wire.turns import Turns

# How many go on at once, and how many of what broke alike go on, and wait.
_AT_ONCE: Final = 6
_ALIKE: Final = 2
# Of the suspects of one interval that broke alike so many are held against what was found.
_HEEDED: Final = 50
# Flushes that a look may take, how many of these are left for seeing its fault again alone, and how often it may be
# begun: where the target stops it is begun anew.
FLUSHES: Final = 60
_LAST: Final = 12
_TRIES: Final = 2
# What is told of paths that nobody made any more.
_STRAY: Final = "path-nobody-asked-for"
# The search gets so many times as many flushes as finding out who made a path took, before that is done once more.
_REST: Final = 4


@dataclass(frozen=True, slots=True)
class Suspect:
    """A scenario that showed a fault; `strays` are the paths under no token that it makes, where that is what it is."""

    scenario: Scenario
    fault: Fault
    strays: frozenset[bytes] = frozenset()
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Astray:
    """Paths under no token that came of some scenarios; whose they are nobody knows."""

    scenarios: Sequence[Scenario]
    paths: frozenset[bytes]
    tries: int = 0


@dataclass
class Looks:
    """The close looks of one campaign.

    Attributes:
        judge: of the target.
        collected: takes what was found.
        plainness: sorts scenarios, those to be looked at first before others.
        turns: of the target.
        flushes: how many a look may take.
        ending: whether the search is over, and has not to wait for anything any more.
        seconds: returns how long a look may take that is begun now, None for as long as it takes.
    """

    judge: Judge
    collected: Collected
    plainness: Callable[[Scenario], tuple[int, ...]] = lambda scenario: scenario.size
    turns: Turns = field(default_factory=Turns)
    flushes: int = FLUSHES
    ending: bool = False
    seconds: Callable[[], float | None] = lambda: None
    _rested: int = 0
    _missed: set[bytes] = field(default_factory=set)
    _waiting: list[Suspect | Astray] = field(default_factory=list)
    _under_way: "dict[asyncio.Task[Told | Sequence[Suspect] | None], Suspect | Astray]" = field(default_factory=dict)

    @property
    def tasks(self) -> Sequence["asyncio.Task[Told | Sequence[Suspect] | None]"]:
        """What is under way."""
        return list(self._under_way)

    @property
    def left(self) -> int:
        """How many are under way or wait."""
        return len(self._under_way) + len(self._waiting)

    @property
    def step(self) -> str:
        """What they are at, in words for who waits; empty where nothing is under way."""
        for item in self._under_way.values():
            if isinstance(item, Astray):
                return f"looking for what made {shown(min(item.paths))}"
        return "looking closely at what it found" if self._under_way else ""

    def astray(self, scenarios: Sequence[Scenario], paths: Sequence[bytes]) -> None:
        """Have it found out which of the scenarios make paths under no token, unless others wait for that.

        Then they are news again behind that, where they still come.
        """
        news = frozenset(paths) - self.judge.known
        # In other flushes they are no news.
        self.judge.known |= news
        if any(isinstance(item, Astray) for item in (*self._waiting, *self._under_way.values())):
            self._missed |= news
        else:
            self._waiting.append(Astray(scenarios, frozenset(paths)))

    def suspect(self, suspects: Sequence[Suspect]) -> None:
        """Have suspects looked at: the plainest of those that broke alike, unless a finding explains them."""
        others = [item for item in self._waiting if isinstance(item, Astray)]
        waiting = [item for item in self._waiting if isinstance(item, Suspect)]
        by_kind: dict[str, list[Suspect]] = {}
        for one in sorted([*waiting, *suspects], key=lambda one: (self.plainness(one.scenario), one.fault.name)):
            by_kind.setdefault(what_broke(one.fault), []).append(one)
        self._waiting = [*others, *(one for some in by_kind.values() for one in self._news(some))]

    def _news(self, suspects: Sequence[Suspect]) -> list[Suspect]:
        """Return the first of suspects that no finding explains."""
        news: list[Suspect] = []
        for one in suspects[:_HEEDED]:
            if len(news) == _ALIKE:
                break
            if explains(self.collected.findings, one.scenario, one.fault):
                self.collected.again += 1
            else:
                news.append(one)
        return news

    def begin(self) -> None:
        """Begin as many as may go on at once."""
        for item in list(self._waiting):
            if len(self._under_way) < _AT_ONCE and self._may(item):
                self._waiting.remove(item)
                self._under_way[asyncio.create_task(self._look_in_time(item))] = item

    def _may(self, item: Suspect | Astray) -> bool:
        """Tell whether a look may be begun beside those under way."""
        if isinstance(item, Astray):
            return self.ending or self.judge.intervals >= self._rested
        kinds = [what_broke(one.fault) for one in self._under_way.values() if isinstance(one, Suspect)]
        return kinds.count(what_broke(item.fault)) < _ALIKE

    def take_over(self) -> None:
        """Take what is over, and raise what ended it; what the target's end ended waits again.

        Raises:
            NoAnswer, Crashed: the target stopped.
        """
        for task in [task for task in self._under_way if task.done()]:
            if isinstance(task.exception(), Enough | TimeoutError):
                self.collected.unpursued += 1
            elif task.exception() is not None:
                task.result()
            elif isinstance(found := task.result(), list):
                self.suspect(found)
            del self._under_way[task]

    async def put_back(self) -> None:
        """End all that are under way; they are begun anew, unless that was so too often."""
        for item in await self._ended():
            again = replace(item, tries=item.tries + 1)
            if again.tries < _TRIES:
                self._waiting.insert(0, again)
            else:
                self.collected.unpursued += 1

    async def give_up(self) -> None:
        """End all; what is left is counted as not pursued."""
        ended = await self._ended()
        suspects = [item for item in (*ended, *self._waiting) if isinstance(item, Suspect)]
        explained = sum(explains(self.collected.findings, one.scenario, one.fault) for one in suspects)
        self.collected.again += explained
        self.collected.unpursued += len(ended) + len(self._waiting) - explained
        self._waiting = []

    async def _ended(self) -> list[Suspect | Astray]:
        tasks, self._under_way = self._under_way, {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        over = [task for task in tasks if not task.cancelled() and not task.exception()]
        for task in over:
            # A finding was told already, and nobody has looked at a suspect.
            if isinstance(found := task.result(), list):
                self.suspect(found)
        return [item for task, item in tasks.items() if task not in over]

    async def _look_in_time(self, item: Suspect | Astray) -> Told | Sequence[Suspect] | None:
        async with asyncio.timeout(self.seconds()):
            return await self._look(item)

    async def _look(self, item: Suspect | Astray) -> Told | Sequence[Suspect] | None:
        meter = _Meter(self.judge, self.flushes)
        if isinstance(item, Astray):
            async with self.turns.alone(), self._news_again(item.paths):
                begun = self.judge.intervals
                found = await self.judge.strayed(item.scenarios)
                self._rested = self.judge.intervals + _REST * (self.judge.intervals - begun)
            self.judge.known -= self._missed
            self._missed.clear()
            self.collected.unstable.update([] if found else [_STRAY])
            return [Suspect(item.scenarios[number], fault, item.paths) for number, fault in found.items()]
        if item.strays:
            async with self.turns.alone(), self._news_again(item.strays):
                asked, again = meter.asking(self.judge, _LAST), meter.asking(self.judge)
                return await self.collected.take(item.scenario, item.fault, asked, lambda alone: nullcontext(again))
        asked = self._beside(meter.asking(self.judge.named, _LAST))
        return await self.collected.take(item.scenario, item.fault, asked, partial(self._again, meter))

    def _beside(self, judge: Asked) -> Asked:
        """Return a judge that shares the target with others."""

        async def ask(scenarios: Sequence[Scenario]) -> list[Fault | None]:
            async with self.turns.shared():
                return await judge(scenarios)

        return ask

    @asynccontextmanager
    async def _again(self, meter: "_Meter", alone: bool) -> AsyncIterator[Asked]:
        """Give a judge for which flushes were left, until left; one that has the target alone, if `alone`."""
        if not alone:
            yield self._beside(meter.asking(self.judge.named))
            return
        async with self.turns.alone():
            yield meter.asking(self.judge)

    @asynccontextmanager
    async def _news_again(self, paths: frozenset[bytes]) -> AsyncIterator[None]:
        """Have paths be news, until left."""
        self.judge.known -= paths
        try:
            yield
        finally:
            self.judge.known |= paths


@dataclass
class _Meter:
    """Counts the flushes of one look."""

    judge: Judge
    left: int

    def asking(self, judge: Asked, kept: int = 0) -> Asked:
        """Return the judge that is asked only while more flushes are left than are `kept`; else it raises Enough."""

        async def ask(scenarios: Sequence[Scenario]) -> list[Fault | None]:
            if self.left <= kept:
                raise Enough
            begun = self.judge.intervals
            try:
                return await judge(scenarios)
            finally:
                self.left -= self.judge.intervals - begun

        return ask
