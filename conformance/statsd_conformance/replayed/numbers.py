"""The numbers of a replay, side by side: what the model makes of each series, what was published, whether they agree.

A flush of the target may fall into a window, which then comes out in parts. Counts and sums of times add up, bounds are
the least and the greatest, and a gauge is its last value, wherever flushes fall. What cannot be put together from parts
is only held between bounds then: a set has as many members as its largest part at least, and as all together at most.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isclose, isnan
from typing import Final, NamedTuple, TypeVar

from statsd_conformance.profile import Profile
from statsd_conformance.properties import TOLERANCE
from statsd_conformance.replayed.modelled import Modelled, Statistics
from statsd_conformance.replayed.published import Published

# What a timer has by second says nothing that its count does not say.
_LEFT_OUT: Final = "count_ps"
_ADDED_UP: Final = ("count", "sum", "sum_squares")
_BOUNDS: Final[Mapping[str, Callable[[list[float]], float]]] = {"lower": min, "upper": max}
# In ms, of each time in a sum: some servers count in units of about that.
_FINEST: Final = 1e-6
T = TypeVar("T")


class Number(NamedTuple):
    """One number of a series: `kind` and `statistic` as a profile calls them; None for what is not there."""

    series: bytes
    kind: str
    statistic: str
    model: float
    published: float | None
    agrees: bool


def numbers_of(model: Modelled, found: Published, profile: Profile, unread: "Counter[str]") -> Iterator[Number]:
    """Yield every number that can be compared; `unread` counts the series of which none can be, by reason."""
    read = _Read(profile, found.shared, unread)
    for series, count in read.those(model.counters, "c", "counter", "rate").items():
        yield _plain(series, "counter", count, found.counters.get(series))
    for series, level in read.those(model.gauges, "g", "gauge").items():
        yield _plain(series, "gauge", level, found.gauges.get(series))
    for series, members in read.those(model.sets, "s", "set").items():
        yield _members(series, members, found.sets.get(series))
    for series, windows in read.those(model.timers, "ms", "timer").items():
        yield from _times(series, windows, found.timers.get(series), profile)


class _Read(NamedTuple):
    """What a target reads and publishes by its profile."""

    profile: Profile
    shared: set[bytes]
    unread: "Counter[str]"

    def those(self, series: Mapping[bytes, T], type: str, *kinds: str) -> dict[bytes, T]:
        """Return the series of a type that can be seen, and count the others."""
        if type not in self.profile.types or not set(kinds) & set(self.profile.paths):
            self.unread[f"of type {type}, which the profile {self.profile.name!r} does not have"] += len(series)
            return {}
        seen = {one: value for one, value in series.items() if one not in self.shared}
        self.unread["with a path that others have, too"] += len(series) - len(seen)
        return seen


def _plain(series: bytes, kind: str, model: float, published: float | None) -> Number:
    # Not every server publishes a counter that was increased by 0.
    unseen = kind == "counter" and not model and published is None
    return Number(series, kind, "", model, published, unseen or _alike(model, published))


def _alike(model: float, published: float | None, slack: float = _FINEST) -> bool:
    return published is not None and isclose(model, published, rel_tol=TOLERANCE, abs_tol=slack)


def _members(series: bytes, windows: Sequence[int | None], parts: Sequence[Sequence[float]] | None) -> Number:
    """Return the members of a set, summed over the windows; one that agrees counts as the model says."""
    wanted = [one or 0 for one in windows]
    if parts is None:
        return Number(series, "set", "", sum(wanted), None, not any(wanted))
    agree = [_between(one, part) for one, part in zip(wanted, parts, strict=True)]
    came = [one if fits else sum(part) for one, part, fits in zip(wanted, parts, agree, strict=True)]
    return Number(series, "set", "", sum(wanted), float(sum(came)), all(agree))


def _between(wanted: float, parts: Sequence[float]) -> bool:
    """Tell whether a set of so many members may have come out in such parts."""
    if not parts:
        return not wanted
    return max(parts) <= wanted <= sum(parts)


def _times(
    series: bytes, windows: Sequence[Statistics | None], parts: Sequence[Sequence[Statistics]] | None, profile: Profile
) -> Iterator[Number]:
    modelled = [one for one in windows if one is not None]
    came = [_busy(part) for part in parts or [()] * len(windows)]
    every = [one for part in came for one in part]
    times = sum(one["count"] for one in modelled)
    for name in modelled[0]:
        if name == _LEFT_OUT or name not in profile.statistics:
            continue
        combine = sum if name in _ADDED_UP else _BOUNDS.get(name)
        if combine:
            wanted = combine([one[name] for one in modelled])
            published = _finite(every, name)
            got = combine(published) if published else None
            yield Number(series, "timer", name, wanted, got, _alike(wanted, got, _FINEST * max(times, 1)))
        else:
            yield _by_window(series, name, windows, came)


def _by_window(
    series: bytes, name: str, windows: Sequence[Statistics | None], came: Sequence[Sequence[Statistics]]
) -> Number:
    """Return a statistic in the first window in which it differs, or in the last one; in parts it lies between them."""
    number: Number | None = None
    for wanted, parts in zip(windows, came, strict=True):
        if wanted is None or name not in wanted:
            continue
        got, model = _finite(parts, name), wanted[name]
        agrees = bool(got) and (len(got) > 1 or _alike(model, got[0]))
        number = Number(series, "timer", name, model, got[0] if got else None, agrees)
        if not agrees:
            break
    assert number is not None
    return number


def _finite(parts: Sequence[Statistics], name: str) -> list[float]:
    return [one[name] for one in parts if name in one and not isnan(one[name])]


def _busy(parts: Sequence[Statistics]) -> Sequence[Statistics]:
    """Return the flushes that are not idle, in which all is 0 or `nan`; all of them where none is busy."""
    busy = [one for one in parts if any(number and not isnan(number) for number in one.values())]
    return busy or parts[:1]
