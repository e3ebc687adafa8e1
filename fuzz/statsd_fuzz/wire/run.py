"""One search over the wire, from the target's start to the summary."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from statsd_conformance.likeness import spelled_as, suggestion
from statsd_conformance.probe import UNKNOWN
from statsd_conformance.profile import Profile
from statsd_conformance.progress import WATCHED, counted
from statsd_conformance.progress import Progress as Watched
from statsd_conformance.session import Settings, Subject, TargetError, find_profile, only_passes, running, unless_silent
from statsd_conformance.targets.named import REMEMBERED
from statsd_fuzz.wire.campaign import Campaign, Plan
from statsd_fuzz.wire.collected import Collected, Told
from statsd_fuzz.wire.display import Progress, displayed, named
from statsd_fuzz.wire.finding import Origin
from statsd_fuzz.wire.known import Known
from statsd_fuzz.wire.saved import saved_or_why_not
from statsd_fuzz.wire.telling import told_of
from statsd_reference import Options

if TYPE_CHECKING:
    from rich.console import Console

REFERENCE: Final = "reference"
# New values between two looks for cycles, and how many of these to one that looks further.
_LOOKS_FOR_CYCLES: Final = (50_000, 20, 20)


@dataclass(frozen=True, slots=True)
class Search:
    """What a user asked for.

    Attributes:
        target: as `--target` names it.
        settings: how it is started and seen.
        plan: how the campaign goes; what it may send and what it is held against is decided when the target runs.
        known: what is known of the target.
        findings: the folder where findings are saved.
        strict: whether the target is to be like the reference in everything.
    """

    target: str
    settings: Settings
    plan: Plan
    known: Known
    findings: Path
    strict: bool = False


async def search(asked: Search, console: "Console", told: Callable[[Campaign], None]) -> None:
    """Search, and print findings as they come; `told` gets what has all of them as soon as there may be any.

    Raises:
        TargetError, StartError, NoAnswer, Crashed: the target cannot be had.
        OSError: a folder cannot be read or written.
    """
    watched = Watched(named(asked.target))
    WATCHED.set(watched)
    progress = Progress(asked.target, asked.plan.seconds, before=watched.told)
    async with displayed(progress, console), running(asked.target, replace(asked.settings, forgets=True)) as subject:
        await unless_silent(_made_out(subject), subject, asked.settings)
        wire, plan = subject.wire, _decided(asked, subject)
        strict, streams = plan.model is not None, await wire.open_stream()
        origin = Origin(asked.target, wire.address, wire.interval, plan.seed, strict, streams)

        def tell(one: Told) -> None:
            path = saved_or_why_not(one.finding, asked.findings)
            console.print(f"\n{told_of(one, path)}\n", soft_wrap=True, highlight=False, markup=False)

        campaign = Campaign(subject, plan, Collected(origin, asked.known, tell), progress, lambda: subject.process)
        told(campaign)
        for line in beginning(replace(asked, plan=plan), subject.version, wire.profile, _how(plan, subject)):
            _say(console, line)
        progress.begin(lambda: wire.unanswered)
        try:
            with collecting_seldom():
                await campaign.run()
        finally:
            for line in (*_ending(campaign), *filter(None, [wire.warning(asked.settings.sink)])):
                _say(console, line)
        if not campaign.has_judged:
            raise TargetError(
                f"nothing was judged within {plan.seconds:g} s, in intervals of {wire.interval:.3g} s; give it more "
                "--seconds"
            )


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Have the interpreter look for cycles seldom, for a search makes many values each second and hardly any cycle.

    It is a sixth of what a search costs otherwise.
    """
    usual = gc.get_threshold()
    gc.set_threshold(*_LOOKS_FOR_CYCLES)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


async def _made_out(subject: Subject) -> None:
    """Find out how the target spells its output, and hear a flush."""
    if subject.wire.profile is UNKNOWN:
        await find_profile(subject.wire)
    await subject.wire.fence()


def _decided(asked: Search, subject: Subject) -> Plan:
    hostile = asked.settings.hostile or subject.restartable or subject.wire.address.loopback
    strict = asked.strict or asked.target == REFERENCE
    return replace(asked.plan, hostile=hostile, model=_model(subject, asked) if strict else None)


def _model(subject: Subject, asked: Search) -> Options:
    """Return the options of a target that is to be like the reference: those that it is started with by its name."""
    options = Options(flush_interval=round(1000 * subject.wire.interval))
    if asked.target != REFERENCE:
        return options
    return replace(options, delete_idle_stats=True, gauges_max_ttl=REMEMBERED)


def beginning(asked: Search, version: str, profile: Profile, how: str) -> list[str]:
    """Return what a user may want to know when a search begins: how long it takes, how it judges, what would help it.

    `asked` has the plan as it was decided, `version` is empty where nobody knows it.
    """
    plan = asked.plan
    lasts = f"{plan.seconds:g} s, and as a rule less than a minute more to finish"
    lines = [f"{version or asked.target}: {lasts}; {how}; --seed {plan.seed}"]
    name = "" if asked.known.deviations.source else spelled_as(profile)
    return [*lines, suggestion(name)] if name else lines


def _how(plan: Plan, subject: Subject) -> str:
    judged = "each line that it publishes is compared with the model" if plan.model else "plain lines are compared"
    if only_passes(subject.wire):
        judged = "it passes lines on, so that it is only looked whether it survives"
    return judged if plan.hostile else f"{judged}, and nothing hostile is sent without --hostile"


def _ending(campaign: Campaign) -> list[str]:
    progress, unsure = campaign.progress, campaign.judge.unsure
    lines = [f"{progress.datagrams:,} datagrams judged, {counted(progress.corpus, 'input')} kept"]
    lines += [f"{counted(unsure, 'scenario')} could not be judged"] if unsure else []
    if campaign.expected:
        lines.append(
            f"{counted(campaign.expected, 'scenario')} about what it is known not to meet showed something, as expected"
        )
    return lines + ([campaign.ended] if campaign.ended else [])


def _say(console: "Console", line: str) -> None:
    console.print(line, soft_wrap=True, highlight=False, markup=False)
