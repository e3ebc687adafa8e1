"""Cases, servers and targets with which the tests of waves are made."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from defects.steps import Break
from statsd_conformance.requirement import CORE, MUST, Inconclusive, Level, Requirement
from statsd_conformance.standstill import Spent
from statsd_conformance.target import Target
from statsd_conformance.verdict import Outcome
from statsd_conformance.wave import Case, run_all
from statsd_reference import Flush, Server, Window
from statsd_reference import Outcome as Read
from statsd_reference.server import Receive
from trials import right
from wire_trials import NO_OPTIONS, DaemonSubject, serving

Function = Callable[[Target], Awaitable[str | None]]


def case(
    function: Function,
    id: str = "TESTING-01",
    level: Level = MUST,
    hostile: bool = False,
    quiet: bool = False,
    apart: bool = False,
) -> Case:
    requirement = Requirement(id, CORE, level, "It MUST hold.", "nowhere", hostile, quiet, apart=apart)
    return Case(id, requirement, function, {})


async def good(target: Target) -> None:
    flushed = await target.after(target.bucket() + b":1|c")
    assert flushed.count(target.bucket()) == 1


@dataclass
class Failing:
    """A case that fails in the runs of these numbers, at the place of that number's parity when `shifty`.

    In the runs that are `unsure` it cannot tell.
    """

    runs: Sequence[int] = range(1, 100)
    unsure: Sequence[int] = ()
    shifty: bool = False
    called: int = 0

    async def __call__(self, target: Target) -> None:
        """Run the case."""
        self.called += 1
        if self.called in self.unsure:
            raise Inconclusive("the flush was split")
        await good(target)
        if self.shifty and self.called % 2:
            assert self.called not in self.runs, f"in run {self.called}, here"
        assert self.called not in self.runs, f"in run {self.called}"


@dataclass
class Sending:
    """A case that sends a line and then counts."""

    line: bytes
    after_a_flush: bool = False
    called: int = 0

    async def __call__(self, target: Target) -> None:
        """Run the case."""
        self.called += 1
        if self.after_a_flush:
            await good(target)
        await target.after(self.line)
        await good(target)


def run(
    cases: Sequence[Case],
    plant: Break = right,
    prepare: Callable[[DaemonSubject], None] | None = None,
    options: Mapping[str, Any] = NO_OPTIONS,
) -> "Ran":
    async def all_of_them() -> Ran:
        async with serving(plant, options=options) as subject:
            subject.wire.grace = 0.3
            if prepare:
                prepare(subject)
            outcomes = await run_all(subject, cases)
            return Ran(outcomes, subject)

    return asyncio.run(all_of_them())


@dataclass(frozen=True)
class Ran:
    """What a run of cases left: their outcomes, and the subject."""

    outcomes: dict[str, Outcome]
    subject: DaemonSubject

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdicts by case id."""
        return {id: outcome.verdict.value for id, outcome in self.outcomes.items()}


def killed_by(line: bytes, at_the_flush: bool = False) -> Break:
    """Raise when a line is read, or at the flush that follows."""

    def plant(server: Server) -> Server:
        doomed = False

        def parse(read: bytes) -> tuple[Read, ...]:
            nonlocal doomed
            doomed |= read == line
            if doomed and not at_the_flush:
                doomed = False
                raise ValueError("no such thing")
            return server.parse(read)

        def flush(window: Window, timestamp: int) -> tuple[Flush, Window]:
            nonlocal doomed
            if doomed:
                doomed = False
                raise ValueError("no such thing")
            return server.flush(window, timestamp)

        return replace(server, parse=parse, flush=flush)

    return plant


def deafened_by(line: bytes, datagrams: float = math.inf) -> Break:
    """Read nothing any more after a line, for so many datagrams, but go on flushing; the first time it comes only."""
    missed = 0

    def plant(server: Server) -> Server:
        def make_receive() -> Receive:
            deaf = False

            def receive(datagram: bytes) -> Iterable[bytes]:
                nonlocal deaf, missed
                deaf |= line in datagram
                missed += deaf
                return () if deaf and missed <= datagrams else (datagram,)

            return receive

        return replace(server, make_receive=make_receive)

    return plant


# Cases that follow until a slow culprit has stopped its target.
LATE = 10
STOPS = {
    "as it reads": killed_by(b"fatal"),
    "at the flush": killed_by(b"fatal", at_the_flush=True),
    "without a word": deafened_by(b"fatal"),
}


def slow(spent: Sequence[Spent]) -> Callable[[DaemonSubject], None]:
    """Return what has a subject show that it spent this up to each look, and the last of it from then on."""

    def prepare(subject: DaemonSubject) -> None:
        looks = list(spent)
        subject.spent = lambda: looks.pop(0) if len(looks) > 1 else looks[0]  # type: ignore[method-assign]  # a fake

    return prepare


class Foreign(DaemonSubject):
    """A target that the suite did not start."""

    restartable = False

    async def restart(self) -> None:
        """Fail."""
        raise AssertionError("it is not ours to restart")


def foreign(subject: DaemonSubject) -> None:
    subject.__class__ = Foreign
