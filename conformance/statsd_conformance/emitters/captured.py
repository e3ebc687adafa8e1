"""A datagram of an emitter, as evidence shows it."""

from collections.abc import Iterator, Sequence

from statsd_conformance.refused import Refused, refused


class Captured(bytes):
    """What an emitter sent: the `number` of the datagram, the seconds since the first one, and what is marked in it."""

    number: int
    seconds: float
    marks: Sequence[Refused]

    def __new__(cls, raw: bytes, number: int, seconds: float, marks: Sequence[Refused]) -> "Captured":
        """Return the bytes with what is known of them."""
        made = super().__new__(cls, raw)
        made.number, made.seconds, made.marks = number, seconds, marks
        return made


def marks_of(datagram: bytes, within: int | None = None, *, judged: bool = True) -> Iterator[Refused]:
    """Yield what is to be marked of a datagram: its own marks, or where it is `judged` what the reference refuses.

    Lines that begin at or behind byte `within` are not looked at.
    """
    if isinstance(datagram, Captured):
        yield from (mark for mark in datagram.marks if within is None or mark.start < within)
    elif judged:
        yield from refused(datagram, within)
