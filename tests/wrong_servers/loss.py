"""Servers that break one requirement on lost, doubled and cut datagrams each."""

from collections.abc import Iterable
from dataclasses import replace

from defects.steps import datagrams, refused
from statsd_reference import Reading, Server, Window
from statsd_reference.server import Receive

_QUEUE = 150


def repeated_datagram_is_dropped(server: Server) -> Server:
    """Take a datagram that equals the one before for the same one."""

    def make_receive() -> Receive:
        last = b""

        def receive(datagram: bytes) -> Iterable[bytes]:
            nonlocal last
            before, last = last, datagram
            return () if datagram == before else (datagram,)

        return receive

    return datagrams(server, make_receive)


def cut_line_is_completed(server: Server) -> Server:
    """Put what was cut at the end of a datagram before the next one, as on a stream."""

    def make_receive() -> Receive:
        rest = b""

        def receive(datagram: bytes) -> Iterable[bytes]:
            nonlocal rest
            lines, newline, last = (rest + datagram).rpartition(b"\n")
            rest = last if last and refused(server, last) else b""
            return (lines if rest else lines + newline + last,)

        return receive

    return datagrams(server, make_receive)


def short_queue(server: Server) -> Server:
    """Have a queue behind the socket for some datagrams an interval, and drop what it has no room for."""
    received = f"{server.options.prefix_stats}.packets_received".encode()

    def accumulate(window: Window, reading: Reading) -> Window:
        full = window.counters.get(received, 0) >= _QUEUE
        return server.accumulate(window, replace(reading, outcomes=()) if full else reading)

    return replace(server, accumulate=accumulate)


WRONG = {
    "LOSS-01": repeated_datagram_is_dropped,
    "LOSS-02": repeated_datagram_is_dropped,
    "LOSS-03": cut_line_is_completed,
    "LOSS-04": short_queue,
}
