"""Properties: what holds of all traffic, tried on generated examples that go out together in one wave.

An example is sent in two ways, each under a prefix of its own, and has to come out alike; or in one way, and has to
come out as the model says. What fails is sent once more, then shrunk, a round of candidates a flush.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from itertools import count
from math import isclose, isnan
from random import Random
from typing import Final

from statsd_conformance.flushed import Flushed
from statsd_conformance.found import Found, digest
from statsd_conformance.graphite import Snapshot
from statsd_conformance.profile import Profile, load_profile
from statsd_conformance.requirement import Inconclusive, Unsupported, should
from statsd_conformance.shrinking import plainness, shrink
from statsd_conformance.target import InProcess, Target
from statsd_conformance.traffic import (
    BAD,
    Line,
    Lines,
    generate,
    marked,
    packed,
    types_of,
    well_behaved,
    with_bad_lines,
)
from statsd_reference import Options, make_server

Datagrams = tuple[Lines, ...]
# What one way of sending an example sends in each interval; the last one is judged.
Way = tuple[Datagrams, ...]

# Six digits are what some targets print.
TOLERANCE: Final = 1e-5
# Of a percentile alone each target has its own idea; one that publishes these as well may mean what the original does.
_UP_TO_A_PERCENTILE: Final = ("count_90", "mean_90", "sum_90", "sum_squares_90")
# TIMER-05 says only what its rank SHOULD be, and these follow from it.
_OF_A_RANK: Final = ("upper_90", *_UP_TO_A_PERCENTILE)
_ADDED_UP: Final = ("count", "sum", "sum_squares")
_BY_INTERVAL: Final = ("count_ps",)
# Failing examples that are sent once more.
_AGAIN: Final = 20
_MODEL_PROFILE: Final = load_profile("reference")
_KNOWN_STATISTICS: Final = tuple(name for name in _MODEL_PROFILE.statistics if name not in _BY_INTERVAL)
# Flushes to let pass before a failure is shrunk: cases that count bad lines are over by then.
_SETTLED: Final = 3
# Of the twelve flushes that shrinking may take the first one repeats what failed.
_ROUNDS: Final = 11


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is generated and from what: a seed for the whole run, examples a property, and what was found before."""

    seed: int = 0
    examples: int = 20
    found: Found = field(default_factory=Found)


PLAN: ContextVar[Plan | None] = ContextVar("plan", default=None)


@dataclass(frozen=True, slots=True)
class Property:
    """Something that holds of all traffic.

    Attributes:
        id: of its requirement.
        types: the types that it is about.
        make: an example, of the types given, from dice.
        ways: how an example is sent: in two ways that have to come out alike, or in one that the model judges.
        words: what the two ways are called in a message.
        judged: the timer statistics to compare, of those that the target publishes.
        streamed: whether the first way goes over TCP.
        chapter: the module that its constant stands in.
        part: it tries one of so many of the examples that a property is to try.
    """

    id: str
    types: tuple[str, ...]
    make: Callable[[Random, Sequence[str]], Lines]
    ways: Callable[[Lines], tuple[Way, ...]]
    words: tuple[str, str]
    judged: Callable[[Profile], Sequence[str]]
    streamed: bool = False
    chapter: str = "test_22_property"
    part: int = 1


@dataclass(frozen=True, slots=True)
class Difference:
    """How two ways of sending an example came out differently, in words, and whose type was concerned.

    `obliging` tells that there MUST be none, and not only SHOULD.
    """

    words: str
    type: str
    obliging: bool = True


@dataclass(frozen=True, slots=True)
class Trial:
    """An example that was sent: its datagrams, what came back of it, and the difference where there is one."""

    difference: Difference | None
    prefixes: tuple[bytes, ...]
    datagrams: tuple[bytes, ...]
    flushed: Flushed


async def hold(property: Property, target: Target) -> str:
    """Try a property on a target; return how many examples it held of.

    Raises:
        AssertionError: an example broke it; the message shows the plainest one, and how to try it again.
        Unsupported: the target publishes no type that the property is about.
        Inconclusive: examples failed, and did not when they were sent again.
    """
    plan = PLAN.get() or Plan()
    types = usable_types(property, target.profile)
    random = Random(f"{plan.seed} {property.id}")
    kept = [lines for lines in plan.found.examples(property.id) if set(types_of(lines).values()) <= set(types)]
    fresh = [property.make(random, types) for _ in range(-(-plan.examples // property.part))]
    if property.streamed:
        await target.needs_stream()
    bench = Bench(property, target)
    failing = await _failing_again(bench, [*kept, *fresh])
    before = f", {len(kept)} found before" if kept else ""
    held = f"{len(fresh)} examples{before}{_compared(property, target.profile, types)}"
    if not failing:
        return held
    bench.obliging = any(bench.is_obliging(lines) for lines in failing)
    failing = [lines for lines in failing if bench.is_obliging(lines) == bench.obliging]
    plainest = await _plainest(bench, failing, kept)
    trial = bench.trials[plainest]
    path = plan.found.add(property.id, plainest)
    # The evidence of a failure is what failed, and not all that was tried.
    target.trace.datagrams[:] = trial.datagrams
    target.trace.flushes[:] = [only(trial.flushed, trial.prefixes)]
    told = trial.difference.words if trial.difference else "it failed, and not when it was sent again"
    more = " or more" if len(failing) == _AGAIN else ""
    with nullcontext() if bench.obliging else should():
        raise AssertionError(
            f"{told}\n"
            f"{len(failing)}{more} of {len(kept) + len(fresh)} examples failed; StatsD seed: {plan.seed}\n"
            + (f"kept as {path}, which later runs try first\n" if path else "")
            + f"\n{as_function(property.id, plainest, property.chapter)}"
        )
    return held


async def _plainest(bench: "Bench", failing: Sequence[Lines], kept: Sequence[Lines]) -> Lines:
    """Return the plainest example that fails, shrunk as far as it goes unless an earlier run has done that."""
    plainest = min(failing, key=plainness)
    if plainest in kept:
        return plainest
    for _ in range(_SETTLED):
        await bench.target.flush()
    return await shrink(plainest, bench.fail, bench.well_behaved, rounds=_ROUNDS) or plainest


def _compared(property: Property, profile: Profile, types: Sequence[str]) -> str:
    """Return what was compared, where that is not everything."""
    judged = property.judged(profile) if "ms" in types else _KNOWN_STATISTICS
    parts = [f"types {' '.join(types)}"] if len(types) < len(property.types) else []
    parts += [f"of timers {' '.join(judged)}"] if len(judged) < len(_KNOWN_STATISTICS) else []
    return f"; compared: {', '.join(parts)}" if parts else ""


async def hold_of(property: Property, target: Target, *lines: Line) -> None:
    """Try a property on one example: what a failure prints calls this."""
    usable_types(property, target.profile)
    if property.streamed:
        await target.needs_stream()
    (trial,) = await Bench(property, target).send([lines])
    with nullcontext() if trial.difference is None or trial.difference.obliging else should():
        assert trial.difference is None, trial.difference.words


def usable_types(property: Property, profile: Profile) -> list[str]:
    """Return the types that a property can be tried with on a target.

    Raises:
        Unsupported: there is none.
    """
    paths = {"c": ("counter", "rate"), "g": ("gauge",), "s": ("set",), "ms": ("timer",)}
    types = [
        type
        for type in property.types
        if type in profile.types
        and any(kind in profile.paths for kind in paths[type])
        and (type != "ms" or property.judged(profile))
    ]
    if not types:
        raise Unsupported(f"the profile {profile.name!r} publishes none of the types {', '.join(property.types)}")
    return types


async def _failing_again(bench: "Bench", examples: Sequence[Lines]) -> list[Lines]:
    """Return the examples that fail, and fail again; a flush in the midst of one makes sets and timers two halves."""
    first = await bench.send(examples)
    failing = [lines for lines, trial in zip(examples, first, strict=True) if trial.difference]
    if not failing:
        return []
    wrong = sorted(dict.fromkeys(failing), key=lambda lines: (not bench.is_obliging(lines), plainness(lines)))[:_AGAIN]
    again = [lines for lines, trial in zip(wrong, await bench.send(wrong), strict=True) if trial.difference]
    whole = [trial.difference for trial in first if trial.difference and trial.difference.type in ("c", "g")]
    if not again and whole:
        raise Inconclusive(f"an example failed, and not when it was sent again: {whole[0].words}")
    return again


@dataclass
class Bench:
    """Where examples of one property are tried on one target.

    `trials` holds the last trial of each, and `obliging` tells which differences are looked for when one is shrunk.
    """

    property: Property
    target: Target
    trials: dict[Lines, Trial] = field(default_factory=dict)
    obliging: bool = True
    _numbers: "count[int]" = field(default_factory=count)

    async def fail(self, candidates: Sequence[Lines]) -> list[bool]:
        """Tell of each candidate whether it fails; all go out at once."""
        differences = [trial.difference for trial in await self.send(candidates)]
        return [found is not None and found.obliging == self.obliging for found in differences]

    def is_obliging(self, lines: Lines) -> bool:
        """Tell whether an example that was tried came out as it MUST NOT."""
        found = self.trials[lines].difference
        return found is not None and found.obliging

    def well_behaved(self, lines: Sequence[Line]) -> bool:
        """Tell whether lines may be tried: well-behaved, and with something to judge."""
        types = set(types_of(lines).values())
        return bool(types) and types <= set(self.property.types) and well_behaved(lines)

    async def send(self, examples: Sequence[Lines]) -> list[Trial]:
        """Send examples, each in each of its ways, and compare how they came out."""
        ways = [self.property.ways(lines) for lines in examples]
        prefixes = [[self.target.bucket(f"e{next(self._numbers)}") for _ in one] for one in ways]
        sent: list[list[bytes]] = [[] for _ in examples]
        for interval in range(len(ways[0][0]) if ways else 0):
            for one, own, datagrams in zip(ways, prefixes, sent, strict=True):
                datagrams += self._send_interval(one, own, interval)
            flushed = await self.target.flush()
        if self.property.streamed:
            # What the fence overtook on the other socket is in the next flush.
            more = await self.target.flush()
            flushed = replace(flushed, snapshots=(*flushed.snapshots, *more.snapshots))
        statistics = self.property.judged(self.target.profile)
        outcomes = [[Outcome(flushed, prefix, statistics) for prefix in own] for own in prefixes]
        if ways and len(ways[0]) == 1:
            model = await modelled([one[0] for one in ways], self.target.interval, statistics)
            outcomes = [[*one, right] for one, right in zip(outcomes, model, strict=True)]
        trials = [
            Trial(self._difference(one, *pair), tuple(own), tuple(datagrams), flushed)
            for one, own, pair, datagrams in zip(ways, prefixes, outcomes, sent, strict=True)
        ]
        self.trials.update(zip(examples, trials, strict=True))
        return trials

    def _send_interval(self, ways: Sequence[Way], prefixes: Sequence[bytes], interval: int) -> list[bytes]:
        sent = []
        for number, (way, prefix) in enumerate(zip(ways, prefixes, strict=True)):
            new = [written(datagram, prefix) for datagram in way[interval]]
            if self.property.streamed and number == 0:
                new = [datagram + b"\n" for datagram in new]
                self.target.send_over_stream(*new)
            else:
                self.target.send(*new)
            sent += new
        return sent

    def _difference(self, ways: Sequence[Way], one: "Outcome", other: "Outcome") -> Difference | None:
        judged = types_of(line for datagram in ways[0][-1] for line in datagram)
        return difference_of(judged, one, other, self.property.words, advised=_OF_A_RANK if len(ways) == 1 else ())


@dataclass(frozen=True)
class Outcome:
    """How one way of sending an example came out."""

    flushed: Flushed
    prefix: bytes
    statistics: Sequence[str]

    def of(self, name: str, type: str) -> dict[str, float | None]:
        """Return what came out for a name, by the word for it; None for what was not published."""
        bucket = self.prefix + b"." + name.encode()
        if type == "c":
            counts = self.flushed.counts(bucket)
            return {"the count": sum(counts) if counts else None}
        if type == "g":
            return {"the value": next(reversed(self.flushed.gauges(bucket)), None)}
        if type == "s":
            members = self.flushed.numbers("set", bucket)
            return {"the number of members": sum(members) if members else None}
        return {f"the {statistic}": self._timer(bucket, statistic) for statistic in self.statistics}

    def _timer(self, bucket: bytes, statistic: str) -> float | None:
        """Return a statistic of the flush that held the timer: later ones are idle."""
        numbers = [number for number in self.flushed.numbers("timer", bucket, statistic) if not isnan(number)]
        if not numbers:
            return None
        number = sum(numbers) if statistic in _ADDED_UP else numbers[0]
        return number * self.flushed.unit_of(statistic)


async def modelled(ways: Sequence[Way], interval: float, statistics: Sequence[str]) -> list[Outcome]:
    """Return how the model says that one interval of each way comes out."""
    model = InProcess(make_server(Options(flush_interval=round(interval * 1000))), _MODEL_PROFILE)
    prefixes = [model.bucket(f"e{number}") for number in range(len(ways))]
    for way, prefix in zip(ways, prefixes, strict=True):
        model.send(*(written(datagram, prefix) for datagram in way[-1]))
    flushed = await model.flush()
    return [Outcome(flushed, prefix, statistics) for prefix in prefixes]


def only(flushed: Flushed, prefixes: Sequence[bytes]) -> Flushed:
    """Return the flush with nothing in it but the lines of these prefixes."""

    def kept(snapshot: Snapshot) -> Snapshot:
        mine = [line for line in snapshot.lines_of(flushed.token) if any(one + b"." in line.key for one in prefixes)]
        return replace(snapshot, lines=tuple(mine))

    return replace(flushed, snapshots=tuple(kept(snapshot) for snapshot in flushed.snapshots))


def written(datagram: Sequence[Line], prefix: bytes) -> bytes:
    """Return lines as one datagram."""
    return b"\n".join(line.written(prefix) for line in datagram)


def difference_of(
    types: dict[str, str], one: Outcome, other: Outcome, words: tuple[str, str], advised: Collection[str] = ()
) -> Difference | None:
    """Return the first difference between two outcomes of the same names, None when there is none.

    One in statistics that are only `advised` comes after all others.
    """
    found: list[Difference] = []
    for name, type in types.items():
        ours, theirs = one.of(name, type), other.of(name, type)
        if all(number is None for number in (*ours.values(), *theirs.values())):
            return Difference(f"nothing of {name} ({type}) is published, neither {words[0]} nor {words[1]}", type)
        for what, number in ours.items():
            if not alike(number, theirs[what]):
                told = f"{what} of {name} ({type}) is {_told(number)} {words[0]}, and {_told(theirs[what])} {words[1]}"
                # What is not published at all is not a matter of how it is worked out.
                advice = what.removeprefix("the ") in advised and None not in (number, theirs[what])
                found.append(Difference(told, type, obliging=not advice))
    return next((one for one in found if one.obliging), found[0] if found else None)


def alike(one: float | None, other: float | None) -> bool:
    """Tell whether two numbers are the same but for how a target prints them."""
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-6)


def _told(number: float | None) -> str:
    return "not published" if number is None else f"{number:.15g}"


def as_function(id: str, lines: Lines, chapter: str = "test_22_property") -> str:
    """Return a pytest function that tries a property, whose constant stands in a chapter, on one example again."""
    name = digest(id, lines)
    shown = "".join(f"        {_shown(line)},\n" for line in lines)
    constant = id.replace("-", "_")
    return (
        "from statsd_conformance.properties import hold_of\n"
        "from statsd_conformance.requirement import CORE, MUST, requirement\n"
        "from statsd_conformance.target import Target\n"
        f"from statsd_conformance.{chapter} import {constant}\n"
        "from statsd_conformance.traffic import Line\n\n\n"
        f'@requirement("FOUND-{name}", CORE, MUST, cites="an example of {id}")\n'
        f"async def test_found_{name}(target: Target) -> None:\n"
        f'    """{id} MUST hold of this example."""\n'
        f"    await hold_of(\n        {constant},\n        target,\n{shown}    )\n"
    )


def _shown(line: Line) -> str:
    options = {"type": (line.type, "c"), "rate": (line.rate, ""), "mark": (line.mark, 0)}
    given = [f"{part}={value!r}" for part, (value, usual) in options.items() if value != usual]
    return f"Line({', '.join([repr(line.name), repr(line.value), *given])})".replace("'", '"')


# ------------------------------------------------------------------------------------------------- what is generated


def all_statistics(profile: Profile) -> Sequence[str]:
    """Return the statistics whose values the model knows of a target."""
    alone = not any(name in profile.statistics for name in _UP_TO_A_PERCENTILE)
    return [name for name in _KNOWN_STATISTICS if name in profile.statistics and not (alone and name == "upper_90")]


def added_statistics(profile: Profile) -> Sequence[str]:
    """Return the statistics that are 0 or nothing for an idle interval."""
    return [name for name in ("count", "sum") if name in profile.statistics]


def counted_statistics(profile: Profile) -> Sequence[str]:
    """Return the statistics that a sample rate scales."""
    return [name for name in ("count",) if name in profile.statistics]


def plain_traffic(random: Random, types: Sequence[str]) -> Lines:
    """Return lines, of counters some with a sample rate."""
    return generate(random, types, rated=("c",))


def cut_traffic(random: Random, types: Sequence[str]) -> Lines:
    """Return lines of which those with mark 1 end a datagram."""
    return marked(random, plain_traffic(random, types), 1)


def ordered_traffic(random: Random, types: Sequence[str]) -> Lines:
    """Return lines whose marks say another order."""
    return marked(random, plain_traffic(random, types), 99)


def traffic_with_bad_lines(random: Random, types: Sequence[str]) -> Lines:
    """Return lines with bad ones among them."""
    return with_bad_lines(random, plain_traffic(random, types))


def sampled_traffic(random: Random, types: Sequence[str]) -> Lines:
    """Return lines, half of which have a sample rate."""
    return generate(random, types, rated=("c", "ms"))


def traffic_of_two_intervals(random: Random, types: Sequence[str]) -> Lines:
    """Return lines of which those with mark 1 are for the interval before."""
    return marked(random, plain_traffic(random, types), 1)


# --------------------------------------------------------------------------------------------------- how it is sent


def as_it_is(lines: Lines) -> tuple[Way, ...]:
    """Send the lines; the model judges."""
    return ((packed(lines),),)


def cut_and_whole(lines: Lines) -> tuple[Way, ...]:
    """Send the lines in datagrams that end where a mark says, and as full as may be."""
    return ((packed(lines, lambda line: bool(line.mark)),), (packed(lines),))


def reordered_and_not(lines: Lines) -> tuple[Way, ...]:
    """Send the lines in the order of their marks, and as they are."""
    return ((packed(sorted(lines, key=lambda line: line.mark)),), (packed(lines),))


def with_bad_and_without(lines: Lines) -> tuple[Way, ...]:
    """Send the lines with the bad ones, and without."""
    return ((packed(lines),), (packed([line for line in lines if line.type != BAD]),))


def sampled_and_repeated(lines: Lines) -> tuple[Way, ...]:
    """Send the lines with their sample rates, and each as often as its rate says, without."""
    repeated = [replace(line, rate="") for line in lines for _ in range(line.times)]
    return ((packed(lines),), (packed(repeated),))


def twice_as_it_is(lines: Lines) -> tuple[Way, ...]:
    """Send the lines twice alike, over two transports."""
    return ((packed(lines),), (packed(lines),))


def behind_others_and_alone(lines: Lines) -> tuple[Way, ...]:
    """Send the lines with mark 0 in an interval behind that of the others, and in one behind nothing."""
    before, now = [line for line in lines if line.mark], [line for line in lines if not line.mark]
    return ((packed(before), packed(now)), ((), packed(now)))
