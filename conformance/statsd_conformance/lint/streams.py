"""Lines of TCP streams and of text, which end where a LF is, wherever the pieces end."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from statsd_conformance.lint.dialect import Dialect
from statsd_conformance.lint.finding import Fault, Finding
from statsd_conformance.lint.gauge import Signs, no_zeros
from statsd_conformance.lint.latest import Latest
from statsd_conformance.lint.line import line_faults
from statsd_conformance.recording.datagram import Datagram

# statsd_exporter reads 4096 bytes at most, and Telegraf and veneur no more than the second figure.
LONGEST: Final = 4096
_GIVEN_UP: Final = 65536
_STREAMS: Final = 4096
_ZERO_GAUGE: Final = re.compile(rb":0[0.]*+\|g")
_Key = tuple[str, int, str, int]


class Streams:
    """Puts the pieces of streams together and judges their lines, of streams without an end of the latest only."""

    def __init__(self, dialect: Dialect, signs: Signs, clean: Callable[[bytes], bool]) -> None:
        self._dialect = dialect
        self._signs = signs
        self._clean = clean
        # None stands for a line that was given up, whose rest is passed over.
        self._begun = Latest[_Key, bytes | None](_STREAMS)
        self._zeros = no_zeros()

    def feed(self, piece: Datagram) -> list[Finding]:
        """Return what is wrong with the lines that end in this piece."""
        key = (piece.source.host, piece.source.port, piece.destination.host, piece.destination.port)
        begun = self._begun.pop(key, b"") if self._begun else b""
        payload = piece.payload
        if not payload:
            return list(self._ended(piece, begun or b""))
        if begun is None:
            _, lf, payload = payload.partition(b"\n")
            begun = b""
            if not lf:
                self._begun.keep(key, None)
                return []
        whole, lf, rest = (begun + payload).rpartition(b"\n")
        found = self._lines(piece, whole, lf)
        if len(rest) > _GIVEN_UP:
            self._begun.keep(key, None)
            found.append(_too_long(piece, rest))
        elif rest:
            self._begun.keep(key, rest)
        return found

    def _lines(self, piece: Datagram, whole: bytes, lf: bytes) -> list[Finding]:
        if not lf or (len(whole) <= LONGEST and self._clean(whole + lf) and not _ZERO_GAUGE.search(whole)):
            return []
        return list(self._judged(piece, whole.split(b"\n")))

    def _judged(self, piece: Datagram, lines: list[bytes]) -> Iterator[Finding]:
        faults = [line_faults(line, self._dialect) for line in lines]
        for index, fault in self._signs.faults(lines, self._zeros):
            faults[index].append(fault)
        for index, (line, some) in enumerate(zip(lines, faults, strict=True), 1):
            if len(line) > LONGEST:
                some.append(Fault("ESIZE-03", f"the line has {len(line)} bytes, more than {LONGEST}", LONGEST))
            for fault in sorted(some, key=lambda fault: fault.offset):
                yield Finding(fault.code, fault.message, piece.number, index, fault.offset + 1, line)

    def _ended(self, piece: Datagram, rest: bytes) -> Iterator[Finding]:
        if rest:
            yield from self._judged(piece, [rest])
            yield Finding("EFRAMING-08", "the stream ends without a LF", piece.number, 1, len(rest) + 1, rest)


def _too_long(piece: Datagram, rest: bytes) -> Finding:
    message = f"the line has more than {_GIVEN_UP} bytes, and is not followed further"
    return Finding("ESIZE-03", message, piece.number, 0, 0, rest[:LONGEST])
