"""Lines as a profile spells them: which module, rank and counter a line is of, and what is no such line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from statsd_conformance.recording import Datagram
from statsd_reference.emitter import EmitterProfile

# What a name may be made of; a blank or a tab before it is no part of any name, and nothing is stripped here.
_FIELDS: Final = {"module": rb"[^.\s:|]+", "rank": rb"[0-9]+"}
_VALUE: Final = rb"-?[0-9]+"


@dataclass(frozen=True, slots=True)
class Spelled:
    """A line of a datagram, `start` bytes behind its beginning.

    `owner` is the name without its counter: what tells modules and ranks apart. Of a line that the profile does not
    know it is empty, and so is the counter.
    """

    datagram: Datagram
    start: int
    line: bytes
    owner: bytes = b""
    counter: str = ""
    value: int = 0

    @property
    def stop(self) -> int:
        """Offset behind its last byte; an empty line is its LF."""
        return self.start + max(len(self.line), 1)


def lines_in(datagram: Datagram, profile: EmitterProfile) -> Iterator[Spelled]:
    """Yield the lines of a datagram in order, byte for byte; one LF at the end begins no other line."""
    start = 0
    for line in datagram.payload.removesuffix(b"\n").split(b"\n"):
        yield _spelled(datagram, start, line, profile)
        start += len(line) + 1


def _spelled(datagram: Datagram, start: int, line: bytes, profile: EmitterProfile) -> Spelled:
    found = _pattern(profile).fullmatch(line)
    if found is None:
        return Spelled(datagram, start, line)
    begin, end = found.span("counter")
    owner = line[:begin] + b"{counter}" + line[end : found.start("value") - 1]
    return Spelled(datagram, start, line, owner, found["counter"].decode(), int(found["value"]))


@cache
def _pattern(profile: EmitterProfile) -> re.Pattern[bytes]:
    """Return the expression of a whole line: a declared name, a colon, a whole number, and the type."""
    counters = b"|".join(re.escape(name.encode()) for name in profile.counters)
    parts = []
    for part in re.split(r"(\{[a-z]+\})", profile.template):
        field = part.strip("{}")
        if part == "{counter}":
            parts.append(rb"(?P<counter>" + counters + rb")")
        else:
            parts.append(_FIELDS[field] if part.startswith("{") else re.escape(part.encode()))
    return re.compile(b"".join(parts) + rb":(?P<value>" + _VALUE + rb")\|" + profile.type.encode())


def zero_of(line: Spelled, before: Spelled | None, profile: EmitterProfile) -> bool:
    """Tell whether the line before is the zero that sets a negative gauge, and no value of its own."""
    return (
        profile.sign == "zero-first"
        and before is not None
        and (before.owner, before.counter, before.value) == (line.owner, line.counter, 0)
        and line.value < 0
    )
