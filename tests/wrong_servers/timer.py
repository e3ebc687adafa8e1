"""Servers that break one requirement on timers each."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import ceil, nan, sqrt
from statistics import median

from defects import timers as defects
from defects.steps import Break, carries, flushes, lenient, points, raising, refusing, samples
from statsd_reference import Flush, Kind, Outcome, Point, Sample, Server

_STATISTIC = re.compile(rb"stats\.timers\.(?P<bucket>.*?)\.(?P<name>(?:histogram\.)?[a-z_0-9]+)")
_KEPT = 1000


def unpublished(*names: bytes) -> Break:
    """Make a server that leaves these statistics out."""

    def change(point: Point, flush: Flush) -> Point | None:
        found = _STATISTIC.fullmatch(point.path)
        return None if found and found["name"] in names else point

    return lambda server: points(server, change)


def computing(name: bytes, compute: Callable[[Sequence[float]], float]) -> Break:
    """Make a server that computes one statistic so, from the values in the order of arrival."""

    def change(point: Point, flush: Flush) -> Point:
        found = _STATISTIC.fullmatch(point.path)
        if found and found["name"] == name and flush.timers.get(found["bucket"]):
            return point._replace(value=compute(flush.timers[found["bucket"]]))
        return point

    return lambda server: points(server, change)


def lower_middle(values: Sequence[float]) -> float:
    """Return the lower one of the middle values."""
    return sorted(values)[(len(values) - 1) // 2]


def of_a_sample(values: Sequence[float]) -> float:
    """Return the standard deviation of a sample, 0 for one value."""
    mean = sum(values) / len(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1))


def floor_rank(values: Sequence[float]) -> float:
    """Return the 90th percentile with its rank rounded down."""
    return sorted(values)[max(int(0.9 * len(values)) - 1, 0)]


def ceiling_rank(values: Sequence[float]) -> float:
    """Return the 90th percentile with its rank rounded up."""
    return sorted(values)[ceil(0.9 * len(values)) - 1]


def beside_a_deviation(values: Sequence[float]) -> float:
    """Return the mean, having worked out a deviation by powers, which raise where products become infinite."""
    mean = sum(values) / len(values)
    assert sum((value - mean) ** 2 for value in values) >= 0
    return mean


def _times(server: Server, change: Callable[[Sample], Outcome | None]) -> Server:
    return samples(server, lambda one: change(one) if one.kind is Kind.TIMER else one)


def whole(server: Server) -> Server:
    """Cut times to whole milliseconds."""
    return _times(server, lambda one: replace(one, value=float(int(one.value))))


def zero_is_nothing(server: Server) -> Server:
    """Drop times of 0."""
    return _times(server, lambda one: one if one.value else None)


def signless(server: Server) -> Server:
    """Read a negative time without its sign."""
    return lenient(server, "negative time", lambda line: line.replace(b":-", b":", 1))


def never_reset(server: Server) -> Server:
    """Carry times over a flush."""
    return carries(
        server, lambda closed, following: replace(following, timers=closed.timers, timer_counts=closed.timer_counts)
    )


def median_of_all_intervals(server: Server) -> Server:
    """Publish the median of the times since the start."""
    seen: dict[bytes, list[float]] = {}

    def change(point: Point, flush: Flush) -> Point:
        found = _STATISTIC.fullmatch(point.path)
        if found and found["name"] == b"median" and flush.timers.get(found["bucket"]):
            seen.setdefault(found["bucket"], []).extend(flush.timers[found["bucket"]])
            return point._replace(value=median(seen[found["bucket"]]))
        return point

    return points(server, change)


def forgetful(server: Server) -> Server:
    """Keep a thousand times of an interval, and count these."""

    def change(flush: Flush) -> Flush:
        counts = {name: min(count, _KEPT) for name, count in flush.timer_counts.items()}
        return replace(flush, timer_counts=counts)

    return flushes(server, change)


def reservoir(server: Server) -> Server:
    """Keep a thousand times of an interval, and count all."""

    def change(flush: Flush) -> Flush:
        return replace(flush, timers={name: times[:_KEPT] for name, times in flush.timers.items()})

    return flushes(server, change)


def by_rounded_threshold(server: Server) -> Server:
    """Name a percentile with a fraction by its whole number."""
    return points(server, lambda point, flush: point._replace(path=point.path.replace(b"_99_9", b"_99")))


def up_to_and_with_the_bound(values: Sequence[float]) -> float:
    """Return how many times the lowest bin has when a time on its bound is in it."""
    return float(sum(value <= 5 for value in values))


def all_statistics(server: Server) -> Server:
    """Publish the mean, chosen or not."""

    def all_points(flush: Flush) -> Iterator[Point]:
        for point in server.points(flush):
            yield point
            if point.path.endswith(b".upper"):
                yield point._replace(path=point.path.removesuffix(b"upper") + b"mean")

    return replace(server, points=all_points)


WRONG = {
    "TIMER-01": unpublished(b"upper_90"),
    "TIMER-01/count": unpublished(b"count"),
    "TIMER-02": computing(b"mean", lower_middle),
    "TIMER-02/last": computing(b"upper", lambda values: values[0]),
    "TIMER-03": computing(b"median", lower_middle),
    "TIMER-04": computing(b"std", of_a_sample),
    "TIMER-04/first": defects.f01,
    "TIMER-05": computing(b"upper_90", lambda values: 0.0),
    "TIMER-05/floor": computing(b"upper_90", floor_rank),
    "TIMER-05/ceiling": computing(b"upper_90", ceiling_rank),
    "TIMER-06": computing(b"mean_90", lambda values: sum(values) / len(values)),
    "TIMER-07": defects.f02,
    "TIMER-07/times": defects.f18,
    "TIMER-08": defects.f06,
    "TIMER-09": computing(b"lower", lambda values: values[0]),
    "TIMER-10": whole,
    "TIMER-10/zero": zero_is_nothing,
    "TIMER-11": signless,
    "TIMER-11/stops": defects.f09,
    "TIMER-12": never_reset,
    "TIMER-12/median": median_of_all_intervals,
    "TIMER-13": lambda server: lenient(server, "unknown type", lambda line: line.replace(b"|h", b"|ms")),
    "TIMER-14": lambda server: refusing(server, rb"\|d$"),
    "TIMER-15": computing(b"lower_top10", min),
    "TIMER-15/fraction": by_rounded_threshold,
    "TIMER-16": computing(b"sum_top90", lambda values: nan),
    "TIMER-17": computing(b"histogram.bin_5", up_to_and_with_the_bound),
    "TIMER-18": unpublished(b"upper"),
    "TIMER-18/all": all_statistics,
    "TIMER-19": forgetful,
    "TIMER-19/times": reservoir,
    "TIMER-20": lambda server: raising(server, rb"1e308"),
    "TIMER-20/mixed": computing(b"mean", beside_a_deviation),
}
