import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from statsd_conformance.lanes import LANES, Done, Job, NoOther, work_off
from statsd_conformance.verdict import Outcome, Verdict


@dataclass
class Yard:
    """Targets that are numbers: 0 is there, `room` more can be started."""

    room: int = 1000
    started: list[int] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)

    @asynccontextmanager
    async def another(self) -> AsyncIterator[int]:
        """Start one."""
        if len(self.started) == self.room:
            raise NoOther("there is room for no more")
        number = len(self.started) + 1
        self.started.append(number)
        try:
            yield number
        finally:
            self.stopped.append(number)

    def done(self, *jobs: Job[int]) -> dict[str, Outcome]:
        """Work the jobs off."""
        return asyncio.run(work_off(jobs, 0, self.another))


@dataclass
class Meeting:
    """Jobs of which each waits until so many run at once; on which targets they ran."""

    size: int
    running: int = 0
    on: list[int] = field(default_factory=list)
    met: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, target: int) -> Done[int]:
        """Meet the others."""
        self.on.append(target)
        self.running += 1
        if self.running == self.size:
            self.met.set()
        async with asyncio.timeout(10):
            await self.met.wait()
        # Who comes later takes its turn like the others.
        await asyncio.sleep(0)
        self.running -= 1
        return Done({})


def found(id: str) -> Done[int]:
    return Done({id: Outcome(Verdict.PASS)})


def test_jobs_run_at_the_same_time_each_alone_on_its_target() -> None:
    yard, meeting = Yard(), Meeting(LANES)
    yard.done(*[meeting] * LANES)
    assert sorted(meeting.on) == list(range(LANES))
    assert sorted(yard.stopped) == yard.started == list(range(1, LANES))


def test_no_more_targets_are_started_than_there_are_lanes() -> None:
    yard, meeting = Yard(), Meeting(LANES)
    yard.done(*[meeting] * LANES * 3)
    assert len(meeting.on) == LANES * 3
    assert len(yard.started) == LANES - 1


def test_what_a_job_leaves_is_done_too() -> None:
    async def last(target: int) -> Done[int]:
        return found("last")

    async def first(target: int) -> Done[int]:
        return Done(found("first").outcomes, [last])

    assert set(Yard().done(first)) == {"first", "last"}


def test_later_outcome_of_a_case_stands() -> None:
    async def confirmed(target: int) -> Done[int]:
        return Done({"a": Outcome(Verdict.INCONCLUSIVE)})

    async def doubtful(target: int) -> Done[int]:
        return Done({"a": Outcome(Verdict.FAIL)}, [confirmed])

    assert Yard().done(doubtful)["a"].verdict is Verdict.INCONCLUSIVE


def test_jobs_without_waiting_need_no_other_target() -> None:
    async def at_once(target: int) -> Done[int]:
        return found(f"on {target}")

    yard = Yard()
    assert set(yard.done(*[at_once] * 9)) == {"on 0"}
    assert not yard.started


def test_targets_that_there_are_do_all_where_no_other_can_be_started() -> None:
    yard, meeting = Yard(room=1), Meeting(2)
    yard.done(*[meeting] * 8)
    assert set(meeting.on) == {0, 1}
    assert len(meeting.on) == 8


def test_job_that_raises_ends_the_others_and_stops_what_was_started() -> None:
    ended = []

    async def endless(target: int) -> Done[int]:
        try:
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")
        finally:
            ended.append(target)

    async def raising(target: int) -> Done[int]:
        await asyncio.sleep(0)
        raise ValueError("no good")

    yard = Yard()
    with pytest.raises(ValueError, match="no good"):
        yard.done(endless, raising, endless)
    assert sorted(ended) == [0, 2]
    assert sorted(yard.stopped) == yard.started
