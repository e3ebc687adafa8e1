"""Tokens of scenarios: letters and digits in lower case, all of the same length, that nobody else on the wire has.

    q abc 0k1 00z      of a judge's own, of a batch, of a scenario in it

Cases of the conformance suite have the same form (`target.token`); the three of the judge tell them apart.
"""

import re
import secrets
from typing import Final

from statsd_conformance.target import DIGITS

_BASE: Final = len(DIGITS)
# What marks the places between scenarios has the number of no batch.
_MARKS: Final = b"zzz"
# As many numbers as three digits have, without the last one.
NUMBERS: Final = _BASE**3 - 1
# Bytes of what all tokens of a batch begin with, and of a token.
BATCH: Final = 7
LENGTH: Final = 10
# Whatever a target puts in place of a dot.
_MARK: Final = re.compile(rb"([0-9a-z]{3})[^0-9a-z]?m([0-9]+)z")


class Tokens:
    """The tokens of one judge; `others` is what those of everybody else begin with, behind the `q`."""

    def __init__(self, others: str) -> None:
        own = others[:3]
        while own == others[:3]:
            own = "".join(secrets.choice(DIGITS) for _ in range(3))
        self.prefix = b"q" + own.encode()
        self.marks = self.prefix + _MARKS

    def of_batch(self, number: int) -> bytes:
        """Return what the tokens of a batch begin with."""
        return self.prefix + _digits(number % NUMBERS)

    def of(self, batch: int, number: int) -> bytes:
        """Return the token of a scenario of a batch."""
        return self.of_batch(batch) + _digits(number)

    def mark(self, batch: int, number: int) -> bytes:
        """Return the datagram that marks a place in a batch; it ends in LF, for targets that lose a line without."""
        return b"%b%b.m%dz:1|c\n" % (self.marks, _digits(batch % NUMBERS), number)

    def marked(self, batch: int, path: bytes) -> int | None:
        """Return the number of the mark of a batch that a path is of; None where it is of another batch."""
        match = _MARK.match(path, path.find(self.marks) + BATCH)
        return int(match[2]) if match and match[1] == _digits(batch % NUMBERS) else None


def number_of(token: bytes) -> int:
    """Return the number of a scenario in its batch.

    >>> number_of(b"qabc0k100z")
    35
    """
    return int(token[-3:], _BASE)


def _digits(number: int) -> bytes:
    high, low = divmod(number, _BASE)
    highest, high = divmod(high, _BASE)
    return f"{DIGITS[highest]}{DIGITS[high]}{DIGITS[low]}".encode()
