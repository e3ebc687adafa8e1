"""Sends scenarios to a target, thousands in each flush interval, and tells of each what is wrong with what came of it.

The judge is the model, and only where nobody argues: of plain lines the target has to publish what the model says, of
lines that nobody takes nothing, and whatever else a line is, it has to leave the plain ones alone and may come to
nothing but names that it has. The reference itself is judged strictly: each line that it publishes has to be the
model's, of whatever it was sent.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import GraphiteLine
from statsd_conformance.traffic import Line
from statsd_conformance.wave import Subject
from statsd_fuzz.comparing import compared, shown, snapshot
from statsd_fuzz.fault import Fault
from statsd_fuzz.plain import Plain, plain_part
from statsd_fuzz.wire.batch import Batch, Round, Sorted, by_token, sort_lines
from statsd_fuzz.wire.closure import stray_names, unasked, unexplained
from statsd_fuzz.wire.readable import unreadable
from statsd_fuzz.wire.scenario import Scenario
from statsd_fuzz.wire.strictly import Model, differences
from statsd_fuzz.wire.tokens import LENGTH, Tokens, number_of
from statsd_reference import Options

# A scenario that a flush fell into is sent again.
_TRIES: Final = 3
# So few suspects are tried each alone.
_ALONE: Final = 16
# What stands in names that nothing is odd about, and how much of the rest makes a shape.
_PLAIN: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
_ODD: Final = 4


async def judged(subject: Subject, scenarios: Sequence[Scenario], model: Options | None = None) -> list[Fault | None]:
    """Return what is wrong with how a target took each of some scenarios, which are sent together; None for nothing.

    `model` are the options of the reference where the target is to be like it in everything, None where it is not.

    Raises:
        NoAnswer: it does not flush any more.
        Crashed: its process is gone.
    """
    return await Judge(subject, model)(scenarios)


@dataclass
class Looked:
    """What one sending of scenarios came to, by their numbers.

    Attributes:
        faults: what is wrong.
        torn: those that a flush fell into, so that nothing can be said.
        shapes: what each came to, as beginnings and ends of paths.
        strays: paths under no token that are new; whose they are nobody can tell.
        tokens: under which each was sent.
        idle: lines of the last flush about what was sent before these were.
    """

    faults: dict[int, Fault] = field(default_factory=dict)
    torn: set[int] = field(default_factory=set)
    shapes: dict[int, set[bytes]] = field(default_factory=dict)
    strays: list[bytes] = field(default_factory=list)
    tokens: list[bytes] = field(default_factory=list)
    idle: int = 0


@dataclass
class Judge:
    """What judges one target, call after call; calls at the same time share each interval.

    Attributes:
        subject: the target, running.
        model: the options of the reference where the target is to be like it in everything.
        known: paths under no token that are no news.
        unsure: scenarios that were given up, for a flush fell into them each time.
        intervals: how many it has judged.
        spare: seconds that it waited for the last flush with nothing left to do, of those that it `took` in all.
    """

    subject: Subject
    model: Options | None = None
    known: set[bytes] = field(default_factory=set)
    unsure: int = 0
    intervals: int = 0
    spare: float = 0.0
    took: float = 0.0
    _batches: int = 0
    trials: "list[_Trial]" = field(default_factory=list)
    _ticking: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.subject.wire.run)

    async def __call__(self, scenarios: Sequence[Scenario]) -> list[Fault | None]:
        """Return what is wrong with how the target took each; they are sent together.

        Raises:
            NoAnswer: the target does not flush any more.
            Crashed: its process is gone.
        """
        faults: dict[int, Fault] = {}
        left, strays = list(range(len(scenarios))), False
        for _ in range(_TRIES):
            looked = await self.once([scenarios[number] for number in left])
            faults |= {left[place]: fault for place, fault in looked.faults.items()}
            strays |= bool(looked.strays)
            left = [left[place] for place in sorted(looked.torn - looked.faults.keys())]
            if not left:
                break
        self.unsure += len(left)
        if strays:
            faults = await self.strayed(scenarios) | faults
        return [faults.get(number) for number in range(len(scenarios))]

    async def once(self, scenarios: Sequence[Scenario]) -> Looked:
        """Send scenarios, at most NUMBERS of them, once.

        Raises:
            NoAnswer: the target does not flush any more.
            Crashed: its process is gone.
        """
        if not scenarios:
            return Looked()
        await self.learn()
        self._batches += 1
        renamed = [one.renamed(self.tokens.of(self._batches, number)) for number, one in enumerate(scenarios)]
        batch = Batch(self.tokens, self._batches, renamed)
        trial = _Strict(self, batch, self.model) if self.model else _Plainly(self, batch)
        self.trials.append(trial)
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.create_task(self._tick())
        await trial.done
        return trial.looked

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
        look: Callable[[], None] | None = None
        begun = len(self.subject.wire.snapshots)
        try:
            while self.trials or look:
                begun, look = await self._interval(begun, look)
        except Exception as error:
            trials, self.trials = self.trials, []
            for trial in trials:
                if not trial.done.done():
                    trial.done.set_exception(error)
                    # Whoever waited for it may be gone.
                    trial.done.exception()

    async def _interval(self, begun: int, look: Callable[[], None] | None) -> tuple[int, Callable[[], None] | None]:
        """Send an interval of all that is under way, look at the last one meanwhile, and wait for its flush.

        Return how many flushes there were, and what looks at this interval.
        """
        wire, drops = self.subject.wire, self.subject.wire.drops()
        begun_at = time.monotonic()
        stream = await wire.open_stream()
        under_way = [(trial, trial.batch.send(wire, stream=stream)) for trial in self.trials]
        fence = asyncio.ensure_future(wire.fence()) if under_way else None
        waited = time.monotonic()
        try:
            await wire.sent_all()
            if look:
                look()
            if fence is None:
                return begun, None
            waited = time.monotonic()
            ended = await fence
        finally:
            if fence is not None:
                # Where this was ended meanwhile.
                fence.cancel()
        now = time.monotonic()
        self.spare, self.took = now - waited, now - begun_at
        self.intervals += 1
        flushes = [sort_lines(one, self.tokens, b"q" + wire.run.encode()) for one in wire.snapshots[begun:ended]]
        wire.forget(ended)
        lost = wire.drops() != drops
        rounds = [(trial, trial.batch.round(sent, flushes, lost=lost)) for trial, sent in under_way]
        self.trials = [trial for trial in self.trials if trial.batch.interval < trial.batch.longest]
        return ended, partial(_look, self, rounds, flushes)

    async def strayed(self, scenarios: Sequence[Scenario]) -> dict[int, Fault]:
        """Return which scenarios, by their numbers, make paths under no token; of many only the first."""
        odd = [number for number, one in enumerate(scenarios) if any(map(any, plain_part(one.intervals).odd))]
        suspects = odd or list(range(len(scenarios)))
        while len(suspects) > _ALONE:
            half = suspects[: len(suspects) // 2]
            looked = await self.once([scenarios[number] for number in half])
            suspects = half if looked.strays else suspects[len(half) :]
        found = {}
        for number in suspects:
            if strays := (await self.once([scenarios[number]])).strays:
                found[number] = Fault("path-nobody-asked-for", f"a flush has {shown(strays[0])}, which nobody sent")
        return found


def _look(judge: Judge, rounds: "Sequence[tuple[_Trial, Round]]", flushes: Sequence[Sorted]) -> None:
    for trial, result in rounds:
        trial.take(result)
    under_way = {trial.prefix for trial, _ in rounds}
    idle = sum(len(lines) for batch, lines in flushes[-1].batches.items() if batch not in under_way)
    if any(result.torn for _, result in rounds):
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
    for trial, _ in rounds:
        trial.closed(strays, idle)


class _Trial:
    """One batch on its way: faults, and what was published, by number of scenario."""

    def __init__(self, judge: Judge, batch: Batch) -> None:
        self.judge = judge
        self.batch = batch
        self.wire = judge.subject.wire
        self.prefix = batch.prefix
        self.looked = Looked(tokens=[one.token for one in batch.scenarios])
        self.torn = self.looked.torn
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._taken = 0
        self._statistics = {b"." + one.encode() for one in self.wire.profile.statistics.values()}

    def take(self, result: Round) -> None:
        """Look at what came of one interval."""
        self.torn.update(result.torn)
        self.look(result)
        self._taken += 1

    def closed(self, strays: Sequence[bytes], idle: int) -> None:
        """Take what nobody asked for, when all that were under way have said what they did; end behind the last."""
        self.looked.idle = idle
        self.looked.strays += strays
        if self._taken == self.batch.longest and not self.done.done():
            self.end()
            self.done.set_result(None)

    def look(self, result: Round) -> None:
        raise NotImplementedError

    def end(self) -> None:
        return

    def blame(self, number: int, fault: Fault) -> None:
        if number not in self.torn:
            self.looked.faults.setdefault(number, fault)

    def scenarios_of(self, paths: Sequence[bytes]) -> Iterator[tuple[int, list[bytes]]]:
        for token, some in by_token(paths, self.prefix).items():
            try:
                number = number_of(token)
            except ValueError:
                continue
            if number < len(self.batch.scenarios):
                yield number, some

    def note(self, number: int, paths: Sequence[bytes]) -> None:
        """Note the shape of what a scenario came to: beginnings of paths, statistics, and what is odd in them."""
        shape = self.looked.shapes.setdefault(number, set())
        for path in paths:
            at = path.find(self.prefix)
            behind = path[at + LENGTH :]
            last = behind[behind.rfind(b".") :]
            statistic = last if last in self._statistics else b""
            shape.add(b"%b*%b%b" % (path[:at], statistic, behind.translate(None, _PLAIN)[:_ODD]))


class _Strict(_Trial):
    """Each line is the model's."""

    def __init__(self, judge: Judge, batch: Batch, options: Options) -> None:
        super().__init__(judge, batch)
        self._model = Model(options)

    def look(self, result: Round) -> None:
        several = self.batch.longest > 1
        for flush, held in zip(result.flushes, result.held, strict=True):
            published = self._model.flush(
                datagram
                for number in held
                if number not in self.torn
                for datagram in self.batch.scenarios[number].intervals[result.interval]
            )
            wanted = {path: text for path, text in published.items() if self.prefix in path}
            got = _table(flush)
            for number, paths in self.scenarios_of(list(got)):
                self.note(number, paths)
            if wanted != got:
                self._differing(wanted, got, f"interval {result.interval + 1}" if several else "the flush")
            # What is idle may be published again in later flushes.
            self.judge.known.update(path for path in published if self.prefix not in path)

    def _differing(self, wanted: dict[bytes, bytes], got: dict[bytes, bytes], where: str) -> None:
        paths = [path for path in wanted.keys() | got.keys() if wanted.get(path) != got.get(path)]
        for number, some in self.scenarios_of(paths):
            theirs, ours = ({path: one[path] for path in some if path in one} for one in (wanted, got))
            for fault in differences(self.wire.profile, theirs, ours, where):
                self.blame(number, fault)


class _Plainly(_Trial):
    """Plain lines come to what the model says."""

    def __init__(self, judge: Judge, batch: Batch) -> None:
        super().__init__(judge, batch)
        self._seen: list[Flushed] = []
        self._paths: dict[int, list[bytes]] = {}
        self._broken: dict[bytes, GraphiteLine] = {}

    def look(self, result: Round) -> None:
        wire = self.wire
        flushes = tuple(map(snapshot, result.flushes))
        self._seen.append(Flushed(wire.profile, wire.interval, self.prefix, flushes))
        paths = list({line.path for one in result.flushes for line in one})
        self._broken |= {line.path: line for one in result.flushes for line in one if line.faults}
        for number, some in self.scenarios_of(paths):
            self.note(number, some)
            self._paths.setdefault(number, []).extend(some)

    def end(self) -> None:
        whole = [(number, one) for number, one in enumerate(self.batch.scenarios) if number not in self.torn]
        plain = _together([(one.token, plain_part(one.intervals)) for _, one in whole], len(self._seen))
        for name, fault in compared(plain, self._seen):
            self.blame(number_of(name[:LENGTH]), fault)
        for number, one in whole:
            paths = self._paths.get(number, ())
            for fault in stray_names(self.wire.profile, one, paths):
                self.blame(number, fault)
            for fault in unreadable(one, [self._broken[path] for path in paths if path in self._broken]):
                self.blame(number, fault)


def _table(lines: Sequence[GraphiteLine]) -> dict[bytes, bytes]:
    """Return values by path; those of a path that stands twice behind one another."""
    table: dict[bytes, bytes] = {}
    for line in lines:
        path = line.path
        table[path] = table[path] + b" " + line.value if path in table else line.value
    return table


def _together(parts: Sequence[tuple[bytes, Plain]], intervals: int) -> Plain:
    """Return the plain parts of scenarios as that of one, names without their token left out."""
    lines: list[dict[bytes, list[Line]]] = [{} for _ in range(intervals)]
    refused: set[bytes] = set()
    for token, plain in parts:
        for place, some in enumerate(plain.intervals):
            lines[place].update({name: one for name, one in some.items() if name.startswith(token)})
        refused.update(name for name in plain.refused if name.startswith(token))
    return Plain(tuple(lines), frozenset(refused), ())
