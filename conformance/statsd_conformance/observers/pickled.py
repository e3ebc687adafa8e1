"""Graphite's pickle protocol: a length of four bytes, then a pickled list of (path, (timestamp, value))."""

import asyncio
import io
import pickle
import pickletools
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from statsd_conformance.graphite import GraphiteLine, Snapshot, read_line
from statsd_conformance.observers.graphite import GraphiteObserver
from statsd_conformance.observers.observer import MakeObserver
from statsd_conformance.observers.peers import Peer
from statsd_conformance.profile import Profile

# Carbon itself takes no longer message.
LONGEST: Final = 1 << 20
_OPCODES: Final = frozenset(
    """
    PROTO FRAME STOP MARK EMPTY_LIST LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3
    STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8
    NONE INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT
    PUT BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET
    """.split()  # noqa: SIM905  # forty names in quotation marks read worse
)


class BadPickle(ValueError):
    """A message that is no list of points; the message says what is wrong with it."""


class _Closed(pickle.Unpickler):
    """Finds no class and no function, whatever it is asked for."""

    def find_class(self, module: str, name: str) -> object:
        raise BadPickle(f"asks for {module}.{name}")


def read_message(payload: bytes) -> list[GraphiteLine]:
    """Return the points of one message, its length removed, as Graphite lines.

    Raises:
        BadPickle: it holds anything else, is cut short or has another shape.
    """
    points = read_plain(payload)
    if not isinstance(points, list):
        raise BadPickle(f"is a {type(points).__name__}, not a list")
    return [_line(point) for point in points]


def read_plain(payload: bytes, also: frozenset[str] = frozenset()) -> object:
    """Return what a pickle holds, texts of Python 2 as bytes.

    Only opcodes of lists, tuples, texts and numbers, and those that are named in `also`, are followed, and none is
    before all were looked at.

    Raises:
        BadPickle: it holds anything else, or is cut short.
    """
    try:
        for opcode, argument, _ in pickletools.genops(payload):
            if opcode.name not in _OPCODES | also:
                raise BadPickle(f"holds the opcode {opcode.name}")
            if opcode.name in ("PUT", "LONG_BINPUT") and isinstance(argument, int) and argument > len(payload):
                # The unpickler makes room for as many.
                raise BadPickle(f"puts something at {argument}")
        # As bytes, for a path may be no UTF-8, and every byte of it counts.
        return _Closed(io.BytesIO(payload), encoding="bytes").load()
    except BadPickle:
        raise
    except Exception as error:
        # The unpickler raises nearly everything on bytes that are no pickle.
        raise BadPickle(f"is no pickle: {error}") from None


def _line(point: object) -> GraphiteLine:
    match point:
        case (
            str() | bytes() as path,
            (int() | float() | str() | bytes() as timestamp, int() | float() | str() | bytes() as value),
        ):
            raw_path = path if isinstance(path, bytes) else path.encode("utf-8", "surrogatepass")
            raw = b"%b %b %b" % (raw_path, _text(value), _text(timestamp))
            return read_line(raw.replace(b"\n", b"\\n"))
    raise BadPickle(f"holds {point!r:.80}, which is not (path, (timestamp, value))")


def _text(number: int | float | str | bytes) -> bytes:
    """Return a number as text; a fractional timestamp keeps its fraction."""
    if isinstance(number, bytes):
        return number
    try:
        return str(number).encode("utf-8", "surrogatepass")
    except ValueError:
        raise BadPickle("holds a number of too many digits") from None


@dataclass
class PickleObserver(GraphiteObserver):
    """Listens for Graphite's pickle protocol; a flush ends as over plaintext.

    A connection that sends anything else is closed, as carbon does, and what it says is dropped.
    """

    async def _read(self, reader: asyncio.StreamReader, peer: Peer) -> None:
        try:
            while True:
                (length,) = struct.unpack(">L", await reader.readexactly(4))
                if length > LONGEST:
                    return
                lines = read_message(await reader.readexactly(length))
                self._take([line.raw for line in lines])
        except BadPickle:
            return
        except asyncio.IncompleteReadError:
            if self.profile.end == "close":
                self._end()


def pickled(host: str, port: int) -> MakeObserver:
    """Return what makes an observer that listens there for Graphite's pickle protocol."""

    def make(profile: Profile, on_snapshot: Callable[[Snapshot], None], silence: Callable[[], float]) -> PickleObserver:
        return PickleObserver(profile, on_snapshot, silence, host, port)

    return make
