"""Servers that break one property each, and no plain case: each needs traffic of some kind."""

from collections.abc import Iterable
from dataclasses import replace

from defects.steps import carries, samples, steadily
from statsd_reference import Kind, Sample, Server, Window
from statsd_reference.server import Receive
from statsd_reference.stream import Cut, Stream


def hundreds_wrap(server: Server) -> Server:
    """Hold increments above 800 in ten bits."""

    def wrapped(one: Sample) -> Sample:
        return replace(one, value=one.value % 1024) if one.kind is Kind.COUNTER and one.value > 800 else one

    return samples(server, wrapped)


def last_line_twice(server: Server) -> Server:
    """Read the last line of a datagram twice, unless the datagram is a short one."""

    def make_receive() -> Receive:
        def receive(datagram: bytes) -> Iterable[bytes]:
            before, _, last = datagram.rpartition(b"\n")
            return (datagram, last) if before.count(b"\n") >= 1 and last else (datagram,)

        return receive

    return replace(server, make_receive=make_receive)


def smaller_time_is_late(server: Server) -> Server:
    """Drop a time that is less than half of the first one."""

    def change(window: Window, one: Sample) -> Sample | None:
        times = window.timers.get(one.bucket, ())
        late = one.kind is Kind.TIMER and times and one.value < times[0] / 2
        return None if late else one

    return steadily(server, change)


def bad_line_ends_datagram(server: Server) -> Server:
    """Read a datagram up to its first line without a value."""

    def split(datagram: bytes) -> list[bytes]:
        lines = server.split(datagram)
        empty = [number for number, line in enumerate(lines) if b":" not in line]
        return lines[: empty[0]] if empty and len(lines) > 2 else lines

    return replace(server, split=split)


def rate_in_eighths(server: Server) -> Server:
    """Read a rate of an eighth as a tenth."""
    return samples(server, lambda one: replace(one, rate=0.1) if one.rate == 0.125 else one)


def large_counts_linger(server: Server) -> Server:
    """Carry a hundredth of a count above 500 into the next interval."""

    def carried(closed: Window, following: Window) -> Window:
        left = {name: count // 100 for name, count in closed.counters.items() if count > 500}
        return replace(following, counters={**following.counters, **left})

    return carries(server, carried)


def stream_loses_what_stands_last(server: Server) -> Server:
    """Take the last line of what a stream brings for one that has not ended, and forget it."""

    def cut_short(stream: Stream, chunk: bytes, max_line: int) -> Cut:
        done = server.cut(stream, chunk, max_line)
        kept, newline, _ = done.lines[:-1].rpartition(b"\n")
        return replace(done, lines=kept + newline)

    return replace(server, cut=cut_short)


WRONG = {
    "PROPERTY-01": hundreds_wrap,
    "PROPERTY-02": last_line_twice,
    "PROPERTY-03": smaller_time_is_late,
    "PROPERTY-04": bad_line_ends_datagram,
    "PROPERTY-05": rate_in_eighths,
    "PROPERTY-06": large_counts_linger,
    "PROPERTY-07": stream_loses_what_stands_last,
}
