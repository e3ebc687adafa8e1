"""One batch on its way: what came of it, held against the model in every line, in plain lines only, or not at all."""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import GraphiteLine
from statsd_conformance.traffic import Line
from statsd_conformance.wire import Wire
from statsd_fuzz.comparing import compared, snapshot
from statsd_fuzz.fault import Fault
from statsd_fuzz.plain import Plain, plain_part
from statsd_fuzz.wire.batch import Batch, Round, by_token
from statsd_fuzz.wire.closure import stray_names
from statsd_fuzz.wire.readable import doubled, twice, unreadable
from statsd_fuzz.wire.relations import numbers_of, rates_of, unlike
from statsd_fuzz.wire.strictly import Model, differences, table_of
from statsd_fuzz.wire.tokens import LENGTH, number_of
from statsd_reference import Options

# Scenarios that the model takes before something else may be done.
_AT_A_TIME: Final = 10
# What stands in names that nothing is odd about, and how much of the rest makes a shape.
_PLAIN: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
_ODD: Final = 4


@dataclass
class Looked:
    """What one sending of scenarios came to, by their numbers.

    Attributes:
        faults: what is wrong.
        torn: those that a flush fell into, so that nothing can be said.
        shapes: what each came to, as beginnings and ends of paths, and what is odd between these.
        strays: paths under no token that are new; whose they are nobody can tell.
        tokens: under which each was sent.
        own: the most that the target has published of each error of its own, by path.
    """

    faults: dict[int, Fault] = field(default_factory=dict)
    torn: set[int] = field(default_factory=set)
    shapes: dict[int, set[bytes]] = field(default_factory=dict)
    strays: list[bytes] = field(default_factory=list)
    tokens: list[bytes] = field(default_factory=list)
    own: dict[bytes, float] = field(default_factory=dict)


class Trial(ABC):
    """One batch on its way: faults, and what was published, by number of scenario."""

    def __init__(self, wire: Wire, batch: Batch) -> None:
        self.batch = batch
        self.wire = wire
        self.prefix = batch.prefix
        self.looked = Looked(tokens=[one.token for one in batch.scenarios])
        self.torn = self.looked.torn
        # Paths under no token that it is no news to see, in later flushes neither.
        self.published: set[bytes] = set()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sent: asyncio.Future[None] | None = None
        self.waits = False
        self._taken = 0
        self._statistics = {b"." + one.encode() for one in self.wire.profile.statistics.values()}
        self._head = _heads(tuple(self.wire.profile.paths.values()))
        self._shapes: dict[tuple[bytes, bytes], bytes] = {}

    def take(self, result: Round) -> Iterator[None]:
        """Look at what came of one interval; between the parts of that something else may be done."""
        self.torn.update(result.torn)
        yield from self.look(result)
        self._taken += 1

    def closed(self, strays: Sequence[bytes]) -> None:
        """Take what nobody asked for, when all that were under way have said what they did; end behind the last."""
        self.looked.strays += strays
        if self._taken == self.batch.longest and not self.done.done():
            self.end()
            self.done.set_result(None)

    @abstractmethod
    def look(self, result: Round) -> Iterator[None]:
        """Look at what came of one interval, part by part."""

    def end(self) -> None:
        """Look at all of it, behind the last interval."""
        return

    def blame(self, number: int, fault: Fault) -> None:
        """Note a fault of a scenario, unless it has one, or nothing can be said."""
        if number not in self.torn:
            self.looked.faults.setdefault(number, fault)

    def scenarios_of(self, paths: Sequence[bytes]) -> Iterator[tuple[int, list[bytes]]]:
        """Yield the numbers of scenarios, each with the paths that carry its token."""
        for token, some in by_token(paths, self.prefix).items():
            try:
                number = number_of(token)
            except ValueError:
                continue
            if number < len(self.batch.scenarios):
                yield number, some

    def note(self, number: int, paths: Sequence[bytes]) -> None:
        """Note the shape of what a scenario came to: what the target puts into paths, and what is odd in the rest.

        Of the rest there is no end, so that a shape of all of it would be new for ever.
        """
        shape = self.looked.shapes.setdefault(number, set())
        for path in paths:
            at = path.find(self.prefix)
            # Most scenarios have names alike.
            around = path[:at], path[at + LENGTH :]
            if around not in self._shapes:
                self._shapes[around] = self._shape(*around)
            shape.add(self._shapes[around])

    def _shape(self, front: bytes, behind: bytes) -> bytes:
        """Return the shape of a path that has this in front of a token and behind it."""
        head = self._head.match(front)
        begins = head.end() if head else 0
        rest = front[begins:] + behind
        last = rest[rest.rfind(b".") :]
        statistic = last if last in self._statistics else b""
        return b"%b*%b%b" % (front[:begins], statistic, rest.translate(None, _PLAIN)[:_ODD])


class Strict(Trial):
    """Each line is the model's."""

    def __init__(self, wire: Wire, batch: Batch, options: Options) -> None:
        super().__init__(wire, batch)
        self._options = options
        self._model = Model(options)

    def look(self, result: Round) -> Iterator[None]:
        """Compare each line of an interval."""
        several = self.batch.longest > 1
        for flush, held in zip(result.flushes, result.held, strict=True):
            whole = [number for number in held if number not in self.torn]
            for start in range(0, len(whole), _AT_A_TIME):
                some = (self.batch.scenarios[number] for number in whole[start : start + _AT_A_TIME])
                self._model.take(datagram for one in some for datagram in one.intervals[result.interval])
                yield
            published = self._model.flush()
            yield
            wanted = {path: text for path, text in published.items() if self.prefix in path}
            got = table_of(flush)
            for number, paths in self.scenarios_of(list(got)):
                self.note(number, paths)
            if wanted != got:
                self._differing(wanted, got, f"interval {result.interval + 1}" if several else "the flush")
            self._publishes(published)
        yield
        self._publishes(self._of_torn(result))

    def _publishes(self, paths: Iterable[bytes]) -> None:
        self.published.update(path for path in paths if self.prefix not in path)

    def _of_torn(self, result: Round) -> Iterable[bytes]:
        """Return paths that what is torn may have come to, in whichever flush."""
        torn = result.torn | {number for held in result.held for number in held if number in self.torn}
        intervals = [self.batch.scenarios[number].intervals for number in torn]
        sent = [datagram for one in intervals for some in one[result.interval :][:1] for datagram in some]
        model = Model(self._options)
        model.take(sent)
        return model.flush()

    def _differing(self, wanted: dict[bytes, bytes], got: dict[bytes, bytes], where: str) -> None:
        paths = [path for path in wanted.keys() | got.keys() if wanted.get(path) != got.get(path)]
        for number, some in self.scenarios_of(paths):
            theirs, ours = ({path: one[path] for path in some if path in one} for one in (wanted, got))
            for fault in differences(self.wire.profile, theirs, ours, where):
                self.blame(number, fault)


class Survived(Trial):
    """Nothing but that they are survived: what a target that passes lines on shows is what it was sent."""

    def look(self, result: Round) -> Iterator[None]:
        """Note what came of an interval."""
        yield
        for number, paths in self.scenarios_of(list({line.path for one in result.flushes for line in one})):
            self.note(number, paths)

    def closed(self, strays: Sequence[bytes]) -> None:
        """End behind the last interval, whatever was passed on."""
        super().closed(())


class Plainly(Trial):
    """Plain lines come to what the model says."""

    def __init__(self, wire: Wire, batch: Batch, twins: Mapping[int, int], unmet: Set[str] = frozenset()) -> None:
        super().__init__(wire, batch)
        self._twins = twins
        self._unmet = unmet
        self._is_rate = rates_of(wire.profile)
        self._paired = {*twins, *twins.values()}
        self._seen: list[Flushed] = []
        self._paths: dict[int, list[bytes]] = {}
        self._broken: dict[bytes, GraphiteLine] = {}
        self._doubled: dict[int, list[bytes]] = {}
        self._lines: dict[int, list[GraphiteLine]] = {}

    def look(self, result: Round) -> Iterator[None]:
        """Take what came of an interval."""
        yield
        wire = self.wire
        flushes = tuple(map(snapshot, result.flushes))
        self._seen.append(Flushed(wire.profile, wire.interval, self.prefix, flushes))
        paths = list({line.path for one in result.flushes for line in one})
        if wire.sink.output == "graphite":
            # Others may have a blank in a label, or a value that is not finite.
            self._broken |= {line.path: line for one in result.flushes for line in one if line.faults}
        for number, some in self.scenarios_of([path for one in result.flushes for path in doubled(one)]):
            self._doubled.setdefault(number, []).extend(some)
        paired: dict[bytes, int] = {}
        for number, some in self.scenarios_of(paths):
            self.note(number, some)
            self._paths.setdefault(number, []).extend(some)
            if number in self._paired:
                paired.update(dict.fromkeys(some, number))
        for line in (one for flush in result.flushes for one in flush if one.path in paired):
            self._lines.setdefault(paired[line.path], []).append(line)

    def end(self) -> None:
        """Compare what plain lines came to, and what goes two ways."""
        whole = [(number, one) for number, one in enumerate(self.batch.scenarios) if number not in self.torn]
        parts = [(one.token, plain_part(one.intervals, unmet=self._unmet)) for _, one in whole]
        plain = _together(parts, len(self._seen))
        for name, fault in compared(plain, self._seen, unmet=self._unmet):
            self.blame(number_of(name[:LENGTH]), fault)
        for number, one in whole:
            paths = self._paths.get(number, ())
            for fault in stray_names(self.wire.profile, one, paths):
                self.blame(number, fault)
            for fault in unreadable(one, [self._broken[path] for path in paths if path in self._broken]):
                self.blame(number, fault)
            for fault in twice(one, self._doubled.get(number, ()), self._unmet):
                self.blame(number, fault)
        for twin, number in self._twins.items():
            self._compare(number, twin)

    def _compare(self, number: int, twin: int) -> None:
        """Compare a scenario with the other way of sending it, which is none of those that somebody asked about."""
        scenarios, looked = self.batch.scenarios, self.looked
        ours, theirs = (numbers_of(self._lines.get(one, ()), scenarios[one].token) for one in (number, twin))
        if twin not in self.torn and (fault := unlike(scenarios[number], ours, theirs, self._is_rate)):
            self.blame(number, fault)
        if fault := looked.faults.pop(twin, None):
            self.blame(number, fault)
        looked.shapes.pop(twin, None)
        self.torn.discard(twin)


@cache
def _heads(templates: tuple[str, ...]) -> "re.Pattern[bytes]":
    """Return what paths begin with in front of a bucket, the longest that there is of it."""
    heads = sorted((template.partition("{")[0] for template in templates), key=len, reverse=True)
    return re.compile("|".join(re.escape(head).replace(r"\*", ".*?") for head in heads).encode())


def _together(parts: Sequence[tuple[bytes, Plain]], intervals: int) -> Plain:
    """Return the plain parts of scenarios as that of one, names without their token left out."""
    lines: list[dict[bytes, list[Line]]] = [{} for _ in range(intervals)]
    refused: set[bytes] = set()
    for token, plain in parts:
        for place, some in enumerate(plain.intervals):
            lines[place].update({name: one for name, one in some.items() if name.startswith(token)})
        refused.update(name for name in plain.refused if name.startswith(token))
    return Plain(tuple(lines), frozenset(refused), ())
