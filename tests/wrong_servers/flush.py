"""Servers that break one requirement on flushes each."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from defects import output
from defects.steps import carries, points
from statsd_reference import Flush, Point, Server, Window

# Several, so that a flush that slips in between a sample and a signal shows nothing either.
_HELD = 3


def flushes_twice(server: Server) -> Server:
    """Publish every counter a second time, as the 0 that it has just become."""

    def doubled(flush: Flush) -> Iterator[Point]:
        for point in server.points(flush):
            yield point
            if point.path.startswith(b"stats_counts."):
                yield point._replace(value=0.0)

    return replace(server, points=doubled)


def milliseconds(server: Server) -> Server:
    """Write the time of the flush in milliseconds."""
    return points(server, lambda point, flush: point._replace(timestamp=1000 * point.timestamp))


def every_line_its_own_time(server: Server) -> Server:
    """Write a line's time by how many lines stand before it."""

    def timed(flush: Flush) -> Iterator[Point]:
        for number, point in enumerate(server.points(flush)):
            yield point._replace(timestamp=point.timestamp - 2 * number)

    return replace(server, points=timed)


def _own(server: Server, counters: dict[bytes, float]) -> dict[bytes, float]:
    own = server.options.prefix_stats.encode() + b"."
    return {name: value for name, value in counters.items() if name.startswith(own)}


def idle_counters_are_left_out(server: Server) -> Server:
    """Forget every counter at a flush."""
    return carries(
        server, lambda closed, following: replace(following, counters=_own(server, dict(following.counters)))
    )


def counters_go_on(server: Server) -> Server:
    """Count on from where the last interval ended."""
    return carries(
        server,
        lambda closed, following: replace(
            following, counters={**closed.counters, **_own(server, dict(following.counters))}
        ),
    )


def sets_go_on(server: Server) -> Server:
    """Keep the members of a set over a flush."""
    return carries(server, lambda closed, following: replace(following, sets=closed.sets))


def timers_go_on(server: Server) -> Server:
    """Keep the values of a timer over a flush."""

    def kept(closed: Window, following: Window) -> Window:
        return replace(following, timers=closed.timers, timer_counts=closed.timer_counts)

    return carries(server, kept)


def idle_stays(server: Server) -> Server:
    """Publish idle counters whatever the options say."""
    return carries(server, lambda closed, following: replace(following, counters=dict.fromkeys(closed.counters, 0.0)))


def idle_timers_are_left_out(server: Server) -> Server:
    """Forget every timer at a flush."""
    return carries(server, lambda closed, following: replace(following, timers={}, timer_counts={}))


def own_counters_disappear(server: Server) -> Server:
    """Forget an idle counter of the server itself like any other."""
    return points(server, lambda point, flush: point if point.value or b"bad_lines" not in point.path else None)


def rate_of_ten_seconds(server: Server) -> Server:
    """Divide a count by the default interval, whatever the interval is."""

    def change(point: Point, flush: Flush) -> Point:
        rate = point.path.startswith(b"stats.q")
        return point._replace(value=point.value * flush.interval / 10) if rate else point

    return points(server, change)


def says_nothing_of_itself(server: Server) -> Server:
    """Publish no metric of its own."""
    return points(server, lambda point, flush: None if b"statsd" in point.path else point)


def publishes_three_intervals_late(server: Server) -> Server:
    """Hold each flush back until three more have come."""
    held: deque[list[Point]] = deque()

    def late(flush: Flush) -> Iterator[Point]:
        held.append(list(server.points(flush)))
        return iter(held.popleft() if len(held) > _HELD else [])

    return replace(server, points=late)


WRONG = {
    "FLUSH-01": flushes_twice,
    "FLUSH-02": milliseconds,
    "FLUSH-02/apart": every_line_its_own_time,
    "FLUSH-04": idle_counters_are_left_out,
    "FLUSH-04/goes on": counters_go_on,
    "FLUSH-05": output.c51,
    "FLUSH-06": sets_go_on,
    "FLUSH-07": timers_go_on,
    "FLUSH-07/nothing": idle_timers_are_left_out,
    "FLUSH-08": idle_stays,
    "FLUSH-08/own": own_counters_disappear,
    "FLUSH-09": rate_of_ten_seconds,
    "FLUSH-10": counters_go_on,
    "FLUSH-12": publishes_three_intervals_late,
}
