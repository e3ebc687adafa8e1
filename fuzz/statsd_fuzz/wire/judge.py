"""Sends scenarios to a target, thousands in each flush interval, and tells of each what is wrong with what came of it.

The judge is the model, and only where nobody argues or the core of the requirements says MUST: of plain lines the
target has to publish what the model says, of lines that nobody may take nothing, and whatever else a line is, it has to
leave the plain ones alone and may come to nothing but names that it has. The reference itself is judged strictly: each
line that it publishes has to be the model's, of whatever it was sent.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Final

from statsd_conformance.graphite import Snapshot
from statsd_conformance.session import only_passes
from statsd_conformance.wave import Subject
from statsd_fuzz.comparing import shown
from statsd_fuzz.fault import Fault
from statsd_fuzz.plain import plain_part
from statsd_fuzz.wire.batch import Batch, Round, Sent, Sorted, sort_lines
from statsd_fuzz.wire.closure import own_errors, unasked, unexplained
from statsd_fuzz.wire.relations import other_way
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario
from statsd_fuzz.wire.tokens import Tokens
from statsd_fuzz.wire.trial import Looked, Plainly, Strict, Survived, Trial
from statsd_reference import Options

# A scenario that a flush fell into is sent again.
_TRIES: Final = 3
# Datagrams, and bytes, that an interval gets of all calls together, beside what is sent once: as much as one may send.
_CALLS: Final = (2000, 1 << 19)
_NOTHING_ODD: Final = Scenario(((PLACEHOLDER + b".a:1|c",),))


async def judged(subject: Subject, scenarios: Sequence[Scenario], model: Options | None = None) -> list[Fault | None]:
    """Return what is wrong with how a target took each of some scenarios, which are sent together; None for nothing.

    `model` are the options of the reference where the target is to be like it in everything, None where it is not.

    Raises:
        NoAnswer: it does not flush any more.
        Crashed: its process is gone.
    """
    return await Judge(subject, model)(scenarios)


@dataclass
class Judge:
    """What judges one target, call after call; calls at the same time share each interval.

    Attributes:
        subject: the target, running.
        model: the options of the reference where the target is to be like it in everything.
        unmet: requirements that it is known not to meet.
        known: paths under no token that are no news.
        unsure: scenarios that were given up, for a flush fell into them each time.
        intervals: how many it has judged.
        spare: seconds of the last interval in which this process had nothing left to do.
        took: seconds of the last interval.
        idle: lines of the last flush about what was sent before.
        stopped: scenarios that were under way when the target stopped.
    """

    subject: Subject
    model: Options | None = None
    unmet: Set[str] = frozenset()
    known: set[bytes] = field(default_factory=set)
    unsure: int = 0
    intervals: int = 0
    spare: float = 0.0
    took: float = 0.0
    idle: int = 0
    stopped: list[Scenario] = field(default_factory=list)
    _batches: int = 0
    _marked: bool = False
    _trials: "list[Trial]" = field(default_factory=list)
    _ticking: "asyncio.Task[None] | None" = None
    _looked_at: "Sequence[Trial]" = ()
    _calls: int = 0

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.subject.wire.run)

    async def __call__(self, scenarios: Sequence[Scenario]) -> list[Fault | None]:
        """Return what is wrong with how the target took each; they are sent together.

        Raises:
            NoAnswer: the target does not flush any more.
            Crashed: its process is gone.
        """
        faults, strays = await self._tried(scenarios)
        if strays:
            faults = await self.strayed(scenarios) | faults
        return [faults.get(number) for number in range(len(scenarios))]

    async def named(self, scenarios: Sequence[Scenario]) -> list[Fault | None]:
        """Return what is wrong with what came under the names of each; other paths may be of others in the interval.

        Raises:
            NoAnswer: the target does not flush any more.
            Crashed: its process is gone.
        """
        faults, _ = await self._tried(scenarios)
        return [faults.get(number) for number in range(len(scenarios))]

    async def _tried(self, scenarios: Sequence[Scenario]) -> tuple[dict[int, Fault], bool]:
        """Return what is wrong with each, and whether there were new paths under no token."""
        faults: dict[int, Fault] = {}
        left, strays = list(range(len(scenarios))), False
        self._calls += 1
        try:
            for _ in range(_TRIES):
                looked = await self.once([scenarios[number] for number in left], waits=True)
                faults |= {left[place]: fault for place, fault in looked.faults.items()}
                strays |= bool(looked.strays)
                left = [left[place] for place in sorted(looked.torn - looked.faults.keys())]
                if not left:
                    break
        finally:
            self._calls -= 1
        self.unsure += len(left)
        return faults, strays

    async def once(
        self, scenarios: Sequence[Scenario], sent: "asyncio.Future[None] | None" = None, *, waits: bool = False
    ) -> Looked:
        """Send scenarios, at most NUMBERS of them, once.

        `sent` is done when their first interval is on its way; `waits` says that they may wait for a later interval.

        Raises:
            NoAnswer: the target does not flush any more.
            Crashed: its process is gone.
        """
        if not scenarios:
            return Looked()
        await self.learn()
        self._batches += 1
        renamed = [one.renamed(self.tokens.of(self._batches, number)) for number, one in enumerate(scenarios)]
        trial = self._trial(renamed)
        trial.sent, trial.waits = sent, waits
        self._trials.append(trial)
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.create_task(self._tick())
        await trial.done
        return trial.looked

    def _trial(self, scenarios: list[Scenario]) -> Trial:
        wire, twins = self.subject.wire, {}
        if self.model:
            return Strict(wire, Batch(self.tokens, self._batches, scenarios), self.model)
        if only_passes(wire):
            return Survived(wire, Batch(self.tokens, self._batches, scenarios))
        for number, one in enumerate(list(scenarios)):
            if other := other_way(one):
                twins[len(scenarios)] = number
                scenarios.append(replace(one, intervals=other).renamed(self.tokens.of(self._batches, len(scenarios))))
        return Plainly(wire, Batch(self.tokens, self._batches, scenarios), twins, self.unmet)

    async def close(self) -> None:
        """Let go of what is under way."""
        if self._ticking:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)

    async def learn(self) -> None:
        """Look at a flush before anything is sent, unless that was done: what is in it nobody has to ask for."""
        if not self.known:
            wire = self.subject.wire
            begun = len(wire.snapshots)
            ended = await wire.fence()
            self.known |= {line.path for one in wire.snapshots[max(0, begun - 1) : ended] for line in one.lines}
            self.known |= {path.encode() for path in (*wire.profile.own.values(), wire.profile.errors)}

    async def _tick(self) -> None:
        """Go from interval to interval while there is anything to send; all that wait see what ends it."""
        look: Iterator[None] | None = None
        begun = len(self.subject.wire.snapshots)
        try:
            while self._trials or look:
                begun, look = await self._interval(begun, look)
        except Exception as error:
            trials, self._trials = [*self._looked_at, *self._trials], []
            for trial in dict.fromkeys(trials):
                if not trial.done.done():
                    self.stopped += trial.batch.scenarios
                    trial.done.set_exception(error)
                    # Whoever waited for it may be gone.
                    trial.done.exception()

    async def _interval(self, begun: int, look: Iterator[None] | None) -> tuple[int, Iterator[None] | None]:
        """Send an interval of all that is under way, look at the last one meanwhile, and wait for its flush.

        Return how many flushes there were, and what looks at this interval.
        """
        drops, begun_at = self.subject.wire.drops(), time.monotonic()
        if look and self._calls:
            # Who waits for an answer may then ask the next in this interval, and not in the one behind it.
            await _finish(look)
            await asyncio.sleep(0)
        under_way = await self._send()
        if not under_way:
            await _finish(look)
            return begun, None
        ended = await self._fence(look)
        self.took = time.monotonic() - begun_at
        self.intervals += 1
        return ended, self._come(under_way, begun, ended, drops)

    async def _send(self) -> "list[tuple[Trial, Sent]]":
        """Send the next interval of what is under way, as much of it as there is room for."""
        wire = self.subject.wire
        stream = await wire.open_stream()
        # For some nobody waits any more.
        self._trials = [trial for trial in self._trials if not trial.done.cancelled()]
        under_way = [(trial, trial.batch.send(wire, stream=stream)) for trial in _first_of(self._trials)]
        for trial, _ in under_way:
            if trial.sent and not trial.sent.done():
                trial.sent.set_result(None)
        return under_way

    async def _fence(self, look: Iterator[None] | None) -> int:
        """Wait for the flush that holds all that was sent, look meanwhile, and return how many flushes there were."""
        fence = asyncio.ensure_future(self.subject.wire.fence())
        try:
            # While it waits for the target to read, it can look.
            await _finish(look)
            await self.subject.wire.sent_all()
            waited, worked = time.monotonic(), time.process_time()
            ended = await fence
        finally:
            # Where this was ended meanwhile.
            fence.cancel()
        # Meanwhile the next scenarios were made, and a flush was read.
        self.spare = max(0.0, time.monotonic() - waited - (time.process_time() - worked))
        return ended

    def _come(self, under_way: "Sequence[tuple[Trial, Sent]]", begun: int, ended: int, drops: int) -> Iterator[None]:
        """Take the flushes from number `begun` on, up to `ended` without it; return what looks at them.

        `drops` are the datagrams that the kernel had dropped before.
        """
        wire = self.subject.wire
        arrived = wire.snapshots[begun:ended]
        flushes = [sort_lines(one, self.tokens, b"q" + wire.run.encode()) for one in arrived]
        wire.forget(ended)
        lost = wire.drops() != drops or self._is_cut(arrived)
        rounds = [(trial, trial.batch.round(sent, flushes, lost=lost)) for trial, sent in under_way]
        self._trials = [trial for trial in self._trials if trial.batch.interval < trial.batch.longest]
        self._looked_at = [trial for trial, _ in rounds]
        return _look(self, rounds, flushes)

    def _is_cut(self, snapshots: Sequence[Snapshot]) -> bool:
        """Tell whether a target that ends its flushes by a marker was so slow that silence ended one of them."""
        profile = self.subject.wire.profile
        if profile.end != "marker":
            return False
        ended = [profile.marker.encode() in line.raw for one in snapshots for line in one.lines[-1:]]
        self._marked |= any(ended)
        return self._marked and not all(ended)

    async def strayed(self, scenarios: Sequence[Scenario]) -> dict[int, Fault]:
        """Return which scenarios make paths under no token, by their numbers: the first, and one of the smallest.

        Nothing tells whose such a path is, so that of many each would take a flush.
        """
        odd = [number for number, one in enumerate(scenarios) if any(map(any, plain_part(one.intervals).odd))]
        suspects = sorted(odd or range(len(scenarios)), key=lambda number: scenarios[number].size)
        first = [0] if 0 in suspects and len(suspects) > 1 else []
        while len(suspects) > 1:
            half = suspects[: len(suspects) // 2]
            strays = await self._strays_of([scenarios[number] for number in half])
            suspects = half if strays else suspects[len(half) :]
        found = {}
        for number in dict.fromkeys([*first, *suspects]):
            if strays := await self._strays_of([scenarios[number]]):
                found[number] = Fault("path-nobody-asked-for", f"a flush has {shown(strays[0])}, which nobody sent")
        return found

    async def _strays_of(self, scenarios: Sequence[Scenario]) -> Sequence[bytes]:
        """Return the new paths under no token that come of scenarios; they are sent again if a flush fell into them."""
        # What comes of nothing stays for some flushes, as a gauge does, and tells nothing of who made it.
        self.known.update((await self.once([_NOTHING_ODD])).strays)
        for _ in range(_TRIES):
            known = set(self.known)
            looked = await self.once(scenarios)
            if looked.strays or not looked.torn:
                break
            # Of that flush nothing can be said, and so neither what is no news.
            self.known &= known
        return looked.strays


async def _finish(look: Iterator[None] | None) -> None:
    """Look at what is left of an interval; between the parts of that something else may be done."""
    for _ in look or ():
        await asyncio.sleep(0)


def _first_of(trials: "Sequence[Trial]") -> "Iterator[Trial]":
    """Yield those that go into the next interval: of those that may wait as many as there is room for, one at least."""
    datagrams = size = 0
    for trial in trials:
        if trial.waits and not trial.batch.interval:
            sizes = [one.size for one in trial.batch.scenarios]
            more, longer = sum(one[0] for one in sizes), sum(one[1] for one in sizes)
            if datagrams and (datagrams + more > _CALLS[0] or size + longer > _CALLS[1]):
                continue
            datagrams, size = datagrams + more, size + longer
        yield trial


def _look(judge: Judge, rounds: "Sequence[tuple[Trial, Round]]", flushes: Sequence[Sorted]) -> Iterator[None]:
    """Look at what came of an interval; between the parts of that something else may be done."""
    for trial, result in rounds:
        yield from trial.take(result)
        judge.known |= trial.published
    under_way = {trial.prefix for trial, _ in rounds}
    judge.idle = sum(len(lines) for batch, lines in flushes[-1].batches.items() if batch not in under_way)
    if judge.model is None and any(result.torn for _, result in rounds):
        # They may be of what is torn, of which nobody can tell what it came to.
        judge.known.update(line.path for flush in flushes for line in flush.foreign)
    foreign = [line for flush in flushes for line in flush.foreign]
    strays = list(unasked(judge.subject.wire.profile, foreign, judge.known))
    if strays and judge.model is None:
        scenarios = [one for trial, _ in rounds for one in trial.batch.scenarios]
        unknown = unexplained(judge.subject.wire.profile, strays, scenarios)
        # What somebody sent may stay for some flushes.
        judge.known.update(set(strays) - set(unknown))
        strays = unknown
    errors = own_errors(judge.subject.wire.profile, foreign)
    for trial, _ in rounds:
        trial.looked.own.update(errors)
        trial.closed(strays)
