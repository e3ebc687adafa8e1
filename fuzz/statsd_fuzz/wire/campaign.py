"""A campaign: batches of new scenarios, an interval each, until the time is over; what looks wrong is pursued beside.

While a batch is on its way the one before is judged and the next one made, so that neither the target nor this process
waits for the other. How many scenarios go into an interval follows from how much of it is left over. What needs the
target for itself, or starts it again, has the search wait, and close looks begin anew behind that.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from statsd_conformance.process import Process, StartError
from statsd_conformance.session import TargetError
from statsd_conformance.target import Crashed
from statsd_conformance.verdict import Verdict
from statsd_conformance.wave import Subject
from statsd_conformance.wire import NoAnswer
from statsd_fuzz.fault import Fault
from statsd_fuzz.known import Standing
from statsd_fuzz.wire.collected import Collected
from statsd_fuzz.wire.display import Progress
from statsd_fuzz.wire.fatal import Fatal
from statsd_fuzz.wire.grammar import Grammar
from statsd_fuzz.wire.hunger import Hunger, Suspects
from statsd_fuzz.wire.judge import Judge
from statsd_fuzz.wire.kept import Kept
from statsd_fuzz.wire.looks import Looks, Suspect
from statsd_fuzz.wire.naming import is_fatal
from statsd_fuzz.wire.pace import Pace
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario
from statsd_fuzz.wire.scenario import Judge as Asked
from statsd_fuzz.wire.shrink import by_way, merged
from statsd_fuzz.wire.surviving import Surviving, fatal
from statsd_fuzz.wire.traits import traits_of
from statsd_fuzz.wire.trial import Looked
from statsd_fuzz.wire.watch import Watch, Watching, tokens_in
from statsd_reference import Options

# How many of the odd scenarios of an interval are kept for a log line that names none.
_SAMPLE: Final = 2
# Between two looks at the clock while scenarios are made.
_AT_A_TIME: Final = 200
# Seconds that a fence may be late while what stopped a target is looked for, in dozens of trials.
_GRACE: Final = 1.0
# What every fence is like, for targets that do not even answer one.
_LONE: Final = Scenario(((PLACEHOLDER + b".a:1|c",),))
# Seconds that may go on beyond the end of the search while something is pursued, and flushes.
_OVERTIME: Final = 15.0
_OVERTIME_FLUSHES: Final = 15
# Seconds that looking for what keeps a target busy, or what it keeps, may take besides: each trial is some flushes.
_IDLE: Final = 45.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How a campaign goes.

    Attributes:
        seconds: how long it looks for anything new.
        seed: of the dice.
        model: the options of the reference for a target that is to be like it in everything.
        hostile: whether to send what may stop a target.
        rate: datagrams a second at most, None for as many as the target takes.
        corpus: a folder of inputs to start from, to which new ones are added.
        first: how many scenarios go into the first interval.
    """

    seconds: float
    seed: int
    model: Options | None = None
    hostile: bool = True
    rate: float | None = None
    corpus: Path | None = None
    first: int = 500


@dataclass
class Campaign:
    """One campaign against a target that runs.

    Attributes:
        subject: the target.
        plan: how it goes.
        collected: takes what was found.
        progress: is told how far it is.
        process: returns the target's program where the suite started one.
        ended: why it ended early, empty where it did not.
        expected: scenarios that showed something, and were about what the target is known not to meet.
    """

    subject: Subject
    plan: Plan
    collected: Collected
    progress: Progress
    process: Callable[[], Process | None] = lambda: None
    ended: str = ""
    expected: int = 0
    _last: Sequence[Scenario] = ()
    _tasks: "dict[asyncio.Task[Looked], Sequence[Scenario]]" = field(default_factory=dict)
    _ahead: list[Scenario] = field(default_factory=list)

    def __post_init__(self) -> None:
        entries = self.collected.known.deviations.entries
        self.fatal = Fatal({id for (id, _), one in entries.items() if one.verdict == Verdict.CRASHED.value})
        self._avoid = {id for id, _ in self.collected.known.deviations.entries}
        tagged = "dogstatsd" in self.subject.wire.profile.extensions
        self.grammar = Grammar(self.plan.seed, avoid=self._avoid, hostile=self.plan.hostile, tagged=tagged)
        self.judge = Judge(self.subject, self.plan.model, self._avoid)
        self.looks = Looks(self.judge, self.collected, lambda scenario: (self._overlap(scenario), *scenario.size))
        self.kept = Kept(self.grammar.mutator, self.plan.corpus)
        self.watch = Watch(self.subject.wire, self.process)
        self.surviving = Watching(Surviving(self.subject, self.judge), self.watch)
        self.hunger = Hunger(self.surviving.surviving, self.watch, self.judge.tokens)
        self._chance = Random(self.plan.seed)
        self.pace = Pace(self.judge, self.plan.first, self.plan.rate)

    @property
    def has_judged(self) -> bool:
        """Whether anything was judged, or showed something that was not looked at closely."""
        collected = self.collected
        return bool(self.progress.datagrams or collected.all or collected.unstable or collected.unpursued)

    async def run(self) -> None:
        """Look for new faults until the time is over or the target cannot be had any more.

        Raises:
            OSError: the corpus cannot be read or written.
            TargetError, StartError: the target did not start again, and nothing that it was sent had stopped it.
        """
        self._until = time.monotonic() + self.plan.seconds
        # The search may wait for one that has the target alone.
        self.looks.seconds = lambda: self._deadline - time.monotonic()
        try:
            await self._first()
            while time.monotonic() < self._until:
                await self._guarded(self._search())
                await self._guarded(self._renew())
            while self.looks.left:
                await self._guarded(self._look_on())
            # At a target that has nothing to do, and then at what it keeps.
            await self._guarded(self._look_idle(self.hunger.busy, "what keeps it busy"))
            await self._guarded(self._look_idle(self.hunger.kept, "what it keeps"))
        except (Crashed, NoAnswer) as error:
            fault = fatal(self.subject, error)
            self.collected.note(merged(self.judge.stopped or self._last), fault)
            self.ended = "the suite did not start the target, and cannot start it again: the search ends here"
        except (TargetError, StartError) as error:
            # It ended, and comes up no more: perhaps it left something behind.
            if not self.judge.stopped:
                raise
            fault = Fault("dies", f"it stopped, and did not start again: {' '.join(str(error).split())}")
            self.collected.note(merged(self.judge.stopped), fault)
            self.ended = "the target does not start again: the search ends here"
        finally:
            await self._end()

    async def _end(self) -> None:
        """Let go of all that is under way."""
        for task in self._tasks:
            task.cancel()
        await self.looks.give_up()
        await self.judge.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _guarded(self, searching: Coroutine[None, None, None]) -> None:
        """Search; start a target again that stops."""
        try:
            await searching
        except (Crashed, NoAnswer) as error:
            await self._stopped(error)

    async def _first(self) -> None:
        """Try what was kept before."""
        kept = self.kept.load()
        for start in range(0, len(kept), self.plan.first):
            await self._guarded(self._try(kept[start : start + self.plan.first]))

    async def _try(self, scenarios: Sequence[Scenario]) -> None:
        await self._submit(scenarios)
        await self._finish()

    async def _search(self) -> None:
        """Send batch after batch, the next one made while the last is under way, until the target has to be renewed."""
        # Two that waited for this together would share each interval, and leave every other one empty.
        await self.judge.learn()
        before: asyncio.Task[Looked] | None = None
        sizes: list[int] = []
        while time.monotonic() < self._until and not self.pace.is_full:
            scenarios = await self._made(self._allowed)
            sizes.append(len(scenarios))
            sent = asyncio.get_running_loop().create_future()
            task = await self._submit([one for one in scenarios if len(one.intervals) == 1], sent)
            await self._submit([one for one in scenarios if len(one.intervals) != 1])
            # Two batches in one interval would leave the next one empty.
            await self._over(sent, task)
            # Ahead, so that they are there as soon as the flush is.
            await self._make(self._allowed)
            if before:
                await self._over(before)
                self.pace.adapt(sizes)
                if fault := self.watch.fault():
                    await self._heed(partial(self.hunger.grown, scenarios, fault))
                elif self.hunger.is_due:
                    await self._heed(self.hunger.busy)
            before = task
        await self._finish()

    async def _over(self, *futures: "asyncio.Future[Any]") -> None:
        """Wait until one of these is done, and take what is over meanwhile."""
        while not any(one.done() for one in futures):
            await asyncio.wait([*futures, *self.looks.tasks], return_when=asyncio.FIRST_COMPLETED)
            self._collect()
        self._collect()

    async def _made(self, number: int) -> list[Scenario]:
        """Return new scenarios, none of which is likely to stop the target."""
        await self._make(number)
        made, self._ahead = self._ahead[:number], self._ahead[number:]
        return made

    async def _make(self, number: int) -> None:
        """Have so many new scenarios ready."""
        self._ahead = [one for one in self._ahead if one not in self.fatal]
        while len(self._ahead) < number:
            some = [self.grammar.scenario() for _ in range(min(_AT_A_TIME, number - len(self._ahead)))]
            self._ahead += [one for one in some if one not in self.fatal]
            await asyncio.sleep(0)

    async def _submit(
        self, scenarios: Sequence[Scenario], sent: "asyncio.Future[None] | None" = None
    ) -> "asyncio.Task[Looked]":
        """Send scenarios as soon as nobody has the target alone; `sent` is done when they are on their way."""
        await self.looks.turns.enter()
        task = asyncio.create_task(self.judge.once(scenarios, sent))
        task.add_done_callback(lambda _: self.looks.turns.leave())
        self._tasks[task] = scenarios
        self.hunger.note(scenarios)
        self._last = scenarios or self._last
        # Who had it may have seen it stop.
        self._collect()
        return task

    async def _finish(self) -> None:
        """Wait for all scenarios under way."""
        while self._tasks:
            await self._over(next(iter(self._tasks)))
        self._collect()

    async def _look_on(self) -> None:
        """Wait for the close looks that are left, as long as there is time for them."""
        self.looks.ending = True
        self._collect()
        while self.looks.left:
            left = max(0.0, self._deadline - time.monotonic())
            done, _ = await asyncio.wait(self.looks.tasks, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                await self.looks.give_up()
            self._collect()
            await self._renew()

    def _collect(self) -> None:
        """Take what is over, and raise what ended it; begin close looks at what that showed."""
        for task in [task for task in self._tasks if task.done()]:
            if task.exception() is None:
                self._take(self._tasks.pop(task), task.result())
            else:
                # Which raises it.
                task.result()
        self.looks.take_over()
        self.looks.begin()
        self.progress.step = self.looks.step
        self._tell()

    def _take(self, scenarios: Sequence[Scenario], looked: Looked) -> None:
        suspects = []
        for number, fault in looked.faults.items():
            # What is about something that the target is known not to meet, of that there is enough without it.
            if scenarios[number].features.isdisjoint(self._avoid):
                suspects.append(Suspect(scenarios[number], fault))
            else:
                self.expected += 1
        self.looks.suspect(suspects)
        if looked.strays:
            self.looks.astray(scenarios, looked.strays)
        for number, shape in looked.shapes.items():
            if number not in looked.faults:
                self.kept.look(scenarios[number], shape)
        self.pace.take(len(scenarios))
        self._heed_log(scenarios, looked)
        self.progress.datagrams += sum(one.size[0] for number, one in enumerate(scenarios) if number not in looked.torn)
        self.progress.corpus = self.kept.number

    def _heed_log(self, scenarios: Sequence[Scenario], looked: Looked) -> None:
        """Keep those of which a new line in the target's log tells, or some that may have made it write one.

        So it does where it counts more of its own errors than ever; which scenario made it nothing says.
        """
        lines, steps = self.watch.new_lines(), self.watch.new_steps(looked.own)
        if not lines and not steps:
            return
        named = tokens_in(lines, self.judge.tokens.prefix)
        told = [one for number, one in enumerate(scenarios) if looked.tokens[number] in named]
        odd = [one for one in scenarios if "plain" not in one.features]
        for one in told or self._chance.sample(odd, min(_SAMPLE, len(odd))):
            self.kept.keep(one)

    @property
    def _allowed(self) -> int:
        """How many scenarios go into the next interval."""
        return self.pace.allowed(sum(map(len, self._tasks.values())))

    # What looks wrong.

    async def _heed(self, look: Callable[[], Coroutine[None, None, Suspects]]) -> None:
        """Look for what makes a target hungry, with nothing else under way: it rests meanwhile, or is started again."""
        await self._finish()
        async with self.looks.turns.alone():
            self._collect()
            await self._first_of(await look())

    async def _first_of(self, suspects: Suspects) -> None:
        """Make a finding of the first suspect that shows its fault again."""
        for scenario, fault in suspects:
            if await self._close_look(scenario, fault, self.surviving):
                break
        # Behind each of these it started again.
        self.judge.stopped.clear()

    def _overlap(self, scenario: Scenario) -> int:
        """Return how much of a scenario is about what the target is known not to meet."""
        return len({id for trait in traits_of(scenario) for id in trait.ids} & self._avoid) if self._avoid else 0

    @property
    def _deadline(self) -> float:
        """When close looks end that go on beyond the end of the search."""
        usual = self.subject.wire.interval * self.subject.wire.profile.rounds
        return self._until + _OVERTIME + _OVERTIME_FLUSHES * usual

    async def _close_look(self, scenario: Scenario, fault: Fault, judge: Asked) -> bool:
        """Make a finding of a suspect, where there is time left for that; tell whether there is one now."""
        try:
            async with asyncio.timeout(self._deadline - time.monotonic()):
                found = await self.collected.take(scenario, fault, self.hunger.judge_of(fault, judge))
        except TimeoutError:
            self.collected.unpursued += 1
            return False
        if found and is_fatal(found.finding.fault):
            self.fatal.add(found.finding.scenario)
        self._tell()
        return found is not None

    async def _stopped(self, error: Exception) -> None:
        """Find out which of the scenarios under way stopped the target; where none was, end unless it serves again.

        Raises:
            Crashed, NoAnswer: the suite did not start it.
        """
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = {}
        await self.looks.put_back()
        if not self.subject.restartable:
            raise error
        fault, under_way = fatal(self.subject, error), list(self.judge.stopped)
        await self._start_again()
        self.progress.step = "looking for what stopped it"
        wire = self.subject.wire
        grace, wire.grace = wire.grace, min(wire.grace, _GRACE)
        try:
            if not under_way and await self._close_look(_LONE, fault, self.surviving):
                self.ended = "it does not publish a line that comes alone, so nothing can be judged"
                self._until = time.monotonic()
            await self._first_of([(one, fault) for one in by_way(under_way)])
        finally:
            wire.grace = grace

    async def _start_again(self) -> None:
        await self.subject.restart()
        self.pace.begin()
        self.watch.begin()
        self.surviving.surviving.restarts += 1
        self._tell()

    async def _renew(self) -> None:
        """Start a target again that publishes more and more names that nobody speaks of any more.

        Close looks go on behind that, for each of their rounds brings names of its own.
        """
        if self.pace.is_full and self.subject.restartable:
            async with self.looks.turns.alone():
                self._collect()
                await self._start_again()
            self.surviving.surviving.restarts -= 1
        self.judge.idle = 0

    async def _look_idle(self, look: Callable[[], Coroutine[None, None, Suspects]], step: str) -> None:
        """Look at a target that is sent nothing new any more."""
        self.progress.step = f"looking for {step}"
        # What was pursued before has had its time, and this has none yet.
        self._until = max(self._until, time.monotonic() + _IDLE)
        suspects: Suspects = []
        with suppress(TimeoutError):
            async with asyncio.timeout(self._deadline - time.monotonic()):
                suspects = await look()
        await self._first_of(suspects)

    def _tell(self) -> None:
        self.progress.findings = len(self.collected.of(Standing.NEW, Standing.BACK))
        self.progress.known = len(self.collected.of(Standing.KNOWN))
        self.progress.restarts = self.surviving.surviving.restarts
