"""Datagrams to what was seen on the wire. Nothing is stripped: a name is what stands before the first colon."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from statsd_conformance.recording import Datagram
from statsd_conformance.recording.datagram import Endpoint
from statsd_conformance.tracing.seen import Batch, Sent, Wire
from statsd_reference import REFERENCE, BadLine

# A line that was not cut: a name, a value, and a type that some aggregator has. It may be a bad line all the same.
_WHOLE: Final = re.compile(rb"([^:]*):([^|]*)\|(c|g|ms|s|h|d|m|C|kv)(?:\|(.*?))?(\r?)", re.DOTALL)
_RATE: Final = re.compile(rb"(?:.*\|)?@([0-9.eE+-]+)", re.DOTALL)
# So many broken lines are kept, and so many different datagrams told apart: a trace may run for days.
_KEPT: Final = 100
_SHAPES: Final = 20_000


@dataclass(frozen=True, slots=True)
class WholeLine:
    """One line that was not cut: its parts as they stood on the wire."""

    name: bytes
    value: bytes
    type: bytes
    rate: float
    carriage: bool


def read_whole_line(line: bytes) -> WholeLine | None:
    r"""Return the parts of a line without its LF; None where it is no whole line.

    >>> read_whole_line(b"\ta:1|g").name
    b'\ta'
    """
    match = _WHOLE.fullmatch(line)
    if not match:
        return None
    name, value, kind, rest, carriage = match.groups()
    return WholeLine(name, value, kind, _rate(rest or b""), bool(carriage))


def _rate(rest: bytes) -> float:
    match = _RATE.match(rest)
    rate = number(match[1]) if match else None
    return rate if rate is not None and 0 < rate <= 1 else 1.0


def number(text: bytes) -> float | None:
    """Return a number that is finite; None where `text` is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@dataclass
class WireReader:
    """Gathers datagrams, and pieces of TCP streams, into a `Wire`; `take` one, then ask for `wire`."""

    _sent: dict[bytes, Sent] = field(default_factory=dict)
    _batches: dict[tuple[bytes, ...], Batch] = field(default_factory=dict)
    _rests: dict[tuple[Endpoint, Endpoint], bytes] = field(default_factory=dict)
    _broken: list[bytes] = field(default_factory=list)
    _datagrams: int = 0
    _lines: int = 0
    _broken_lines: int = 0
    _first: float = 0.0
    _last: float = 0.0

    def take(self, datagram: Datagram) -> None:
        """Read one datagram, or the next piece of a stream."""
        self._first = self._first or datagram.time
        self._last = max(self._last, datagram.time)
        if datagram.stream:
            self._read(self._lines_of(datagram), datagram.time)
            return
        self._datagrams += 1
        names, tail = self._read(datagram.payload.split(b"\n"), datagram.time)
        self._batch(names, tail, len(datagram.payload))

    def _lines_of(self, piece: Datagram) -> list[bytes]:
        """Return the lines that a piece completes; an empty one ends its stream."""
        way = piece.source, piece.destination
        *lines, rest = (self._rests.pop(way, b"") + piece.payload).split(b"\n")
        if not piece.payload:
            return [*lines, rest]
        self._rests[way] = rest
        return lines

    def wire(self) -> Wire:
        """Return what has come so far; what is left of a stream counts as its last line."""
        rests, self._rests = list(self._rests.values()), {}
        self._read(rests, self._last)
        return Wire(
            dict(self._sent),
            tuple(self._batches.values()),
            self._datagrams,
            self._lines,
            self._broken_lines,
            tuple(self._broken),
            self._first,
            self._last,
        )

    def _read(self, lines: Iterable[bytes], time: float) -> tuple[tuple[bytes, ...], bytes]:
        """Read lines; return the names of the whole ones, and what stood behind the last of them."""
        names: list[bytes] = []
        tail = b""
        for line in filter(None, lines):
            self._lines += 1
            whole = read_whole_line(line)
            if whole:
                names.append(whole.name)
                self._add(line, whole, time)
            else:
                self._broken_lines += 1
                self._broken += [line] if len(self._broken) < _KEPT else []
            tail = b"" if whole else line
        return tuple(names), tail

    def _add(self, line: bytes, whole: WholeLine, time: float) -> None:
        value = number(whole.value)
        zero = value == 0
        before = self._sent.get(whole.name) or Sent(whole.name, (), 0, zero=True, first=time)
        self._sent[whole.name] = replace(
            before,
            types=before.types if whole.type in before.types else (*before.types, whole.type),
            lines=before.lines + 1,
            refused=before.refused + is_refused(line),
            value=value,
            total=before.total + (value or 0.0) / whole.rate,
            zero=before.zero and zero,
            signed=before.signed or whole.value[:1] in (b"+", b"-"),
            last=max(before.last, time),
            carriage=before.carriage + whole.carriage,
        )

    def _batch(self, names: tuple[bytes, ...], tail: bytes, size: int) -> None:
        key = (*names, b"\n" if tail else b"")
        before = self._batches.get(key)
        if before:
            self._batches[key] = replace(
                before,
                count=before.count + 1,
                shortest=min(before.shortest, size),
                longest=max(before.longest, size),
            )
        elif len(self._batches) < _SHAPES:
            self._batches[key] = Batch(names, tail, 1, size, size)


def is_refused(line: bytes) -> bool:
    """Tell whether the reference aggregator refuses a line, or a sample of it."""
    return any(isinstance(outcome, BadLine) for outcome in REFERENCE.parse(line))


def read_wire(datagrams: Iterable[Datagram]) -> Wire:
    """Return what a row of datagrams, or of pieces of streams, has shown."""
    reader = WireReader()
    for datagram in datagrams:
        reader.take(datagram)
    return reader.wire()
