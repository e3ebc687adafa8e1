"""What Graphite gets to see is not what was gathered."""

import struct
from collections.abc import Iterator
from dataclasses import replace

from defects.steps import carries, flushes, points
from statsd_reference import BadLine, Flush, Kind, Outcome, Point, Reading, Sample, Server, Window, make_server

BATCH = 1000
_NOTHING = Point(b"", 0.0, 0)


def c01(server: Server) -> Server:
    """An interval without traffic writes a lone LF; nothing is to be written for it."""
    received = server.options.prefix_stats.encode() + b".packets_received"

    def named(flush: Flush) -> Iterator[Point]:
        if not flush.counters.get(received):
            yield _NOTHING
        yield from server.points(flush)

    return replace(server, points=named, write=lambda point: b"\n" if point is _NOTHING else server.write(point))


def c04(server: Server) -> Server:
    """Of a flush that needs several batches the last one, not full, is not sent; all of them are to be."""

    def named(flush: Flush) -> Iterator[Point]:
        made = list(server.points(flush))
        return iter(made if len(made) <= BATCH else made[: len(made) // BATCH * BATCH])

    return replace(server, points=named)


def c06(server: Server) -> Server:
    """An interval is flushed twice, the second time as an idle one; a value of a time is to be sent once."""

    def named(flush: Flush) -> Iterator[Point]:
        yield from server.points(flush)
        yield from server.points(replace(flush, counters=dict.fromkeys(flush.counters, 0.0)))

    return replace(server, points=named)


def c10(server: Server) -> Server:
    """A rate of 0 makes a counter infinite, and that is published; the line is bad."""
    endless = float("inf")

    def parse(line: bytes) -> tuple[Outcome, ...]:
        body, mark, rate = line.partition(b"|@")
        outcomes = server.parse(line)
        if mark and rate.strip(b"0.") == b"" and b"0" in rate and isinstance(outcomes[0], BadLine):
            return tuple(replace(one, value=endless) if isinstance(one, Sample) else one for one in server.parse(body))
        return outcomes

    def accumulate(window: Window, reading: Reading) -> Window:
        infinite = [one for one in reading.outcomes if isinstance(one, Sample) and one.value == endless]
        finite = tuple(one for one in reading.outcomes if one not in infinite)
        gathered = server.accumulate(window, replace(reading, outcomes=finite))
        counters = {one.bucket: one.value for one in infinite if one.kind is Kind.COUNTER}
        return replace(gathered, counters={**gathered.counters, **counters}) if counters else gathered

    def named(flush: Flush) -> Iterator[Point]:
        yield from server.points(flush)
        for bucket, value in flush.counters.items():
            if value == endless:
                yield Point(b"stats." + bucket, value, flush.timestamp)
                yield Point(b"stats_counts." + bucket, value, flush.timestamp)

    def write(point: Point) -> bytes:
        return b"%b Infinity %d\n" % (point.path, point.timestamp) if point.value == endless else server.write(point)

    return replace(server, parse=parse, accumulate=accumulate, points=named, write=write)


def c15(server: Server) -> Server:
    """A name of which clean-up leaves nothing is published, as a path that ends in a dot; the line is bad."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        outcomes = server.parse(line)
        if isinstance(outcomes[0], BadLine) and outcomes[0].reason.startswith("no name"):
            named = server.parse(b"x:" + line.partition(b":")[2])
            return tuple(replace(one, bucket=b"") if isinstance(one, Sample) else one for one in named)
        return outcomes

    return replace(server, parse=parse)


def c35(server: Server) -> Server:
    """Percentiles are labelled with whole numbers, so that two close ones share a path; each has its own."""
    two = make_server(replace(server.options, percent_threshold=(99.5, 99.9)))

    def relabelled(point: Point, flush: Flush) -> Point:
        return point._replace(path=point.path.replace(b"_99_5", b"_100").replace(b"_99_9", b"_100"))

    return points(two, relabelled)


def c38(server: Server) -> Server:
    """Values pass through a float of 32 bits; they are exact up to 2**53."""
    return points(server, lambda point, flush: point._replace(value=_short_float(point.value)))


def _short_float(value: float) -> float:
    try:
        short: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return 3.4028234663852886e38
    return short


def c42(server: Server) -> Server:
    """Values are printed with six decimals; a small one keeps its digits."""
    return replace(server, write=lambda point: b"%b %b %d\n" % (point.path, b"%f" % point.value, point.timestamp))


def c44(server: Server) -> Server:
    """Names are published as they came, blanks and all; a path has none."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        name = line.partition(b":")[0]
        return tuple(replace(one, bucket=name) if isinstance(one, Sample) else one for one in server.parse(line))

    return replace(server, parse=parse)


def c51(server: Server) -> Server:
    """A flush forgets the gauges; they keep their level."""
    return carries(server, lambda closed, following: replace(following, gauges={}, gauge_ages={}))


def c59(server: Server) -> Server:
    """A gauge at 0 is not published; 0 is a level like any."""
    return flushes(
        server, lambda flush: replace(flush, gauges={name: value for name, value in flush.gauges.items() if value})
    )
