"""Repeaters, proxies and relays that break one requirement each; they are made of `Passing` servers."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count

from defects.steps import Break, refused
from passing import NODES, Passing, PassOn, Well, by_key, by_name, hashed, packed
from statsd_reference import Server
from wrong_servers.admin import replies, texts


def passes(change: Callable[[Passing, bytes], Iterable[bytes]]) -> Break:
    """Return what makes a server pass on the pieces `change(server, datagram)`, at number 0."""
    return pass_on(lambda server, well: lambda datagram: [(0, one) for one in change(server, datagram)])


def pass_on(make: Callable[[Passing, Well], PassOn]) -> Break:
    """Return what makes a server pass on as the step that `make` makes says."""

    def plant(server: Server) -> Server:
        assert isinstance(server, Passing)
        return replace(server, make_pass_on=lambda well: make(server, well))

    return plant


def rewritten(change: Callable[[bytes], bytes | None]) -> Break:
    """Return what makes a server pass on `change(line)` in place of every line, or nothing where that is None."""

    def lines(server: Passing, datagram: bytes) -> Iterable[bytes]:
        changed = [change(line) for line in datagram.split(b"\n")]
        return [b"\n".join(line for line in changed if line is not None)]

    return passes(lines)


def without_bad_lines(server: Passing, datagram: bytes) -> Iterable[bytes]:
    """Pass on the good lines only."""
    return [b"\n".join(line for line in datagram.split(b"\n") if not refused(server, line))]


def at_the_flush(server: Server) -> Server:
    """Pass on at the flush what came."""
    assert isinstance(server, Passing)
    return replace(server, late=True)


def to_one_place(server: Server) -> Server:
    """Pass on to the first place only."""
    assert isinstance(server, Passing)
    return replace(server, reached=1)


def two_in_one(server: Passing, well: Well) -> PassOn:
    """Join datagrams, two and two."""
    held: list[bytes] = []

    def joined(datagram: bytes) -> Iterable[tuple[int, bytes]]:
        held.append(datagram)
        if len(held) < 2:
            return []
        both = b"\n".join(held)
        held.clear()
        return [(0, both)]

    return joined


def two_swapped(server: Passing, well: Well) -> PassOn:
    """Let a datagram wait until the next one was passed on."""
    held: list[bytes] = []

    def swapped(datagram: bytes) -> Iterable[tuple[int, bytes]]:
        held.append(datagram)
        if len(held) < 2:
            return []
        later, sooner = held
        held.clear()
        return [(0, sooner), (0, later)]

    return swapped


def backwards(server: Passing, datagram: bytes) -> Iterable[bytes]:
    """Pass on the last line first."""
    return [b"\n".join(reversed(datagram.split(b"\n")))]


def a_connection_each(server: Passing, well: Well) -> PassOn:
    """Open a connection for each datagram."""
    numbers = count(1)
    return lambda datagram: [(next(numbers), datagram + b"\n")]


def ends_with(end: bytes) -> Break:
    """Return what makes a server end each datagram with this over TCP."""
    return pass_on(lambda server, well: lambda datagram: [(1, datagram + end)])


def sent_whole(server: Passing, well: Well) -> PassOn:
    """Send a datagram to the node of its first line."""
    choose = by_name(well)

    def whole(datagram: bytes) -> Iterable[tuple[int, bytes]]:
        for node, _ in list(choose(datagram))[:1]:
            yield node, datagram

    return whole


def keyed(key: Callable[[bytes], bytes]) -> Break:
    """Return what makes a proxy choose the node by `key(line)`."""
    return pass_on(lambda server, well: by_key(key)(well))


def checks_no_health(server: Passing, well: Well) -> PassOn:
    """Send lines also to a node that is not well."""
    return by_name(lambda node: True)


def never_back(server: Passing, well: Well) -> PassOn:
    """Never send lines again to a node that was not well once."""
    sick: set[int] = set()

    def still(node: int) -> bool:
        if not well(node):
            sick.add(node)
        return node not in sick

    return by_name(still)


def everything_moves(server: Passing, well: Well) -> PassOn:
    """Choose a node by the hash of a name modulo the number of nodes that are well."""

    def chosen(datagram: bytes) -> Iterable[tuple[int, bytes]]:
        nodes = [node for node in range(NODES) if well(node)]
        for line in filter(None, datagram.split(b"\n")):
            yield nodes[hashed(line.partition(b":")[0])[0] % len(nodes)], line

    return chosen


def packs(size: int) -> Break:
    """Return what makes a relay fill datagrams up to `size` bytes."""
    return pass_on(lambda server, well: lambda datagram: packed(datagram, size))


def one_by_one(server: Passing, datagram: bytes) -> Iterable[bytes]:
    """Relay each line as a datagram."""
    return [line + b"\n" for line in datagram.split(b"\n") if line and len(line) < 1400]


def good_lines_packed(server: Passing, datagram: bytes) -> Iterable[bytes]:
    """Relay good lines only."""
    good = b"\n".join(line for line in datagram.split(b"\n") if not refused(server, line))
    return [piece for _, piece in packed(good, 1400)]


def last_level_only(server: Passing, datagram: bytes) -> Iterable[bytes]:
    """Pass on only the last of several gauges in a datagram, as an aggregate."""
    kept: dict[bytes, bytes] = {}
    for number, line in enumerate(datagram.split(b"\n")):
        key = line.partition(b":")[0] if line.endswith(b"|g") else b"%d" % number
        kept[key] = line
    return [b"\n".join(kept.values())]


WRONG: dict[str, Break] = {
    "PROXY-01": passes(without_bad_lines),
    "PROXY-01/joined": pass_on(two_in_one),
    "PROXY-01/order": pass_on(two_swapped),
    "PROXY-01/flush": at_the_flush,
    "PROXY-01/place": to_one_place,
    "PROXY-01/end": passes(lambda server, datagram: [datagram.rstrip(b"\n")]),
    "PROXY-01/bytes": passes(lambda server, datagram: [datagram.decode("utf-8", "replace").encode()]),
    "PROXY-01/size": passes(lambda server, datagram: [datagram[:1432]]),
    "PROXY-02": ends_with(b""),
    "PROXY-02/two": ends_with(b"\n\n"),
    "PROXY-02/bytes": pass_on(lambda server, well: lambda one: [(1, one.decode("utf-8", "replace").encode() + b"\n")]),
    "PROXY-02/pool": pass_on(a_connection_each),
    "PROXY-03": pass_on(sent_whole),
    "PROXY-03/line": keyed(lambda line: line),
    "PROXY-03/one node": keyed(lambda line: b""),
    "PROXY-04": pass_on(checks_no_health),
    "PROXY-04/back": pass_on(never_back),
    "PROXY-04/moves": pass_on(everything_moves),
    "PROXY-05": texts(b"help", rb"status, ", b""),
    "PROXY-05/status": texts(b"status", rb" 127\S+ \n", b" none\n"),
    "PROXY-05/quit": replies(lambda command, reply: replace(reply, close=False)),
    "PROXY-07": passes(good_lines_packed),
    "PROXY-07/size": packs(1500),
    "PROXY-07/one": passes(one_by_one),
    "PROXY-09": rewritten(lambda line: line.replace(b":+", b":")),
    "PROXY-09/order": passes(backwards),
    "PROXY-09/rate": rewritten(lambda line: re.sub(rb"\|@[0-9.]+", b"", line)),
    "PROXY-09/tags": rewritten(lambda line: line.partition(b"|#")[0]),
    "PROXY-09/packed": rewritten(lambda line: re.sub(rb"^([^:]+:[^:|]+):[^|]*", rb"\1", line)),
    "PROXY-09/last": passes(last_level_only),
    "PROXY-10": keyed(lambda line: line.partition(b":")[0] + line.partition(b"|#")[2]),
}
