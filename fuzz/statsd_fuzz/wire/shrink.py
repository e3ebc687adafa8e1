"""The least of a scenario that still shows its fault, in few rounds or with few starts of a target."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from statsd_conformance.rounds import apply, plainest
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.naming import is_fatal, what_broke
from statsd_fuzz.wire.pieces import Pieces, kind_of, pieces_of, scenario_of
from statsd_fuzz.wire.scenario import PLACEHOLDER, STREAMED, Judge, Scenario

# How often a judge is asked at most, and how often a target is stopped.
_ROUNDS: Final = 14
STARTS: Final = 32
# Datagrams, and bytes, that are sent at a time: more would take a target longer than a short interval.
_LOT: Final = 2000
_LOT_BYTES: Final = 1 << 19
# Bytes of a datagram of which the names get no longer.
_LARGE: Final = 8192
# Rounds of cuts within lines, of what stops a target, and flushes that it survives at most.
_FINE_ROUNDS: Final = 4
_ASKED: Final = 150


class Enough(Exception):
    """A judge is not to be asked any more: what is reached by then is the least."""


async def shrunk(scenario: Scenario, fault: Fault, judge: Judge, *, starts: int = STARTS) -> Scenario | None:
    """Return the least scenario found that shows a fault of the same name, None when the one given does not again.

    Args:
        scenario: what showed the fault.
        fault: what it showed.
        judge: tries scenarios together, each under a token of its own; where one of them stops the target it starts
            that again and tells the fault of all. It may raise Enough.
        starts: how often the target is stopped at most, by a fault that does.

    Raises:
        Enough: the judge did, before anything showed the fault.
    """
    if is_fatal(fault):
        return await _with_few_starts(scenario, _Stops(fault, judge, starts))
    failing: list[Pieces] = []

    async def fails(candidates: Sequence[Pieces]) -> list[bool]:
        tried = [scenario_of(one, scenario) for one in candidates]
        failed = [_is_like(fault, found) for lot in _lots(tried) for found in await judge(lot)]
        failing.extend(one for one, fail in zip(candidates, failed, strict=True) if fail)
        return failed

    try:
        left = await plainest(pieces_of(scenario), fails, kind_of(scenario), rounds=_ROUNDS)
    except Enough:
        if not failing:
            raise
        left = min(failing, key=kind_of(scenario).plainness)
    return scenario_of(left, scenario) if left else None


def _is_like(fault: Fault, found: Fault | None) -> bool:
    return found is not None and what_broke(found) == what_broke(fault)


def _lots(scenarios: Sequence[Scenario]) -> Iterator[list[Scenario]]:
    """Yield scenarios in lots that a target takes in one interval."""
    lot: list[Scenario] = []
    datagrams = size = 0
    for scenario in scenarios:
        more, longer = scenario.size
        if lot and (datagrams + more > _LOT or size + longer > _LOT_BYTES):
            yield lot
            lot, datagrams, size = [], 0, 0
        lot.append(scenario)
        datagrams, size = datagrams + more, size + longer
    if lot:
        yield lot


def by_way(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Return what scenarios sent, as one for each way that it went: what stops a target over one need not."""
    ways = [[one for one in scenarios if (STREAMED in one.features) is over_tcp] for over_tcp in (False, True)]
    return [merged(some) for some in ways if some]


def merged(scenarios: Sequence[Scenario]) -> Scenario:
    """Return what scenarios that were sent together sent, as one: which of them stopped a target is not known."""
    renamed = [_apart(scenario, number) for number, scenario in enumerate(scenarios)]
    longest = max((len(scenario.intervals) for scenario in renamed), default=0)
    intervals = tuple(
        tuple(datagram for one in renamed for some in one.intervals[number : number + 1] for datagram in some)
        for number in range(longest)
    )
    return Scenario(intervals, PLACEHOLDER, frozenset().union(*(scenario.features for scenario in renamed)))


def _apart(scenario: Scenario, number: int) -> Scenario:
    """Return a scenario under the placeholder, and its names under a part of their own.

    What stops a target may be a name that nobody else has, and all that are sent together share a token.
    """
    scenario = scenario.renamed(PLACEHOLDER)
    if any(len(one) > _LARGE for some in scenario.intervals for one in some):
        # It might become one that no datagram holds.
        return scenario
    own = b"%b.s%d" % (PLACEHOLDER, number)
    renamed = tuple(tuple(one.replace(PLACEHOLDER, own) for one in some) for some in scenario.intervals)
    return replace(scenario, intervals=renamed)


# ---------------------------------------------------------------------------------- what stops the target that it meets


class _Stops:
    """Tells whether scenarios stop a target, and counts how often it had to be started again.

    What a target survives costs it one flush, and what it does not costs a start. `careful` has what stops a target
    that was sent others before try it once more on a fresh one: they may have helped.
    """

    def __init__(self, fault: Fault, judge: Judge, starts: int) -> None:
        self._fault = fault
        self._judge = judge
        self._fresh = True
        self._survived = 0
        self.left = starts
        self.careful = False

    async def __call__(self, scenarios: Sequence[Scenario]) -> bool:
        helped = not self._fresh
        stopped = await self._tried(scenarios)
        return await self._tried(scenarios) if stopped and helped and self.careful else stopped

    async def _tried(self, scenarios: Sequence[Scenario]) -> bool:
        if not scenarios or self.left <= 0 or self._survived > _ASKED:
            return False
        faults = await self._judge(scenarios)
        self._fresh = any(_is_like(self._fault, fault) for fault in faults)
        self.left -= self._fresh
        self._survived += not self._fresh
        return self._fresh

    async def alone(self, scenario: Scenario, surely: Scenario) -> bool:
        """Tell whether a scenario stops a target that was sent nothing else, after one that `surely` does."""
        if not self._fresh:
            await self._tried([surely])
        return await self._tried([scenario])


async def _with_few_starts(scenario: Scenario, stops: _Stops) -> Scenario | None:
    """Return the least scenario found that stops a target: the fewest datagrams of it, lines of these, and bytes."""
    if not await stops([scenario]):
        return None
    least = await _least(scenario, stops)
    if stops.left > 0 and not await stops.alone(least, scenario):
        stops.careful = True
        least = await _least(scenario, stops)
    return least


async def _least(scenario: Scenario, stops: _Stops) -> Scenario:
    kind = kind_of(scenario)

    async def stop(candidates: Sequence[Pieces]) -> bool:
        return await stops([scenario_of(one, scenario) for one in candidates if kind.valid(one)])

    current = await _fewest(pieces_of(scenario), stop)
    for _ in range(_FINE_ROUNDS):
        single = {apply(current, change) for change in kind.plainer(current)}
        single |= {(*current[:number], *current[number + 1 :]) for number in range(len(current))}
        plainer = [one for one in single if one and kind.plainness(one) < kind.plainness(current)]
        found = await _first(sorted(plainer, key=kind.plainness), stop)
        if found is None:
            break
        current = found
    return scenario_of(current, scenario)


async def _fewest(pieces: Pieces, stop: Callable[[Sequence[Pieces]], Awaitable[bool]]) -> Pieces:
    """Return pieces that stop a target while no smaller chunk of them does: Zeller's ddmin.

    Halves are tried first: one culprit among many is found with as many starts as their number has binary digits.
    """
    number = 2
    while len(pieces) > 1:
        for candidate, following in _chunks(pieces, number):
            if await stop([candidate]):
                pieces, number = candidate, max(following, 2)
                break
        else:
            if number >= len(pieces):
                break
            number = min(2 * number, len(pieces))
    return pieces


def _chunks(pieces: Pieces, number: int) -> Iterator[tuple[Pieces, int]]:
    """Yield chunks of the pieces, then what is left without each, and into how many chunks that is cut next."""
    size = -(-len(pieces) // number)
    chunks = [(start, start + size) for start in range(0, len(pieces), size)]
    for start, stop in chunks:
        yield pieces[start:stop], 2
    for start, stop in chunks if number > 2 else ():
        yield pieces[:start] + pieces[stop:], number - 1


async def _first(candidates: Sequence[Pieces], stop: Callable[[Sequence[Pieces]], Awaitable[bool]]) -> Pieces | None:
    """Return the first candidate that stops a target, None where all of them together do not: by halving."""
    if not await stop(candidates):
        return None
    while len(candidates) > 1:
        half = len(candidates) // 2
        candidates = candidates[:half] if await stop(candidates[:half]) else candidates[half:]
    return candidates[0]
