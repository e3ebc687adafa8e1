"""Which counters a trace is about, in groups: as declared, by an emitter's profile, or as they were seen."""

import re
from collections.abc import Iterable
from typing import Final

from statsd_conformance.profile import Profile
from statsd_conformance.tracing.seen import Group
from statsd_reference.emitter import EmitterProfile

_FIELD: Final = re.compile(r"\{(module|rank|counter)\}")


def declared(names: Iterable[bytes]) -> tuple[Group, ...]:
    """Return the counters that were named one by one, those with one stem (all before the last dot) together."""
    stems: dict[bytes, dict[bytes, None]] = {}
    for name in names:
        stems.setdefault(name.rpartition(b".")[0], {})[name] = None
    return tuple(Group(stem.decode("utf-8", "backslashreplace"), tuple(names)) for stem, names in stems.items())


def as_seen(names: Iterable[bytes]) -> tuple[Group, ...]:
    """Return all names that were seen, grouped as those that are declared.

    Blanks around a name are taken for a mistake of the emitter, so that the counter is the name without them.

    >>> as_seen([b"a.x", b"  a.y"])
    (Group(title='a', names=(b'a.x', b'a.y')),)
    """
    return declared(map(bytes.strip, names))


def by_profile(profile: EmitterProfile, names: Iterable[bytes]) -> tuple[Group, ...]:
    """Return the counters of every module and rank of which a name was seen, in the order in which they are sent."""
    pattern = _pattern(profile)
    found: dict[tuple[bytes, bytes], None] = {}
    for name in names:
        if match := pattern.fullmatch(name.strip(b" \t\r\n\v\f_")):
            parts = match.groupdict()
            found[parts.get("module", b""), parts.get("rank", b"")] = None
    return tuple(_group(profile, module, rank) for module, rank in found)


def _pattern(profile: EmitterProfile) -> re.Pattern[bytes]:
    """Return what the names of the template look like."""
    parts = _FIELD.split(profile.template)
    fields = {part: f"(?P<{part}>[^.:|\\s]+)" for part in ("module", "rank")}
    fields["counter"] = f"(?:{'|'.join(map(re.escape, profile.counters))})"
    texts = [fields[part] if number % 2 else re.escape(part) for number, part in enumerate(parts)]
    return re.compile("".join(texts).encode())


def _group(profile: EmitterProfile, module: bytes, rank: bytes) -> Group:
    known = {"module": module.decode("utf-8", "surrogateescape"), "rank": rank.decode("utf-8", "surrogateescape")}
    names = (profile.template.format(counter=counter, **known) for counter in profile.counters)
    title = " ".join(part for part in known.values() if part)
    return Group(
        title.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        tuple(name.encode("utf-8", "surrogateescape") for name in names),
    )


def buckets(profile: Profile, paths: Iterable[bytes]) -> list[bytes]:
    """Return the buckets of which a counter, a gauge or a set is published under one of `paths`, in their order.

    Paths of rates, of timers, and of what the aggregator says about itself are passed over.
    """
    own = {path.encode() for path in (*profile.own.values(), profile.errors)}
    templates = [(kind, _template(profile.paths[kind])) for kind in _told_apart(profile)]
    found: dict[bytes, None] = {}
    for path in paths:
        matches = ((kind, template.fullmatch(path)) for kind, template in templates)
        kind, match = next(((kind, match) for kind, match in matches if match), ("", None))
        if match and kind != "rate" and path not in own:
            found[match[1]] = None
    return list(found)


def _template(path: str) -> re.Pattern[bytes]:
    before, _, after = path.partition("{bucket}")
    start = f".*{re.escape(before[1:])}" if before.startswith("*") else re.escape(before)
    return re.compile(f"{start}(.+){re.escape(after)}".encode(), re.DOTALL)


def _told_apart(profile: Profile) -> list[str]:
    """Return the kinds, those with the longest template first, since one may begin as another does."""
    kinds = [kind for kind in profile.paths if profile.paths[kind].count("{bucket}") == 1 and kind != "timer"]
    return sorted(kinds, key=lambda kind: (-len(profile.paths[kind]), kind == "rate"))
