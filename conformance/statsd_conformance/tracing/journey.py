"""What became of each counter from hop to hop, names and values compared exactly."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isclose
from typing import Final

from statsd_conformance.profile import Profile, same_path
from statsd_conformance.tracing.seen import Flushed, Seen, Sent, Stored

HOPS: Final = ("wire", "aggregator", "graphite")
KINDS: Final = {b"c": "counter", b"C": "counter", b"m": "meter", b"g": "gauge", b"s": "set", b"kv": "kv"}
# What of a name every aggregator and store keeps; of the rest it may make something else.
_ODD: Final = re.compile(rb"[^A-Za-z0-9.;=-]+")


class Fate(StrEnum):
    """What a hop did to a counter."""

    SAME = "same"
    CHANGED = "changed"
    VALUE = "other value"
    LOST = "lost"
    STOPPED = "stopped"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Station:
    """One counter at one hop: the bytes of its name there, and its value; None where it has none."""

    hop: str
    fate: Fate
    name: bytes | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Journey:
    """One counter from hop to hop.

    Attributes:
        counter: the name that it should have.
        place: which of its group it is, from 1.
        size: how many the group has.
        stations: one for each of HOPS.
        sent: its lines, where there were any.
        flushed: its points in the aggregator's output.
        stored: those in Graphite.
    """

    counter: bytes
    place: int
    size: int
    stations: tuple[Station, ...]
    sent: Sent | None = None
    flushed: Flushed | None = None
    stored: Stored | None = None
    title: str = ""

    def at(self, hop: str) -> Station:
        """Return its station at a hop."""
        return self.stations[HOPS.index(hop)]

    @property
    def lost_at(self) -> str:
        """The first hop where it is no more; empty for none."""
        return next((one.hop for one in self.stations if one.fate in (Fate.LOST, Fate.STOPPED)), "")

    @property
    def changed_at(self) -> str:
        """The first hop where its name or its value is another; empty for none."""
        return next((one.hop for one in self.stations if one.fate in (Fate.CHANGED, Fate.VALUE)), "")

    @property
    def whole(self) -> bool:
        """Whether nothing was lost or changed at any hop that was seen."""
        return not self.lost_at and not self.changed_at


def journeys(seen: Seen) -> tuple[Journey, ...]:
    """Return what became of every counter that the trace is about, in the order of the groups."""
    places = [(group, place, name) for group in seen.groups for place, name in enumerate(group.names, 1)]
    all_sent: Mapping[bytes, Sent] = seen.wire.sent if seen.wire else {}
    all_flushed: Mapping[bytes, Flushed] = seen.output.flushed if seen.output else {}
    all_stored: Mapping[bytes, Stored] = seen.store.stored if seen.store else {}
    on_wire = found(all_sent, [[name] for _, _, name in places])
    sent = [None if name is None else all_sent[name] for name in on_wire]
    paths = [
        list(paths_of(seen.profile, one.name if one else name, one))
        for (_, _, name), one in zip(places, sent, strict=True)
    ]
    in_output = found(all_flushed, paths)
    flushed = [None if path is None else all_flushed[path] for path in in_output]
    behind = [paths[number] if path is None else [path] for number, path in enumerate(in_output)]
    stored = [None if path is None else all_stored[path] for path in found(all_stored, behind)]
    return tuple(
        Journey(
            name,
            place,
            len(group.names),
            (
                _on_wire(seen, name, sent[number]),
                _in_output(seen, paths[number], sent[number], flushed[number]),
                _in_store(seen, behind[number], flushed[number], stored[number]),
            ),
            sent[number],
            flushed[number],
            stored[number],
            group.title,
        )
        for number, (group, place, name) in enumerate(places)
    )


def skeleton(name: bytes) -> bytes:
    r"""Return what is left of a name when everything is removed that a hop may replace or remove.

    >>> skeleton(b"\t\tflux.kvs.0.event_tx") == skeleton(b"_flux.kvs.0.event_tx")
    True
    """
    return _ODD.sub(b"", name.replace(b"/", b"-"))


def found(names: Collection[bytes], wanted: Sequence[Sequence[bytes]]) -> list[bytes | None]:
    """Return, for each row of wanted names, the one that there is; else one like it that no other row wants.

    A name that begins with `*` stands for all that end as it does, one without tags for one that has them, too.
    """
    there = Names(names)
    exact = [next((name for one in row if (name := there.find(one)) is not None), None) for row in wanted]
    taken = set(exact)
    alike: dict[bytes, bytes] = {}
    for name in names:
        if name not in taken:
            alike.setdefault(skeleton(name), name)
            if b";" in name:
                alike.setdefault(skeleton(name.partition(b";")[0]), name)
    bones = Names(alike)
    return [
        name
        if name is not None
        else next((alike[other] for one in row if (other := bones.like(one)) is not None), None)
        for row, name in zip(wanted, exact, strict=True)
    ]


class Names:
    """Names that are found by themselves or, where what is wanted begins with `*`, by how they end."""

    def __init__(self, names: Collection[bytes]) -> None:
        self._names = names
        # By the length of the end: it is the same for many, and there are few.
        self._ends: dict[int, dict[bytes, bytes]] = {}

    def find(self, wanted: bytes) -> bytes | None:
        """Return the name that is wanted, the first one where several end so; None where there is none."""
        if not wanted.startswith(b"*"):
            return wanted if wanted in self._names else None
        return self._ending(wanted[1:])

    def like(self, wanted: bytes) -> bytes | None:
        """Return, among names that are skeletons, the one of what is wanted."""
        mark = b"*" if wanted.startswith(b"*") else b""
        return self.find(mark + skeleton(wanted.removeprefix(b"*")))

    def _ending(self, end: bytes) -> bytes | None:
        size = len(end)
        if size not in self._ends:
            ends: dict[bytes, bytes] = {}
            for name in self._names:
                ends.setdefault(name[-size:], name)
            self._ends[size] = ends
        return self._ends[size].get(end)


def _on_wire(seen: Seen, counter: bytes, sent: Sent | None) -> Station:
    if not seen.wire:
        return Station("wire", Fate.UNSEEN)
    if not sent:
        return Station("wire", Fate.LOST)
    fate = Fate.SAME if sent.name == counter else Fate.CHANGED
    return Station("wire", fate, sent.name, sent.total if adds_up(sent) else sent.value)


def adds_up(sent: Sent | None) -> bool:
    """Tell whether what was sent is the sum of its lines, and not the last of them."""
    return sent is not None and sent.types[0] not in (b"g", b"C")


def _in_output(seen: Seen, paths: Sequence[bytes], sent: Sent | None, flushed: Flushed | None) -> Station:
    output = seen.output
    if not output:
        return Station("aggregator", Fate.UNSEEN)
    if not flushed:
        return Station("aggregator", Fate.LOST)
    fate = Fate.SAME if _is_one_of(paths, flushed.path) else Fate.CHANGED
    if sent and flushed.last + output.period < sent.last < output.last - output.period:
        # It was sent again, and flushes that came later do not hold it.
        fate = Fate.STOPPED
    elif fate == Fate.SAME and sent and _differs(sent, flushed):
        fate = Fate.VALUE
    return Station("aggregator", fate, flushed.path, flushed.total if adds_up(sent) else flushed.value)


def _in_store(seen: Seen, paths: Sequence[bytes], flushed: Flushed | None, stored: Stored | None) -> Station:
    if not seen.store:
        return Station("graphite", Fate.UNSEEN)
    if not stored:
        return Station("graphite", Fate.LOST)
    fate = Fate.SAME if _is_one_of(paths, stored.path) else Fate.CHANGED
    if not stored.points or (flushed and _stopped(seen, flushed, stored)):
        fate = Fate.STOPPED
    elif fate == Fate.SAME and flushed and _kept_another(flushed, stored):
        fate = Fate.VALUE
    return Station("graphite", fate, stored.path, stored.value)


def _stopped(seen: Seen, flushed: Flushed, stored: Stored) -> bool:
    """Tell whether a series has no new points although it is flushed."""
    slack = max(stored.step, seen.output.period if seen.output else 0.0, 1.0)
    return stored.last + slack < flushed.last


def paths_of(profile: Profile, name: bytes, sent: Sent | None) -> Iterator[bytes]:
    """Yield where an aggregator of this profile publishes a bucket, of whatever kind where that is not known.

    Of a timer that is its count.
    """
    kinds = [KINDS.get(kind, "timer") for kind in sent.types] if sent else ["gauge", "counter", "set"]
    for kind in dict.fromkeys(kinds):
        path = profile.path(kind, name, next(iter(profile.statistics), "") if kind == "timer" else "")
        if path is not None:
            yield path


def _is_one_of(wanted: Iterable[bytes], path: bytes) -> bool:
    return any(same_path(one, path) or (b";" in path and same_path(one, path.partition(b";")[0])) for one in wanted)


def _differs(sent: Sent, flushed: Flushed) -> bool:
    """Tell whether what was flushed is not what was sent, where that can be said: all that was sent came before."""
    has_tags = b";" in flushed.path and b";" not in sent.name
    if len(sent.types) > 1 or has_tags or not sent.last or flushed.last <= sent.last:
        return False
    if sent.types == (b"g",) and not sent.signed and sent.value is not None and flushed.value is not None:
        return not isclose(sent.value, flushed.value, rel_tol=1e-9)
    if sent.types == (b"c",) and not sent.refused:
        return not isclose(sent.total, flushed.total, rel_tol=1e-9)
    return False


def _kept_another(flushed: Flushed, stored: Stored) -> bool:
    """Tell whether Graphite has another value for the last flush; a point that it does not have yet is none."""
    slot = flushed.last - flushed.last % stored.step if stored.step else flushed.last
    if stored.last != slot or stored.value is None or flushed.value is None:
        return False
    return not isclose(stored.value, flushed.value, rel_tol=1e-9)
