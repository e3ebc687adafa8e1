"""TCP connections, one direction each, put together to whole lines in bounded memory: RFC 9293, section 3.4.

It is the least that keeps a line whole which is cut by segments, or comes in another order, or twice.
"""

from dataclasses import dataclass, field
from typing import Final

from statsd_conformance.recording.damage import Losses
from statsd_conformance.recording.datagram import Datagram, Endpoint

FIN, SYN, RST = 0x01, 0x02, 0x04
_CONNECTIONS: Final = 1024
# What waits for a segment before it, in bytes; then that one is given up.
_WAITING: Final = 262_144
# The longest line that any reader takes.
_LINE: Final = 65536
_HALF: Final = 1 << 31


@dataclass(slots=True)
class _Connection:
    """`next` is the number of the byte that comes next; `inside` that what comes is the rest of a line not seen."""

    next: int
    inside: bool
    line: bytes = b""
    waiting: dict[int, bytes] = field(default_factory=dict)
    end: int | None = None


class Streams:
    """Yields whole lines of connections, and an empty piece where one ends."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._connections: dict[tuple[Endpoint, Endpoint], _Connection] = {}

    def add(
        self, source: Endpoint, to: Endpoint, sequence: int, flags: int, payload: bytes, number: int, time: float
    ) -> list[Datagram]:
        """Return the pieces that a segment completes."""
        key = (source, to)
        connection = self._connections.get(key)
        if flags & SYN:
            sequence = (sequence + 1) % (1 << 32)
            connection = _Connection(sequence, inside=False)
            self._keep(key, connection)
        elif connection is None:
            if not payload:
                return []
            # Recorded from the middle: what stands before the first LF may be half a line.
            connection = _Connection(sequence, inside=True)
            self._keep(key, connection)
        if flags & FIN:
            connection.end = (sequence + len(payload)) % (1 << 32)
        arrived = self._arrived(connection, sequence, payload, number)
        pieces = [Datagram(arrived, number, time, source, to, stream=True)] if arrived else []
        if flags & RST or connection.end == connection.next:
            del self._connections[key]
            if connection.line:
                pieces.append(Datagram(connection.line, number, time, source, to, stream=True))
            pieces.append(Datagram(b"", number, time, source, to, stream=True))
        return pieces

    def _keep(self, key: tuple[Endpoint, Endpoint], connection: _Connection) -> None:
        self._connections[key] = connection
        if len(self._connections) > _CONNECTIONS:
            del self._connections[next(iter(self._connections))]

    def _arrived(self, connection: _Connection, sequence: int, payload: bytes, number: int) -> bytes:
        """Return the lines that are whole now."""
        if len(payload) > len(connection.waiting.get(sequence, b"")):
            connection.waiting[sequence] = payload
        new = _in_order(connection)
        if sum(map(len, connection.waiting.values())) > _WAITING:
            self._losses.add("gap", "in a TCP connection", number)
            connection.next = min(connection.waiting, key=lambda one: (one - connection.next) % (1 << 32))
            connection.line, connection.inside = b"", True
            new = _in_order(connection)
        return _whole_lines(connection, new)


def _in_order(connection: _Connection) -> bytes:
    """Take what comes next, as far as it is there."""
    taken = []
    while connection.waiting:
        start = min(connection.waiting, key=lambda one: (one - connection.next + _HALF) % (1 << 32))
        behind = (connection.next - start) % (1 << 32)
        if behind >= _HALF:
            break
        piece = connection.waiting.pop(start)[behind:]
        connection.next = (connection.next + len(piece)) % (1 << 32)
        taken.append(piece)
    return b"".join(taken)


def _whole_lines(connection: _Connection, new: bytes) -> bytes:
    if connection.inside:
        _, lf, new = new.partition(b"\n")
        connection.inside = not lf
        new = new if lf else b""
    lines, lf, rest = (connection.line + new).rpartition(b"\n")
    if len(rest) > _LINE:
        connection.line = b""
        return lines + lf + rest
    connection.line = rest
    return lines + lf
