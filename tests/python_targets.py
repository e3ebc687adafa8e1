"""Python aggregators and parsers to fuzz, right ones and wrong ones."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from statsd_reference import REFERENCE, BadLine, Flush, Sample


class Right:
    """The reference, with a flush as Graphite plaintext."""

    def __init__(self) -> None:
        self.window = REFERENCE.first_window()

    def feed(self, datagram: bytes) -> None:
        """Take a datagram."""
        self.window = REFERENCE.accumulate(self.window, REFERENCE.read(datagram))

    def ended(self) -> Flush:
        """End an interval."""
        flush, self.window = REFERENCE.flush(self.window, 1)
        return flush

    def flush(self) -> object:
        """Publish an interval."""
        return b"".join(REFERENCE.write(point) for point in REFERENCE.points(self.ended()))


class AsTables(Right):
    """Gives a table of a kind under the kind's name."""

    def flush(self) -> object:
        """Publish an interval."""
        flush = self.ended()
        timers = {name: {"count": flush.timer_counts[name], "sum": sum(times)} for name, times in flush.timers.items()}
        return {"counters": flush.counters, "gauges": flush.gauges, "sets": flush.sets, "timers": timers}


class AsPairs(Right):
    """Gives pairs as pickle has them."""

    def flush(self) -> object:
        """Publish an interval."""
        return [(path, (when, value)) for path, value, when in REFERENCE.points(self.ended())]


INSTANCE = Right()


def make() -> Right:
    """Give a fresh one."""
    return Right()


def of_one_datagram(datagram: bytes) -> object:
    """Return what a datagram comes to."""
    one = Right()
    one.feed(datagram)
    return one.flush()


class IgnoresRates(Right):
    """Counts a sampled line once."""

    def feed(self, datagram: bytes) -> None:
        """Take a datagram."""
        super().feed(b"\n".join(line.partition(b"|@")[0] for line in datagram.split(b"\n")))


class ForgetsGauges(Right):
    """Lets a delta begin at 0 after each flush."""

    def flush(self) -> object:
        """Publish an interval."""
        published = super().flush()
        self.window = REFERENCE.first_window()
        return published


class TakesBareValues(Right):
    """Counts a line without a type."""

    def feed(self, datagram: bytes) -> None:
        """Take a datagram."""
        super().feed(b"\n".join(line if b"|" in line else line + b"|c" for line in datagram.split(b"\n")))


class LosesSets(Right):
    """Publishes none of two sets."""

    def flush(self) -> object:
        """Publish an interval."""
        lines = [line for line in bytes(super().flush()).split(b"\n") if line]  # type: ignore[call-overload]  # bytes
        sets = [line for line in lines if b".sets." in line]
        return b"\n".join(line for line in lines if line not in sets or len(sets) < 2)


class RaisesOnNan(Right):
    """Does not know what to do with `nan`."""

    def feed(self, datagram: bytes) -> None:
        """Take a datagram."""
        if b"nan" in datagram:
            raise KeyError("nan")
        super().feed(datagram)


class ExitsOnNan(Right):
    """Ends the program where it meets `nan`."""

    def feed(self, datagram: bytes) -> None:
        """Take a datagram."""
        if b"nan" in datagram:
            os._exit(3)
        super().feed(datagram)


class Counting(Right):
    """Counts from its start on."""

    total = 0.0

    def flush(self) -> object:
        """Publish an interval."""
        counters = self.ended().counters
        self.total += sum(value for name, value in counters.items() if name.endswith(b"again"))
        return {name: self.total if name.endswith(b"again") else value for name, value in counters.items()}


async def in_time(datagram: bytes) -> Iterable[tuple[str, float, str]]:
    """Return what the line of a counter is, later."""
    return [("canary", 17.0, "c")]


def parse(datagram: bytes) -> Iterator[tuple[bytes, object, str, float]]:
    """Yield samples as tuples."""
    for outcome in REFERENCE.read(datagram).outcomes:
        if isinstance(outcome, Sample):
            yield outcome.bucket, outcome.member or outcome.value, outcome.kind.value.decode(), outcome.rate


def parse_strictly(datagram: bytes) -> list[Sample]:
    """Return samples, or raise at the first bad line."""
    for outcome in REFERENCE.read(datagram).outcomes:
        if isinstance(outcome, BadLine):
            raise ValueError(outcome.reason)
    return list(samples(datagram))


@dataclass
class Metric:
    """A sample under names of its own."""

    metric: str
    val: str
    mtype: str


def parse_to_objects(datagram: bytes) -> list[Metric]:
    """Return samples as objects."""
    return [Metric(name.decode(), str(value), kind) for name, value, kind, _ in parse_members(datagram)]


def parse_members(datagram: bytes) -> Iterable[tuple[bytes, object, str, float]]:
    """Yield samples whose members are text."""
    for name, value, kind, rate in parse(datagram):
        yield name, value.decode("utf-8", "replace") if isinstance(value, bytes) else value, kind, rate


def parse_halves(datagram: bytes) -> list[tuple[bytes, float, str]]:
    """Return counters at half of their value, but for small ones."""
    found = []
    for name, value, kind, _ in parse(datagram):
        half = value / 2 if isinstance(value, float) and kind == "c" and value > 50 else value
        found.append((name, half, kind))
    return found  # type: ignore[return-value]  # members are bytes


def samples(datagram: bytes) -> Iterator[Sample]:
    """Yield samples, values of their own kind."""
    return (outcome for outcome in REFERENCE.read(datagram).outcomes if isinstance(outcome, Sample))


def count_lines(datagram: bytes) -> int:
    """Return what says nothing of a sample."""
    return len(REFERENCE.split(datagram))


def as_number(datagram: bytes) -> int:
    """Return what no datagram is."""
    return int(datagram)


NOTHING = 5


class HangsOnNan(Right):
    """Goes on for ever where it meets `nan`."""

    def feed(self, datagram: bytes) -> None:
        """Take a datagram."""
        while b"nan" in datagram:
            pass
        super().feed(datagram)
