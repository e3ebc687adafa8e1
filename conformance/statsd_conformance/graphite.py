"""Graphite's plaintext as it comes in: read tolerantly, so that bad output is a finding and not an accident of ours."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_PRINTED: Final = re.compile(rb"[!-^`-~]+")


@dataclass(frozen=True)
class GraphiteLine:
    """One line as received, without its LF.

    `number` is the value as a float, or None where it is none. `faults` say in words what carbon or a relay would
    object to.
    """

    raw: bytes
    path: bytes
    value: bytes
    timestamp: bytes
    number: float | None
    faults: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.raw.decode("utf-8", "backslashreplace")

    @cached_property
    def key(self) -> bytes:
        """The path in lower case, by which cases find their own lines also where a target folds case."""
        return self.path.lower()


def read_line(raw: bytes) -> GraphiteLine:
    """Read one line, LF removed. The value and timestamp are the last two fields; a path may hold blanks.

    >>> read_line(b"a b 1.5 100").path
    b'a b'
    """
    faults = []
    line = raw
    if line.endswith(b"\r"):
        line = line[:-1]
        faults.append("ends in CR LF")
    fields = line.rsplit(b" ", 2)
    if len(fields) < 3:
        return GraphiteLine(raw, line, b"", b"", None, (*faults, "has fewer than three fields"))
    path, value, timestamp = fields
    if not path:
        faults.append("has an empty path")
    elif any(byte <= 32 or byte == 127 for byte in path):
        faults.append("has a blank or a control character in its path")
    number = _number(value)
    if number is None:
        faults.append("has a value that is no number")
    elif number != number or number in (float("inf"), float("-inf")):
        faults.append("has a value that is not finite")
    if not timestamp.isdigit():
        faults.append("has a timestamp that is no whole number of seconds")
    return GraphiteLine(raw, path, value, timestamp, number, tuple(faults))


def _number(text: bytes) -> float | None:
    try:
        # float() of Python also reads `1_0` and blanks around a number. So does carbon, but nobody should write them.
        return float(text) if _PRINTED.fullmatch(text) else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Snapshot:
    """Everything that one flush published, in the order it came. `arrived` is when it ended, monotonic seconds."""

    lines: tuple[GraphiteLine, ...]
    arrived: float
    wall_clock: float
