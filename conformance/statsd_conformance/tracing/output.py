"""What an aggregator writes to Graphite, plaintext or pickle, to what was seen of it."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from statsd_conformance.graphite import GraphiteLine, read_line
from statsd_conformance.observers.pickled import LONGEST, BadPickle, read_message
from statsd_conformance.recording import Datagram
from statsd_conformance.recording.datagram import Endpoint
from statsd_conformance.tracing.seen import Flushed, Output
from statsd_conformance.tracing.wire import number

_KEPT: Final = 100
_LENGTH: Final = struct.Struct(">L")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Lines that carbon takes or loses together, whether they came pickled."""

    lines: tuple[GraphiteLine, ...]
    pickled: bool


@dataclass
class Connection:
    """One connection of an aggregator to Graphite: chunks in, whole lines or whole pickles out.

    Which of the two it is the first byte tells: a pickle comes behind its length, which is far below 2**24.
    """

    poisoned: bool = False
    _rest: bytes = b""
    _pickled: bool | None = None

    def feed(self, chunk: bytes) -> Iterator[_Piece]:
        """Yield what is complete with this chunk."""
        self._rest += chunk
        if self._pickled is None and self._rest:
            self._pickled = self._rest[:1] == b"\0"
        if self._pickled:
            yield from self._messages()
            return
        *whole, self._rest = self._rest.split(b"\n")
        yield from (_Piece((read_line(raw),), False) for raw in whole if raw)

    def end(self) -> Iterator[_Piece]:
        """Yield what the end completes: a last line without LF."""
        rest, self._rest = self._rest, b""
        if rest and not self._pickled:
            yield _Piece((read_line(rest),), False)

    def _messages(self) -> Iterator[_Piece]:
        while len(self._rest) >= 4:
            (length,) = _LENGTH.unpack_from(self._rest)
            message = self._rest[4 : 4 + length]
            if length > LONGEST or len(message) < length:
                return
            self._rest = self._rest[4 + length :]
            try:
                yield _Piece(tuple(read_message(message)), True)
            except BadPickle as error:
                yield _Piece((read_line(f"a pickle that {error}".encode()),), True)


@dataclass
class OutputReader:
    """Gathers what an aggregator writes into an `Output`; feed it `take`, a connection a key, then ask for `output`."""

    closed: int = 0
    refused: int = 0
    _flushed: dict[bytes, Flushed] = field(default_factory=dict)
    _connections: dict[object, Connection] = field(default_factory=dict)
    _opened: int = 0
    _stamps: set[float] = field(default_factory=set)
    _poison: dict[bytes, None] = field(default_factory=dict)
    _unreadable: list[bytes] = field(default_factory=list)
    _pickled: bool = False

    def take(self, key: object, chunk: bytes) -> None:
        """Read the next bytes of a connection."""
        if key not in self._connections:
            self._opened += 1
        connection = self._connections.setdefault(key, Connection())
        for piece in connection.feed(chunk):
            self._add(connection, piece)

    def end(self, key: object) -> None:
        """End a connection, which may be one that brought nothing."""
        connection = self._connections.pop(key, Connection())
        for piece in connection.end():
            self._add(connection, piece)

    def output(self) -> Output:
        """Return what has come so far."""
        stamps = sorted(self._stamps)
        return Output(
            dict(self._flushed),
            len(stamps),
            *((stamps[0], stamps[-1]) if stamps else (0.0, 0.0)),
            tuple(self._poison),
            tuple(self._unreadable),
            self._pickled,
            self._opened,
            self.closed,
            self.refused,
        )

    def _add(self, connection: Connection, piece: _Piece) -> None:
        poison = [line.path for line in piece.lines if not is_utf8(line.path)]
        self._poison |= dict.fromkeys(poison)
        self._pickled |= piece.pickled
        # A pickle is lost as a whole; of lines, all those that follow on the connection are.
        behind = connection.poisoned or (piece.pickled and bool(poison))
        connection.poisoned |= bool(poison) and not piece.pickled
        for line in piece.lines:
            self._point(line, behind)

    def _point(self, line: GraphiteLine, behind: bool) -> None:
        stamp = number(line.timestamp)
        if stamp is None or not line.value:
            self._unreadable += [line.raw] if len(self._unreadable) < _KEPT else []
            return
        self._stamps.add(stamp)
        before = self._flushed.get(line.path) or Flushed(line.path, 0, first=stamp)
        self._flushed[line.path] = replace(
            before,
            points=before.points + 1,
            value=line.number,
            total=before.total + (line.number or 0.0),
            last=max(before.last, stamp),
            behind=before.behind + behind,
        )


def is_utf8(raw: bytes) -> bool:
    """Tell whether bytes are text in UTF-8, as carbon asks of a line."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def read_output(pieces: Iterable[Datagram]) -> Output:
    """Return what the pieces of TCP streams, or a text, to Graphite have shown; a datagram stands for itself."""
    reader = OutputReader()
    ways: dict[tuple[Endpoint, Endpoint], None] = {}
    for piece in pieces:
        way = piece.source, piece.destination
        if piece.stream and piece.payload:
            ways[way] = None
            reader.take(way, piece.payload)
        elif piece.stream:
            ways.pop(way, None)
            reader.end(way)
        else:
            reader.take(piece.number, piece.payload)
            reader.end(piece.number)
    for way in ways:
        reader.end(way)
    return reader.output()
