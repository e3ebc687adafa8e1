"""The datagrams of many scenarios on their way, and which flush holds which.

Scenarios go out in sections, with marks around them: counters of names never used before. A section both of whose
marks came out first in the same flush is in that flush as a whole; of another one nobody can tell.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from statsd_conformance.graphite import GraphiteLine, Snapshot
from statsd_conformance.wire import Wire
from statsd_fuzz.inputs import dice
from statsd_fuzz.wire.scenario import PLACEHOLDER, STREAMED, Scenario
from statsd_fuzz.wire.tokens import BATCH, LENGTH, Tokens

# Datagrams of a section.
_SECTION: Final = 200
# So few pieces leave each with a moment for the target to read it alone; more would take too long.
_FEW: Final = 20


@dataclass(frozen=True, slots=True)
class Sorted:
    """The lines of one flush: by batch, of all marks, and those that carry no token of anybody's."""

    batches: dict[bytes, list[GraphiteLine]]
    marks: list[GraphiteLine]
    foreign: list[GraphiteLine]


def sort_lines(snapshot: Snapshot, tokens: Tokens, run: bytes) -> Sorted:
    """Return the lines of a flush by whose they are; what holds `run` is the suite's own and no news."""
    result = Sorted({}, [], [])
    prefix, batches = tokens.prefix, result.batches
    for line in snapshot.lines:
        at = line.path.find(prefix)
        if at < 0:
            if run not in line.path:
                result.foreign.append(line)
            continue
        batch = line.path[at : at + BATCH]
        if batch == tokens.marks:
            result.marks.append(line)
        elif (found := batches.get(batch)) is None:
            batches[batch] = [line]
        else:
            found.append(line)
    return result


@dataclass
class Sent:
    """One interval of a batch on its way: the number of the mark before each section, and the scenarios in it."""

    sections: list[tuple[int, list[int]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one interval of a batch.

    `flushes` are the lines of the batch in each flush since the last round, and `held` which scenarios each holds as a
    whole, in the order in which they were sent; `torn` are those that are in none.
    """

    interval: int
    flushes: list[Sequence[GraphiteLine]]
    held: list[list[int]]
    torn: set[int]


@dataclass
class Batch:
    """Scenarios that are sent together; each has the token of its number in the batch."""

    tokens: Tokens
    number: int
    scenarios: Sequence[Scenario]
    interval: int = 0
    _marks: int = 0
    _found: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.prefix = self.tokens.of_batch(self.number)
        self.longest = max((len(one.intervals) for one in self.scenarios), default=0)

    def send(self, wire: Wire, *, stream: bool = False) -> Sent:
        """Queue the next interval; `stream` says that there is a connection for what goes over TCP."""
        sent = Sent()
        streamed = {number for number, one in enumerate(self.scenarios) if stream and STREAMED in one.features}
        for section in self._sections(set(range(len(self.scenarios))) - streamed):
            sent.sections.append((self._marks + 1, section))
            for datagram in self._between_marks(section):
                wire.transmit(datagram)
        for section in self._sections(streamed):
            sent.sections.append((self._marks + 1, section))
            pieces = list(self._pieces(section))
            wire.transmit_pieces(pieces, apart=len(pieces) < _FEW)
        self.interval += 1
        return sent

    def _between_marks(self, section: Sequence[int]) -> Iterator[bytes]:
        """Yield the datagrams of a section, a mark before and behind."""
        yield self._mark()
        for number in section:
            yield from self.scenarios[number].intervals[self.interval]
        yield self._mark()

    def _pieces(self, section: Sequence[int]) -> Iterator[bytes]:
        """Yield the pieces of a section on a stream; marks come whole, for what is lost of these tells nothing."""
        yield self._mark() + b"\n"
        for number in section:
            one = self.scenarios[number]
            yield from cut(b"".join(some + b"\n" for some in one.intervals[self.interval]), one.token)
        yield self._mark() + b"\n"

    def round(self, sent: Sent, flushes: Sequence[Sorted], *, lost: bool) -> Round:
        """Return what came of what was sent; `lost` says that datagrams were, of nobody knows which scenario."""
        for place, flush in enumerate(flushes):
            for line in flush.marks:
                mark = self.tokens.marked(self.number, line.path)
                if mark is not None:
                    self._found.setdefault(mark, place)
        held: list[list[int]] = [[] for _ in flushes]
        torn: set[int] = set()
        for mark, section in sent.sections:
            opened, closed = self._found.get(mark), self._found.get(mark + 1)
            if lost or opened is None or opened != closed:
                torn.update(section)
            else:
                held[opened].extend(section)
        # They are published again where the target does not forget.
        self._found = dict.fromkeys(self._found, -1)
        return Round(self.interval - 1, [one.batches.get(self.prefix, ()) for one in flushes], held, torn)

    def _sections(self, numbers: Set[int]) -> Iterator[list[int]]:
        section: list[int] = []
        size = 0
        for number in sorted(numbers):
            scenario = self.scenarios[number]
            datagrams = len(scenario.intervals[self.interval]) if self.interval < len(scenario.intervals) else 0
            if not datagrams:
                continue
            if section and size + datagrams > _SECTION:
                yield section
                section, size = [], 0
            section.append(number)
            size += datagrams
        if section:
            yield section

    def _mark(self) -> bytes:
        self._marks += 1
        return self.tokens.mark(self.number, self._marks)


def cut(lines: bytes, token: bytes = PLACEHOLDER) -> Iterator[bytes]:
    """Yield the pieces of lines, cut at places that follow from them, whichever token they carry."""
    random = dice(lines.replace(token, PLACEHOLDER))
    place = 0
    while place < len(lines):
        size = random.choice((1, 2, 7, 40, 300, 1400))
        yield lines[place : place + size]
        place += size


def by_token(paths: Iterable[bytes], prefix: bytes) -> dict[bytes, list[bytes]]:
    """Return paths by the token that each holds, which begins with `prefix`."""
    found: dict[bytes, list[bytes]] = {}
    for path in paths:
        at = path.find(prefix)
        found.setdefault(path[at : at + LENGTH], []).append(path)
    return found
