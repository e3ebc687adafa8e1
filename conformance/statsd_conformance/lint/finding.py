"""What the linter says: a finding with its place, and a fault, which has no place but in its line."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that does not hold, and where.

    `number` is that of the datagram, `line` and `column` count from 1; both are 0 for the whole datagram. `text` is the
    line, or the datagram.
    """

    code: str
    message: str
    number: int
    line: int
    column: int
    text: bytes


class Fault(NamedTuple):
    """A rule that does not hold of a line; `offset` counts bytes of the line from 0."""

    code: str
    message: str
    offset: int
