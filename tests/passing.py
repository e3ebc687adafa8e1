"""Servers that pass lines on: right repeaters, proxies and relays around the reference aggregator.

What they do with a datagram is a step like the others of a server, so that a wrong one is one `replace` away.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from hashlib import md5
from typing import Any, Final

from statsd_conformance.address import Address
from statsd_conformance.behind import UP, Behind
from statsd_reference import Flush, Server, Window
from statsd_reference.admin import Health, Reply, State
from statsd_reference.server import Receive

# What is passed on of a datagram: each piece with the number of the node that gets it or, over TCP, of the connection.
PassOn = Callable[[bytes], Iterable[tuple[int, bytes]]]
# Tells whether a node is well.
Well = Callable[[int], bool]
Deliver = Callable[[int, bytes], None]
# Of a proxy.
NODES: Final = 3


def unchanged(well: Well) -> PassOn:
    """Pass on what came."""
    return lambda datagram: [(0, datagram)]


@dataclass(frozen=True, slots=True)
class Passing(Server):
    """A server with one step more: what `make_pass_on` makes, told how the nodes are, says what is passed on.

    `scheme` is udp or tcp; `nodes` is how many stand behind it, and `shared` whether each piece goes to one of them. A
    piece goes to `reached` of them, beginning with its own. `late` has it pass on at the flush.
    """

    make_pass_on: Callable[[Well], PassOn] = unchanged
    scheme: str = "udp"
    nodes: int = 1
    shared: bool = False
    reached: int = 1
    late: bool = False

    def behind(self) -> Behind:
        """Return what has to listen behind it."""
        return Behind([Address(self.scheme, "127.0.0.1", 0)] * self.nodes, shared=self.shared)


def repeating(server: Server) -> Passing:
    """Repeat every datagram to two places."""
    return replace(passing(server), nodes=2, reached=2)


def passing(server: Server) -> Passing:
    """Return the server with one step more, which passes on every datagram."""
    made: dict[str, Any] = {one.name: getattr(server, one.name) for one in fields(server)}
    return Passing(**made)


def repeating_over_tcp(server: Server) -> Passing:
    """Repeat every datagram over one connection, with one LF more."""
    return replace(passing(server), scheme="tcp", make_pass_on=lambda well: lambda datagram: [(1, datagram + b"\n")])


def proxying(server: Server) -> Passing:
    """Give each line to one of three nodes by its name, and have the console of a proxy."""
    return replace(passing(server), nodes=NODES, shared=True, make_pass_on=by_name, answer=proxy_console)


def by_name(well: Well) -> PassOn:
    """Choose a node by a hash of what stands before the first colon."""
    return by_key(lambda line: line.partition(b":")[0])(well)


def by_key(key: Callable[[bytes], bytes]) -> Callable[[Well], PassOn]:
    """Return what makes a step that gives each line to the node that `key(line)` chooses among those which are well."""

    def make(well: Well) -> PassOn:
        def node(line: bytes) -> int:
            return max(filter(well, range(NODES)), key=lambda one: hashed(b"%d %b" % (one, key(line))))

        return lambda datagram: [(node(line), line) for line in datagram.split(b"\n") if line]

    return make


def hashed(text: bytes) -> bytes:
    """Return a hash of the text, the same in each run."""
    return md5(text, usedforsecurity=False).digest()


def relaying(server: Server) -> Passing:
    """Relay lines in full datagrams."""
    return replace(passing(server), make_pass_on=lambda well: lambda datagram: packed(datagram, 1400))


def packed(datagram: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a datagram, each with a LF, in pieces of `size` bytes at most; longer lines are left out."""
    piece = b""
    for line in datagram.split(b"\n"):
        if not line or len(line) >= size:
            continue
        if len(piece) + len(line) >= size:
            yield 0, piece
            piece = b""
        piece += line + b"\n"
    if piece:
        yield 0, piece


_SET: Final[dict[bytes, Health]] = {b"health up": "up", b"health down": "down"}


def proxy_console(command: bytes, state: State) -> Reply:
    """Answer as the console of a proxy does."""
    asked = command.strip()
    replies = {
        b"help": b"Commands: config, health, status, quit\n\n",
        b"status": b"uptime: %d\nnodes: 127.0.0.1:1 127.0.0.1:2 \n" % state.uptime,
        b"config": b"\nnodes > 0 > host: 127.0.0.1\n",
        b"quit": b"",
    }
    if asked.startswith(b"health"):
        wanted = _SET.get(asked)
        return Reply(f"health: {wanted or state.health}\n".encode(), health=wanted)
    return Reply(replies.get(asked, b"ERROR\n"), close=asked == b"quit")


def wired(server: Passing, well: Well, deliver: Deliver) -> Server:
    """Return the server that delivers what it passes on."""
    waiting: list[tuple[int, bytes]] = []

    def make_receive() -> Receive:
        receive, pass_on = server.make_receive(), server.make_pass_on(well)

        def taking(datagram: bytes) -> Iterable[bytes]:
            waiting.extend(pass_on(datagram))
            if not server.late:
                hand_over()
            return receive(datagram)

        return taking

    def hand_over() -> None:
        for number, data in waiting:
            for place in range(server.reached):
                deliver(number + place, data)
        waiting.clear()

    def flush(window: Window, timestamp: int) -> tuple[Flush, Window]:
        hand_over()
        return server.flush(window, timestamp)

    return replace(server, make_receive=make_receive, flush=flush)


def in_process(server: Passing, behind: Behind) -> Server:
    """Return the server that puts what it passes on where it would arrive."""

    def deliver(number: int, data: bytes) -> None:
        if server.scheme == "udp":
            behind.take(data, node=number)
            return
        for line in data.splitlines(keepends=True):
            behind.take(line, connection=number)

    return wired(server, lambda node: behind.health[node] == UP, deliver)


def by_wire(server: Passing, behind: Behind, sockets: list[socket.socket]) -> Server:
    """Return the server that sends what it passes on; what it opens for that goes into `sockets`."""
    opened: dict[int, socket.socket] = {}

    def deliver(number: int, data: bytes) -> None:
        if number not in opened:
            datagrams = server.scheme == "udp"
            opened[number] = socket.socket(type=socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM)
            sockets.append(opened[number])
            to = behind.addresses[number if datagrams else 0]
            opened[number].connect((to.host, to.port))
        opened[number].sendall(data) if data else opened[number].send(data)

    return wired(server, lambda node: behind.health[node] == UP, deliver)
