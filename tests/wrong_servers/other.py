"""Servers that break one requirement on meters, totals, key/values or dictionaries each."""

import re
from dataclasses import replace

from defects.steps import carries, flushes, lines, points, refusing, steadily
from statsd_reference import Flush, Kind, Outcome, Point, Sample, Server, Window


def totals_are_increments(server: Server) -> Server:
    """Add running totals up."""
    return lines(server, lambda line: line.replace(b"|C", b"|c"))


def totals_are_forgotten(server: Server) -> Server:
    """Begin each interval without the last totals."""
    return carries(server, lambda closed, following: replace(following, totals={}))


def smaller_total_is_nothing(server: Server) -> Server:
    """Ignore a total below the last one."""

    def change(window: Window, one: Sample) -> Outcome | None:
        return None if one.kind is Kind.TOTAL and one.value < window.totals.get(one.bucket, 0.0) else one

    return steadily(server, change)


def oldest_first(server: Server) -> Server:
    """Publish key/values in the order in which they came."""
    return flushes(server, lambda flush: replace(flush, pairs=flush.pairs[::-1]))


def strings_are_a_set(server: Server) -> Server:
    """Count a string of a dictionary once."""
    seen: set[bytes] = set()

    def parse(line: bytes) -> tuple[Outcome, ...]:
        known = line.endswith(b"|d") and line in seen
        seen.add(line)
        return () if known else server.parse(line)

    return replace(server, parse=parse)


def others_are_lost(server: Server) -> Server:
    """Publish nothing of the strings beyond those that are kept."""

    def change(point: Point, flush: Flush) -> Point | None:
        return None if point.path.endswith(b".other") else point

    return points(server, change)


WRONG = {
    "OTHER-01": lambda server: lines(server, lambda line: line.replace(b"|m", b"|ms")),
    "OTHER-01/level": lambda server: lines(server, lambda line: re.sub(rb":3\|m\Z", b":0|m", line)),
    "OTHER-01/refused": lambda server: refusing(server, rb"\|m\Z"),
    "OTHER-02": totals_are_increments,
    "OTHER-02/forgotten": totals_are_forgotten,
    "OTHER-02/restart": smaller_total_is_nothing,
    "OTHER-03": oldest_first,
    "OTHER-03/again": lambda server: carries(server, lambda closed, following: replace(following, pairs=closed.pairs)),
    "OTHER-03/summed": lambda server: lines(server, lambda line: line.replace(b"|kv", b"|c")),
    "OTHER-04": strings_are_a_set,
    "OTHER-04/others": others_are_lost,
    "OTHER-05": lambda server: refusing(server, rb"\A[^:|]+\Z"),
    "OTHER-05/one": lambda server: lines(server, lambda line: re.sub(rb"\A([^:|]+):[^:|]+\Z", rb"\1", line)),
}
