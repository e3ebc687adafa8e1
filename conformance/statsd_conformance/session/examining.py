"""A run over one target: which cases are sent to it, which to others that are like it, and what was found."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from statsd_conformance.address import Address, AddressError
from statsd_conformance.lanes import NoOther
from statsd_conformance.likeness import spelled_as
from statsd_conformance.namespaces import Namespaces, NoNamespaces, within
from statsd_conformance.probe import UNKNOWN
from statsd_conformance.process import StartError
from statsd_conformance.profile import ProfileError
from statsd_conformance.progress import WATCHED, Progress
from statsd_conformance.requirement import Inconclusive
from statsd_conformance.route import Route
from statsd_conformance.session.passing import only_passes
from statsd_conformance.session.probing import find_profile
from statsd_conformance.session.settings import Settings, TargetError
from statsd_conformance.session.silence import unless_silent
from statsd_conformance.session.subject import Subject, running
from statsd_conformance.target import Crashed, Trace
from statsd_conformance.targets import CommandError
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import Case, run_all, run_apart
from statsd_conformance.wire import NoAnswer

# Targets beside the first one, at a time: starting one takes a processor for a while.
_BESIDE: Final = 3


@dataclass(frozen=True, slots=True)
class Examination:
    """What a run over one target found: outcomes by case id, and how it went.

    `interval` is its flush interval in seconds, None when nobody knows; `ended` is when it was over; `spelled_as` names
    the known implementation that spells its output as a probe found it, if there is one; `warning` is what makes its
    verdicts doubtful, empty where nothing does.
    """

    target: str
    version: str
    outcomes: dict[str, Outcome]
    seconds: float = 0.0
    interval: float | None = None
    address: Address | None = None
    problem: str = ""
    route: Route = field(default_factory=Route)
    ended: datetime = field(default_factory=lambda: datetime.now(UTC))
    spelled_as: str = ""
    warning: str = ""


async def examine(spec: str, cases: Sequence[Case], settings: Settings) -> Examination:
    """Run the cases against the target that `spec` names, and return what was found.

    `spec` is an address, `exec:COMMAND` or the name of a known implementation. What keeps the target from being
    examined at all stands in the `problem` of the result.
    """
    begun = time.monotonic()
    try:
        async with running(spec, settings) as subject:
            begun = time.monotonic()
            allowed, held_back = _allowed(subject, cases, settings)
            outcomes = held_back | await unless_silent(_run(subject, allowed), subject, settings)
            wire = subject.wire
            elapsed = time.monotonic() - begun
            return Examination(
                spec,
                subject.version,
                outcomes,
                elapsed,
                wire.known_or_measured,
                wire.address,
                route=wire.route,
                spelled_as=spelled_as(wire.profile),
                warning=wire.warning(settings.sink),
            )
    except (
        TargetError,
        AddressError,
        CommandError,
        ProfileError,
        StartError,
        NoAnswer,
        Crashed,
        Inconclusive,
    ) as error:
        return Examination(spec, "", {}, time.monotonic() - begun, problem=str(error))


async def _run(subject: Subject, cases: Sequence[Case]) -> dict[str, Outcome]:
    """Run the cases, after a probe where no profile is known.

    Hostile ones, those apart and those of a network run on targets of their own where these can be started.
    """
    probed = subject.wire.profile is UNKNOWN
    if probed:
        await find_profile(subject.wire)
    if only_passes(subject.wire):
        # A proxy that was there before the suite took its nodes for sick.
        await subject.wire.fence()
    apart = [case for case in cases if case.requirement.apart]
    hostile = [case for case in cases if case.requirement.hostile and not case.requirement.apart]
    network = [case for case in cases if case.requirement.network]
    ordinary = [case for case in cases if not (case.requirement.hostile or case.requirement.apart)]
    ordinary = [case for case in ordinary if not case.requirement.network]
    # What a probe or hostile cases send would be about a case that has to have a target of its own.
    alone = not (ordinary or network) and not (apart and (probed or hostile))
    if not subject.restartable or alone:
        return await run_all(subject, cases)
    few = asyncio.Semaphore(_BESIDE)
    beside = [asyncio.create_task(_beside(subject, case, few)) for case in apart]
    beside += [asyncio.create_task(_hostile_beside(subject, hostile))] if hostile else []
    beside += [asyncio.create_task(_over_paths(subject, network))] if network else []
    try:
        if not ordinary:
            # A target that nobody sends to may have nothing to flush.
            await subject.wire.fence()
        outcomes = await run_all(subject, ordinary)
        for task in beside:
            outcomes |= await task
        if hostile and hostile[0].id not in outcomes:
            outcomes |= await run_all(subject, hostile)
        return outcomes
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


async def _beside(subject: Subject, case: Case, few: asyncio.Semaphore) -> dict[str, Outcome]:
    """Run one case on another target that is started like the subject, when not too many are there."""
    # What is shown of the run is about the first one.
    WATCHED.set(Progress(subject.wire.name))
    try:
        async with few, subject.alike() as other:
            return await run_apart(other, [case])
    except (NoOther, TargetError, StartError) as error:
        return {case.id: Outcome(Verdict.INCONCLUSIVE, str(error), trace=Trace())}


async def _hostile_beside(subject: Subject, cases: Sequence[Case]) -> dict[str, Outcome]:
    """Run hostile cases on another target that is started like the subject; none where it cannot be."""
    WATCHED.set(Progress(subject.wire.name))
    try:
        async with subject.another() as other:
            return await run_all(other, cases)
    except NoOther:
        return {}


async def _over_paths(subject: Subject, cases: Sequence[Case]) -> dict[str, Outcome]:
    """Run the cases of a network on another target like the subject, at the end of paths that are made for it."""

    async def there(made: Namespaces) -> dict[str, Outcome]:
        async with subject.alike(made) as other:
            return await run_all(other, cases)

    # What is shown of the run is about the first one.
    WATCHED.set(Progress(subject.wire.name))
    try:
        return await within(there)
    except NoNamespaces as error:
        unsure = Outcome(Verdict.UNSUPPORTED, f"this machine lets the suite make no network: {error}")
    except (NoOther, NoAnswer) as error:
        unsure = Outcome(Verdict.INCONCLUSIVE, f"over a path of the suite's own: {error}", trace=Trace())
    return dict.fromkeys((case.id for case in cases), unsure)


def _allowed(subject: Subject, cases: Sequence[Case], settings: Settings) -> tuple[list[Case], dict[str, Outcome]]:
    """Return the cases that may be run, and the outcomes of those that send what nobody asked to have sent there."""
    held_back = {}
    if not (settings.hostile or subject.restartable or subject.wire.address.loopback):
        why = Outcome(
            Verdict.UNSUPPORTED, "hostile input goes to loopback and to what the suite started; --hostile sends it"
        )
        held_back = {case.id: why for case in cases if case.requirement.hostile}
    if only_passes(subject.wire):
        why = Outcome(Verdict.UNSUPPORTED, "the target publishes nothing itself: it only passes lines on")
        held_back |= {case.id: why for case in cases if case.requirement.family != "PROXY"}
    return [case for case in cases if case.id not in held_back], held_back
