"""Work on targets that are alike, several of them at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from statsd_conformance.verdict import Outcome

# Targets at once. They wait for flushes most of the time, so there may be more of them than processors.
LANES: Final = 4

S = TypeVar("S")


class NoOther(Exception):
    """No other target could be started; the message says why."""


@dataclass(frozen=True, slots=True)
class Done(Generic[S]):
    """What a job found, by case id, and the jobs that it leaves."""

    outcomes: dict[str, Outcome]
    left: "Sequence[Job[S]]" = ()


Job = Callable[[S], Awaitable[Done[S]]]


async def work_off(
    jobs: Sequence[Job[S]], first: S, another: Callable[[], AbstractAsyncContextManager[S]]
) -> dict[str, Outcome]:
    """Do the jobs and those that they leave, each on whichever target is free; return what they found.

    A target does one job at a time. Others like the first are started as long as a job waits and lanes are left.
    """
    outcomes: dict[str, Outcome] = {}
    async with AsyncExitStack() as started:
        lanes = _Lanes(started, another)
        lanes.free.put_nowait(first)
        pending = {asyncio.create_task(lanes.do(job)) for job in jobs}
        try:
            while pending:
                finished, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for done in [task.result() for task in finished]:
                    outcomes |= done.outcomes
                    pending |= {asyncio.create_task(lanes.do(job)) for job in done.left}
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
    return outcomes


@dataclass
class _Lanes(Generic[S]):
    """The targets that are free, and how to start one more."""

    started: AsyncExitStack
    another: Callable[[], AbstractAsyncContextManager[S]]
    left: int = LANES - 1
    free: "asyncio.Queue[S]" = field(default_factory=asyncio.Queue)

    async def do(self, job: Job[S]) -> Done[S]:
        target = await self._one()
        try:
            return await job(target)
        finally:
            self.free.put_nowait(target)

    async def _one(self) -> S:
        if self.free.empty() and self.left:
            self.left -= 1
            try:
                return await self.started.enter_async_context(self.another())
            except NoOther:
                # Those that there are do it alone.
                self.left = 0
        return await self.free.get()
