"""Causes that lie in the emitter: it prints fewer counters than it should, or cuts its datagram."""

from collections.abc import Sequence
from dataclasses import dataclass

from statsd_conformance.tracing.cause import Diagnosis, Traced, counted_errors, counters_of, missing_sets, shown
from statsd_conformance.tracing.journey import Fate, Journey
from statsd_conformance.tracing.seen import Batch
from statsd_conformance.tracing.spoilt import is_joined, is_padded

# Behind a name at least: a colon, a digit, and `|g`.
_LEAST = len(b":0|g")


@dataclass(frozen=True, slots=True)
class Cut:
    """What datagrams that miss the last counters of their group say of a limit in bytes: it is from `low` to `high`."""

    low: int
    high: int
    tails: tuple[bytes, ...]
    kept: frozenset[int]
    whole: bool
    groups: int

    @property
    def fits(self) -> bool:
        """Whether one limit explains all datagrams."""
        return self.low <= self.high


def fewer_printed(traced: Traced) -> Diagnosis | None:
    """H3: the emitter prints fewer counters, the same in every datagram of every module."""
    mine, cut = _suffixes(traced)
    if not mine or cut is None or cut.tails or cut.whole or len(cut.kept) != 1:
        return _by_set(traced, "H3")
    told = [f"every datagram ends behind counter {min(cut.kept)}, and no line is cut", *_spread(cut, traced)]
    return Diagnosis("H3", "wire", counters_of(mine), (*told, *missing_sets(mine)), not cut.fits)


def cut_by_length(traced: Traced) -> Diagnosis | None:
    """H4: a limit in bytes ends the datagram, inside a line or behind one."""
    mine, cut = _suffixes(traced)
    if cut is None or not cut.fits:
        return _by_set(traced, "H4")
    told = []
    if cut.tails:
        told.append(f"a line is cut: {', '.join(shown(tail) for tail in cut.tails[:3])}")
    limit = f"{cut.low}" if cut.low == cut.high else f"{cut.low} to {cut.high}"
    told.append(f"a limit of {limit} bytes explains every datagram")
    errors = counted_errors(traced)
    told += [f"the aggregator counted {errors:g} refused lines"] if errors else []
    sure = bool(cut.tails) or cut.whole or len(cut.kept) > 1
    return Diagnosis("H4", "wire", counters_of(mine), (*told, *missing_sets(mine)), sure)


def _spread(cut: Cut, traced: Traced) -> list[str]:
    if cut.fits:
        return []
    sizes = [batch.longest for batch in traced.seen.wire.batches] if traced.seen.wire else []
    return [f"no one limit explains that: there are datagrams of {min(sizes)} to {max(sizes)} bytes"]


def _suffixes(traced: Traced) -> tuple[list[Journey], Cut | None]:
    """Return the counters that a datagram lacks at its end, and what the datagrams say of a limit; None for nothing."""
    wire = traced.seen.wire
    if not wire or traced.seen.partial:
        return [], None
    of_name = {one.sent.name: (group, one) for group in traced.groups() for one in group if one.sent}
    short: dict[bytes, Journey] = {}
    low, high, tails, kept, whole, groups = 0, 1 << 20, [], set(), False, set()
    for batch in wire.batches:
        group = next((of_name[name][0] for name in batch.names if name in of_name), None)
        if group is None or is_joined(batch.tail) or is_padded(batch.tail):
            continue
        low = max(low, batch.longest)
        missing = _missing_end(group, batch)
        if missing is None:
            continue
        if not missing and not batch.tail:
            whole = True
            continue
        groups.add(group[0].title)
        kept.add(len(group) - len(missing))
        short |= {one.counter: one for one in missing}
        if batch.tail:
            tails.append(batch.tail)
        high = min(high, batch.shortest if batch.tail else _next_would(batch, missing[0]))
    if not kept or not (tails or any(one.lost_at == "wire" for one in short.values())):
        return [], None
    # A datagram that is cut inside a line is as long as the limit.
    return list(short.values()), Cut(low, high, tuple(tails), frozenset(kept), whole, len(groups))


def _missing_end(group: Sequence[Journey], batch: Batch) -> list[Journey] | None:
    """Return the counters that the end of a datagram lacks; None where others are missing, too."""
    have = [one.sent is not None and one.sent.name in batch.names for one in group]
    count = sum(have)
    return list(group[count:]) if all(have[:count]) else None


def _next_would(batch: Batch, following: Journey) -> int:
    """Return the greatest limit that the next line, as short as it may be, goes over."""
    return batch.shortest + 1 + len(following.counter) + _LEAST - 1


def _by_set(traced: Traced, code: str) -> Diagnosis | None:
    """Return what the missing set alone says, where nothing was seen of the wire: the end of the list is missing."""
    seen = traced.seen
    if seen.wire or not seen.declared:
        return None
    hop = "aggregator" if seen.output else "graphite"
    groups = [group for group in traced.groups() if any(one.at(hop).fate == Fate.LOST for one in group)]
    ends = [[one for one in group if one.at(hop).fate == Fate.LOST] for group in groups]
    if not ends or not all(0 < len(end) < end[-1].size and _is_end(end) for end in ends):
        return None
    errors = counted_errors(traced)
    one_list = len({len(end) for end in ends}) == 1
    if (code == "H3" and (errors or not one_list)) or (code == "H4" and not errors and one_list and len(ends) > 1):
        return None
    mine = [one for end in ends for one in end]
    told = ["the last counters of the list are missing", *missing_sets(mine)]
    told += [] if errors is None else [f"the aggregator counted {errors:g} refused lines"]
    return Diagnosis(code, hop, counters_of(mine), tuple(told), False)


def _is_end(end: Sequence[Journey]) -> bool:
    return [one.place for one in end] == list(range(end[0].place, end[0].size + 1))
