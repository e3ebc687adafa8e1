"""What came out of a target, as a case sees it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from math import isfinite, isnan
from typing import Final

import pytest

from statsd_conformance.account import NOTHING, Account
from statsd_conformance.graphite import GraphiteLine, Snapshot
from statsd_conformance.profile import OWN_COUNTERS, Profile, same_path
from statsd_conformance.requirement import Inconclusive

# For a target that publishes nothing of what is idle.
MEANT_TO_FORGET: Final = "if it is meant to forget what is idle, its profile says deleteIdleStats"
_SHOWN: Final = 8
_CHANGES: Final = 4
# By how much, relatively, a number may be off that was rounded to six digits: half a unit of the last one in 1.00000.
# OUT-06 asks for no more of a fraction.
SIX_DIGITS: Final = 5e-6
# What counts made of rates may miss: relatively, and below the fractions that samples may have.
_CUT: Final = 1e-5
_SMALLEST: Final = 1e-3
# Statistics that are times, and so in the unit of the target.
_TIMES: Final = {"lower", "upper", "mean", "median", "std", "sum", "mean_90", "upper_90", "sum_90"}
# Statistics that of a single time are the time itself.
_TIME_ITSELF: Final = ("mean", "upper", "lower", "median", "sum")


@dataclass(frozen=True, repr=False)
class Flushed:
    """The snapshots that a case waited for.

    `token` is the case's own prefix; `own` are the lines whose path carries it. `others` returns what all but the case
    sent for these snapshots, None where that is not certain. A value that was never published is an
    AssertionError in StatsD's words, never a KeyError.
    """

    profile: Profile
    interval: float
    token: bytes
    snapshots: tuple[Snapshot, ...]
    others: Callable[[], Account | None] = lambda: NOTHING

    def __repr__(self) -> str:
        # Assertions that fail show it.
        return f"Flushed({self.summary()})"

    @property
    def lines(self) -> list[GraphiteLine]:
        """Every line of these snapshots, whoever it belongs to, in the order received."""
        return [line for snapshot in self.snapshots for line in snapshot.lines]

    @cached_property
    def own(self) -> list[GraphiteLine]:
        """The lines that carry the case's own prefix."""
        return [line for snapshot in self.snapshots for line in snapshot.lines_of(self.token)]

    def count(self, bucket: bytes) -> float:
        """Return the sum of a counter over these snapshots, from its counts or else from rates times the interval."""
        if "counter" in self.profile.paths:
            return sum(self._numbers("counter", bucket))
        return counted_of_rates(sum(rate * self.interval for rate in self._numbers("rate", bucket)))

    def counts(self, bucket: bytes) -> list[float]:
        """Return the counts published for a counter, one a snapshot, oldest first; empty when there are none."""
        kind = "counter" if "counter" in self.profile.paths else "rate"
        numbers = self._all_numbers(kind, bucket)
        return numbers if kind == "counter" else [counted_of_rates(self.interval * number) for number in numbers]

    def rates(self, bucket: bytes) -> list[float]:
        """Return the rates published for a counter, per second, oldest first."""
        return self._all_numbers("rate", bucket)

    def gauge(self, bucket: bytes) -> float:
        """Return the last value published for a gauge."""
        return self._numbers("gauge", bucket)[-1]

    def gauges(self, bucket: bytes) -> list[float]:
        """Return every value published for a gauge, oldest first; empty when there are none."""
        return self._all_numbers("gauge", bucket)

    def metered(self, bucket: bytes) -> float:
        """Return the events of a meter over these snapshots; of a counter, where meters have no path of their own."""
        if "meter" not in self.profile.paths:
            return self.count(bucket)
        return counted_of_rates(sum(rate * self.interval for rate in self._numbers("meter", bucket)))

    def occurrences(self, bucket: bytes) -> dict[bytes, float]:
        """Return how often each string of a dictionary came over these snapshots; empty when none was published."""
        stem = self.profile.path("dictionary", bucket)
        found: dict[bytes, float] = {}
        for line in self.own:
            head, _, word = line.path.rpartition(b".")
            if stem is not None and line.number is not None and same_path(stem, head):
                found[word] = found.get(word, 0.0) + line.number * self.interval
        return {word: counted_of_rates(number) for word, number in found.items()}

    def members(self, bucket: bytes) -> float:
        """Return the number of distinct members published for a set, summed over these snapshots."""
        return sum(self._numbers("set", bucket))

    def timer(self, bucket: bytes, statistic: str) -> float:
        """Return the last value of a timer's statistic, by the original's name for it; times in ms.

        The `nan` or 0 that some print for an idle interval is passed over, where there is anything else.
        """
        busy = [one[statistic] for one in self.timers(bucket) if statistic in one and any(map(_busy, one.values()))]
        numbers = busy or self._numbers("timer", bucket, statistic)
        return numbers[-1] * self.unit_of(statistic)

    def timers(self, bucket: bytes) -> list[dict[str, float]]:
        """Return the statistics of a timer as they were written, a flush each, oldest first.

        What comes again is of the next flush: a suite that had to wait for its turn may have read two as one snapshot,
        or one as two.
        """
        published = sorted(
            (self._places[id(line)], name, line.number)
            for name in self.profile.statistics
            for line in self.lines_for("timer", bucket, name)
            if line.number is not None
        )
        flushes: list[dict[str, float]] = [{}]
        for _, name, number in published:
            if name in flushes[-1]:
                flushes.append({})
            flushes[-1][name] = number
        return flushes

    def time(self, bucket: bytes) -> float:
        """Return the one time that a timer got, in ms, from whichever statistic is the time itself then."""
        published = [name for name in _TIME_ITSELF if name in self.profile.statistics]
        return self.timer(bucket, (published or _TIME_ITSELF)[0])

    def unit_of(self, statistic: str) -> float:
        """Return what one unit of a timer's statistic is: in ms for times, 1 for the others."""
        return self.profile.timer_unit_ms if statistic in _TIMES else 1.0

    def numbers(self, kind: str, bucket: bytes, statistic: str = "") -> list[float]:
        """Return every number published for a bucket, as it was written, oldest first; empty when there are none."""
        return self._all_numbers(kind, bucket, statistic)

    def texts(self, kind: str, bucket: bytes, statistic: str = "") -> list[bytes]:
        """Return the value texts published, exactly as they were written, oldest first."""
        return [line.value for line in self.lines_for(kind, bucket, statistic)]

    def kinds(self, bucket: bytes) -> set[str]:
        """Return the kinds under which a bucket was published: some of `profile.KINDS`."""
        paths = list(self.profile.all_paths(bucket))
        return {kind for line in self.own for kind, _, path in paths if same_path(path, line.path)}

    def has(self, bucket: bytes) -> bool:
        """Tell whether anything was published for a bucket."""
        return bool(self.kinds(bucket))

    def tags(self, bucket: bytes, kind: str = "counter") -> list[bytes]:
        """Return the tags that stand behind the paths of a bucket, `;` included, in the order seen; empty for none.

        The bucket with such tags behind it is a bucket to every other method.
        """
        if kind == "counter" and kind not in self.profile.paths:
            kind = "rate"
        paths = [path for published, _, path in self.profile.all_paths(bucket) if published == kind]
        behind = [tags for line in self.own for path in paths if (tags := _behind(path, line.path)) is not None]
        return list(dict.fromkeys(behind))

    def strays(self, *buckets: bytes) -> list[bytes]:
        """Return the paths that carry the case's prefix but belong to none of `buckets`: the closure check."""
        expected = [path for bucket in buckets for _, _, path in self.profile.all_paths(bucket)]
        strays = {line.path for line in self.own if not any(same_path(path, line.path) for path in expected)}
        return sorted(strays)

    def summary(self, *paths: bytes) -> str:
        """Return what was published for the case, or of it for `paths`: each path with its values, in a line.

        Values that follow one another unchanged stand once: `stats.a 3 then 0`.
        """
        values: dict[bytes, list[str]] = {}
        for line in self.own:
            if not paths or line.path in paths:
                values.setdefault(line.path, []).append(_text(line.value))
        shown = [f"{_text(path)} {_sequence(texts)}" for path, texts in sorted(values.items())[:_SHOWN]]
        more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
        return ", ".join(shown) + more or "nothing"

    def left(self) -> str:
        """Return the summary of an idle interval; of one that left nothing, also how a target says that it is to be."""
        return self.summary() if self.own else f"nothing; {MEANT_TO_FORGET}"

    def errors(self) -> float | None:
        """Return how many samples the target says it rejected in these snapshots, None where it does not say."""
        if not self.profile.errors:
            return None
        path = self.profile.errors.encode()
        return sum(line.number or 0.0 for line in self.lines if line.path == path)

    def rejected(self) -> float | None:
        """Return how many of the case's own samples the target says it rejected, None where it does not say.

        Raises:
            Inconclusive: how much others sent meanwhile is not certain.
        """
        errors = self.errors()
        return None if errors is None else errors - self.of_others().bad

    def own_count(self, name: str) -> float:
        """Return what the target counted of what the case sent, by the original's name of the target's own counter.

        Raises:
            Inconclusive: how much others sent meanwhile is not certain.
        """
        others = dict(zip(OWN_COUNTERS, self.of_others(), strict=True))
        return sum(self.own_values(name)) - others[name]

    def own_values(self, name: str) -> list[float]:
        """Return what the target published about itself under the original's name, oldest first."""
        path = self.profile.own[name].encode()
        return [line.number for line in self.lines if line.number is not None and same_path(path, line.path)]

    def of_others(self) -> Account:
        """Return how much all but the case sent for these snapshots.

        Raises:
            Inconclusive: that is not certain.
        """
        others = self.others()
        if others is None:
            raise Inconclusive("other cases sent something about the time of the flush, so whose it is cannot be told")
        return others

    def lines_for(self, kind: str, bucket: bytes, statistic: str = "") -> list[GraphiteLine]:
        """Return the lines published for a bucket, in the order received; empty when there are none."""
        path = self.profile.path(kind, bucket, statistic)
        if path is None:
            return []
        candidates = self._by_tail.get(tail(path, self.token), []) if self.token and self.token in path else self.own
        return [line for line in candidates if same_path(path, line.path)]

    @cached_property
    def _places(self) -> dict[int, int]:
        """Where each of the case's own lines stands among them."""
        return {id(line): place for place, line in enumerate(self.own)}

    @cached_property
    def _by_tail(self) -> dict[bytes, list[GraphiteLine]]:
        """The case's own lines by what stands in their paths from the prefix on: a case may have thousands."""
        found: dict[bytes, list[GraphiteLine]] = {}
        for line in self.own:
            found.setdefault(tail(line.path, self.token), []).append(line)
        return found

    def _all_numbers(self, kind: str, bucket: bytes, statistic: str = "") -> list[float]:
        return [line.number for line in self.lines_for(kind, bucket, statistic) if line.number is not None]

    def _numbers(self, kind: str, bucket: bytes, statistic: str = "") -> Sequence[float]:
        numbers = self._all_numbers(kind, bucket, statistic)
        if not numbers:
            path = self.profile.path(kind, bucket, statistic) or b"(not in the profile)"
            raise AssertionError(f"no number was published as {_text(path)}; published: {self.summary()}")
        return numbers


def counted_of_rates(product: float) -> float:
    """Return a count that was worked out of rates; a whole number where it misses one by no more than they are cut.

    netdata keeps seven digits, and divides by the time that has really passed.
    """
    if not isfinite(product):
        return product
    whole = float(round(product))
    return whole if abs(product - whole) <= min(_CUT * abs(whole), _SMALLEST) else product


def _busy(number: float) -> bool:
    """Tell whether a statistic is neither the 0 nor the `nan` of an idle interval."""
    return bool(number) and not isnan(number)


def _behind(wanted: bytes, path: bytes) -> bytes | None:
    """Return what stands in `path` behind `wanted`, whose leading `*` stands for any prefix: tags, or nothing.

    None when `path` is not `wanted` with or without tags.
    """
    before, found, behind = path.partition(wanted.removeprefix(b"*"))
    fits = found and behind[:1] in (b"", b";") and (wanted.startswith(b"*") or not before)
    return behind if fits else None


def tail(path: bytes, token: bytes) -> bytes:
    """Return `path` from the prefix of the case on, where no `*` stands; all of it when the prefix is not in it."""
    return path[max(path.find(token), 0) :]


def _sequence(texts: Sequence[str]) -> str:
    """Return values in a few words: the first, what it changed to, and that more came."""
    changes = [text for text, _ in groupby(texts)]
    return " then ".join(changes[:_CHANGES]) + (" …" if len(changes) > _CHANGES else "")


def _text(raw: bytes) -> str:
    return raw.decode("latin-1").encode("unicode_escape").decode()


def about(number: float, relative: float = 1e-9) -> object:
    """Return what equals `number` as far as doubles can tell after a few sums and products; for assertions."""
    return pytest.approx(number, rel=relative, abs=0)
