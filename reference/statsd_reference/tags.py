"""Tags in the dialects that carry them, as the `;key=value` parts of a Graphite name."""

import re
from collections.abc import Sequence
from typing import NamedTuple


class NameAndTags(NamedTuple):
    """A name as sent, and its tags, each `key=value` or a bare word."""

    name: bytes
    tags: tuple[bytes, ...]


def original_tags(section: bytes) -> tuple[bytes, ...]:
    """Return the tags of a `|#` section as the original reads it: in the order sent, `:` to `=`.

    Every `;` becomes `_`, where the original replaces the first only, so that no tag can begin another one (TAG-10).
    """
    if not section:
        return ()
    return tuple(tag.replace(b";", b"_").replace(b":", b"=", 1) for tag in section.split(b","))


def dogstatsd_tags(section: bytes) -> tuple[bytes, ...]:
    """Return the tags of a `|#` section as DogStatsD means it: sorted, empty ones skipped (TAG-05 to TAG-09).

    A tag without value gets the value `true`, because Graphite has no bare tags.
    """
    return _graphite_tags(section.split(b","), b":")


def _graphite_tags(tags: Sequence[bytes], separator: bytes) -> tuple[bytes, ...]:
    pairs = (tag.partition(separator) for tag in tags if tag)
    made = (key + b"=" + (value.replace(b"=", b"_") if sign else b"true") for key, sign, value in pairs if key)
    return tuple(sorted(tag.replace(b";", b"_") for tag in made))


# `N,k=v` (Influx), `N[k=v]` (SignalFX), `N#k=v` (Librato): TAG-15 to TAG-17.
_STYLES = {
    "influx": re.compile(rb"([^,]*),(.*)\Z", re.DOTALL),
    "signalfx": re.compile(rb"([^\[]*)\[([^\]]*)\]\Z", re.DOTALL),
    "librato": re.compile(rb"([^#]*)#(.*)\Z", re.DOTALL),
}


def tagged_name(name: bytes, styles: Sequence[str]) -> NameAndTags:
    """Return the name and tags of `name` where one of `styles` (influx, signalfx, librato) applies to it."""
    for style in styles:
        if found := _STYLES[style].match(name):
            return NameAndTags(found[1], _graphite_tags(found[2].split(b","), b"="))
    return NameAndTags(name, ())
