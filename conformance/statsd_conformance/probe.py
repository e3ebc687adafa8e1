"""How a target spells its output, found by sending canaries: samples whose values tell which statistic is which.

A canary's name leads to the lines that carry it; the words around it, and where they say nothing its value, tell what
each line is. Only spelling is read off. Where a name is known its value is not believed, so that a server which counts
wrongly does not get a profile under which that is right.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import isnan
from operator import and_
from typing import Final

from statsd_conformance.dialects import EVENT, lines_of, with_dialects
from statsd_conformance.graphite import GraphiteLine, Snapshot
from statsd_conformance.habits import SINCE_START, SIZES, again, cleaned, filled, idle, largest, odd_names, running
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.profile import KINDS, OWN_COUNTERS, Profile
from statsd_conformance.statement import Statement
from statsd_conformance.wire import Wire

# Under this profile a target is listened to while nothing is known: silence ends a flush, and no flush is atomic.
UNKNOWN: Final = Profile("probed", {}, end="silence", silence=0.25, rounds=2, lag=2.5)
TIMES_MS: Final = (10, 20, 30, 40, 50, 60, 70, 80, 90, 570)
COUNT: Final = 17
GAUGE: Final = 23
MEMBERS: Final = 3
LEAVES: Final = {"counter": b"canaryc", "gauge": b"canaryg", "set": b"canarys", "timer": b"canaryt"}
TYPES: Final = {"counter": "c", "gauge": "g", "set": "s", "timer": "ms"}
# What TIMES_MS make, by the original's names; std is the original's, of a population.
EXPECTED: Final = {
    "count": 10.0, "lower": 10.0, "upper": 570.0, "sum": 1020.0, "mean": 102.0, "median": 55.0,
    "sum_squares": 353400.0, "std": 157.9113675461247,
    "count_90": 9.0, "mean_90": 50.0, "upper_90": 90.0, "sum_90": 450.0, "sum_squares_90": 28500.0,
}  # fmt: skip
WORDS: Final = {
    "count": ("count", "counter", "events", "samples"),
    "count_ps": ("count_ps", "rate", "per_second", "sample_rate"),
    "lower": ("lower", "min", "minimum"),
    "upper": ("upper", "max", "maximum"),
    "mean": ("mean", "average", "avg"),
    "median": ("median", "quantile_0_5"),
    "std": ("std", "stddev", "stdev", "stdv"),
    "sum": ("sum", "total"),
    "sum_squares": ("sum_squares", "sum_sq"),
    "upper_90": ("upper_90", "percentile_90", "p90", "90percentile", "percentile90", "90_percentile", "quantile_0_9"),
    "count_90": ("count_90",),
    "mean_90": ("mean_90",),
    "sum_90": ("sum_90",),
    "sum_squares_90": ("sum_squares_90",),
}
_STATISTIC: Final = {word: statistic for statistic, words in WORDS.items() for word in words}
_MEASURED_MS: Final = ("lower", "upper", "sum", "mean", "median")
# Seconds by which an interval that was measured may be wrong.
_MEASURED: Final = 0.2
_RATE: Final = re.compile(rb"rate|derive|per_?sec|_ps\b")
_COUNT: Final = re.compile(rb"count(?!er)")


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe found: the profile, and a statement for each entry."""

    profile: Profile
    interval: float
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A line that carries a canary, cut at the canary's name: what stands before, between its parts, and behind."""

    before: bytes
    dot: bytes
    after: bytes
    number: float | None

    @property
    def template(self) -> str:
        return (self.before + b"{bucket}" + self.after).decode("utf-8", "replace")


def canaries(own: bytes) -> list[bytes]:
    """Return the canaries' datagram lines for the prefix `own`: one of each type, ten timings, three members."""
    lines = [b"%b.%b:%d|c" % (own, LEAVES["counter"], COUNT), b"%b.%b:%d|g" % (own, LEAVES["gauge"], GAUGE)]
    lines += [b"%b.%b:m%d|s" % (own, LEAVES["set"], number) for number in range(MEMBERS)]
    lines += [b"%b.%b:%d|ms" % (own, LEAVES["timer"], time) for time in TIMES_MS]
    return lines


def read_canaries(own: bytes, lines: Iterable[GraphiteLine], interval: float) -> Probed:
    """Return what the lines of the first flushes after `canaries(own)` tell of the target's spelling.

    `interval` is in seconds. A kind whose canary did not come back is not in the profile.
    """
    lines = list(lines)
    seen = {kind: _cut(own, leaf, lines) for kind, leaf in LEAVES.items()}
    paths: dict[str, str] = {}
    statements = _counters(seen["counter"], interval, paths)
    for kind, value in (("gauge", GAUGE), ("set", MEMBERS)):
        statements.append(_single(kind, seen[kind], value, paths))
    statistics, unit = _timer(seen["timer"], paths, statements)
    types = tuple(TYPES[kind] for kind in LEAVES if seen[kind])
    dot, certain = _dot(seen)
    statements.append(Statement("types", " ".join(types) or "none", bool(types), "these canaries came back"))
    statements.append(Statement("dot", dot, certain, "what stands for the dot of a name"))
    counters = {name: path for name in OWN_COUNTERS if (path := _own_path(name, paths, lines))}
    errors = counters.get("bad_lines_seen", "")
    statements.append(Statement("errors", errors or "none", True, "the original's name for rejected lines"))
    names = f"of the original's names {', '.join(OWN_COUNTERS)}"
    statements.append(Statement("own counters", " ".join(counters.values()) or "none", True, names))
    profile = Profile(
        "probed", paths, statistics, unit, types, end=UNKNOWN.end, silence=UNKNOWN.silence, rounds=UNKNOWN.rounds,
        lag=UNKNOWN.lag, errors=errors, own=counters, dot=dot,
    )  # fmt: skip
    return Probed(profile, interval, tuple(statements))


def _cut(own: bytes, leaf: bytes, lines: Sequence[GraphiteLine]) -> list[_Seen]:
    pattern = re.compile(rb"(.*?)%b([^0-9A-Za-z]{0,2})%b(?![0-9a-z])(.*)" % (re.escape(own), leaf), re.DOTALL)
    found: dict[tuple[bytes, bytes, bytes], _Seen] = {}
    for line in lines:
        if match := pattern.fullmatch(line.path):
            before, dot, after = match.groups()
            # A first flush may be zero, and a later one idle: the largest value is the canary's.
            one = found.get((before, dot, after))
            if one is None or _size(line.number) > _size(one.number):
                found[before, dot, after] = _Seen(before, dot, after, line.number)
    return list(found.values())


def _size(number: float | None) -> float:
    """Return what a canary's line is chosen by: a number above nan, as some print for a first interval, above none."""
    return -2.0 if number is None else -1.0 if isnan(number) else number


def _counters(seen: Sequence[_Seen], interval: float, paths: dict[str, str]) -> list[Statement]:
    """Tell counts from rates: by their words, then by the value, and in the end by assumption."""
    left = list(seen)
    statements = []
    named = {
        "rate": [one for one in seen if _RATE.search(_own_words(one, seen))],
        "counter": [one for one in seen if _COUNT.search(_own_words(one, seen))],
    }
    expected = {"counter": COUNT, "rate": COUNT / interval}
    about_a_second = abs(interval - 1) <= _MEASURED
    for kind in ("counter", "rate"):
        why, candidates = "its words say so", named[kind]
        if len(candidates) != 1:
            other_kind = "rate" if kind == "counter" else "counter"
            candidates = [one for one in left if one not in named[other_kind]] or left
            close = [one for one in candidates if _near(one.number, expected[kind])]
            # What has the other's value is the other, unless both have about the same.
            rest = [one for one in candidates if about_a_second or not _near(one.number, expected[other_kind])]
            why, candidates = "its value says so", close or ([] if kind == "rate" and named["counter"] else rest)
        if not candidates:
            statements.append(Statement(kind, "not published", True, "no line left for it"))
            continue
        one = candidates[0]
        left.remove(one)
        named = {name: [other for other in ones if other is not one] for name, ones in named.items()}
        # With an interval of 1 s a count and a rate are the same number, so that a single line tells nothing.
        alike = kind == "counter" and len(seen) == 1 and _near(expected["rate"], COUNT)
        by_value = len(candidates) == 1 and _near(one.number, expected[kind]) and not alike
        sure = why == "its words say so" or by_value
        paths[kind] = one.template
        value = "" if one.number is None else f"; {COUNT} came out as {one.number:g}"
        statements.append(Statement(kind, one.template, sure, (why if sure else "assumed, nothing says so") + value))
    return statements


def _own_words(one: _Seen, seen: Sequence[_Seen]) -> bytes:
    """Return the words around a canary that its other lines have less often: a prefix of all of them tells nothing."""
    others = [_words(other) for other in seen if other is not one]
    common = Counter[bytes]()
    if others:
        common = reduce(and_, others)
    return b".".join((_words(one) - common).elements()).lower()


def _words(one: _Seen) -> Counter[bytes]:
    return Counter(re.split(rb"[.\-]", one.before + b"." + one.after))


def _single(kind: str, seen: Sequence[_Seen], value: float, paths: dict[str, str]) -> Statement:
    if not seen:
        return Statement(kind, "not published", True, "its canary did not come back")
    right = [one for one in seen if _near(one.number, value)]
    one = (right or list(seen))[0]
    paths[kind] = one.template
    if len(seen) == 1 or len(right) == 1:
        return Statement(kind, one.template, True, "the canary's only line" if len(seen) == 1 else "its value says so")
    return Statement(kind, one.template, False, f"assumed, the first of {len(seen)} lines that may be it")


def _timer(seen: Sequence[_Seen], paths: dict[str, str], statements: list[Statement]) -> tuple[dict[str, str], float]:
    """Return the statistics and the unit, and put the path of timers into `paths`."""
    if not seen:
        statements.append(Statement("timer", "not published", True, "its canary did not come back"))
        return {}, 1.0
    # collectd publishes the number of timings as a gauge, beside the statistics and not among them.
    before, size = Counter(one.before for one in seen).most_common(1)[0]
    if size > 1:
        seen = [one for one in seen if one.before == before]
    head, tail, middles = _around([one.before for one in seen], [one.after for one in seen])
    paths["timer"] = (head + b"{bucket}" + tail).decode("utf-8", "replace").replace("\0", "{statistic}")
    statements.append(Statement("timer", paths["timer"], len(seen) > 1, "what all lines of the canary share"))
    numbers = {_decoded(middle): one.number for middle, one in zip(middles, seen, strict=True)}
    named = {spelling: statistic for spelling in numbers if (statistic := _statistic(spelling))}
    unit, certain = _unit({statistic: numbers[spelling] for spelling, statistic in named.items()})
    statements.append(Statement("timer_unit_ms", f"{unit:g}", certain, "from sum, mean, lower, upper and median"))
    by_value: dict[str, str] = {}
    for spelling, number in numbers.items():
        fits = [name for name, value in EXPECTED.items() if _near(number, value / (unit if _is_time(name) else 1))]
        # The 95th percentile of so few times is their 90th, too: of those only names tell.
        fits = [name for name in fits if not name.endswith("_90") and name not in {*named.values(), *by_value.values()}]
        if spelling not in named and len(fits) == 1:
            by_value[spelling] = fits[0]
    statistics = {}
    for spelling, statistic in (named | by_value).items():
        if statistic not in statistics:
            statistics[statistic] = spelling
            how = "its name says so" if spelling in named else "only its value says so"
            statements.append(Statement(f"statistic {statistic}", spelling, spelling in named, how))
    unknown = sorted(set(numbers) - set(named) - set(by_value))
    if unknown:
        statements.append(
            Statement("other statistics", " ".join(unknown), False, "left out: neither name nor value is known")
        )
    return statistics, unit


def _around(befores: Sequence[bytes], afters: Sequence[bytes]) -> tuple[bytes, bytes, list[bytes]]:
    """Return what timers have before and behind a name, a NUL where the statistic stands, and what stands there."""
    if len(set(befores)) > 1:
        start, end = _common(befores), _common([one[::-1] for one in befores])[::-1]
        longest = min(map(len, befores)) - len(start)
        end = end[-longest:] if longest and len(end) > longest else end if longest else b""
        return start + b"\0" + end, afters[0], [one[len(start) : len(one) - len(end)] for one in befores]
    # Cut at a separator: `upper` and `upper_90` share more than that.
    if len(afters) == 1:
        start = afters[0][: len(afters[0]) - len(afters[0].lstrip(b".-_"))]
        return befores[0], start + b"\0", [afters[0][len(start) :]]
    start = _common(afters)
    start = start[: max(start.rfind(mark) for mark in (b".", b"-", b"_")) + 1]
    rests = [one[len(start) :] for one in afters]
    end = _common([one[::-1] for one in rests])[::-1]
    cut = min((place for mark in (b".", b"-") if (place := end.find(mark)) >= 0), default=len(end))
    end = end[cut:]
    return befores[0], start + b"\0" + end, [one[: len(one) - len(end)] for one in rests]


def _common(texts: Sequence[bytes]) -> bytes:
    first, last = min(texts), max(texts)
    for place, (one, other) in enumerate(zip(first, last, strict=False)):
        if one != other:
            return first[:place]
    return first


def _statistic(spelling: str) -> str | None:
    return _STATISTIC.get(re.sub(r"[^0-9a-z]+", "_", spelling.lower()).strip("_"))


def _unit(numbers: Mapping[str, float | None]) -> tuple[float, bool]:
    """Return how many ms one published unit is: 1 or 1000, what most of the statistics say; and whether any says so."""
    votes = {
        unit: sum(_near(number, EXPECTED[name] / unit) for name, number in numbers.items() if name in _MEASURED_MS)
        for unit in (1.0, 1000.0)
    }
    return (1000.0 if votes[1000.0] > votes[1.0] else 1.0), votes[1.0] != votes[1000.0]


def _is_time(statistic: str) -> bool:
    return not statistic.startswith(("count", "sum_squares"))


def _near(number: float | None, value: float) -> bool:
    return number is not None and abs(number - value) <= 0.02 * value


def _dot(seen: Mapping[str, Sequence[_Seen]]) -> tuple[str, bool]:
    dots = {_decoded(one.dot) for ones in seen.values() for one in ones}
    return (dots.pop(), True) if len(dots) == 1 else (".", False)


def _own_path(name: str, paths: Mapping[str, str], lines: Sequence[GraphiteLine]) -> str:
    """Return the path of the target's own counter of that name, empty where none or none for certain is published.

    Its name is a part of one path alone, of all paths or of those that are spelled like a counter's.
    """
    found = dict.fromkeys(_decoded(line.path) for line in lines if name.encode() in line.path.split(b"."))
    before, _, behind = paths.get("counter", "").partition("{bucket}")
    counters = [path for path in found if path.startswith(before) and path.endswith(f"{name}{behind}")]
    return next((ones[0] for ones in (counters, list(found)) if len(ones) == 1), "")


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def write_profile(profile: Profile) -> str:
    """Return the profile as TOML, which `profile.read_profile` takes back."""
    entries = [
        ("name", profile.name), ("end", profile.end), ("marker", profile.marker), ("errors", profile.errors),
        ("dot", profile.dot), ("counters", profile.counters),
    ]  # fmt: skip
    numbers = [("timer_unit_ms", profile.timer_unit_ms), ("silence", profile.silence), ("rounds", profile.rounds)]
    numbers.append(("lag", profile.lag))
    lists = [("types", profile.types), ("extensions", profile.extensions)]
    text = [f"{name} = {_quoted(value)}" for name, value in entries]
    text += [f"{name} = {number!r}" for name, number in numbers]
    text += [f"{name} = [{', '.join(map(_quoted, values))}]" for name, values in lists]
    text += ["", "[paths]", *(f"{kind} = {_quoted(profile.paths[kind])}" for kind in KINDS if kind in profile.paths)]
    text += ["", "[statistics]", *(f"{name} = {_quoted(spelling)}" for name, spelling in profile.statistics.items())]
    text += ["", "[own]", *(f"{name} = {_quoted(path)}" for name, path in profile.own.items())] if profile.own else []
    return "\n".join(text) + "\n"


def _quoted(text: str) -> str:
    escaped = "".join(
        f"\\u{ord(one):04x}" if ord(one) < 32 or ord(one) == 127 else "\\" + one if one in '"\\' else one
        for one in text
    )
    return f'"{escaped}"'


async def probe(wire: Wire) -> Probed:
    """Send canaries over the wire, which is listened to under UNKNOWN, and return what came back; two or three flushes.

    What shows how names are spelled comes first, what is read by that spelling in a second round, during which the
    canaries of the first are idle.

    Raises:
        NoAnswer, Crashed: no flush with a canary came back.
    """
    target = OverTheWire(wire)
    own = target.token
    for line in (*canaries(own), again(own), EVENT):
        target.send(line + b"\n")
    first = await target.flush()
    found = read_canaries(own, _lines(first.snapshots), wire.interval)
    if not {"counter", "rate"} & set(found.profile.paths):
        return found
    for line in (again(own), *odd_names(own), *lines_of(own)):
        target.send(line + b"\n")
    sized = wire.address.scheme == "udp"
    target.send(*(filled(own, size) for size in SIZES if sized))
    second = await target.flush()
    before, after = (replace(flushed, profile=found.profile) for flushed in (first, second))
    counters = running(before, after)
    counting = replace(found.profile, counters="start") if counters.found == SINCE_START else found.profile
    profile, statements = with_dialects(counting, after, before.errors())
    habits = [counters]
    habits += [idle(kind, b"%b.%b" % (own, leaf), before, after) for kind, leaf in _habits_of(found.profile)]
    habits += [*cleaned(after), *([largest(after)] if sized else [])]
    return replace(found, profile=profile, statements=(*found.statements, *habits, *statements))


def _habits_of(profile: Profile) -> list[tuple[str, bytes]]:
    """Return the kinds that are published, counters as rates where they have no counts, each with its canary's leaf."""
    leaves = {"counter": LEAVES["counter"], "rate": LEAVES["counter"]} | LEAVES
    if "counter" in profile.paths:
        del leaves["rate"]
    return [(kind, leaf) for kind, leaf in leaves.items() if kind in profile.paths]


def use(wire: Wire, profile: Profile) -> None:
    """Let the wire and its sink go by `profile` from now on."""
    wire.profile = wire.sink.profile = profile


def _lines(snapshots: Sequence[Snapshot]) -> list[GraphiteLine]:
    return [line for snapshot in snapshots for line in snapshot.lines]
