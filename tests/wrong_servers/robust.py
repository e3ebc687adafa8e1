"""Servers that do not survive one class of input each, or spoil their output by it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from math import nan

from defects import output, sets
from defects.steps import Break, cut, raising
from statsd_reference import Flush, Kind, Outcome, Point, Sample, Server, Window
from wrong_servers.timer import computing


def stopped_by(pattern: bytes) -> Break:
    """Return what makes a server die of lines in which `pattern` is found."""
    return partial(raising, pattern=pattern)


def cut_at(size: int) -> Break:
    """Return what makes a server read into a buffer of `size` bytes."""
    return partial(cut, size=size)


def not_a_number(pattern: bytes) -> Break:
    """Return what makes a server publish the bucket of a line in which `pattern` is found as NaN."""
    found = re.compile(pattern)

    def plant(server: Server) -> Server:
        spoilt: set[bytes] = set()

        def parse(line: bytes) -> tuple[Outcome, ...]:
            if not found.search(line):
                return server.parse(line)
            spoilt.add(line.partition(b":")[0])
            return (Sample(line.partition(b":")[0], 1, Kind.COUNTER),)

        def write(point: Point) -> bytes:
            if any(point.path.endswith(bucket) for bucket in spoilt):
                return b"%b NaN %d\n" % (point.path, point.timestamp)
            return server.write(point)

        return replace(server, parse=parse, write=write)

    return plant


def blank_of_a_tag(server: Server) -> Server:
    """Write the tags of a counter into its path as they came."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        name, mark, tags = line.partition(b":1|c|#")
        return (
            (Sample(name + b";" + tags.replace(b":", b"=").replace(b",", b"="), 1, Kind.COUNTER),)
            if mark
            else server.parse(line)
        )

    return replace(server, parse=parse)


def stops_at_the_second_flush(server: Server) -> Server:
    """Die of the second flush."""
    flushed = 0

    def flush(window: Window, timestamp: int) -> object:
        nonlocal flushed
        flushed += 1
        if flushed > 1:
            raise TypeError("a bytes-like object is required")
        return server.flush(window, timestamp)

    return replace(server, flush=flush)  # type: ignore[arg-type]  # what server.flush returns


def stops_at_few_times(server: Server) -> Server:
    """Die of a flush in which a threshold takes all of a timer's values."""

    def points(flush: Flush) -> Iterator[Point]:
        if any(len(values) == 5 for values in flush.timers.values()):
            raise IndexError("index out of range [-1]")
        return server.points(flush)

    return replace(server, points=points)


WRONG = {
    "ROBUST-01": stopped_by(rb"\|@[+ I]"),
    "ROBUST-04": computing(b"sum_top90", lambda values: nan),
    "ROBUST-05": stopped_by(rb"^[^:]{1015,}:"),
    "ROBUST-06": cut_at(8191),
    "ROBUST-07": cut_at(4095),
    "ROBUST-08": stops_at_the_second_flush,
    "ROBUST-09": stopped_by(rb"\xff|\xc3|^EXIT"),
    "ROBUST-10": stopped_by(rb"::?\|g"),
    "ROBUST-11": stopped_by(rb"4294967295"),
    "ROBUST-12": stops_at_few_times,
    "ROBUST-13": stopped_by(rb"9223372036854775807"),
    "ROBUST-14": stopped_by(rb":1\.5\|c"),
    "ROBUST-15": stopped_by(rb"@0\.0000000001"),
    "ROBUST-16": not_a_number(rb"nan|inf"),
    "ROBUST-17": stopped_by(rb"^\xaa"),
    "ROBUST-18": output.c44,
    "ROBUST-19": blank_of_a_tag,
    "ROBUST-20": cut_at(8999),
    "ROBUST-21": sets.g10,
    "ROBUST-22": blank_of_a_tag,
}
