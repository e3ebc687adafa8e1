"""Servers that break one requirement on what the network does to datagrams each.

The kernel hands datagrams over whole or not at all, so these go by the names of what cases send in fragments.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from defects.steps import Break

_FRAME = 500


def receives(read: Callable[[bytes], Iterable[bytes]]) -> Break:
    """Return what makes a server read, of each datagram, those that `read` returns."""
    return lambda server: replace(server, make_receive=lambda: read)


def first_frame_of(mark: bytes) -> Break:
    """Read of datagrams with a mark in them what the first frame holds."""
    return receives(lambda datagram: (datagram[:_FRAME] if mark in datagram else datagram,))


def twice(mark: bytes) -> Break:
    """Count datagrams with a mark in them twice."""
    return receives(lambda datagram: (datagram,) * (1 + (mark in datagram)))


def never(mark: bytes) -> Break:
    """Lose datagrams with a mark in them."""
    return receives(lambda datagram: () if mark in datagram else (datagram,))


WRONG: dict[str, Break] = {
    "MTU-01": first_frame_of(b".f0"),
    "MTU-01/twice": twice(b".f0"),
    "MTU-02": first_frame_of(b".parts:"),
    "MTU-02/twice": twice(b".parts:"),
    "MTU-02/behind": never(b".behind:"),
    "MTU-03": never(b".cuts:"),
    "MTU-03/twice": twice(b".behind:"),
    "MTU-04": never(b".behind:"),
    "MTU-05": never(b".unsummed:"),
    "MTU-06": never(b".s500:"),
    "MTU-06/twice": twice(b".s64:"),
}
