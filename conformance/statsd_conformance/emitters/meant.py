"""What an emitter means to have sent beside what came: both as an aggregator without a clock would sum them up."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from statsd_conformance.emitters.said import Said, samples_of
from statsd_conformance.emitters.sums import count, level, members
from statsd_conformance.printable import escaped
from statsd_reference import Kind

# A name, its tags and its kind: what aggregators keep apart.
Series = tuple[bytes, tuple[bytes, ...], Kind]
# Sums of sampled counters are no numbers of the machine.
_NEAR: Final = 1e-9
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """One series that did not come as it was meant; `more` where more came of it than was meant, or another level."""

    message: str
    more: bool


def gaps(meant: Iterable[bytes], came: Iterable[Said]) -> Iterator[Gap]:
    """Yield what differs of the series of the lines that were meant; of others nothing is known."""
    arrived = _by_series(came)
    for series, samples in _by_series(samples_of(meant)).items():
        if gap := _gap(series, samples, arrived.get(series, [])):
            yield gap


def _by_series(samples: Iterable[Said]) -> Mapping[Series, list[Said]]:
    found: dict[Series, list[Said]] = {}
    for one in samples:
        found.setdefault((one.name, one.tags, one.kind), []).append(one)
    return found


def _gap(series: Series, meant: list[Said], came: list[Said]) -> Gap | None:
    name, tags, kind = series
    shown = f"{escaped(name)}" + (f" with tags {escaped(b','.join(tags))}" if tags else "")
    if not came:
        return Gap(f"{shown} was to come as {_amount(kind, meant)}, and never came", more=False)
    if kind is Kind.SET:
        missing, more = members(meant) - members(came), bool(members(came) - members(meant))
        differs = bool(missing) or more
    elif kind is Kind.GAUGE:
        differs = more = level(meant) != level(came)
    elif kind is Kind.TIMER:
        extra, lacking = Counter(_times(came)), Counter(_times(meant))
        differs, more = extra != lacking, bool(extra - lacking)
    else:
        wanted, found = count(meant), count(came)
        differs = abs(wanted - found) > _NEAR * max(1.0, abs(wanted))
        more = found > wanted
    came_as = f"{shown} was to come as {_amount(kind, meant)}, and came as {_amount(kind, came)}"
    return Gap(came_as, more) if differs else None


def _times(samples: Iterable[Said]) -> list[tuple[float, float]]:
    return [(one.value, one.rate) for one in samples]


def _amount(kind: Kind, samples: list[Said]) -> str:
    if kind is Kind.SET:
        return "members " + ", ".join(sorted(map(escaped, members(samples))))
    if kind is Kind.GAUGE:
        return f"a gauge at {level(samples):g}"
    if kind is Kind.TIMER:
        shown = [f"{one.value:g}" for one in samples[:_SHOWN]] + ["…"] * (len(samples) > _SHOWN)
        return f"{len(samples)} times of {', '.join(shown)} ms"
    return f"a count of {count(samples):g}"
