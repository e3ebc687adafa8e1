"""The laws of an emitter of counters, as far as its datagrams show them: each yields what breaks it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from statsd_conformance.emitters.emission import Fault
from statsd_conformance.emitters.spelled import Spelled, lines_in, zero_of
from statsd_conformance.printable import escaped
from statsd_conformance.recording import Datagram
from statsd_reference.emitter import EmitterProfile

Datagrams = Sequence[Datagram]
# Of a period: what comes this close behind another datagram is of the same burst, and two bursts are this far apart.
_TOGETHER: Final = 0.2
_APART: Final = 0.5


def undeclared(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Fault]:
    """Yield lines that are not what the profile declares."""
    for one in _lines(datagrams, profile):
        if not one.owner:
            blank = "begins with a blank" if one.line[:1].isspace() else "is none that the profile declares"
            yield Fault(one.datagram, f"the line {escaped(one.line[:80])} {blank}", one.start, one.stop)


def incomplete(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Fault]:
    """Yield datagrams that lack a counter of a module, or have one twice."""
    for datagram in datagrams:
        for owner, lines in _by_owner(datagram, profile).items():
            sent = [line.counter for line in lines]
            if missing := [name for name in profile.counters if name not in sent]:
                said = f"{_owner(owner)} lacks {', '.join(missing)}"
                yield Fault(datagram, f"{said}: {len(set(sent))} of {len(profile.counters)} came")
            elif len(sent) > len(profile.counters):
                twice = next(line for place, line in enumerate(lines) if line.counter in sent[:place])
                yield Fault(datagram, f"{twice.counter} comes twice", twice.start, twice.stop)


def disordered(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Fault]:
    """Yield lines that come before one that the profile has before them."""
    for datagram in datagrams:
        for lines in _by_owner(datagram, profile).values():
            for before, line in pairwise(lines):
                if profile.counters.index(line.counter) < profile.counters.index(before.counter):
                    message = f"{line.counter} comes behind {before.counter}"
                    yield Fault(datagram, message, line.start, line.stop)


def crowded(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Fault]:
    """Yield datagrams with the snapshot of more than one module."""
    for datagram in datagrams:
        owners = list(_by_owner(datagram, profile).items())
        if len(owners) > 1:
            line = owners[1][1][0]
            yield Fault(datagram, f"there are {len(owners)} snapshots in it", line.start, line.stop)


def oversized(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Fault]:
    """Yield datagrams and lines that are longer than the profile allows."""
    for one in datagrams:
        size = len(one.payload)
        if size > profile.max_payload:
            message = f"{size} bytes, and {profile.max_payload} are allowed"
            yield Fault(one, message, profile.max_payload, size)
        for line in lines_in(one, profile) if profile.max_line else ():
            if len(line.line) > profile.max_line:
                message = f"a line of {len(line.line)} bytes, and {profile.max_line} are allowed"
                yield Fault(one, message, line.start + profile.max_line, line.stop)


def wrong_ends(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Fault]:
    """Yield datagrams that end in LF where they must not, or the other way round."""
    for one in datagrams:
        ends = one.payload.endswith(b"\n")
        if ends and not profile.newline_at_end:
            yield Fault(one, "it ends in LF", len(one.payload) - 1, len(one.payload))
        elif profile.newline_at_end and not ends:
            yield Fault(one, "it does not end in LF")


def repeated(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Fault]:
    """Yield what is sent again although nothing has changed: a snapshot, or a line where lines are sent alone."""
    last: dict[tuple[bytes, str], bytes] = {}
    for datagram in datagrams:
        for owner, lines in _by_owner(datagram, profile).items():
            units = [lines] if profile.gate == "snapshot" else [[line] for line in lines]
            for unit in units:
                key = (owner, "" if profile.gate == "snapshot" else unit[0].counter)
                text = b"\n".join(line.line for line in unit)
                if last.get(key) == text:
                    yield Fault(datagram, "it says what was sent last", unit[0].start, unit[-1].stop)
                last[key] = text


def nothing_counted(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Fault]:
    """Yield first snapshots in which every counter is at 0: there was nothing to send."""
    seen: set[bytes] = set()
    for datagram in datagrams:
        for owner, lines in _by_owner(datagram, profile).items():
            if owner not in seen and not any(line.value for line in lines):
                yield Fault(datagram, f"the first one of {_owner(owner)} has no counter above 0")
            seen.add(owner)


def fallen(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Fault]:
    """Yield counters that fall while another one of the same module rises: one that is cleared begins anew with all."""
    last: dict[bytes, dict[str, int]] = {}
    for datagram in datagrams:
        for owner, lines in _by_owner(datagram, profile).items():
            before = last.get(owner, {})
            down = [line for line in lines if line.value < before.get(line.counter, line.value)]
            up = [line for line in lines if line.value > before.get(line.counter, line.value)]
            if down and up:
                line = down[0]
                message = f"{line.counter} fell from {before[line.counter]} while {up[0].counter} rose"
                yield Fault(datagram, message, line.start, line.stop)
            last[owner] = before | {line.counter: line.value for line in lines}


def other_sockets(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Fault]:
    """Yield datagrams that do not come from the port of the first one."""
    first = next((one.source for one in datagrams if one.source.port), None)
    for one in datagrams:
        if first and one.source.port and one.source != first:
            yield Fault(one, f"it comes from port {one.source.port}, the first one from {first.port}")


def lines_twice(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Fault]:
    """Yield lines of a name that was sent in the same burst already."""
    for burst in bursts(datagrams, profile.period * _TOGETHER):
        seen: dict[tuple[bytes, str], Spelled] = {}
        for line in _lines(burst, profile):
            before = seen.get((line.owner, line.counter))
            if line.owner and before and not zero_of(line, before, profile):
                yield Fault(line.datagram, f"{line.counter} was sent in this period already", line.start, line.stop)
            seen[line.owner, line.counter] = line


def hurried(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Fault]:
    """Yield the first datagrams of bursts that follow another one within half of a period."""
    begins = [burst[0] for burst in bursts(datagrams, profile.period * _TOGETHER)]
    # The first and the last one may be those of a start and of an end.
    for before, one in pairwise(begins[1:-1]):
        if one.time - before.time < profile.period * _APART:
            message = f"{one.time - before.time:.3f} s behind the burst before, and the period is {profile.period:g} s"
            yield Fault(one, message)


def not_full(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Fault]:
    """Yield datagrams whose first line had found room in the one before, of the same burst and of the same module."""
    for burst in bursts(datagrams, profile.period * _TOGETHER):
        for before, one in pairwise(burst):
            *_, last = lines_in(before, profile)
            first = next(lines_in(one, profile))
            size = len(before.payload.removesuffix(b"\n")) + 1 + len(first.line) + profile.newline_at_end
            if last.owner == first.owner and size <= profile.max_payload:
                message = f"{first.counter} had fitted into the datagram before, which had {size} bytes then"
                yield Fault(one, message, first.start, first.stop)


def bursts(datagrams: Datagrams, gap: float) -> Iterator[list[Datagram]]:
    """Yield datagrams that came together, neighbours at most `gap` seconds apart; without times all at once."""
    burst: list[Datagram] = []
    for datagram in datagrams:
        if burst and datagram.time - burst[-1].time > gap:
            yield burst
            burst = []
        burst.append(datagram)
    if burst:
        yield burst


def _lines(datagrams: Datagrams, profile: EmitterProfile) -> Iterator[Spelled]:
    for datagram in datagrams:
        yield from lines_in(datagram, profile)


def _by_owner(datagram: Datagram, profile: EmitterProfile) -> dict[bytes, list[Spelled]]:
    """Return the declared lines of a datagram by what they are of, without zeros that only set a negative gauge."""
    lines = list(lines_in(datagram, profile))
    found: dict[bytes, list[Spelled]] = {}
    for number, line in enumerate(lines):
        follower = lines[number + 1] if number + 1 < len(lines) else None
        if line.owner and not (follower and zero_of(follower, line, profile)):
            found.setdefault(line.owner, []).append(line)
    return found


def _owner(owner: bytes) -> str:
    return escaped(owner.replace(b"{counter}", b"*"))
