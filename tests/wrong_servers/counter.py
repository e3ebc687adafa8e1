"""Servers that break one requirement on counters each."""

from dataclasses import replace

from defects import counters as defects
from defects import output, survival
from defects.steps import carries, flushes, points, refusing, samples, steadily
from statsd_reference import Kind, Point, Reading, Sample, Server, Window


def last_increment_wins(server: Server) -> Server:
    """Keep of all increments of an interval the last."""

    def accumulate(window: Window, reading: Reading) -> Window:
        fresh = replace(window, counters=dict.fromkeys(window.counters, 0.0))
        return server.accumulate(fresh, reading)

    return replace(server, accumulate=accumulate)


def running_total(server: Server) -> Server:
    """Carry counters over a flush."""
    return carries(server, lambda closed, following: replace(following, counters=closed.counters))


def thousands(server: Server) -> Server:
    """Publish counters in thousands."""
    return flushes(
        server, lambda flush: replace(flush, counters={name: value / 1000 for name, value in flush.counters.items()})
    )


def zero_is_nothing(server: Server) -> Server:
    """Drop increments of 0."""
    return samples(server, lambda one: None if _is_counter(one) and not one.value else one)


def whole_numbers(server: Server) -> Server:
    """Cut every increment to a whole number."""
    return samples(server, lambda one: replace(one, value=float(int(one.value))) if _is_counter(one) else one)


def _is_counter(one: Sample) -> bool:
    return one.kind is Kind.COUNTER


def first_increment_is_the_base(server: Server) -> Server:
    """Take the first increment of a name for the level from which later ones count."""

    def change(window: Window, one: Sample) -> Sample:
        return replace(one, value=0.0) if _is_counter(one) and one.bucket not in window.counters else one

    return steadily(server, change)


def wraps_at_64_bits(server: Server) -> Server:
    """Hold counters in a signed whole number of 64 bits."""

    def wrapped(point: Point) -> Point:
        if abs(point.value) < 2.0**63:
            return point
        return point._replace(value=float((int(point.value) + 2**63) % 2**64 - 2**63))

    return points(server, lambda point, flush: wrapped(point))


def overflow_ends_flushing(server: Server) -> Server:
    """Die at the flush of a number that 64 bits do not hold."""

    def packed(point: Point) -> Point:
        int(point.value).to_bytes(8, signed=True)
        return point

    return points(server, lambda point, flush: packed(point))


def zero_is_idle(server: Server) -> Server:
    """Leave out counters whose sum is 0."""
    return flushes(
        server, lambda flush: replace(flush, counters={name: value for name, value in flush.counters.items() if value})
    )


def types_share_a_table(server: Server) -> Server:
    """Add what is sent to a gauge to the counter of the same name."""

    def change(window: Window, one: Sample) -> Sample:
        if one.kind is Kind.GAUGE and one.bucket in window.counters:
            return replace(one, kind=Kind.COUNTER)
        return one

    return steadily(server, change)


WRONG = {
    "COUNTER-01": last_increment_wins,
    "COUNTER-02": running_total,
    "COUNTER-03": thousands,
    "COUNTER-04": defects.d13,
    "COUNTER-05": lambda server: refusing(server, rb":\+[^|]*\|c"),
    "COUNTER-06": zero_is_nothing,
    "COUNTER-06/refused": defects.d18,
    "COUNTER-07": whole_numbers,
    "COUNTER-08": first_increment_is_the_base,
    "COUNTER-09": output.c38,
    "COUNTER-10": lambda server: refusing(server, rb":9007199254740993\|"),
    "COUNTER-11": wraps_at_64_bits,
    "COUNTER-11/flush": overflow_ends_flushing,
    "COUNTER-12": types_share_a_table,
    "COUNTER-12/first": survival.j19,
    "COUNTER-13": zero_is_idle,
    "COUNTER-14": zero_is_idle,
}
