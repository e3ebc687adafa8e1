"""Signed gauges, which mean a change: a level below zero is set by a zero before it, in the same datagram."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from statsd_conformance.lint.dialect import Dialect
from statsd_conformance.lint.finding import Fault
from statsd_conformance.lint.latest import Latest
from statsd_conformance.printable import escaped

_GAUGE: Final = re.compile(rb"([^:|]*):([+-]?)([0-9.][^:|]*)\|g(?=\||\Z)")
_ZERO: Final = re.compile(rb"0*(?:\.0*)?")
# Names that count up and down, or are at zero.
_REMEMBERED: Final = 16384


class Gauge(NamedTuple):
    """A line with a gauge: its name, sign ("" for none) and the value behind the sign."""

    name: bytes
    sign: bytes
    value: bytes

    @property
    def zero(self) -> bool:
        """Whether it sets the gauge to zero."""
        return not self.sign and _ZERO.fullmatch(self.value) is not None


def read_gauge(line: bytes) -> Gauge | None:
    """Return the gauge of a line, None where there is none."""
    found = _GAUGE.match(line)
    return Gauge(found[1], found[2], found[3]) if found else None


def no_zeros() -> Latest[bytes, None]:
    """Return the names at zero where nothing was sent yet."""
    return Latest(_REMEMBERED)


def left_at_zero(lines: Iterable[bytes]) -> set[bytes]:
    """Return the names whose last gauge among `lines` is a zero."""
    zeros: set[bytes] = set()
    for gauge in filter(None, map(read_gauge, lines)):
        (zeros.add if gauge.zero else zeros.discard)(gauge.name)
    return zeros


class Signs:
    """Watches signed gauges: remembers which names also count up, for those count down with reason."""

    def __init__(self, dialect: Dialect) -> None:
        self._signed = dialect.signed
        self._rising = Latest[bytes, None](_REMEMBERED)

    def faults(
        self, lines: Iterable[bytes], zeros: Latest[bytes, None], before: Sequence[bytes] = ()
    ) -> Iterator[tuple[int, Fault]]:
        """Yield the faults of the gauges among lines that come one behind the other, each with the index of its line.

        `zeros` are the names that are at zero by lines before these in the same datagram or stream, and is kept up to
        date; `before` are the lines of the datagram before.
        """
        touched: set[bytes] = set()
        for index, line in enumerate(lines):
            gauge = read_gauge(line)
            if gauge is None:
                continue
            if gauge.sign and (fault := self._fault(gauge, zeros, before if gauge.name not in touched else ())):
                yield index, fault
            touched.add(gauge.name)
            zeros.pop(gauge.name, None)
            if gauge.zero:
                zeros.keep(gauge.name, None)

    def _fault(self, gauge: Gauge, zeros: Mapping[bytes, None], before: Sequence[bytes]) -> Fault | None:
        place, shown = len(gauge.name) + 1, escaped(gauge.name[:60])
        if not self._signed:
            return Fault("EGAUGE-03", "a plus on a gauge is no change here", place) if gauge.sign == b"+" else None
        if gauge.sign == b"+":
            self._rising.keep(gauge.name, None)
            return None
        if gauge.name in zeros or gauge.name in self._rising or _ZERO.fullmatch(gauge.value):
            return None
        if gauge.name in left_at_zero(before):
            return Fault("EGAUGE-02", f"the zero before this level of {shown} is in another datagram", place)
        return Fault("EGAUGE-01", f"this is a decrement of {shown}: no zero stands before the negative level", place)
