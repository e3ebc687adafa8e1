"""Causes that choose by name or by value: names spread over several stores, zeroes left out, lists of names."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from statsd_conformance.tracing.cause import Diagnosis, Traced, counters_of, missing_sets, shown
from statsd_conformance.tracing.cityhash import city_hash_32
from statsd_conformance.tracing.journey import Journey

_MOST_BACK_ENDS: Final = 16
# The chance that names which were lost at random look like a choice: below the first it is one, above the second none.
_SURE: Final = 0.02
_POSSIBLE: Final = 0.2


def spread(traced: Traced) -> Diagnosis | None:
    """H2: names are spread over several back ends by their hash, and one of them was looked at."""
    for hop, lost, arrived in _both(traced):
        chance, count, index = _best_spread(lost, arrived)
        if chance < _POSSIBLE:
            told = (
                f"by CityHash32, all {len(arrived)} that arrive belong to back end {index + 1} of {count}, and none of "
                f"the {len(lost)} lost ones does; by accident that happens once in {1 / chance:,.0f}",
                *missing_sets(lost),
            )
            return Diagnosis("H2", hop, counters_of(lost), told, chance < _SURE)
    return None


def _best_spread(lost: Sequence[Journey], arrived: Sequence[Journey]) -> tuple[float, int, int]:
    """Return the chance, the number of back ends, and which of them all that arrive belong to."""
    found = [(1.0, 1, 0)]
    for count in range(2, _MOST_BACK_ENDS + 1):
        here = {_back_end(one, count) for one in arrived}
        if len(here) == 1 and not here & {_back_end(one, count) for one in lost}:
            chance = count * (1 / count) ** len(arrived) * (1 - 1 / count) ** len(lost)
            found.append((chance, count, here.pop()))
    return min(found)


def _back_end(one: Journey, count: int) -> int:
    return city_hash_32(one.sent.name if one.sent else one.counter) % count


def zeroes(traced: Traced) -> Diagnosis | None:
    """H6: what is zero is not passed on, or not shown."""
    for hop, lost, arrived in _both(traced):
        if all(_is_zero(one) for one in lost) and not any(_is_zero(one) for one in arrived):
            told = (f"all {len(lost)} lost counters are 0, and none of those that arrive is", *missing_sets(lost))
            return Diagnosis("H6", hop, counters_of(lost), told, len(lost) > 1 and len(arrived) > 1)
    return None


def _is_zero(one: Journey) -> bool:
    if one.sent:
        return one.sent.zero
    return one.flushed is not None and one.flushed.total == 0 and one.flushed.value == 0


def listed(traced: Traced) -> Diagnosis | None:
    """H16: a list or a pattern keeps names out."""
    for hop, lost, arrived in _both(traced):
        rejected = traced.seen.store.rejected if traced.seen.store and hop == "graphite" else None
        told = [f"carbon's own counts say that its lists kept out {rejected:g} points"] if rejected else []
        told += _in_common(lost, arrived)[:1]
        if told:
            return Diagnosis("H16", hop, counters_of(lost), (*told, *missing_sets(lost)), bool(rejected))
    return None


def _in_common(lost: Sequence[Journey], arrived: Sequence[Journey]) -> list[str]:
    """Return in words what all lost names have and no other has."""
    tests: list[tuple[str, Callable[[bytes], list[bytes]]]] = [
        ("a component", lambda name: name.split(b".")),
        ("an ending", lambda name: [name[-size:] for size in range(3, len(name))]),
    ]
    told = []
    for what, parts_of in tests:
        shared = set.intersection(*(set(parts_of(one.counter)) for one in lost))
        shared -= {part for one in arrived for part in parts_of(one.counter)}
        if shared and len(lost) > 1:
            told.append(f"all {len(lost)} lost names have {what} {shown(max(sorted(shared), key=len))!r}, no other has")
    return told


def _both(traced: Traced) -> Iterator[tuple[str, list[Journey], list[Journey]]]:
    """Yield hops behind the wire, what is lost there, and what arrives there, where there is some of both."""
    for hop in ("aggregator", "graphite"):
        lost, arrived = traced.lost(hop), traced.arrived(hop)
        lost = [one for one in lost if one.sent is None or one.sent.name == one.sent.name.strip()]
        if lost and arrived:
            yield hop, lost, arrived
