"""Causes that spoil whole lines on the wire: no line end between two, no name in front, NULs behind."""

import re
from typing import Final

from statsd_conformance.tracing.cause import Diagnosis, Traced, counters_of, missing_sets, shown
from statsd_conformance.tracing.journey import Journey
from statsd_conformance.tracing.wire import read_whole_line

# A type, and behind it at once the name of the next line.
_TWO: Final = re.compile(rb"[^:|]*:[^:|]*\|[^:|]+:")
_SHOWN: Final = 80


def is_joined(line: bytes) -> bool:
    r"""Tell whether two lines stand in one. With the characters `\n` between them, it is those.

    >>> is_joined(b"a:1|gb:2|g"), is_joined(b"a:1|g|#k:v")
    (True, False)
    """
    return _TWO.match(line) is not None and b"\\n" not in line


def is_padded(line: bytes) -> bool:
    r"""Tell whether NULs stand behind a whole line, or are all that there is.

    >>> is_padded(b"a:1|g\0\0"), is_padded(b"a:1\0")
    (True, False)
    """
    said = line.rstrip(b"\0")
    return said != line and (not said or read_whole_line(said) is not None)


def joined(traced: Traced) -> Diagnosis | None:
    """JOINED: there is no line end between two lines."""
    lines = [line for line in _broken(traced) if is_joined(line)]
    mine = [one for one in traced.lost("wire") if any(one.counter + b":" in line for line in lines)]
    return _told("JOINED", mine, f"two lines stand in one: {shown(lines[0][:_SHOWN])}") if mine else None


def padded(traced: Traced) -> Diagnosis | None:
    """NUL: NULs stand behind a line."""
    lines = [line for line in _broken(traced) if is_padded(line)]
    mine = [one for one in traced.lost("wire") if any(line.startswith(one.counter + b":") for line in lines)]
    if not mine:
        return None
    said = lines[0].rstrip(b"\0")
    return _told("NUL", mine, f"behind {shown(said)} come {len(lines[0]) - len(said)} NULs")


def nameless(traced: Traced) -> Diagnosis | None:
    """NAMELESS: lines come without a name; whose they were is not to be told for certain."""
    wire = traced.seen.wire
    without = wire.sent.get(b"") if wire else None
    mine = traced.lost("wire")
    if not without or not mine:
        return None
    return _told("NAMELESS", mine, f"of {without.lines} lines the name is empty", sure=False)


def _broken(traced: Traced) -> tuple[bytes, ...]:
    return traced.seen.wire.broken if traced.seen.wire else ()


def _told(code: str, mine: list[Journey], evidence: str, *, sure: bool = True) -> Diagnosis:
    return Diagnosis(code, "wire", counters_of(mine), (evidence, *missing_sets(mine)), sure)
