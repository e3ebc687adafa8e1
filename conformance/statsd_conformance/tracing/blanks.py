"""Causes that stand in the names or at the ends of the lines: blanks around a name, CR, names that are cleaned."""

from collections.abc import Sequence

from statsd_conformance.tracing.cause import Diagnosis, Traced, counted_errors, counters_of, missing_sets, shown, some
from statsd_conformance.tracing.journey import Fate, Journey
from statsd_reference.grammar import clean_name

_BLANKS = b" \t\r\n\v\f"


def refused(traced: Traced) -> Diagnosis | None:
    """H1a: blanks around a name, which the aggregator refuses or files under another name."""
    return _blanks(traced, "H1a", "aggregator")


def kept(traced: Traced) -> Diagnosis | None:
    """H1b: blanks around a name, kept by the aggregator and by Graphite: a second tree."""
    return _blanks(traced, "H1b", "graphite")


def stripped(traced: Traced) -> Diagnosis | None:
    """H1c: blanks around a name, removed on the way."""
    return _blanks(traced, "H1c", "graphite")


def _blanks(traced: Traced, code: str, hop: str) -> Diagnosis | None:
    mine = [(one, fate) for one in traced.journeys if _has_blanks(one) for fate in _ends(traced, one) if fate == code]
    if not mine:
        return None
    found = [one for one, _ in mine]
    sure = all(len(_ends(traced, one)) == 1 for one in found) and _settled(traced, code)
    return Diagnosis(code, hop, counters_of(found), tuple(_evidence(traced, found)), sure)


def _settled(traced: Traced, code: str) -> bool:
    """Tell whether the hop that decides was looked at."""
    seen = traced.seen
    return bool(seen.output or seen.store) if code == "H1a" else seen.store is not None


def _has_blanks(one: Journey) -> bool:
    """Tell whether blanks stand around its name, where that was seen first."""
    first = next((at.name for at in one.stations if at.name is not None), None)
    if first is None:
        return False
    return first != first.strip(_BLANKS) or (one.sent is None and any(byte in first for byte in b"\t "))


def _ends(traced: Traced, one: Journey) -> tuple[str, ...]:
    """Return the causes that fit where such a name went."""
    aggregator, store = one.at("aggregator"), one.at("graphite")
    if aggregator.fate == Fate.LOST:
        return ("H1a",)
    if aggregator.name is not None and not _blank_in(aggregator.name):
        return ("H1c",) if _under_own_name(traced, one, aggregator.name) else ("H1a",)
    if store.name is not None:
        if _blank_in(store.name):
            return ("H1b",)
        return ("H1c",) if aggregator.name or _under_own_name(traced, one, store.name) else ("H1a",)
    if store.fate == Fate.LOST:
        return () if aggregator.name is not None else ("H1a",)
    if aggregator.name is not None and traced.seen.output:
        return ("H1b",) if traced.seen.output.pickled else ("H1c",)
    return ("H1a", "H1b", "H1c")


def _blank_in(name: bytes) -> bool:
    return any(bytes([byte]) in name for byte in _BLANKS)


def _under_own_name(traced: Traced, one: Journey, path: bytes) -> bool:
    """Tell whether a path is the one of the counter as it should be."""
    profile = traced.seen.profile
    return any(path == profile.path(kind, one.counter) for kind in profile.paths if kind != "timer")


def _evidence(traced: Traced, found: Sequence[Journey]) -> list[str]:
    wire = [one.sent.name for one in found if one.sent]
    told = [f"on the wire: {some(wire)}"] if wire else []
    told += list(missing_sets(found))
    told += [
        f"{hop}: {some(names)}"
        for hop in ("aggregator", "graphite")
        if (names := [name for one in found if (name := one.at(hop).name) is not None])
    ]
    refused_there = any(one.at("aggregator").fate == Fate.LOST for one in found)
    errors = counted_errors(traced) if refused_there else None
    if errors is not None:
        told.append(f"the aggregator counted {errors:g} refused lines")
    if traced.seen.output and traced.seen.output.pickled:
        told.append("the aggregator writes pickle, of which carbon strips nothing")
    return told


def carriage_returns(traced: Traced) -> Diagnosis | None:
    r"""H13: lines that end in CR LF, or in the two characters \ and n."""
    wire = traced.seen.wire
    if not wire:
        return None
    ended = [one for one in traced.journeys if one.sent and one.sent.carriage and one.lost_at == "aggregator"]
    written = [line for line in wire.broken if b"\\n" in line]
    inside = [
        one
        for one in traced.journeys
        if one.lost_at in ("wire", "aggregator") and any(one.counter in line for line in written)
    ]
    if not ended and not inside:
        return None
    told = [f"{len(ended)} lost counters come in lines that end in CR"] if ended else []
    told += [f"a line holds the characters \\ and n: {shown(written[0][:60])}"] if inside else []
    hop = "wire" if inside and not ended else "aggregator"
    return Diagnosis("H13", hop, counters_of([*ended, *inside]), (*told, *missing_sets([*ended, *inside])), True)


def cleaned(traced: Traced) -> Diagnosis | None:
    """CLEANED: the aggregator or Graphite makes another name of it, for a character that it does not keep."""
    mine = [
        one
        for one in traced.journeys
        if not _has_blanks(one)
        and any(one.at(hop).fate == Fate.CHANGED for hop in ("aggregator", "graphite"))
        and not one.lost_at
    ]
    if not mine:
        return None
    told = []
    for one in mine[:4]:
        before, after = _around(one)
        told.append(f"{shown(before)} became {shown(after)}")
    if all(clean_name(one.counter) != one.counter for one in mine):
        told.append("these names hold characters that StatsD replaces or removes")
    hop = mine[0].changed_at if mine[0].changed_at != "wire" else "aggregator"
    return Diagnosis("CLEANED", hop, counters_of(mine), tuple(told), True)


def _around(one: Journey) -> tuple[bytes, bytes]:
    """Return the name before the first hop that changed it, and behind that."""
    before = one.counter
    for at in one.stations:
        if at.fate == Fate.CHANGED and at.name is not None and at.hop != "wire":
            return before, at.name
        before = at.name if at.name is not None else before
    raise AssertionError("unreachable: it was changed at one of the hops")
