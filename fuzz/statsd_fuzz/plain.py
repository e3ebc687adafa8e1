"""The part of an input about which nobody argues: lines that every aggregator reads alike, and lines that none takes.

What is odder may be read in any way, as long as it is survived and leaves the plain part alone. So a bucket is judged
only where all lines that could be about it are plain, of one type, and well-behaved.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from statsd_conformance.traffic import Line, well_behaved
from statsd_reference.grammar import clean_name

_NAME: Final = rb"(?P<name>[A-Za-z0-9_-]{1,40}(?:\.[A-Za-z0-9_-]{1,40}){0,4})"
_WHOLE: Final = rb"(?:0|[1-9][0-9]{0,8})"
_NUMBER: Final = rb"%b(?:\.[0-9]{1,3})?" % _WHOLE
_PLAIN: Final = re.compile(
    rb"%b:(?:(?P<counter>%b)\|c(?:\|@(?P<rate>0\.[0-9]{0,3}[1-9]))?"
    rb"|(?P<time>%b)\|ms|(?P<level>[+-]?%b)\|g|(?P<member>[A-Za-z0-9_-]{1,40})\|s)\Z"
    % (_NAME, _WHOLE, _NUMBER, _NUMBER)
)
# No word of these letters is a number anywhere, as `inf` or `nan` may be.
_REFUSED: Final = re.compile(rb"%b(?::|:1|:[gh-km-z]{1,8}\|(?:c|ms|g)|:1\|c\|0\.1)?\Z" % _NAME)


# What targets put behind the names of timers, and of other types, too.
_STATISTIC: Final = re.compile(
    rb"(?:count|rate|sum|sum_?squares|mean|average|median|std|stddev|stdev|min|max|lower|upper|unique|p|percentile)"
    rb"(?:_ps|_?[0-9]+)?"
)


@dataclass(frozen=True, slots=True)
class Plain:
    """What of an input is judged.

    `intervals` are the plain lines of each interval, by bucket; `refused` are names that only lines have which nobody
    takes; `odd` says of each datagram, interval by interval, whether it has a line that is not plain.
    """

    intervals: tuple[dict[bytes, list[Line]], ...]
    refused: frozenset[bytes]
    odd: tuple[tuple[bool, ...], ...]


def plain_part(intervals: Sequence[Sequence[bytes]], unread: Iterable[bytes] = ()) -> Plain:
    """Return what of an input can be judged, leaving out what datagrams that were not read speak of."""
    found: list[dict[bytes, list[Line]]] = []
    others = list(unread)
    names: set[bytes] = set()
    odd: list[tuple[bool, ...]] = []
    for datagrams in intervals:
        lines: dict[bytes, list[Line]] = defaultdict(list)
        odd_here = []
        for datagram in datagrams:
            texts = [text for text in datagram.split(b"\n") if text]
            matches = [_PLAIN.match(text) for text in texts]
            odd_here.append(not all(matches))
            for text, match in zip(texts, matches, strict=True):
                if match:
                    lines[match["name"]].append(_line(match))
                else:
                    others.append(text)
        found.append(dict(lines))
        odd.append(tuple(odd_here))
    names = {name for lines in found for name in lines}
    doubted = others + [clean_name(text) for text in others]
    shared = {one for name in names for one in _sharing(name, names, doubted)}
    judged = {name for name in names - shared if not any(name in text for text in doubted) and _is_judged(name, found)}
    refused = frozenset(_names_of_refused(others, names))
    kept = tuple({name: some for name, some in lines.items() if name in judged} for lines in found)
    return Plain(kept, refused, tuple(odd))


def _line(match: "re.Match[bytes]") -> Line:
    name = match["name"].decode()
    for group, type in (("counter", "c"), ("time", "ms"), ("level", "g"), ("member", "s")):
        if match[group] is not None:
            return Line(name, match[group].decode(), type, (match["rate"] or b"").decode())
    raise AssertionError("one of the four matched")


def _is_judged(name: bytes, intervals: Sequence[dict[bytes, list[Line]]]) -> bool:
    return well_behaved([line for lines in intervals for line in lines.get(name, [])])


def _sharing(name: bytes, names: set[bytes], doubted: Sequence[bytes]) -> Iterable[bytes]:
    """Yield a name like `a.sum` and `a`, where there are both: the sum of a timer `a` may be called so (OUT-08)."""
    head, _, tail = name.rpartition(b".")
    if _STATISTIC.fullmatch(tail) and (head in names or any(head in text for text in doubted)):
        yield from (head, name)


def _names_of_refused(others: Sequence[bytes], names: set[bytes]) -> Iterable[bytes]:
    matches = [_REFUSED.match(text) for text in others]
    odd = [text for text, match in zip(others, matches, strict=True) if not match]
    taken = odd + [clean_name(text) for text in odd]
    for match in matches:
        # A short name is a part of too much else.
        if (
            match
            and match["name"] not in names
            and len(match["name"]) > 1
            and not any(match["name"] in text for text in taken)
        ):
            yield match["name"]
