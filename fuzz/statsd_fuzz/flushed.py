"""Flushes of traffic, for the targets that look at what is published."""

from collections.abc import Iterator

from statsd_fuzz.inputs import dice, intervals_of
from statsd_reference import Point, Server


def points_of(servers: tuple[Server, ...], data: bytes) -> Iterator[list[Point]]:
    """Yield what one of the servers, which the dice choose, publishes of each interval of an input."""
    server = dice(data).choice(servers)
    window = server.first_window()
    for number, datagrams in enumerate(intervals_of(data), start=1):
        for datagram in datagrams:
            window = server.accumulate(window, server.read(datagram))
        flush, window = server.flush(window, number)
        yield list(server.points(flush))
