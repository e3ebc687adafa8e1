"""What holds between two ways of sending the same lines, whatever the lines are: so odd ones are judged, too.

A scenario with the name of a relation among its features goes along once more, in another way and under another token;
both have to come to the same.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from math import isclose, isfinite
from typing import Final

from statsd_conformance.graphite import GraphiteLine
from statsd_conformance.profile import Profile
from statsd_fuzz.comparing import TOLERANCE, shown
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.readable import is_beyond_range
from statsd_fuzz.wire.scenario import Intervals, Scenario

# Some divide by the time that passed, and it is not the same for two series of one flush.
_OF_RATES: Final = 0.02
# By path, a token left out, the numbers that are not 0.
Numbers = Mapping[bytes, Sequence[float]]

APART: Final = "apart-as-together"
BACKWARDS: Final = "order-of-counters"
TWICE: Final = "twice-is-two-times"
ALONE: Final = "first-as-alone"
TAGS_BACKWARDS: Final = "order-of-tags"
RATE_LAST: Final = "rate-behind-tags"
# What each datagram goes through, for an odd scenario or one of counters alone.
OF_ANY: Final = (APART,)
OF_COUNTERS: Final = (APART, BACKWARDS, TWICE)
# And by requirement, for one with tags where the target reads those of DogStatsD.
OF_TAGGED: Final = {"TAG-05": TAGS_BACKWARDS, "TAG-03": RATE_LAST}
# Names that nobody spells otherwise, in either case of letters.
_NAME: Final = re.compile(rb"[a-z0-9]+(?:\.[a-z0-9]+)*")
# Behind a type, or the rate behind that, to the end of the line.
_TAGS: Final = re.compile(rb"\|#([a-z]+:[a-z0-9]+(?:,[a-z]+:[a-z0-9]+)+)$", re.MULTILINE)
_RATE_FIRST: Final = re.compile(rb"(\|@0\.[0-9]+)(\|#[a-z:0-9,]+)$", re.MULTILINE)


def other_way(scenario: Scenario) -> Intervals | None:
    """Return what a scenario sends in the other way of its relation; None where there is none."""
    relation = _relation_of(scenario)
    if relation is None:
        return None
    changed = tuple(_CHANGES[relation](some) for some in scenario.intervals)
    return changed if changed != scenario.intervals else None


def _relation_of(scenario: Scenario) -> str | None:
    """Return the relation that a scenario is tried by: the first among its features; a mutated one has several."""
    of_it = [relation for relation in _CHANGES if relation in scenario.features]
    return next((relation for relation in of_it if _HOLDS.get(relation, _always)(scenario)), None)


def _always(scenario: Scenario) -> bool:
    return True


def _is_summed(scenario: Scenario) -> bool:
    """Tell whether sums are all that a scenario comes to; where one is beyond range each target has its own idea."""
    return are_counters(scenario) and not is_beyond_range(scenario)


def _has_first_name_once(scenario: Scenario) -> bool:
    """Tell whether all lines count names that nobody takes for the first one's, in a single interval."""
    names = [line.partition(b":")[0] for some in scenario.intervals for one in some for line in one.split(b"\n")]
    plain = are_counters(scenario) and len(scenario.intervals) == 1 and all(map(_NAME.fullmatch, names))
    return plain and not any(one.startswith(names[0]) or names[0].startswith(one) for one in names[1:])


def are_counters(scenario: Scenario) -> bool:
    """Tell whether every line of a scenario ends as a counter's does."""
    lines = [line for some in scenario.intervals for one in some for line in one.split(b"\n") if line]
    return all(line.count(b"|") == 1 and line.endswith(b"|c") for line in lines)


def unlike(
    scenario: Scenario, one: Numbers, other: Numbers, is_rate: Callable[[bytes], bool] = lambda path: False
) -> Fault | None:
    """Return what is wrong where a scenario came to other numbers in the other way; rates are not so exact."""
    relation = _relation_of(scenario)
    if relation is None:
        return None
    times = 2 if relation == TWICE else 1
    for path in sorted(other if relation == ALONE else {*one, *other}):
        wanted, got = [times * number for number in one.get(path, ())], list(other.get(path, ()))
        near = _OF_RATES if is_rate(path) else TOLERANCE
        if len(wanted) != len(got) or not all(_is_close(a, b, near) for a, b in zip(wanted, got, strict=True)):
            name, words = _TOLD[relation]
            return Fault(name, f"{shown(path)} is {_some(got)} {words}, and {_some(one.get(path, ()))} as they are")
    return None


def numbers_of(lines: Sequence[GraphiteLine], token: bytes) -> dict[bytes, list[float]]:
    """Return the numbers of lines that carry a token by path, in the order received.

    One that stays the same stands once: a flush more than the other way has may repeat it.
    """
    found: dict[bytes, list[float]] = {}
    for line in lines:
        numbers = found.setdefault(line.path.replace(token, b"*"), []) if line.number else []
        if line.number and line.number not in numbers[-1:]:
            numbers.append(line.number)
    return found


def rates_of(profile: Profile) -> Callable[[bytes], bool]:
    """Return what tells whether a path, its token left out, is that of a rate, and of nothing else."""
    patterns = {kind: _pattern(template) for kind, template in profile.paths.items()}
    return lambda path: [kind for kind, pattern in patterns.items() if pattern.match(path)] == ["rate"]


def _pattern(template: str) -> "re.Pattern[bytes]":
    spelled = re.sub(r"^\\\*|\\\{[a-z]+\\\}", ".*", re.escape(template))
    return re.compile(spelled.encode() + rb"\Z", re.DOTALL)


def _is_close(wanted: float, got: float, near: float) -> bool:
    # What is not finite is not like itself.
    return isclose(wanted, got, rel_tol=near) or not (isfinite(wanted) or isfinite(got))


def _some(numbers: Sequence[float]) -> str:
    return " then ".join(f"{number:g}" for number in numbers[:3]) or "nothing"


def _apart(datagrams: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(line for one in datagrams for line in one.split(b"\n") if line)


def _backwards(datagrams: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(b"\n".join(reversed(one.split(b"\n"))) for one in reversed(datagrams))


def _twice(datagrams: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(one for one in datagrams for _ in range(2))


def _first(datagrams: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(one.partition(b"\n")[0] for one in datagrams[:1])


def _tags_backwards(datagrams: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(_TAGS.sub(_backwards_if_distinct, one) for one in datagrams)


def _backwards_if_distinct(match: "re.Match[bytes]") -> bytes:
    tags = match[1].split(b",")
    keys = {tag.partition(b":")[0] for tag in tags}
    # Of two with one key nobody says which counts.
    return match[0] if len(keys) < len(tags) else b"|#" + b",".join(reversed(tags))


def _rate_last(datagrams: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(_RATE_FIRST.sub(rb"\2\1", one) for one in datagrams)


_CHANGES: Final[Mapping[str, Callable[[Sequence[bytes]], tuple[bytes, ...]]]] = {
    APART: _apart,
    BACKWARDS: _backwards,
    TWICE: _twice,
    ALONE: _first,
    TAGS_BACKWARDS: _tags_backwards,
    RATE_LAST: _rate_last,
}
# Of which scenarios a relation holds, where that is not all.
_HOLDS: Final[Mapping[str, Callable[[Scenario], bool]]] = {
    BACKWARDS: _is_summed,
    TWICE: _is_summed,
    ALONE: _has_first_name_once,
}
_TOLD: Final[Mapping[str, tuple[str, str]]] = {
    APART: ("apart-differs-from-together", "of lines in datagrams of their own"),
    BACKWARDS: ("order-of-counters-matters", "of the lines in reverse"),
    TWICE: ("twice-is-not-two-times", "of each datagram sent twice"),
    ALONE: ("names-collide", "of the first line alone"),
    TAGS_BACKWARDS: ("order-of-tags-matters", "of the tags in reverse"),
    RATE_LAST: ("rate-behind-tags-differs", "of the rates behind the tags"),
}
