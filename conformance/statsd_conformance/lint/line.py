"""The rules of one line, whatever stands around it."""

import re
from collections.abc import Iterator
from typing import Final

from statsd_conformance.lint.dialect import Dialect
from statsd_conformance.lint.event import BEGINNINGS, event_faults
from statsd_conformance.lint.finding import Fault
from statsd_conformance.lint.name import name_faults
from statsd_conformance.lint.sample import samples_faults
from statsd_conformance.lint.tag import name_tag_faults, split_name

_CONTROL: Final = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2\x85|\xe2\x80[\xa8\xa9]")
_TAG_MARKS: Final = re.compile(rb"[,;#\[]([^=,;#\[]+)=")


def line_faults(line: bytes, dialect: Dialect) -> list[Fault]:
    """Return what is wrong with a line, which has no LF at its end; in no particular order, and empty for nothing.

    >>> from statsd_conformance.lint.dialect import DIALECTS
    >>> [fault.code for fault in line_faults(b"a:1|c|@0", DIALECTS["etsy"])]
    ['ERATE-02']
    """
    if not line.strip(b" \t\r"):
        return [Fault("EFRAMING-02", "this line is blank", 0)]
    if fault := _byte_fault(line):
        return [fault]
    return list(_faults(line, dialect))


def _byte_fault(line: bytes) -> Fault | None:
    """Return the byte that keeps some aggregators from seeing the line as a line at all, if there is one."""
    if (place := line.find(b"\0")) >= 0:
        return Fault("EFRAMING-06", "there is a NUL in the line", place)
    if 0 <= (place := line.find(b"\r")) < len(line) - 1:
        return Fault("EFRAMING-07", "there is a CR in the line", place)
    if not line.isascii():
        try:
            line.decode()
        except UnicodeDecodeError as error:
            return Fault("EFRAMING-09", f"byte {line[error.start]:#04x} is no UTF-8", error.start)
    if found := _CONTROL.search(line):
        return Fault("EFRAMING-10", "there is a control character in the line", found.start())
    return None


def _faults(line: bytes, dialect: Dialect) -> Iterator[Fault]:
    if line.endswith(b"\r"):
        line = line[:-1]
        yield Fault("EFRAMING-04", "the line ends in CR LF", len(line))
    if line != (stripped := line.rstrip(b" \t")):
        line = stripped
        yield Fault("ELINE-08", "there is a blank at the end of the line", len(line))
    if line.startswith(BEGINNINGS):
        if dialect.dogstatsd:
            yield from event_faults(line)
        else:
            yield Fault("EEVENT-01", f"{dialect.name} has neither events nor service checks", 0)
        return
    name, colon, samples = line.partition(b":")
    if not colon or (b"|" in name and not re.fullmatch(rb".*\|(?:ms|kv|[cgshdCm])(?:\|.*)?", samples)):
        yield Fault("ELINE-01", "there is no value: no colon behind the name", name.find(b"|") if b"|" in name else 0)
        return
    yield from _name_faults(name, dialect)
    yield from samples_faults(samples, dialect, len(name) + 1)


def _name_faults(name: bytes, dialect: Dialect) -> Iterator[Fault]:
    bare, tags = split_name(name, dialect.mark)
    if tags is not None:
        yield from name_faults(bare)
        yield from name_tag_faults(tags, dialect.mark, len(bare) + 1)
    elif found := _TAG_MARKS.search(name):
        yield Fault("ETAG-01", f"there are tags in the name, which {dialect.name} has not of this form", found.start())
    else:
        yield from name_faults(name)
