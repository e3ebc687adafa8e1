"""Runs all cases of a target at once, in waves, and comes to a verdict on each.

Every case has buckets of its own, so cases cannot meet; a wave takes as long as its longest case, two or three flush
intervals. What fails is run once more, among the failures only, and alone when that comes out otherwise: two equal
failures make a verdict. Hostile cases come last, one input at a time, so that a target that stops names its culprit;
where more targets can be started, a session gives them one of their own. Runs alone, and of the parts in which a
culprit is looked for, are shared out among several targets.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, groupby
from math import ceil
from traceback import extract_tb
from typing import Any, Final, Protocol

from statsd_conformance.lanes import LANES, Done, Job, work_off
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.progress import counted, step, waiting
from statsd_conformance.requirement import Inconclusive, Requirement, unmet_shoulds
from statsd_conformance.standstill import Spent, busy, kept
from statsd_conformance.target import Crashed, Target
from statsd_conformance.verdict import Outcome, Verdict, failed, passed
from statsd_conformance.wire import NoAnswer, Wire

# Runs of a case that say nothing before the suite gives up.
_ATTEMPTS: Final = 3
# The same, of a case that ends or cuts off its target: there is little time for that between two flushes.
_ATTEMPTS_APART: Final = 5
# Times that a silent target that is not busy is asked for a flush before it has stopped for certain.
_ASKED: Final = 4
# Flushes after which the cases that take two are done: those that take longer send what every target reads alike.
_LOUD: Final = 2
# Families whose quiet cases speak a dialect.
_DIALECTS: Final = ("EVENT",)
_NOT_TRIED: Final = Outcome(
    Verdict.INCONCLUSIVE, "not tried: the target had stopped before; start it again and choose this case with -k"
)
DOUBTFUL: Final = (Verdict.FAIL, Verdict.NON_STRICT, Verdict.INCONCLUSIVE)
_UNCONFIRMED: Final = (*DOUBTFUL, Verdict.CRASHED)


@dataclass(frozen=True, slots=True)
class Case:
    """A case ready to run: its id in the report, the coroutine function, its parameters beside `target`."""

    id: str
    requirement: Requirement
    function: Callable[..., Awaitable[str | None]]
    parameters: Mapping[str, Any]


class Silent(NoAnswer):
    """The target is silent, and nobody can tell whether it has stopped; the message says why."""


class Subject(Protocol):
    """A running target, which may be one that can be started again."""

    wire: Wire

    @property
    def restartable(self) -> bool:
        """Whether `restart` can bring it back."""

    async def restart(self) -> None:
        """Stop what is left of it and start it again, on the same wire."""

    def last_words(self) -> str:
        """Return its exit status and the last lines of its log, as far as they are known."""

    def spent(self) -> Spent:
        """Return what it had of its machine so far."""

    def another(self) -> "AbstractAsyncContextManager[Subject]":
        """Start one more like it, if it is restartable, which is stopped on leaving.

        Raises:
            NoOther: it cannot be started.
        """


async def run_case(case: Case, target: Target) -> Outcome:
    """Run one case against one target, and judge it.

    Raises:
        NoAnswer, Crashed: the target does not answer, which is no verdict on the case yet.
    """
    with unmet_shoulds() as unmet:
        try:
            observed = await case.function(target=target, **case.parameters)
        except (NoAnswer, Crashed):
            raise
        except Exception as error:
            return failed(case.requirement, error, target.trace)
    return passed(case.requirement, observed, unmet, target.trace)


async def run_all(subject: Subject, cases: Sequence[Case]) -> dict[str, Outcome]:
    """Run every case against the subject and return the confirmed outcomes by case id.

    Raises:
        NoAnswer: not one case was answered.
    """
    ordinary = [case for case in cases if not (case.requirement.hostile or case.requirement.apart)]
    step(f"{counted(len(ordinary), 'case')} at once")
    outcomes = await _wave(subject, ordinary)
    if await _serves(subject, outcomes):
        outcomes = await _all_confirmed(subject, ordinary, outcomes)
    else:
        outcomes = await _after_a_stop(subject, ordinary, outcomes)
    for wave in _hostile_waves(subject, cases):
        outcomes |= await _hostile(subject, wave)
    return outcomes | await run_apart(subject, [case for case in cases if case.requirement.apart])


async def run_apart(subject: Subject, cases: Sequence[Case]) -> dict[str, Outcome]:
    """Run each of the cases that cut off or end their target, alone, and return the confirmed outcomes by case id."""
    return {case.id: await _apart(subject, case) for case in cases}


async def _apart(subject: Subject, case: Case) -> Outcome:
    """Run a case until two runs say the same, each doubtful one followed by one on a target that was started again."""
    first = again = await _cut_off(subject, case)
    for _ in range(_ATTEMPTS_APART - 1):
        if first.verdict not in _UNCONFIRMED or not (subject.restartable or subject.wire.alive()):
            return first
        if subject.restartable:
            await subject.restart()
        again = await _cut_off(subject, case)
        if _same(first, again):
            return again
        if first.verdict is Verdict.INCONCLUSIVE:
            first = again
        elif again.verdict is not Verdict.INCONCLUSIVE:
            break
    if first.verdict is Verdict.INCONCLUSIVE or first.verdict not in _UNCONFIRMED:
        return first
    note = f"{first.verdict.value} at first ({first.note}), then {again.verdict.value} ({again.note})"
    return Outcome(Verdict.INCONCLUSIVE, note, trace=again.trace)


async def _cut_off(subject: Subject, case: Case) -> Outcome:
    if not subject.wire.alive():
        if not subject.restartable:
            return _NOT_TRIED
        await subject.restart()
    step(f"{case.requirement.id} alone")
    outcome = await _attempt(subject, case)
    if isinstance(outcome.error, Crashed):
        return replace(outcome, verdict=Verdict.CRASHED, note=f"it stopped serving; {subject.last_words()}")
    return outcome


def _hostile_waves(subject: Subject, cases: Sequence[Case]) -> list[list[Case]]:
    """Return the hostile cases in the waves that they run in.

    A target that cannot be started again meets what has stopped the original last, so that the rest has been judged.
    """
    hostile = [case for case in cases if case.requirement.hostile and not case.requirement.apart]
    if subject.restartable:
        return [hostile]
    lethal = sorted({case.requirement.id for case in hostile if case.requirement.lethal})
    mild = [case for case in hostile if not case.requirement.lethal]
    return [mild, *([case for case in hostile if case.requirement.id == id] for id in lethal)]


async def _serves(subject: Subject, outcomes: Mapping[str, Outcome]) -> bool:
    """Tell whether the target still serves after a wave that came out so."""
    if not subject.wire.alive():
        return False
    if not any(isinstance(outcome.error, NoAnswer) for outcome in outcomes.values()):
        return True
    return await _answers(subject) is None


async def _answers(subject: Subject) -> Exception | None:
    """Return None when a fence comes back, else why it did not."""
    try:
        await subject.wire.fence()
    except (NoAnswer, Crashed, Inconclusive) as error:
        return error
    return None


async def _stopped(subject: Subject, outcomes: Mapping[str, Outcome], stopped_at: int | None = None) -> str | None:
    """Return None where the target still serves after a wave that came out so, and "" where it has stopped for certain.

    Anything else is why that is not certain. A target that does not read, or answer, may be only slow: it has stopped
    where it has ended, is busy all the time, or does not answer for long though it could.
    """
    if not subject.wire.alive():
        return ""
    if stopped_at is None and not any(isinstance(outcome.error, NoAnswer) for outcome in outcomes.values()):
        return None
    begun = now = subject.spent()
    for _ in range(_ASKED):
        before = now
        if await _answers(subject) is None:
            return None
        now = subject.spent()
        if not subject.wire.alive() or busy(before, now):
            return ""
    why = kept(begun, now)
    return f"it answered nothing for {now.at - begun.at:.0f} s, but {why}: run it when that is over" if why else ""


async def _after_a_stop(subject: Subject, cases: Sequence[Case], outcomes: dict[str, Outcome]) -> dict[str, Outcome]:
    """Return the outcomes of ordinary cases of which one stopped the target; the doubtful ones run as if hostile."""
    unanswered = [outcome.error for outcome in outcomes.values() if isinstance(outcome.error, NoAnswer)]
    if not subject.restartable:
        if len(unanswered) == len(cases):
            raise unanswered[0]
        return _unfinished(cases, outcomes, None, subject.last_words())
    await subject.restart()
    silent = await _answers(subject)
    if isinstance(silent, NoAnswer):
        # It does not answer when it has just been started either, so no case has stopped it.
        raise silent
    return outcomes | await _hostile(subject, [case for case in cases if outcomes[case.id].verdict in DOUBTFUL])


async def _wave(subject: Subject, cases: Sequence[Case]) -> dict[str, Outcome]:
    """Run the cases at once, the quiet ones among them when few of the others still send anything."""
    wire = subject.wire
    drops, unseen = wire.drops(), wire.unseen
    loud = [case for case in cases if not case.requirement.quiet]
    quiet = [case for case in cases if case.requirement.quiet]
    halves = await asyncio.gather(_at_once(subject, loud), _when_quiet(subject, quiet, after=_LOUD if loud else 1))
    outcomes = halves[0] | halves[1]
    if (lost := wire.drops() - drops) > 0:
        why = f"the kernel dropped {lost} datagrams at the target's socket meanwhile"
    elif wire.unseen > unseen:
        why = "a flush came before what was sent had been looked at"
    else:
        return outcomes
    return {id: _doubted(outcome, why) for id, outcome in outcomes.items()}


async def _at_once(subject: Subject, cases: Sequence[Case]) -> dict[str, Outcome]:
    outcomes = await asyncio.gather(*(_attempt(subject, case) for case in cases))
    return {case.id: outcome for case, outcome in zip(cases, outcomes, strict=True)}


async def _when_quiet(subject: Subject, cases: Sequence[Case], after: int) -> dict[str, Outcome]:
    """Run the cases after so many flushes; what was sent before is out of the target's counts then.

    Those that speak a dialect follow, a family at a time: the model that counts what others sent knows none, so only
    what one family sends can be told apart.
    """
    for _ in range(after if cases else 0):
        await _answers(subject)
    outcomes: dict[str, Outcome] = {}
    for _, group in groupby(sorted(cases, key=_dialect), key=_dialect):
        outcomes |= await _at_once(subject, list(group))
    return outcomes


def _dialect(case: Case) -> str:
    """Return the family of a case that sends what only some targets read, else nothing."""
    return case.requirement.family if case.requirement.family in _DIALECTS else ""


async def _attempt(subject: Subject, case: Case) -> Outcome:
    target = OverTheWire(subject.wire)
    try:
        with waiting():
            return await run_case(case, target)
    except (NoAnswer, Crashed) as error:
        return Outcome(Verdict.INCONCLUSIVE, str(error), error, target.trace)


def _doubted(outcome: Outcome, why: str) -> Outcome:
    if outcome.verdict not in DOUBTFUL:
        return outcome
    return replace(outcome, verdict=Verdict.INCONCLUSIVE, note=f"{why} ({outcome.note})", error=None)


async def _all_confirmed(subject: Subject, cases: Sequence[Case], outcomes: dict[str, Outcome]) -> dict[str, Outcome]:
    """Return the outcomes with every doubtful one confirmed."""
    again = await _once_more(subject, cases, outcomes)
    if subject.restartable:
        jobs = _confirmations(cases, outcomes, again)
        return outcomes | await work_off(jobs, subject, subject.another)
    confirmed = dict(outcomes)
    for number, case in enumerate(cases):
        if confirmed[case.id].verdict not in DOUBTFUL:
            continue
        confirmed[case.id] = await _confirmed(subject, case, confirmed[case.id], again.get(case.id))
        found = confirmed[case.id]
        if found.verdict is Verdict.CRASHED or isinstance(found.error, Silent):
            return _unfinished(cases, confirmed, number, subject.last_words(), found.error)
    return confirmed


async def _once_more(subject: Subject, cases: Sequence[Case], outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """Run the doubtful cases again in a wave of their own, and return what it tells.

    A quiet case may fail in it as in the wave before, by what the others send; only that it holds tells something.
    """
    doubtful = [case for case in cases if not case.requirement.hostile and outcomes[case.id].verdict in DOUBTFUL]
    if sum(case.requirement.quiet for case in doubtful) == 1:
        # It is run alone, which takes no longer.
        doubtful = [case for case in doubtful if not case.requirement.quiet]
    if not doubtful:
        return {}
    step(f"{counted(len(doubtful), 'case')} once more")
    again = await _wave(subject, doubtful)
    if await _serves(subject, again):
        failed_quiet = [c.id for c in doubtful if c.requirement.quiet and again[c.id].verdict in DOUBTFUL]
        return {id: outcome for id, outcome in again.items() if id not in failed_quiet}
    # One of them stopped it, so this wave tells nothing.
    if subject.restartable:
        await subject.restart()
    return {}


def _confirmations(
    cases: Sequence[Case], outcomes: Mapping[str, Outcome], again: Mapping[str, Outcome]
) -> list[Job[Subject]]:
    """Return a job for each doubtful case that confirms its outcome."""

    async def confirm(case: Case, subject: Subject) -> Done[Subject]:
        return Done({case.id: await _confirmed(subject, case, outcomes[case.id], again.get(case.id))})

    return [partial(confirm, case) for case in cases if outcomes[case.id].verdict in DOUBTFUL]


async def _confirmed(subject: Subject, case: Case, first: Outcome, again: Outcome | None) -> Outcome:
    """Run a doubtful case, alone from its third run on, until two runs that tell anything say the same or differ."""
    for attempt in count(1):
        if again is None:
            again = await _alone(subject, case, first)
        doubt = await _stopped(subject, {case.id: again})
        if doubt is not None:
            return await _given_up(subject, again, doubt)
        # A quiet case that fails among others may have counted what a target makes of theirs.
        doubted = case.requirement.quiet or not _tells(first)
        if _same(first, again) or (doubted and again.verdict not in DOUBTFUL):
            return again
        if case.requirement.hostile and again.verdict not in DOUBTFUL:
            if first.verdict is again.verdict:
                return again
            if attempt == 1:
                # A target may lose a flush over what another case sent in the wave: what holds twice alone holds.
                first, again = again, None
                continue
        silent = again.verdict in DOUBTFUL and not _tells(again)
        if silent and attempt < _ATTEMPTS:
            first, again = first if _tells(first) else again, None
            continue
        if _tells(first):
            alone = again.note or "no objection"
            note = f"{first.verdict.value} in the wave ({first.note}), alone {again.verdict.value} ({alone})"
            return Outcome(Verdict.INCONCLUSIVE, note, trace=again.trace)
        if silent:
            return again
        first, again = again, None
    raise AssertionError("unreachable: count() has no end")


async def _alone(subject: Subject, case: Case, before: Outcome) -> Outcome:
    if case.requirement.hostile and _tells(before) and subject.restartable:
        # It may have left a name behind that cannot be made unknown again.
        await subject.restart()
    step(f"{case.requirement.id} alone")
    return (await _wave(subject, [case]))[case.id]


def _tells(outcome: Outcome) -> bool:
    """Tell whether a doubtful run says anything, and was not spoilt by lost datagrams or a target that had stopped."""
    return outcome.error is not None and not isinstance(outcome.error, NoAnswer | Crashed | Inconclusive)


async def _given_up(subject: Subject, outcome: Outcome, doubt: str) -> Outcome:
    """Return the outcome of a case that ran alone when the target stopped, or may have: `doubt` is why that is unsure.

    The target is started again if possible.
    """
    stop = _stop(outcome, subject.last_words(), Silent(doubt) if doubt else None)
    if subject.restartable:
        await subject.restart()
    return stop


def _stop(outcome: Outcome, words: str, doubt: BaseException | None) -> Outcome:
    """Return the outcome of the case at which the target stopped, or (Silent) may have."""
    if isinstance(doubt, Silent):
        return Outcome(Verdict.INCONCLUSIVE, str(doubt), doubt, outcome.trace)
    return Outcome(Verdict.CRASHED, f"it stopped serving; {words}", trace=outcome.trace)


def _same(first: Outcome, again: Outcome) -> bool:
    """Tell whether two runs failed alike: the same verdict, raised at the same place of the case, or both a crash.

    It is by chance where a case notices that its target has ended.
    """
    if isinstance(first.error, Inconclusive):
        return False
    if first.verdict is again.verdict is Verdict.CRASHED:
        return True
    return first.verdict is again.verdict and first.error is not None and _place(first) == _place(again)


def _place(outcome: Outcome) -> list[tuple[str, int | None]]:
    if outcome.error is None:
        return []
    return [(frame.filename, frame.lineno) for frame in extract_tb(outcome.error.__traceback__)]


async def _hostile(subject: Subject, cases: Sequence[Case]) -> dict[str, Outcome]:
    """Run hostile cases; when the target stops, find the one that did it, start the target again, and go on."""
    if not cases:
        return {}
    if subject.restartable:
        return await work_off([partial(_tried, cases)], subject, subject.another)
    if not subject.wire.alive():
        return dict.fromkeys((case.id for case in cases), _NOT_TRIED)
    outcomes, stopped_at = await _hostile_wave(subject, cases)
    doubt = await _stopped(subject, outcomes, stopped_at)
    if doubt is None:
        return await _all_confirmed(subject, cases, outcomes)
    return _unfinished(cases, outcomes, stopped_at, subject.last_words(), Silent(doubt) if doubt else None)


async def _tried(cases: Sequence[Case], subject: Subject) -> Done[Subject]:
    """Run hostile cases; leave what is doubtful to be confirmed, or their parts when the target stopped."""
    if not subject.wire.alive():
        await subject.restart()
    outcomes, stopped_at = await _hostile_wave(subject, cases)
    if len(cases) == 1:
        doubt = await _stopped(subject, outcomes, stopped_at)
        if doubt is not None:
            return Done({cases[0].id: await _given_up(subject, outcomes[cases[0].id], doubt)})
    # A target that is silent after several of them is not asked once more: if it was only slow, their parts show it.
    elif not (subject.wire.answers and await _survives(subject, outcomes, stopped_at)):
        await subject.restart()
        return Done({}, [partial(_tried, part) for part in _parts(cases, stopped_at)])
    again = await _once_more(subject, cases, outcomes)
    return Done(outcomes, _confirmations(cases, outcomes, again))


def _parts(cases: Sequence[Case], stopped_at: int | None) -> list[Sequence[Case]]:
    """Return the cases in parts: the one at which the target stopped, where that was seen, and the rest by lanes.

    A process may take a moment to end, so that one is a suspect only.
    """
    suspect = [] if stopped_at is None else [cases[stopped_at : stopped_at + 1]]
    rest = [case for number, case in enumerate(cases) if number != stopped_at]
    size = ceil(len(rest) / LANES)
    return [*suspect, *(rest[start : start + size] for start in range(0, len(rest), size))]


async def _hostile_wave(subject: Subject, cases: Sequence[Case]) -> tuple[dict[str, Outcome], int | None]:
    """Start the cases one behind the other, each when the one before has been read; return where the target stopped."""
    step(f"{len(cases)} hostile cases in turn" if len(cases) > 1 else f"{cases[0].requirement.id} alone")
    started: list[asyncio.Task[Outcome]] = []
    stopped_at = None
    for number, case in enumerate(cases):
        started.append(asyncio.create_task(_attempt(subject, case)))
        await asyncio.sleep(0)
        if not await subject.wire.settled():
            stopped_at = number
            break
    finished = await asyncio.gather(*started)
    outcomes = {case.id: outcome for case, outcome in zip(cases, finished, strict=False)}
    for case in cases[len(finished) :]:
        outcomes[case.id] = _NOT_TRIED
    return outcomes, stopped_at


async def _survives(subject: Subject, outcomes: Mapping[str, Outcome], stopped_at: int | None) -> bool:
    """Tell whether the target still serves after a hostile wave that came out so."""
    if stopped_at is None:
        return await _serves(subject, outcomes)
    # It may have been only slow to read.
    return subject.wire.alive() and await _answers(subject) is None


def _unfinished(
    cases: Sequence[Case],
    outcomes: dict[str, Outcome],
    stopped_at: int | None,
    words: str,
    doubt: BaseException | None = None,
) -> dict[str, Outcome]:
    """Return what can be said of cases on a target that stopped, or (Silent) may have, and cannot be started again."""
    said = dict(outcomes)
    for number, case in enumerate(cases):
        outcome = outcomes[case.id]
        if number == stopped_at:
            said[case.id] = _stop(outcome, words, doubt)
        elif outcome.verdict in DOUBTFUL:
            culprit = f" at {cases[stopped_at].requirement.id}" if stopped_at is not None else " in this wave"
            note = f"the target stopped{culprit} and was not started by the suite: start it again and run -k this case"
            said[case.id] = replace(outcome, verdict=Verdict.INCONCLUSIVE, note=note, error=None)
    return said
