"""Causes that lie in the aggregator: two types under one name, series that expire, datagrams that it did not get."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from statsd_conformance.passage import explained, passage
from statsd_conformance.tracing.cause import Diagnosis, Traced, counted_errors, counters_of, missing_sets, shown
from statsd_conformance.tracing.journey import Fate
from statsd_conformance.tracing.seen import Batch

# Every host takes a packet of 576 bytes (RFC 791): no path is to blame for what is as short as that.
_ANY_PATH: Final = 548


def two_types(traced: Traced) -> Diagnosis | None:
    """H7: a name is sent with two types, and keeps the first, or becomes two series."""
    mine = [one for one in traced.journeys if one.sent and len(one.sent.types) > 1]
    if not mine:
        return None
    told = tuple(
        f"{shown(one.counter)} was sent as {', '.join(kind.decode() for kind in one.sent.types)}"
        for one in mine[:4]
        if one.sent
    )
    hop = "aggregator" if traced.seen.output else "wire"
    return Diagnosis("H7", hop, counters_of(mine), told, True)


def expired(traced: Traced) -> Diagnosis | None:
    """H8: the aggregator forgets what nobody sends any more; all counters of a datagram go together."""
    output = traced.seen.output
    if not output or not output.period:
        return None
    mine = [
        one
        for one in traced.journeys
        if one.flushed
        and one.sent
        and one.sent.last <= one.flushed.last + output.period
        and one.flushed.last < output.last - output.period
    ]
    if not mine:
        return None
    ended = max(one.flushed.last for one in mine if one.flushed)
    told = (f"nothing came for them, and they were last flushed {output.last - ended:g} s before the last flush",)
    return Diagnosis("H8", "aggregator", counters_of(mine), told, True)


def not_received(traced: Traced) -> Diagnosis | None:
    """LOSS: datagrams that were on the wire did not reach the aggregator."""
    wire = traced.seen.wire
    mine = [*traced.lost("aggregator"), *(one for one in traced.journeys if one.at("aggregator").fate == Fate.VALUE)]
    if not wire or not mine:
        return None
    told = [f"the system dropped {wire.dropped} datagrams at the aggregator's socket"] if wire.dropped else []
    told += _unread(traced)
    return Diagnosis("LOSS", "aggregator", counters_of(mine), tuple(told), True) if told else None


def _unread(traced: Traced) -> list[str]:
    """Return in words that the aggregator itself counted fewer datagrams than were on the wire, if so."""
    profile, wire, output = traced.seen.profile, traced.seen.wire, traced.seen.output
    path = profile.own.get("packets_received", "").encode()
    if not wire or not output or path not in output.flushed or profile.counters != "flush":
        return []
    read, is_late = output.flushed[path].total, output.last <= wire.last
    if is_late or read >= wire.datagrams:
        return []
    return [f"{wire.datagrams} datagrams were on the wire, and the aggregator read {read:g}"]


def vanished(traced: Traced) -> Diagnosis | None:
    """HOLE: of all datagrams those above some size are lost whole, and none that is shorter."""
    wire = traced.seen.wire
    fates = list(_fates(wire.batches, traced)) if wire else []
    found = passage((size, arrived) for size, arrived, _ in fates)
    if found is None or found.vanishes <= _ANY_PATH:
        return None
    lost = {name for _, arrived, names in fates if not arrived for name in names}
    mine = [one for one in traced.lost("aggregator") if one.sent and one.sent.name in lost]
    several = min(sum(arrived for _, arrived, _ in fates), sum(not arrived for _, arrived, _ in fates)) > 1
    told = (explained(found), *missing_sets(mine))
    return Diagnosis("HOLE", "aggregator", counters_of(mine), told, several and not (wire and wire.dropped))


def _fates(batches: Sequence[Batch], traced: Traced) -> Iterator[tuple[int, bool, tuple[bytes, ...]]]:
    """Yield size, whether they arrived, and names of datagrams of which that is certain.

    One of whose names another carried, too, may not be the one that arrived, and of several that carried the same
    names it may have been the shortest.
    """
    arrived = {one.sent.name for one in traced.arrived("aggregator") if one.sent}
    carried = Counter(name for batch in batches for name in set(batch.names))
    for batch in batches:
        if arrived.isdisjoint(batch.names):
            yield batch.shortest, False, batch.names
        elif any(name in arrived and carried[name] == 1 for name in batch.names):
            yield batch.shortest, True, batch.names


def not_sent(traced: Traced) -> Diagnosis | None:
    """UNSENT: it was declared, and never on the wire."""
    mine = traced.lost("wire")
    if not mine:
        return None
    return Diagnosis("UNSENT", "wire", counters_of(mine), tuple(missing_sets(mine)), False)


def unexplained(traced: Traced) -> Diagnosis | None:
    """UNKNOWN: lost or changed, and nothing of what is known fits."""
    mine = [one for one in traced.journeys if not one.whole and one.lost_at != "wire"]
    if not mine:
        return None
    hop = mine[0].lost_at or mine[0].changed_at
    here = [one for one in mine if (one.lost_at or one.changed_at) == hop]
    errors = counted_errors(traced)
    told = list(missing_sets([one for one in here if one.lost_at]))
    told += [f"{shown(one.counter)} has another value there" for one in here if not one.lost_at][:4]
    told += [] if errors is None else [f"the aggregator counted {errors:g} refused lines"]
    return Diagnosis("UNKNOWN", hop, counters_of(here), tuple(told), False)
