"""Events and service checks of DogStatsD."""

import re
from collections.abc import Iterator
from typing import Final

from statsd_conformance.lint.finding import Fault
from statsd_conformance.lint.tag import section_faults
from statsd_conformance.printable import escaped

BEGINNINGS: Final = (b"_e{", b"_sc|")
_HEADER: Final = re.compile(rb"_e\{([0-9]{1,9}),([0-9]{1,9})\}:")
_CHOICES: Final = {b"p": (b"normal", b"low"), b"t": (b"error", b"warning", b"info", b"success")}
_OF_EVENTS: Final = (b"d", b"h", b"k", b"p", b"s", b"t", b"c", b"e", b"card")
_OF_CHECKS: Final = (b"d", b"h", b"m", b"c", b"e", b"card")


def event_faults(line: bytes) -> Iterator[Fault]:
    """Yield what is wrong with a line that begins as an event or a service check does."""
    yield from _check_faults(line) if line.startswith(b"_sc|") else _event_faults(line)


def _event_faults(line: bytes) -> Iterator[Fault]:
    header = _HEADER.match(line)
    if not header:
        yield Fault("EEVENT-03", "the event does not begin with _e{<bytes of title>,<bytes of text>}:", 0)
        return
    title, text = int(header[1]), int(header[2])
    start = header.end()
    bar, end = start + title, start + title + 1 + text
    if not title or not text:
        yield Fault("EEVENT-03", "the event has no title" if not title else "the event has no text", 0)
    elif line[bar : bar + 1] != b"|" or len(line) < end or line[end : end + 1] not in (b"", b"|"):
        yield Fault("EEVENT-02", f"the lengths {title},{text} are not those of title and text", 3)
    elif len(line) > end:
        yield from _field_faults(line[end + 1 :], end + 1, _OF_EVENTS)


def _check_faults(line: bytes) -> Iterator[Fault]:
    fields = line.split(b"|", 3)
    if len(fields) < 3 or not fields[1]:
        yield Fault("EEVENT-05", "the service check is not _sc|<name>|<status>", 0)
        return
    place = len(fields[1]) + 5
    if fields[2] not in (b"0", b"1", b"2", b"3"):
        yield Fault("EEVENT-05", f"status {escaped(fields[2][:40])!r} is none of 0, 1, 2 and 3", place)
    if len(fields) > 3:
        yield from _field_faults(fields[3], place + len(fields[2]) + 1, _OF_CHECKS)


def _field_faults(rest: bytes, offset: int, known: tuple[bytes, ...]) -> Iterator[Fault]:
    fields = rest.split(b"|")
    for place, field in enumerate(fields, start=1):
        key, colon, value = field.partition(b":")
        if field.startswith(b"#"):
            yield from section_faults(field[1:], offset + 1)
        elif not colon or key not in known or (key in _CHOICES and value not in _CHOICES[key]):
            yield Fault("EEVENT-04", f"{escaped(field[:40])!r} is no field of {_noun(known)}", offset)
        elif key == b"m" and place < len(fields):
            yield Fault("EEVENT-06", "the message of a service check is not its last field", offset)
        offset += len(field) + 1


def _noun(known: tuple[bytes, ...]) -> str:
    return "an event" if known is _OF_EVENTS else "a service check"
