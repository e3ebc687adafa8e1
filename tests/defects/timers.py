"""Timers whose statistics are wrong."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import sqrt

from defects.steps import flushes, lenient, points, samples
from statsd_reference import Flush, Kind, Point, Sample, Server


def f01(server: Server) -> Server:
    """The deviation leaves the first value out; it is of all values."""

    def deviation(values: Sequence[float]) -> float:
        ordered = sorted(values)
        mean = sum(ordered) / len(ordered)
        return sqrt(sum((value - mean) ** 2 for value in ordered[1:]) / len(ordered))

    return _deviating(server, deviation)


def _deviating(server: Server, deviation: Callable[[Sequence[float]], float]) -> Server:
    def change(point: Point, flush: Flush) -> Point:
        bucket = point.path.removeprefix(b"stats.timers.").removesuffix(b".std")
        if point.path == b"stats.timers." + bucket + b".std" and flush.timers.get(bucket):
            return point._replace(value=deviation(flush.timers[bucket]))
        return point

    return points(server, change)


def f02(server: Server) -> Server:
    """Count and rate of a timer ignore the sample rate; a value stands for 1/rate events."""

    def unscaled(flush: Flush) -> Flush:
        return replace(flush, timer_counts={bucket: float(len(values)) for bucket, values in flush.timers.items()})

    return flushes(server, unscaled)


def f06(server: Server) -> Server:
    """The deviation of a single value is that value; it is 0."""

    def deviation(values: Sequence[float]) -> float:
        mean = sum(values) / len(values)
        return values[0] if len(values) == 1 else sqrt(sum((value - mean) ** 2 for value in values) / len(values))

    return _deviating(server, deviation)


def f09(server: Server) -> Server:
    """A negative time that comes first is put before the head of an empty list, which kills the server."""
    negative = re.compile(rb"[^:]*:-[0-9.]+\|ms")

    def read(line: bytes) -> bytes:
        if negative.match(line):
            raise IndexError(f"{line!r} goes before the head of an empty list")
        return line

    return lenient(server, "negative time", read)


def f10(server: Server) -> Server:
    """The sign of a time between -1 and 0 is lost; it is kept, or the line refused."""
    return lenient(server, "negative time", lambda line: line.replace(b":-0.", b":0.", 1))


def f13(server: Server) -> Server:
    """Times above a second are dropped; they count."""
    return samples(server, lambda one: None if one.kind is Kind.TIMER and one.value > 1000 else one)


def f18(server: Server) -> Server:
    """Times are divided by the rate; it weighs the event and leaves its time alone."""

    def change(one: Sample) -> Sample:
        return replace(one, value=one.value / one.rate) if one.kind is Kind.TIMER else one

    return samples(server, change)
