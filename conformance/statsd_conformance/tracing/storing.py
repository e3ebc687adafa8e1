"""Causes that lie between the aggregator and the files of Graphite: creates refused, a connection cut, slots."""

from collections.abc import Sequence

from statsd_conformance.tracing.cause import Diagnosis, Traced, counters_of, missing_sets, shown, some
from statsd_conformance.tracing.journey import Fate, Journey, adds_up
from statsd_conformance.tracing.output import is_utf8


def creates_refused(traced: Traced) -> Diagnosis | None:
    """H5: carbon makes no more files this minute, and throws away what comes for those that it did not make."""
    store = traced.seen.store
    # A series that has a file is not waiting for one.
    mine = [one for one in traced.lost("graphite") if one.stored is None]
    if not mine or not store or store.dropped == 0:
        return None
    told = ["nothing was ever stored of them", *missing_sets(mine)]
    told += [f"carbon's own count droppedCreates says {store.dropped:g}"] if store.dropped else []
    told += [f"{store.late} others were there only at a later look"] if store.late else []
    # Where nothing was seen before, they may never have come as far as carbon.
    came = all(one.flushed or one.sent for one in mine)
    return Diagnosis("H5", "graphite", counters_of(mine), tuple(told), bool(store.dropped) and came)


def poisoned(traced: Traced) -> Diagnosis | None:
    """H11: carbon drops the connection at a name that is no UTF-8, and with it all that comes behind."""
    output, lost = traced.seen.output, traced.lost("graphite")
    names = output.poison if output else _odd_on_the_wire(traced)
    behind = [one for one in lost if one.flushed is None or one.flushed.behind or one.flushed.path in names]
    if not names or not behind:
        return None
    told = [f"no UTF-8: {some(names)}"]
    if output and output.closed:
        told.append(f"the store closed {output.closed} of {output.connections} connections")
    if output:
        told.append(f"all {len(behind)} lost counters come behind it in the aggregator's output")
    told += _by_age(traced, behind)
    return Diagnosis("H11", "graphite", counters_of(behind), (*told, *missing_sets(behind)), output is not None)


def _odd_on_the_wire(traced: Traced) -> tuple[bytes, ...]:
    wire = traced.seen.wire
    return tuple(name for name in wire.sent if not is_utf8(name)) if wire else ()


def _by_age(traced: Traced, behind: Sequence[Journey]) -> list[str]:
    """Return in words that what is lost was first seen before what arrives, if so."""
    old = [one.sent.first for one in behind if one.sent and is_utf8(one.counter)]
    new = [one.sent.first for one in traced.arrived("graphite") if one.sent]
    if not old or not new or max(old) >= min(new):
        return []
    stopped = sum(one.at("graphite").fate == Fate.STOPPED for one in behind)
    return [f"everything older than an instant stopped: {stopped} series that had points before have none since"]


def slots(traced: Traced) -> Diagnosis | None:
    """SLOTS: Graphite keeps one of several flushes."""
    output = traced.seen.output
    if not output:
        return None
    mine = [
        one
        for one in traced.journeys
        if one.flushed
        and one.stored
        and adds_up(one.sent)
        and one.stored.step > output.period > 0
        and one.flushed.total > one.stored.total
        and not one.lost_at
    ]
    if not mine:
        return None
    first = mine[0]
    assert first.stored
    assert first.flushed
    told = (
        f"a flush every {output.period:g} s, a point every {first.stored.step:g} s",
        f"{shown(first.counter)}: {first.flushed.total:g} flushed, {first.stored.total:g} kept",
    )
    return Diagnosis("SLOTS", "graphite", counters_of(mine), told, True)


def unreadable(traced: Traced) -> Diagnosis | None:
    """FIELDS: a line to Graphite that has not three fields, as when a blank stands inside a name."""
    output = traced.seen.output
    if not output or output.pickled:
        return None
    mine = [
        one for one in traced.lost("graphite") if one.flushed and len(one.flushed.path.decode("latin-1").split()) > 1
    ]
    if not mine:
        return None
    paths = [one.flushed.path for one in mine if one.flushed]
    return Diagnosis("FIELDS", "graphite", counters_of(mine), (f"blanks inside: {some(paths)}",), True)


def everything(traced: Traced) -> Diagnosis | None:
    """NOWHERE: nothing at all reaches the store."""
    output, store = traced.seen.output, traced.seen.store
    if not store or traced.arrived("graphite"):
        return None
    if not traced.lost("graphite"):
        return None
    told = []
    if output and output.refused:
        told.append(f"the store did not take {output.refused} of {output.connections} connections")
    if not store.stored:
        told.append(f"nothing at all is in {store.source}")
    return Diagnosis("NOWHERE", "graphite", counters_of(traced.lost("graphite")), tuple(told), True) if told else None
