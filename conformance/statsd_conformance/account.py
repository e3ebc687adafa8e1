"""How much was sent, as a server counts it: datagrams, lines, samples that are bad."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from statsd_reference import REFERENCE, BadLine


class Account(NamedTuple):
    """Numbers of datagrams, of lines that are not empty, and of samples that the model refuses."""

    datagrams: int = 0
    lines: int = 0
    bad: int = 0

    def less(self, other: "Account") -> "Account":
        """Return what is left without the other."""
        return Account(*(mine - its for mine, its in zip(self, other, strict=True)))


NOTHING: Final = Account()


def account(datagrams: Iterable[bytes]) -> Account:
    r"""Return how much these datagrams are.

    >>> account([b"a:1|c\n\nb:x|c:2|x", b""])
    Account(datagrams=2, lines=2, bad=2)
    """
    readings = [REFERENCE.read(datagram) for datagram in datagrams]
    bad = sum(isinstance(outcome, BadLine) for reading in readings for outcome in reading.outcomes)
    return Account(len(readings), sum(reading.lines for reading in readings), bad)
