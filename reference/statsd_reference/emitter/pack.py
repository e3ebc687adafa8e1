"""Lines into datagrams: eight of one module in one, or as many as fit, cut at line ends only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from statsd_reference.emitter.lines import MAX_VALUE, Refused, around_counter, gauge_or_count, too_long
from statsd_reference.emitter.profile import EmitterProfile

_WIDEST: Final = 10**MAX_VALUE


@dataclass(frozen=True, slots=True)
class Datagram:
    """One payload, and which of the given lines are in it, by their places."""

    payload: bytes
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """What lines came to: datagrams, and what was refused by the place of its line."""

    datagrams: tuple[Datagram, ...]
    refused: tuple[tuple[int, Refused], ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the snapshot of one module is written: the names of its lines, and all of them around places for values."""

    profile: EmitterProfile
    module: str
    names: tuple[bytes, ...]
    pattern: bytes
    members: tuple[int, ...]


def snapshot_of(profile: EmitterProfile, module: str, rank: int) -> Snapshot:
    """Return how snapshots of a module are written.

    Raises:
        NameRefused: the module's name or the rank is refused.
    """
    before, behind = around_counter(profile, module, rank)
    names = tuple(before + counter.encode() + behind for counter in profile.counters)
    lines = b"\n".join(b"%s:%%d|%s" % (name, profile.type.encode()) for name in names)
    end = b"\n" if profile.newline_at_end else b""
    return Snapshot(profile, module, names, lines + end, tuple(range(len(names))))


def pack_snapshot(form: Snapshot, values: tuple[int, ...]) -> Packed:
    """Return the lines of all counters of a module in one datagram, or the refusal of all of them.

    Where the profile splits what does not fit, several datagrams.
    """
    profile = form.profile
    # The usual case, at one go: nothing has a sign, nothing is too wide, no line has a limit of its own.
    if not profile.max_line and min(values) >= 0 and max(values) < _WIDEST:
        payload = form.pattern % values
        if len(payload) <= profile.max_payload:
            return Packed((Datagram(payload, form.members),))
    return _pack_unusual(form, values)


def _pack_unusual(form: Snapshot, values: tuple[int, ...]) -> Packed:
    profile = form.profile
    written = [gauge_or_count(*one, profile, profile.type) for one in zip(form.names, values, strict=True)]
    packed = pack(written, profile)
    if profile.overflow == "split" or (len(packed.datagrams) == 1 and not packed.refused):
        return packed
    # A snapshot is whole or it is not sent; when a line is at fault, that says more than the length of all.
    reason = packed.refused[0][1] if packed.refused else _whole(form, written)
    return Packed((), tuple((member, reason) for member in form.members))


def _whole(form: Snapshot, written: Sequence[bytes | Refused]) -> Refused:
    length = len(b"\n".join(line for line in written if isinstance(line, bytes))) + form.profile.newline_at_end
    return too_long(f"the datagram of module {form.module[:60]}", length, form.profile.max_payload)


def pack(written: Sequence[bytes | Refused], profile: EmitterProfile) -> Packed:
    """Return lines in as few datagrams as hold them in their order, and the refusals among them."""
    refused = tuple((place, one) for place, one in enumerate(written) if isinstance(one, Refused))
    lines = [(place, one) for place, one in enumerate(written) if isinstance(one, bytes)]
    return Packed(tuple(_filled(lines, profile)), refused)


def _filled(lines: Sequence[tuple[int, bytes]], profile: EmitterProfile) -> Iterator[Datagram]:
    part: list[tuple[int, bytes]] = []
    length = 0
    for place, line in lines:
        if part and length + 1 + len(line) + profile.newline_at_end > profile.max_payload:
            yield _datagram(part, profile)
            part, length = [], 0
        length += len(line) + (1 if part else 0)
        part.append((place, line))
    if part:
        yield _datagram(part, profile)


def _datagram(part: Sequence[tuple[int, bytes]], profile: EmitterProfile) -> Datagram:
    payload = b"\n".join(line for _, line in part) + (b"\n" if profile.newline_at_end else b"")
    return Datagram(payload, tuple(place for place, _ in part))
