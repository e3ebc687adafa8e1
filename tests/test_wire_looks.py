"""Close looks beside the search: who has the target when, what is begun anew, and what is given up."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from statsd_conformance.address import Address
from statsd_conformance.target import Crashed
from statsd_fuzz.fault import Fault
from statsd_fuzz.known import Entry
from statsd_fuzz.wire.collected import Collected
from statsd_fuzz.wire.finding import Origin
from statsd_fuzz.wire.judge import Judge
from statsd_fuzz.wire.known import Known
from statsd_fuzz.wire.looks import Looks, Suspect
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario
from statsd_fuzz.wire.turns import Turns
from statsd_reference import Server
from wire_trials import serving

Q = PLACEHOLDER + b"."
ORIGIN = Origin("127.0.0.1:8125", Address("udp", "127.0.0.1", 8125), 0.06, seed=17)
SAMPLED = Scenario(((Q + b"a:1|c|@0.1",),))
NUL = Scenario(((Q + b"a:1|g\n\0",),))
DIFFERS, MISSING = Fault("counter-differs", "it is 1 and not 10"), Fault("gauge-missing", "it is not there")
SHOWN = {b"@": DIFFERS, b"\0": MISSING}


def right(server: Server) -> Server:
    return server


@dataclass
class Scripted(Judge):
    """A judge that finds what `SHOWN` says, and notes how many ask it at once, beside one another and alone."""

    asked: int = 0
    beside: list[int] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)
    raises: Callable[[], None] = lambda: None

    async def named(self, scenarios: Sequence[Scenario]) -> list[Fault | None]:
        """Return what the marks say."""
        return await self._ask(scenarios, self.beside)

    async def __call__(self, scenarios: Sequence[Scenario]) -> list[Fault | None]:
        """Return what the marks say."""
        return await self._ask(scenarios, self.alone)

    async def _ask(self, scenarios: Sequence[Scenario], noted: list[int]) -> list[Fault | None]:
        self.asked += 1
        await asyncio.sleep(0)
        noted.append(self.asked)
        await asyncio.sleep(0)
        self.asked -= 1
        self.intervals += 1
        self.raises()
        return [self._fault(scenario) for scenario in scenarios]

    def _fault(self, scenario: Scenario) -> Fault | None:
        sent = b"".join(one for some in scenario.intervals for one in some)
        return next((fault for mark, fault in SHOWN.items() if mark in sent), None)


@asynccontextmanager
async def looking(flushes: int = 60, known: Known | None = None) -> AsyncIterator[tuple[Looks, Scripted]]:
    async with serving(right) as subject:
        judge = Scripted(subject)
        yield Looks(judge, Collected(ORIGIN, known or Known()), flushes=flushes), judge


async def until_over(looks: Looks) -> None:
    looks.begin()
    while looks.left:
        await asyncio.wait(looks.tasks, return_when=asyncio.FIRST_COMPLETED)
        looks.take_over()
        looks.begin()


def run(flushes: int, *suspects: Suspect, known: Known | None = None) -> tuple[Looks, Scripted]:
    """Return the looks when all of them are over."""

    async def all() -> tuple[Looks, Scripted]:
        async with looking(flushes, known) as (looks, judge):
            looks.suspect(suspects)
            await until_over(looks)
            return looks, judge

    return asyncio.run(all())


def names(looks: Looks) -> list[str]:
    return sorted(one.name for one in looks.collected.findings)


def test_looks_go_on_beside_one_another_and_a_fault_is_seen_again_alone() -> None:
    looks, judge = run(60, Suspect(SAMPLED, DIFFERS), Suspect(NUL, MISSING))
    assert names(looks) == ["counter-differs-with-a-rate", "gauge-missing-with-a-nul"]
    assert max(judge.beside) == 2
    assert judge.alone == [1] * 6


def test_of_two_looks_that_come_to_the_same_one_is_told() -> None:
    other = Scenario(((Q + b"b:7|c|@0.5\n" + Q + b"c:1|g",),))
    looks, judge = run(60, Suspect(SAMPLED, DIFFERS), Suspect(other, DIFFERS))
    assert names(looks) == ["counter-differs-with-a-rate"]
    assert looks.collected.again == 1
    assert len(judge.alone) == 3


def test_of_what_broke_alike_the_plainest_wait_and_none_that_a_finding_explains() -> None:
    async def waiting() -> list[int]:
        async with looking() as (looks, _):
            many = [Suspect(Scenario(((Q + b"a:%d|c|@0.1" % 10**size,),)), DIFFERS) for size in (4, 2, 3)]
            looks.suspect(many)
            lefts = [looks.left]
            await until_over(looks)
            looks.suspect(many)
            return [*lefts, looks.left]

    assert asyncio.run(waiting()) == [2, 0]


def test_look_that_takes_too_many_flushes_ends_with_the_least_so_far() -> None:
    noise = b"".join(b"\n%bn%d:1|c" % (Q, number) for number in range(40))
    looks, judge = run(14, Suspect(Scenario(((Q + b"a:1|c|@0.1" + noise,),)), DIFFERS))
    assert names(looks) == ["counter-differs-with-a-rate"]
    # What is left for the end is twelve.
    assert len(judge.beside) == 2
    assert len(judge.alone) == 3


def test_what_is_known_is_counted_where_shrinking_took_all_flushes_that_it_may() -> None:
    noise = b"".join(b"\n%bn%d:1|c" % (Q, number) for number in range(40))
    known = Known({"counter-differs-with-a-rate": Entry("counter-differs-with-a-rate", "ticket 17")})
    looks, judge = run(14, Suspect(Scenario(((Q + b"a:1|c|@0.1" + noise,),)), DIFFERS), known=known)
    assert names(looks) == ["counter-differs-with-a-rate"]
    assert looks.collected.unpursued == 0
    # Nobody waits for the target because of it.
    assert judge.alone == []


def test_look_without_any_flush_left_is_not_pursued() -> None:
    looks, _ = run(2, Suspect(SAMPLED, DIFFERS))
    assert names(looks) == []
    assert list(looks.collected.summary())[1:] == ["1 scenario showed something, and no time was left to look closely"]


def test_look_that_the_end_of_the_target_ended_is_begun_anew_and_only_once_more() -> None:
    def stopped() -> None:
        raise Crashed("its process has ended")

    async def twice() -> tuple[int, int]:
        async with looking() as (looks, judge):
            judge.raises = stopped
            looks.suspect([Suspect(SAMPLED, DIFFERS)])
            left = []
            for _ in range(2):
                with pytest.raises(Crashed):
                    await until_over(looks)
                await looks.put_back()
                left.append(looks.left)
            assert looks.collected.unpursued == 1
            return left[0], left[1]

    assert asyncio.run(twice()) == (1, 0)


def test_what_is_given_up_is_counted() -> None:
    async def given_up() -> Collected:
        async with looking() as (looks, _):
            looks.suspect([Suspect(SAMPLED, DIFFERS), Suspect(NUL, MISSING)])
            looks.begin()
            await asyncio.sleep(0)
            await looks.give_up()
            assert not looks.left
            return looks.collected

    assert asyncio.run(given_up()).unpursued == 2


def test_look_for_which_there_is_no_time_is_not_pursued() -> None:
    async def late() -> Collected:
        async with looking() as (looks, _):
            looks.seconds = lambda: 0.0
            looks.suspect([Suspect(SAMPLED, DIFFERS)])
            await until_over(looks)
            return looks.collected

    collected = asyncio.run(late())
    assert collected.unpursued == 1
    assert collected.findings == []


def test_paths_that_nobody_sent_are_looked_for_alone_and_are_news_meanwhile() -> None:
    async def astray() -> tuple[list[bool], bool]:
        async with looking() as (looks, judge):
            seen: list[bool] = []

            async def strayed(scenarios: Sequence[Scenario]) -> dict[int, Fault]:
                seen.append(b"stats.x" in judge.known)
                return {}

            judge.strayed = strayed  # type: ignore[method-assign]  # so it is scripted
            looks.astray([SAMPLED], [b"stats.x"])
            seen.append(b"stats.x" in judge.known)
            await until_over(looks)
            return seen, b"stats.x" in judge.known

    assert asyncio.run(astray()) == ([True, False], True)


def test_paths_that_come_while_others_are_looked_for_are_news_behind_that() -> None:
    async def astray() -> tuple[list[bool], int]:
        async with looking() as (looks, judge):
            seen = []

            async def strayed(scenarios: Sequence[Scenario]) -> dict[int, Fault]:
                seen.append(b"stats.y" in judge.known)
                return {}

            judge.strayed = strayed  # type: ignore[method-assign]  # so it is scripted
            for path in (b"stats.x", b"stats.y"):
                looks.astray([SAMPLED], [path])
            # Another batch of the same interval saw it, too.
            looks.astray([NUL], [b"stats.x"])
            await until_over(looks)
            return [*seen, *(path in judge.known for path in (b"stats.x", b"stats.y"))], looks.left

    assert asyncio.run(astray()) == ([True, True, False], 0)


def test_paths_that_nobody_makes_any_more_are_counted() -> None:
    async def astray() -> Collected:
        async with looking() as (looks, judge):

            async def strayed(scenarios: Sequence[Scenario]) -> dict[int, Fault]:
                return {}

            judge.strayed = strayed  # type: ignore[method-assign]  # so it is scripted
            looks.astray([SAMPLED], [b"stats.x"])
            await until_over(looks)
            return looks.collected

    assert asyncio.run(astray()).unstable == {"path-nobody-asked-for": 1}


def test_who_was_found_to_make_a_path_is_looked_at_though_the_target_stopped_since() -> None:
    async def astray() -> int:
        async with looking() as (looks, judge):

            async def strayed(scenarios: Sequence[Scenario]) -> dict[int, Fault]:
                return {0: Fault("path-nobody-asked-for", "the flush has stats.x")}

            judge.strayed = strayed  # type: ignore[method-assign]  # so it is scripted
            looks.astray([SAMPLED], [b"stats.x"])
            looks.begin()
            await asyncio.wait(looks.tasks)
            await looks.put_back()
            return looks.left

    assert asyncio.run(astray()) == 1


def test_search_has_the_target_for_a_while_before_another_path_is_looked_for() -> None:
    async def astray() -> list[int]:
        async with looking() as (looks, judge):
            begun: list[int] = []

            async def strayed(scenarios: Sequence[Scenario]) -> dict[int, Fault]:
                begun.append(judge.intervals)
                judge.intervals += 5
                return {}

            judge.strayed = strayed  # type: ignore[method-assign]  # so it is scripted
            for path in (b"stats.x", b"stats.y"):
                looks.astray([SAMPLED], [path])
                looks.begin()
                await asyncio.gather(*looks.tasks)
                looks.take_over()
            while looks.left:
                judge.intervals += 1
                looks.begin()
                await asyncio.gather(*looks.tasks)
                looks.take_over()
            return begun

    assert asyncio.run(astray()) == [0, 25]


def test_who_wants_the_target_alone_waits_for_all_and_goes_before_who_comes_later() -> None:
    async def turns() -> list[str]:
        said: list[str] = []
        target = Turns()

        async def share(name: str, ended: "asyncio.Future[Any]") -> None:
            async with target.shared():
                said.append(name)
                await ended

        async def alone() -> None:
            async with target.alone():
                said.append("alone")

        futures = [asyncio.get_running_loop().create_future() for _ in range(3)]
        tasks = [asyncio.create_task(share(name, ended)) for name, ended in zip("ab", futures, strict=False)]
        await asyncio.sleep(0)
        tasks += [asyncio.create_task(alone()), asyncio.create_task(share("late", futures[2]))]
        for ended in futures:
            await asyncio.sleep(0)
            ended.set_result(None)
        await asyncio.gather(*tasks)
        return said

    assert asyncio.run(turns()) == ["a", "b", "alone", "late"]
