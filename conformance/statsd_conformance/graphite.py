"""Graphite's plaintext as it comes in: read tolerantly, so that bad output is a finding and not an accident of ours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple

NOT_FINITE: Final = "has a value that is not finite"
CR_LF: Final = "ends in CR LF"
# The prefix of a case: see `target.token`.
TOKEN: Final = re.compile(rb"q[0-9a-z]{9}")
# So many bytes of it are those of all cases of a run.
TOKEN_OF_RUN: Final = 6
# Every place where one may begin, also inside another.
_TOKENS: Final = re.compile(rb"(?=(%b))" % TOKEN.pattern)
# What nothing is wrong about: nearly all that there is to read, of which a flush may have a hundred thousand.
_RIGHT: Final = re.compile(rb"([!-~\x80-\xff]+) (-?[0-9]{1,20}(?:\.[0-9]{1,20})?) ([0-9]+)")
_PRINTED: Final = re.compile(rb"[!-^`-~]+")
_BLANK: Final = re.compile(rb"[\0-\x20\x7f]")


class GraphiteLine(NamedTuple):
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

    @property
    def key(self) -> bytes:
        """The path in lower case, by which cases find their own lines also where a target folds case."""
        return self.path.lower()


def read_line(raw: bytes) -> GraphiteLine:
    """Read one line, LF removed. The value and timestamp are the last two fields; a path may hold blanks.

    >>> read_line(b"a b 1.5 100").path
    b'a b'
    """
    if right := _RIGHT.fullmatch(raw):
        path, value, timestamp = right.groups()
        return GraphiteLine(raw, path, value, timestamp, float(value))
    return _read_with_care(raw)


def _read_with_care(raw: bytes) -> GraphiteLine:
    faults = []
    line = raw
    if line.endswith(b"\r"):
        line = line[:-1]
        faults.append(CR_LF)
    fields = line.rsplit(b" ", 2)
    if len(fields) < 3:
        return GraphiteLine(raw, line, b"", b"", None, (*faults, "has fewer than three fields"))
    path, value, timestamp = fields
    if not path:
        faults.append("has an empty path")
    elif _BLANK.search(path):
        faults.append("has a blank or a control character in its path")
    number = _number(value)
    if number is None:
        faults.append("has a value that is no number")
    elif number != number or number in (float("inf"), float("-inf")):
        faults.append(NOT_FINITE)
    if not timestamp.isdigit():
        faults.append("has a timestamp that is no whole number of seconds")
    return GraphiteLine(raw, path, value, timestamp, number, tuple(faults))


def tag_faults(path: bytes) -> list[str]:
    """Return in words what carbon would object to in the tags behind a path (carbon, util.py, TaggedSeries).

    >>> tag_faults(b"a;k=v;l")
    ["has the tag 'l', which is no key, '=' and value"]
    """
    faults = [(tag.decode("utf-8", "backslashreplace"), _fault_of(tag)) for tag in path.split(b";")[1:]]
    return [f"has the tag {tag!r}, {fault}" for tag, fault in faults if fault]


def _fault_of(tag: bytes) -> str:
    key, sign, value = tag.partition(b"=")
    if not key or not sign or not value:
        return "which is no key, '=' and value"
    if any(mark in key for mark in (b"!", b"^")):
        return "whose key holds '!' or '^'"
    return "whose value begins with '~'" if value.startswith(b"~") else ""


def _number(text: bytes) -> float | None:
    try:
        # float() of Python also reads `1_0` and blanks around a number. So does carbon, but nobody should write them.
        return float(text) if _PRINTED.fullmatch(text) else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Snapshot:
    """Everything that one flush published, in the order it came. `arrived` is when it ended, monotonic seconds.

    An observer that has to look for itself last looked at `unseen_since`: of what was sent after that, anything may be
    missing here and in the next snapshot. None where nothing can be.
    """

    lines: tuple[GraphiteLine, ...]
    arrived: float
    wall_clock: float
    unseen_since: float | None = None

    def lines_of(self, token: bytes) -> Sequence[GraphiteLine]:
        """Return the lines whose path carries the prefix of a case, in the order they came."""
        if TOKEN.fullmatch(token):
            return self._by_token.get(token, ())
        return [line for line in self.lines if token in line.key]

    def without(self, token: bytes) -> "Snapshot":
        """Return the snapshot without the lines of a case."""
        mine = {id(line) for line in self.lines_of(token)}
        return replace(self, lines=tuple(line for line in self.lines if id(line) not in mine))

    @cached_property
    def _by_token(self) -> dict[bytes, list[GraphiteLine]]:
        """The lines by the prefixes in their paths: every case of a wave looks for its own among those of all."""
        found: dict[bytes, list[GraphiteLine]] = {}
        for line in self.lines:
            for start in _TOKENS.finditer(line.key):
                mine = found.setdefault(start[1], [])
                if not mine or mine[-1] is not line:
                    mine.append(line)
        return found
