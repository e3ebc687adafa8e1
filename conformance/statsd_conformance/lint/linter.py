"""The linter: datagrams in, findings out, in constant memory.

Three things need a look at the datagram before: a metric that was cut in two, a zero that stands apart from its
negative gauge, and a line of a stream that goes on. So the last datagram of each of the latest sources is kept.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from statsd_conformance.lint.fast import fast_path
from statsd_conformance.lint.finding import Finding
from statsd_conformance.lint.framing import cut_finding, lines_of, size_findings
from statsd_conformance.lint.gauge import Signs, no_zeros
from statsd_conformance.lint.latest import Latest
from statsd_conformance.lint.line import line_faults
from statsd_conformance.lint.rule import RULES
from statsd_conformance.lint.settings import Settings
from statsd_conformance.lint.streams import Streams
from statsd_conformance.recording.datagram import Datagram

_SOURCES: Final = 4096
_Source = tuple[str, int]


def lint(datagrams: Iterable[Datagram], settings: Settings | None = None) -> Iterator[Finding]:
    """Yield what is wrong with datagrams, in their order; by default for the original StatsD and 1432 bytes.

    What may be half of a metric is told when the next datagram of its source has come.
    """
    linter = Linter(settings or Settings())
    for datagram in datagrams:
        yield from linter.feed(datagram)
    yield from linter.finish()


class Linter:
    """Judges datagrams as they come: `feed` one after another, then `finish`."""

    def __init__(self, settings: Settings) -> None:
        self._size = settings.size
        self._dialect = settings.spoken
        self._codes = settings.codes
        self._clean = _clean(settings)
        self._signs = Signs(self._dialect)
        self._streams = Streams(self._dialect, self._signs, self._clean)
        self._before = Latest[_Source, Datagram](_SOURCES)
        self._held: dict[_Source, list[Finding]] = {}

    def feed(self, datagram: Datagram) -> list[Finding]:
        """Return what is found now; what may be half of a metric is held back until its source goes on."""
        if datagram.stream:
            return self._wanted(self._streams.feed(datagram))
        payload, endpoint = datagram.payload, datagram.source
        source = (endpoint.host, endpoint.port)
        if len(payload) <= self._size and self._clean(payload) and source not in self._held:
            self._before.keep(source, datagram)
            return []
        found = self._judged(datagram, source)
        self._before.keep(source, datagram)
        return self._wanted(found)

    def finish(self) -> list[Finding]:
        """Return what was held back."""
        held = [finding for findings in self._held.values() for finding in findings]
        self._held.clear()
        return self._wanted(held)

    def _wanted(self, findings: Iterable[Finding]) -> list[Finding]:
        return [finding for finding in findings if finding.code in self._codes]

    def _judged(self, datagram: Datagram, source: _Source) -> list[Finding]:
        before = self._before.get(source)
        held = self._held.pop(source, [])
        lines = lines_of(datagram.payload)
        found = self._line_findings(datagram, lines, lines_of(before.payload) if before else [])
        if before and (cut := cut_finding(before, datagram, lines, self._dialect)):
            held = [cut]
            found = [finding for finding in found if finding.line != 1]
        if lines and not datagram.payload.endswith(b"\n") and len(self._held) < _SOURCES:
            self._hold(source, [finding for finding in found if finding.line == len(lines)])
            found = [finding for finding in found if finding.line != len(lines)]
        return [*held, *size_findings(datagram, lines, self._size), *found]

    def _line_findings(self, datagram: Datagram, lines: list[bytes], before: list[bytes]) -> list[Finding]:
        number = datagram.number
        if not datagram.payload:
            return [Finding("EFRAMING-01", "the datagram is empty", number, 0, 0, b"")]
        faults = [line_faults(line, self._dialect) for line in lines]
        for index, fault in self._signs.faults(lines, no_zeros(), before):
            faults[index].append(fault)
        return [
            Finding(fault.code, fault.message, number, index, fault.offset + 1, line)
            for index, (line, some) in enumerate(zip(lines, faults, strict=True), 1)
            for fault in sorted(some, key=lambda fault: fault.offset)
        ]

    def _hold(self, source: _Source, findings: list[Finding]) -> None:
        if findings:
            self._held[source] = findings


def _clean(settings: Settings) -> Callable[[bytes], bool]:
    """Return what tells that there is nothing to find; rules that are off by default may find something anywhere."""
    if all(RULES[code].default for code in settings.codes):
        return fast_path(settings.spoken)
    return lambda payload: False
