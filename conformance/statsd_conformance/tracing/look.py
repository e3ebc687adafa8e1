"""One trace from its sources to what was seen: recordings and taps, then Graphite, until all of it is there."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from statsd_conformance.profile import Profile
from statsd_conformance.recording import DamagedRecording, Datagram, NoDatagrams, read_recording
from statsd_conformance.tracing.cause import Traced
from statsd_conformance.tracing.journey import Fate, paths_of
from statsd_conformance.tracing.output import read_output
from statsd_conformance.tracing.seen import Group, Output, Seen, Store, Wire
from statsd_conformance.tracing.spelling import candidates, guess
from statsd_conformance.tracing.stores import Asks
from statsd_conformance.tracing.taps import GraphiteTap, WireTap
from statsd_conformance.tracing.wanted import as_seen, buckets, by_profile, declared
from statsd_conformance.tracing.wire import read_wire
from statsd_reference.emitter import EmitterProfile

# Between two looks at Graphite.
_PAUSE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which counters: named one by one, or those of an emitter's profile, or all that are seen."""

    counters: tuple[bytes, ...] = ()
    profile: EmitterProfile | None = None


@dataclass(frozen=True, slots=True)
class Caught:
    """What came by: on the wire and in the aggregator's output. `damage` says where a recording could not be read."""

    wire: Wire | None = None
    output: Output | None = None
    since: float = 0.0
    damage: tuple[str, ...] = ()


async def tapped(
    wire: WireTap | None, graphite: GraphiteTap | None, stop: asyncio.Event, seconds: float | None
) -> Caught:
    """Stand in between until `stop` is set, or for so many seconds; the taps are open, and closed at the end."""
    since = time.time()
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
    finally:
        for tap in (wire, graphite):
            if tap:
                await tap.close()
    on_wire = wire.wire() if wire else None
    missed = on_wire.missed if on_wire else 0
    told = f"the tap itself lost {missed} datagrams, for its buffer was full: raise net.core.rmem_max"
    return Caught(on_wire, graphite.output() if graphite else None, since, (told,) if missed else ())


@dataclass(frozen=True, slots=True)
class Recording:
    """A file of traffic; of a capture, what went to `ports`, which `option` gives: those of StatsD where none are."""

    path: Path
    ports: tuple[int, ...] = ()
    option: str = "--port"


def recorded(wire: Recording | None, output: Recording | None) -> Caught:
    """Return what recordings hold, as far as they can be read.

    Raises:
        OSError: a file cannot be read.
    """
    damage: list[str] = []
    on_wire = read_wire(_read(wire, damage)) if wire else None
    flushed = read_output(_read(output, damage)) if output else None
    begins = [one.first for one in (on_wire, flushed) if one and one.first]
    return Caught(on_wire, flushed, min(begins, default=0.0), tuple(damage))


def _read(recording: Recording, damage: list[str]) -> Iterable[Datagram]:
    try:
        yield from read_recording(recording.path, ports=recording.ports)
    except NoDatagrams as error:
        damage.append(f"{recording.path}: {error}".replace("--port", recording.option))
    except DamagedRecording as error:
        damage.append(f"{recording.path}: {error}; what stands before was read")


def both(first: Caught, second: Caught) -> Caught:
    """Return what two sources have caught together, as a tap on one side and a recording of the other."""
    begins = [one.since for one in (first, second) if one.since]
    return Caught(
        first.wire or second.wire,
        first.output or second.output,
        min(begins, default=0.0),
        (*first.damage, *second.damage),
    )


def see(caught: Caught, wanted: Wanted, profile: Profile | None, store: Asks | None, patience: float) -> Seen:
    """Return everything that is seen, Graphite with it; that is looked at until all is there or patience is over.

    Raises:
        StoreError: Graphite cannot be asked.
    """
    profiles = [profile] if profile else list(candidates())
    begun = time.monotonic()
    seen = _look(caught, wanted, profiles, store)
    first = _missing(seen)
    while _missing(seen) and time.monotonic() - begun < patience:
        time.sleep(_PAUSE)
        seen = _look(caught, wanted, profiles, store)
    if seen.store:
        late = first - _missing(seen)
        seen = replace(seen, store=replace(seen.store, waited=time.monotonic() - begun if first else 0.0, late=late))
    return seen


def _missing(seen: Seen) -> int:
    """Return how many counters Graphite could still bring: those that are there at the hop before."""
    if not seen.store:
        return 0
    return sum(
        one.at("graphite").fate in (Fate.LOST, Fate.STOPPED) and one.lost_at == "graphite"
        for one in Traced(seen).journeys
    )


def _look(caught: Caught, wanted: Wanted, profiles: Sequence[Profile], asks: Asks | None) -> Seen:
    known = _groups(caught, wanted, profiles, None)
    names = [name for group in known for name in group.names]
    asked = [path for one in profiles for name in names for path in _paths(caught, one, name)]
    asked += list(caught.output.flushed) if caught.output else []
    store = asks.read(list(dict.fromkeys(asked)), caught.since) if asks else None
    groups = known or _groups(caught, wanted, profiles, store)
    where = caught.output.flushed if caught.output else store.stored if store else {}
    profile, _ = guess(profiles, [name for group in groups for name in group.names], where)
    partial = wanted.profile is not None and wanted.profile.gate != "snapshot"
    is_declared = bool(wanted.counters) or wanted.profile is not None
    return Seen(profile, groups, is_declared, partial, caught.wire, caught.output, store)


def _paths(caught: Caught, profile: Profile, name: bytes) -> list[bytes]:
    sent = caught.wire.sent.get(name) if caught.wire else None
    return [path for path in paths_of(profile, name, sent) if not path.startswith(b"*")]


def _groups(caught: Caught, wanted: Wanted, profiles: Sequence[Profile], store: Store | None) -> tuple[Group, ...]:
    """Return the counters of the trace: from the first hop that was seen, but for those that were named."""
    if wanted.counters:
        return declared(wanted.counters)
    names: list[bytes] = []
    if caught.wire and caught.wire.sent:
        names = list(caught.wire.sent)
    else:
        paths = list(caught.output.flushed) if caught.output else list(store.stored) if store else []
        names = list(dict.fromkeys(name for one in profiles for name in buckets(one, paths)))
    if wanted.profile:
        return by_profile(wanted.profile, names)
    return as_seen(names if caught.wire or len(profiles) == 1 else _of_the_likeliest(profiles, caught, store))


def _of_the_likeliest(profiles: Sequence[Profile], caught: Caught, store: Store | None) -> list[bytes]:
    """Return the buckets by the first profile under which any path reads; nothing else says what the names are."""
    paths = list(caught.output.flushed) if caught.output else list(store.stored) if store else []
    return next((found for one in profiles if (found := buckets(one, paths))), [])
