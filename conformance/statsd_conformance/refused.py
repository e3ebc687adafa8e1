"""Where in a datagram stands what the reference refuses: the bytes that a report marks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from statsd_reference import REFERENCE
from statsd_reference.model import BadLine

# Which field of a sample, `value|type|@rate`, a reason of the reference's parser speaks of.
_FIELDS: Final = {
    "no valid number": 0,
    "negative time": 0,
    "unknown type": 1,
    "no valid sample rate in the third field": 2,
}
_NOT_BLANK: Final = re.compile(rb"[^\n]+")
_LATE_RATE: Final = re.compile(rb"\|(@[^|]*)")


@dataclass(frozen=True, slots=True)
class Refused:
    """Bytes `start` to `stop` of a datagram, and why the reference refuses the sample that they stand in."""

    start: int
    stop: int
    reason: str


def refused(datagram: bytes, within: int | None = None) -> Iterator[Refused]:
    r"""Yield what the reference, with its default options, refuses of a datagram, in order.

    What is missing has no bytes: then the separator before it stands for it, and for what a whole line lacks that line.
    Lines that begin at or behind byte `within` are not looked at.

    >>> [found] = refused(b"a:1|c\nb:2|c|@0")
    >>> found.start, found.stop
    (12, 14)
    """
    for found in _NOT_BLANK.finditer(datagram):
        if within is not None and found.start() >= within:
            return
        line, at = found[0], found.start()
        bad = [(number, one) for number, one in enumerate(REFERENCE.parse(line)) if isinstance(one, BadLine)]
        parts = _parts(line) if bad else None
        for number, outcome in bad:
            assert parts
            start, stop = _place(line, parts, number, outcome.reason)
            yield Refused(at + start, at + stop, outcome.reason)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Where the parts of a line stand: the end of its name, that of its samples, where each begins, a late rate."""

    name: int
    body: int
    starts: list[int]
    late: tuple[int, int] | None


def _parts(line: bytes) -> _Parts:
    name = len(line.partition(b":")[0])
    body, mark, tags = line.partition(b"|#")
    late = _LATE_RATE.search(tags)
    offset = len(body) + len(mark)
    span = (offset + late.start(1), offset + late.end(1)) if late else None
    return _Parts(name, len(body), _starts(body, b":", name + 1, len(body)), span)


def _place(line: bytes, parts: _Parts, number: int, reason: str) -> tuple[int, int]:
    """Return where the fault of the sample with that number stands in a line."""
    if reason.startswith("longer than"):
        return REFERENCE.options.max_line, len(line)
    if reason == "no name":
        return 0, 1
    if reason == "no name left after clean-up":
        return 0, parts.name
    if reason == "a CR that does not end the line":
        start = line.index(b"\r", parts.name)
        return start, start + 1
    if parts.name == len(line) or (reason not in _FIELDS and reason != "no type"):
        return 0, len(line)
    starts = parts.starts
    start = starts[number]
    stop = starts[number + 1] - 1 if number + 1 < len(starts) else parts.body
    if reason == "no type":
        return _visible(start, stop)
    fields = _starts(line, b"|", start, stop)
    if _FIELDS[reason] >= len(fields):
        # A rate behind the tags is that of every sample without one.
        return parts.late or (start, stop)
    begin = fields[_FIELDS[reason]]
    bar = line.find(b"|", begin, stop)
    return _visible(begin, bar if bar >= 0 else stop)


def _starts(text: bytes, separator: bytes, start: int, stop: int) -> list[int]:
    """Return where the parts of `text[start:stop]` begin."""
    return [start, *(found.end() for found in re.compile(re.escape(separator)).finditer(text, start, stop))]


def _visible(start: int, stop: int) -> tuple[int, int]:
    return (start, stop) if start < stop else (start - 1, stop)
