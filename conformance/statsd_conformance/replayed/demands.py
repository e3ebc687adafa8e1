"""What may be demanded of a target for some traffic: that about which nobody argues, and SHOULD where sizes are large.

A line is plain where every server that knows its dialect reads it alike: a name of letters, digits, `_`, `-` and dots,
a whole count, a time or a level in decimals, a sample rate that divides. A series, a name with its tags, is judged
where all lines that could be about it are plain, of one type, and well-behaved. All else is compared, and only told.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from statsd_conformance.profile import Profile
from statsd_conformance.requirement import MAY, MUST, SHOULD, Level
from statsd_reference.grammar import clean_name

# SIZE-01: so many bytes MUST be read; what is longer SHOULD (SIZE-02, SIZE-03).
_LARGE: Final = 1432
# collectd keeps 127 bytes of a name, of which the prefix of a case and a word of its own have some.
_LONGEST: Final = 100
_NAME: Final = rb"(?P<name>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)"
_WHOLE: Final = rb"(?:0|[1-9][0-9]{0,8})"
_NUMBER: Final = rb"%b(?:\.[0-9]{1,6})?" % _WHOLE
_SAMPLE: Final = (
    rb"(?:(?P<c>%b)\|c|(?P<ms>%b)\|(?P<timed>ms|h|d)|(?P<g>[+-]?%b)\|g|(?P<s>[A-Za-z0-9_-]{1,40})\|s)"
    rb"(?:\|@(?P<rate>1(?:\.0+)?|0\.[0-9]{0,5}[1-9]))?" % (_WHOLE, _NUMBER, _NUMBER)
)
_KEY: Final = rb"[A-Za-z][A-Za-z0-9_]*"
_VALUE: Final = rb"[A-Za-z0-9_.-]+"


def _tags(sign: bytes) -> bytes:
    pair = _KEY + sign + _VALUE
    return rb"(?P<tags>%b(?:,%b)*)" % (pair, pair)


_LINES: Final[Mapping[str, "re.Pattern[bytes]"]] = {
    "etsy": re.compile(rb"%b(?P<tags>):%b\Z" % (_NAME, _SAMPLE)),
    "dogstatsd": re.compile(rb"%b:%b(?:\|#%b)?\Z" % (_NAME, _SAMPLE, _tags(b":"))),
    "influx": re.compile(rb"%b(?:,%b)?:%b\Z" % (_NAME, _tags(b"="), _SAMPLE)),
    "signalfx": re.compile(rb"%b(?:\[%b\])?:%b\Z" % (_NAME, _tags(b"="), _SAMPLE)),
}
# DogStatsD: events and service checks, which come to no series.
_NAMELESS: Final = (b"_e{", b"_sc|")
# What ends a name in somebody's reading of a line, or is a part of it that is cleaned; and how many are looked at.
_MARK: Final = re.compile(rb"[^A-Za-z0-9_.-]|\Z")
_MARKS: Final = 20


@dataclass(slots=True)
class _Series:
    """What the plain lines of one series have shown so far; `level` is what a gauge stands at."""

    type: str
    level: float | None = None
    orderly: bool = True
    sampled: bool = False
    signed: bool = False
    large: bool = False


@dataclass(frozen=True, slots=True)
class Demands:
    """What is demanded of some traffic.

    `levels` has the series that are judged, as the model spells them (`name;k=v`), and how strictly; `sampled` are the
    timers with a sample rate, of which the original scales only the count; `plain` says that there is no line which
    anybody may read in another way, so that nothing but these series may come of it. `lines` counts those that are not
    blank, and `odd` those of them that are not plain.
    """

    levels: Mapping[bytes, Level]
    sampled: frozenset[bytes]
    plain: bool
    lines: int
    odd: int

    def level(self, series: bytes, statistic: str = "") -> Level:
        """Return how strictly a series is judged, or a statistic of it; MAY where it is only compared."""
        disputed = statistic and (
            statistic not in _UNDISPUTED or (series in self.sampled and statistic not in _OF_SAMPLES)
        )
        return MAY if disputed else self.levels.get(series, MAY)


# Of percentiles and deviations each aggregator has its own idea, and of sums and means where times are sampled.
_UNDISPUTED: Final = ("count", "lower", "upper", "mean", "sum")
_OF_SAMPLES: Final = ("count", "lower", "upper")


def demands_of(datagrams: Iterable[bytes], dialect: str, profile: Profile) -> Demands:
    """Return what is demanded of a target with that profile for the datagrams, read in a dialect."""
    reading = _Reading(dialect, profile)
    for datagram in datagrams:
        reading.take(datagram)
    return reading.demands()


@dataclass(slots=True)
class _Reading:
    """Datagrams read so far."""

    dialect: str
    profile: Profile
    series: dict[bytes, _Series] = field(default_factory=dict)
    types: dict[bytes, set[str]] = field(default_factory=dict)
    named: dict[bytes, list[bytes]] = field(default_factory=dict)
    odd: "Counter[bytes]" = field(default_factory=Counter)
    lines: int = 0

    def take(self, datagram: bytes) -> None:
        """Read one datagram."""
        large, form = len(datagram) > _LARGE, _LINES[self.dialect]
        for line in datagram.split(b"\n"):
            if not line:
                continue
            self.lines += 1
            if (match := form.match(line)) and self._is_read(match):
                self._add(match, large)
            elif not (self.dialect == "dogstatsd" and line.startswith(_NAMELESS)):
                self.odd[line] += 1

    def _is_read(self, match: "re.Match[bytes]") -> bool:
        """Tell whether a line that is spelled plainly has a type that the target claims, and a name of usual size."""
        timed = match["timed"] or b"ms"
        claimed = timed == b"ms" or self._has(timed.decode())
        keys = [pair.partition(b":")[0].partition(b"=")[0] for pair in (match["tags"] or b"").split(b",")]
        return claimed and len(match["name"]) <= _LONGEST and len(set(keys)) == len(keys)

    def _has(self, type: str) -> bool:
        """Tell whether a target claims a type that has no unit; one that publishes seconds may take it for them."""
        return type in (*self.profile.extensions, *self.profile.types) and self.profile.timer_unit_ms == 1

    def _add(self, match: "re.Match[bytes]", large: bool) -> None:
        kind, name = _kind(match), match["name"]
        key = _series(name, match["tags"] or b"")
        self.types.setdefault(name, set()).add(kind)
        if (series := self.series.get(key)) is None:
            series = self.series[key] = _Series(kind)
            self.named.setdefault(name, []).append(key)
        series.large |= large
        rate = float(match["rate"] or 1)
        series.sampled |= rate != 1
        series.orderly &= _divides(kind, match[kind], rate)
        if kind == "g":
            series.orderly &= self._follows(series, match["g"])

    def _follows(self, series: _Series, text: bytes) -> bool:
        """Tell whether a level is one that every server sets alike: none below zero, and none without one before."""
        value, signed = float(text), text[:1] in b"+-"
        series.signed |= signed
        if signed and (self.dialect == "dogstatsd" or series.level is None):
            # A sign is part of the number in DogStatsD.
            return False
        series.level = value + (series.level or 0.0 if signed else 0.0)
        return series.level >= 0

    def demands(self) -> Demands:
        """Return what is demanded for what was read."""
        doubted = {name for line in self.odd for name in _may_be_about(line, self.named)}
        forgetful = {"deleteGauges", "deleteIdleStats"} & set(self.profile.extensions)
        levels = {}
        for name, keys in self.named.items():
            if name in doubted or len(self.types[name]) > 1:
                continue
            for key in keys:
                series = self.series[key]
                if series.orderly and not (series.signed and forgetful):
                    levels[key] = SHOULD if series.large else MUST
        sampled = frozenset(key for key, series in self.series.items() if series.type == "ms" and series.sampled)
        return Demands(levels, sampled, not self.odd, self.lines, self.odd.total())


_KINDS: Final = ("c", "ms", "g", "s")


def _kind(match: "re.Match[bytes]") -> str:
    return next(kind for kind in _KINDS if match[kind] is not None)


def _series(name: bytes, tags: bytes) -> bytes:
    """Return a series as the model spells it: its tags sorted, with `=`."""
    if not tags:
        return name
    return b";".join([name, *sorted(pair.replace(b":", b"=", 1) for pair in tags.split(b","))])


def _divides(kind: str, value: bytes, rate: float) -> bool:
    """Tell whether a sample stands for a whole number of others; of gauges and sets a rate is disputed."""
    if rate == 1:
        return True
    times = round(1 / rate)
    if kind == "c":
        return float(value) / rate == int(value) * times
    return kind == "ms" and abs(1 / rate - times) < 1e-9


def _may_be_about(line: bytes, names: Mapping[bytes, Sequence[bytes]]) -> Iterator[bytes]:
    """Yield the names of which a line may be in somebody's reading: what stands before a mark, as it is or cleaned."""
    for mark in islice(_MARK.finditer(line), _MARKS):
        before = line[: mark.start()]
        for text in (before, clean_name(before), _MARK.sub(b"_", before)):
            if text in names:
                yield text


def about(line: bytes, name: bytes) -> bool:
    """Tell whether a line is spelled as one of a name, whatever its tags."""
    return line.startswith(name) and _MARK.match(line, len(name)) is not None
