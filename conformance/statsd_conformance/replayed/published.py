"""What a target published of a replay, as numbers by series: read line by line, whatever the profile calls them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from statsd_conformance.flushed import Flushed, counted_of_rates, tail
from statsd_conformance.graphite import GraphiteLine, Snapshot, read_line
from statsd_conformance.profile import Profile, same_path

# Of a path, of which series it is, and what it holds: kind and statistic by the names of the profile, "" for nothing
# that is compared.
_Place = tuple[bytes, bytes, str, str]
T = TypeVar("T")


@dataclass(slots=True)
class Published:
    """What came of the series of a replay.

    `counters` are sums; `gauges` the last values. Timers and sets have, for each window, what each flush had: the
    statistics of a timer, in ms where they are times, and the numbers of members of a set but for 0.
    `renamed` are the series that came back under a name in other letters, with that; `strays` the paths of no series;
    `shared` the series that have a path in common with another one, so that nothing can be told of them.
    """

    counters: dict[bytes, float] = field(default_factory=dict)
    gauges: dict[bytes, float] = field(default_factory=dict)
    timers: dict[bytes, list[list[dict[str, float]]]] = field(default_factory=dict)
    sets: dict[bytes, list[list[float]]] = field(default_factory=dict)
    renamed: dict[bytes, bytes] = field(default_factory=dict)
    strays: set[bytes] = field(default_factory=set)
    shared: set[bytes] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one window: lines of Graphite as they were written. `interval` is that of the target by then.

    `wall_clock` is when the first of them came, in seconds since 1970.
    """

    interval: float
    lines: tuple[bytes, ...]
    wall_clock: float

    def read(self, profile: Profile, token: bytes, keep: Callable[[GraphiteLine], bool] = lambda line: True) -> Flushed:
        """Return the lines as a flush of a case, those of them that are to be kept."""
        lines = tuple(line for line in map(read_line, self.lines) if keep(line))
        return Flushed(profile, self.interval, token, (Snapshot(lines, 0.0, self.wall_clock),))


def came(flushed: Flushed) -> Came:
    """Return what is kept of a flush: read lines take several times the room."""
    begun = next((snapshot.wall_clock for snapshot in flushed.snapshots), 0.0)
    return Came(flushed.interval, tuple(line.raw for line in flushed.own), begun)


def published(
    windows: Sequence[Came], profile: Profile, token: bytes, series: Mapping[bytes, Collection[str]]
) -> Published:
    """Return what the windows of a replay came to, of these series, which are of so many kinds each."""
    index = _Index(profile, token, series)
    found = Published(shared=index.shared)
    for number, window in enumerate(windows):
        _Window(found, number, len(windows), window.read(profile, token), index).take()
    return found


class _Index:
    """Finds which series a line is of."""

    def __init__(self, profile: Profile, token: bytes, series: Mapping[bytes, Collection[str]]) -> None:
        self._token = token
        self._exact: dict[bytes, list[_Place]] = {}
        self._folded: dict[bytes, list[_Place]] = {}
        self._spelled: set[bytes] = set()
        self.shared: set[bytes] = set()
        by_rate = "counter" not in profile.paths
        for one, kinds in series.items():
            wanted = {"rate" if kind == "counter" and by_rate else kind for kind in kinds}
            if "timer" in kinds:
                self._spelled.add(_fold(one.partition(b";")[0].replace(b".", profile.dot.encode())))
            # Kinds may have a path in common, of which the one that was sent is meant.
            for kind, statistic, path in sorted(profile.all_paths(one), key=lambda found: found[0] not in wanted):
                self._add((_with_tags_sorted(path), one, kind if kind in wanted else "", statistic))

    def _add(self, place: _Place) -> None:
        key = tail(place[0], self._token)
        places = self._exact.setdefault(key, [])
        for path, other, kind, _ in places:
            if path == place[0] and other != place[1] and kind and place[2]:
                self.shared |= {other, place[1]}
        places.append(place)
        self._folded.setdefault(_fold(key), []).append(place)

    def place(self, line: GraphiteLine) -> _Place | None:
        """Return the place of a line; where letters are folded or a hyphen is replaced, that of the one such series."""
        path = _with_tags_sorted(line.path)
        key = tail(path, self._token)
        for place in self._exact.get(key, ()):
            if same_path(place[0], path):
                return place
        folded = [one for one in self._folded.get(_fold(key), ()) if same_path(_fold(one[0]), _fold(path))]
        return folded[0] if len({one[1] for one in folded}) == 1 else None

    def is_of_a_timer(self, line: GraphiteLine) -> bool:
        """Tell whether a line may be a statistic of a timer that the profile does not name."""
        key = _fold(tail(line.path, self._token))
        return any(key[:end] in self._spelled for end in range(len(self._token), len(key)))


def _with_tags_sorted(path: bytes) -> bytes:
    if b";" not in path:
        return path
    name, *tags = path.split(b";")
    return b";".join([name, *sorted(tags)])


def _fold(path: bytes) -> bytes:
    return path.lower().replace(b"-", b"_")


@dataclass(slots=True)
class _Window:
    """One window of a replay that is read into what was published."""

    found: Published
    number: int
    windows: int
    flushed: Flushed
    index: _Index
    rates: dict[bytes, float] = field(default_factory=dict)

    def take(self) -> None:
        """Read the lines of the window."""
        for line in self.flushed.own:
            place = self.index.place(line)
            if place is None:
                if not self.index.is_of_a_timer(line):
                    self.found.strays.add(line.path)
            elif line.number is not None and place[2]:
                path, series, kind, statistic = place
                self._add(kind, statistic, series, line.number)
                if not same_path(path, _with_tags_sorted(line.path)):
                    self.found.renamed[series] = line.path
        for series, rate in self.rates.items():
            count = counted_of_rates(rate * self.flushed.interval)
            self.found.counters[series] = self.found.counters.get(series, 0.0) + count

    def _add(self, kind: str, statistic: str, series: bytes, number: float) -> None:
        if kind == "counter":
            self.found.counters[series] = self.found.counters.get(series, 0.0) + number
        elif kind == "rate":
            self.rates[series] = self.rates.get(series, 0.0) + number
        elif kind == "gauge":
            self.found.gauges[series] = number
        elif kind == "set" and number:
            self._parts(self.found.sets, series).append(number)
        elif kind == "timer":
            self._add_time(self._parts(self.found.timers, series), statistic, number)

    def _add_time(self, parts: list[dict[str, float]], statistic: str, number: float) -> None:
        """Add a statistic of a timer; what comes again is of the next flush."""
        if not parts or statistic in parts[-1]:
            parts.append({})
        parts[-1][statistic] = number * self.flushed.unit_of(statistic)

    def _parts(self, table: "dict[bytes, list[list[T]]]", series: bytes) -> "list[T]":
        if series not in table:
            table[series] = [[] for _ in range(self.windows)]
        return table[series][self.number]
