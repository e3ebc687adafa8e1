"""What an assertion about captured lines says when it does not hold: what came, in StatsD's words."""

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from statsd_conformance.emitters.said import lines_of, said
from statsd_conformance.emitters.sums import Tags, Text, raw, tags_of
from statsd_conformance.printable import escaped
from statsd_conformance.recording import Datagram
from statsd_reference import BadLine

_SHOWN: Final = 10
_WIDTH: Final = 120


def named(name: Text, tags: Tags | None) -> str:
    """Return a name and the tags that are required beside it, for people."""
    if tags is None:
        return escaped(raw(name))
    listed = escaped(b", ".join(tags_of(tags)))
    return escaped(raw(name)) + (f" with tags {listed}" if listed else " without tags")


def listed(members: Collection[bytes]) -> str:
    """Return the members of a set for people."""
    return ", ".join(map(escaped, sorted(members))) or "no member"


def told(datagrams: Sequence[Datagram], name: bytes) -> str:
    """Return several lines of text: the lines that came for a name; without any, all that came, and near names."""
    lines = list(lines_of(datagrams))
    if not lines:
        few = f"{len(datagrams)} datagrams, and no line in them" if datagrams else "nothing"
        return f"came:  {few}"
    bad = [line for line in lines if any(isinstance(one, BadLine) for one in said(line))]
    own = [line for line in lines if line not in bad and line.startswith(name + b":")]
    parts = [_rows("came:  ", own or lines)]
    if not own and (near := _near(name, lines)):
        parts.append(f"near:  {near}")
    parts += _unread(bad)
    return "\n".join(parts)


def _rows(head: str, lines: Sequence[bytes]) -> str:
    shown = [_shortened(line) for line in lines[:_SHOWN]]
    if (left := len(lines) - _SHOWN) > 0:
        shown.append(f"… and {left} more")
    return head + f"\n{' ' * len(head)}".join(shown)


def _unread(lines: Sequence[bytes]) -> list[str]:
    outcomes = [(line, one) for line in lines[:_SHOWN] for one in said(line)]
    return [f"bad:   {_shortened(line)} ({one.reason})" for line, one in outcomes if isinstance(one, BadLine)]


def _near(name: bytes, lines: Iterable[bytes]) -> str:
    names = dict.fromkeys(escaped(line.partition(b":")[0]) for line in lines)
    return ", ".join(get_close_matches(escaped(name), names, n=3, cutoff=0.6))


def _shortened(line: bytes) -> str:
    text = escaped(line)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]} … ({len(line)} bytes)"
