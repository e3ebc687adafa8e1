"""Sends the datagrams of many scenarios in one interval, and tells which flush holds which.

Scenarios go out in sections, with marks between them: counters of names never used before. A section both of whose
marks came out first in the same flush is in that flush as a whole; of another one nobody can tell.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from statsd_conformance.graphite import GraphiteLine
from statsd_conformance.wire import Wire
from statsd_fuzz.wire.scenario import Scenario
from statsd_fuzz.wire.tokens import LENGTH, Tokens

# Datagrams of a section.
_SECTION: Final = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """What one flush published: of the scenarios of a batch, and under no token at all."""

    own: Sequence[GraphiteLine]
    foreign: Sequence[GraphiteLine]


@dataclass
class Round:
    """One interval of a batch: its flushes, what each holds, and which scenarios are in none as a whole.

    `held` are numbers of scenarios by flush, in the order in which they were sent.
    """

    flushes: list[Seen] = field(default_factory=list)
    held: list[list[int]] = field(default_factory=list)
    torn: set[int] = field(default_factory=set)


@dataclass
class Batch:
    """Scenarios that are sent together; each has the token of its number in the batch."""

    wire: Wire
    tokens: Tokens
    number: int
    scenarios: Sequence[Scenario]
    _marks: int = 0
    _found: dict[int, int] = field(default_factory=dict)

    async def round(self, interval: int) -> Round:
        """Send one interval of all scenarios, and return what came back up to a flush that holds all of it.

        Raises:
            NoAnswer: no such flush came in time.
            Crashed: the target's process is gone.
        """
        begun, drops = len(self.wire.snapshots), self.wire.drops()
        sections = []
        for section in self._sections(interval):
            sections.append((self._mark(), section))
            for number in section:
                for datagram in self.scenarios[number].intervals[interval]:
                    self.wire.transmit(datagram)
        last = self._mark()
        ended = await self.wire.fence()
        result = Round(flushes=[self._seen(at) for at in range(begun, ended)])
        self.wire.forget(ended)
        result.held = [[] for _ in result.flushes]
        for opened, section in sections:
            place = self._found.get(opened)
            if place is None or place != self._found.get(min(opened + 1, last)) or not begun <= place < ended:
                result.torn.update(section)
            else:
                result.held[place - begun].extend(section)
        if self.wire.drops() != drops:
            result.torn.update(number for _, section in sections for number in section)
        return result

    def _sections(self, interval: int) -> Iterator[list[int]]:
        section: list[int] = []
        size = 0
        for number, scenario in enumerate(self.scenarios):
            datagrams = len(scenario.intervals[interval]) if interval < len(scenario.intervals) else 0
            if not datagrams:
                continue
            if section and size + datagrams > _SECTION:
                yield section
                section, size = [], 0
            section.append(number)
            size += datagrams
        if section:
            yield section

    def _mark(self) -> int:
        self._marks += 1
        self.wire.transmit(self.tokens.mark(self.number, self._marks))
        return self._marks

    def _seen(self, at: int) -> Seen:
        """Return what a flush holds, and note which marks are in it for the first time."""
        own: list[GraphiteLine] = []
        foreign: list[GraphiteLine] = []
        mine, marks, prefix = self.tokens.of_batch(self.number), self.tokens.marks, self.tokens.prefix
        for line in self.wire.snapshots[at].lines:
            path = line.path
            if mine in path:
                own.append(line)
            elif (place := path.find(marks)) >= 0:
                if (mark := self.tokens.marked(self.number, path[place + len(marks) :])) is not None:
                    self._found.setdefault(mark, at)
            elif prefix not in path:
                foreign.append(line)
        return Seen(own, foreign)


def by_token(paths: Iterable[bytes], prefix: bytes) -> dict[bytes, list[bytes]]:
    """Return paths by the token that each holds, which begins with `prefix`."""
    found: dict[bytes, list[bytes]] = {}
    for path in paths:
        at = path.find(prefix)
        found.setdefault(path[at : at + LENGTH], []).append(path)
    return found
