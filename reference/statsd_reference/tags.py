"""Tags in the dialects that carry them, as the `;key=value` parts of a Graphite name."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from statsd_reference.grammar import clean_name


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
    """Return the tags of a `|#` section as DogStatsD means it: a set, sorted, empty ones skipped (TAG-05 to TAG-09).

    Graphite has no bare tags and no empty values (carbon, util.py, TaggedSeries), so a tag without value, or without
    any once it is cleaned, gets the value `true`.
    """
    return _graphite_tags(section.split(b","), b":")


def _graphite_tags(tags: Iterable[bytes], separator: bytes) -> tuple[bytes, ...]:
    pairs = (tag.partition(separator) for tag in tags)
    cleaned = ((_word(key), _word(value)) for key, _, value in pairs)
    return as_set(key + b"=" + (value or b"true") for key, value in cleaned if key)


def _word(text: bytes) -> bytes:
    """Return a key or a value without what begins another tag or value."""
    return clean_name(text).replace(b";", b"_").replace(b"=", b"_")


def as_set(tags: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the distinct tags, sorted: neither order nor repetition makes another series. Both tags of a key stay."""
    return tuple(sorted(set(tags)))


# `N,k=v` (Influx), `N[k=v]` (SignalFX), `N#k=v` (Librato): TAG-15 to TAG-17.
_STYLES = {
    "influx": re.compile(rb"([^,]*),(.*)\Z", re.DOTALL),
    "signalfx": re.compile(rb"([^\[]*)\[([^\]]*)\]\Z", re.DOTALL),
    "librato": re.compile(rb"([^#]*)#(.*)\Z", re.DOTALL),
}
# Without one of these no style applies, as to most names.
_MARKS = re.compile(rb"[,\[#]")


def tagged_name(name: bytes, styles: Sequence[str]) -> NameAndTags:
    """Return the name and tags of `name` where one of `styles` (influx, signalfx, librato) applies to it.

    Where several do, it is the one whose mark comes first: the others' are then a part of a tag.
    """
    if not _MARKS.search(name):
        return NameAndTags(name, ())
    matches = [found for style in styles if (found := _STYLES[style].match(name))]
    if not matches:
        return NameAndTags(name, ())
    first = min(matches, key=lambda found: len(found[1]))
    return NameAndTags(first[1], _graphite_tags(first[2].split(b","), b"="))
