"""The part of an input that is judged: lines that every aggregator has to read alike, and lines that none may take.

These are the lines about which nobody argues, and others about which the core of the requirements says MUST, unless the
target is known not to meet it. What is odder may be read in any way, as long as it is survived and leaves the plain
part alone. So a bucket is judged only where all lines that could be about it are plain, and well-behaved.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from math import isclose
from typing import Final

from statsd_conformance.traffic import Line, well_behaved
from statsd_reference.grammar import clean_name

# What it says of a part of a line, by the requirement that it is of: without one nobody argues about it.
Forms = Mapping[str, bytes]

_NAME: Final = rb"(?P<name>[A-Za-z0-9_-]{1,40}(?:\.[A-Za-z0-9_-]{1,40}){0,4})"
_WHOLE: Final = rb"(?:0|[1-9][0-9]{0,8})"
_NUMBER: Final = rb"%b(?:\.[0-9]{1,3})?" % _WHOLE
_COUNTS: Final[Forms] = {
    "": _WHOLE,
    "COUNTER-04": rb"-%b" % _WHOLE,
    "COUNTER-05": rb"\+%b" % _WHOLE,
    "COUNTER-07": rb"%b\.[0-9]{1,3}" % _WHOLE,
}
_LEVELS: Final[Forms] = {"": rb"[+-]?%b" % _NUMBER, "OUT-06": rb"(?:0|[1-9][0-9]{0,5})\.[0-9]{4,12}"}
_RATES: Final[Forms] = {"": rb"0\.[0-9]{0,3}[1-9]", "RATE-02": rb"1(?:\.0{1,3})?", "RATE-03": rb"\.[0-9]{0,3}[1-9]"}
_NOTHING: Final = rb"(?!)"
_DOTS: Final = re.compile(rb"\.{2,}")
# Behind a name alone, of which the line comes to nothing. No word of the letters here is a number anywhere, as `inf` or
# `nan` may be, and no digits with them, as `0x1` or `1e1` may be.
_REFUSED: Final[Forms] = {
    "": rb"|:|:1|:[gh-km-z]{1,8}\|(?:c|ms|g)|:1\|c\|0\.1",
    "LINE-02": rb"\|(?:c|ms|g|s)",
    "LINE-07": rb":\|(?:c|ms|g)",
    "LINE-12": rb":1\|(?:c|ms)\|",
    "LINE-13": rb":1\|c\|(?:x|!|\*0\.5)",
    "NUM-03": rb":(?:(?:--|\+-|-\+)[0-9]|[+.-]|[1-9](?:[g-z]{2,8}|,5|_000|\.2\.3|-2|\+1))\|(?:c|ms|g)",
    "NUM-05": rb":(?i:nan)\|(?:c|ms|g)",
    "RATE-07": rb":1\|c\|@-(?:1|0\.[1-9])",
    "RATE-08": rb":1\|c\|@(?:[gh-km-z]{1,8}|,5|\.)?",
    "TIMER-11": rb":-(?:[1-9][0-9]{0,8}(?:\.[0-9]{1,3})?|0\.[0-9]{0,2}[1-9])\|ms",
}


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


def plain_part(
    intervals: Sequence[Sequence[bytes]], unread: Iterable[bytes] = (), unmet: Set[str] = frozenset()
) -> Plain:
    """Return what of an input can be judged.

    Args:
        intervals: the datagrams of each.
        unread: datagrams that were not read: what they speak of is left out.
        unmet: requirements that the target is known not to meet: what they are about is not plain.
    """
    plain, refusable = _patterns(frozenset(unmet))
    found: list[dict[bytes, list[Line]]] = []
    others = list(unread)
    names: set[bytes] = set()
    odd: list[tuple[bool, ...]] = []
    for datagrams in intervals:
        lines: dict[bytes, list[Line]] = defaultdict(list)
        odd_here = []
        for datagram in datagrams:
            texts = [text for text in datagram.split(b"\n") if text]
            matches = [plain.match(text) for text in texts]
            odd_here.append(not all(matches))
            for text, match in zip(texts, matches, strict=True):
                if match:
                    lines[match["name"]].append(_line(match))
                else:
                    others.append(text)
        found.append(dict(lines))
        odd.append(tuple(odd_here))
    names = {name for lines in found for name in lines}
    doubted = others + [_cleaned(text) for text in others]
    shared = {one for name in names for one in _sharing(name, names, doubted)}
    judged = {
        name for name in names - shared if not any(name in text for text in doubted) and _is_judged(name, found, unmet)
    }
    refused = frozenset(_names_of_refused(refusable, others, names))
    kept = tuple({name: some for name, some in lines.items() if name in judged} for lines in found)
    return Plain(kept, refused, tuple(odd))


def _cleaned(text: bytes) -> bytes:
    """Return a line with its name as it may be published; some have no empty parts in one."""
    return _DOTS.sub(b".", clean_name(text))


def _line(match: "re.Match[bytes]") -> Line:
    name = match["name"].decode()
    for group, type in (("counter", "c"), ("time", "ms"), ("level", "g"), ("member", "s")):
        if match[group] is not None:
            return Line(name, match[group].decode(), type, (match[f"{group}_rate"] or b"").decode())
    raise AssertionError("one of the four matched")


@cache
def _patterns(unmet: frozenset[str]) -> "tuple[re.Pattern[bytes], re.Pattern[bytes]]":
    """Return what matches plain lines, and what matches lines that nobody takes."""

    def one_of(forms: Forms) -> bytes:
        return b"(?:%b)" % b"|".join(form for id, form in forms.items() if id not in unmet)

    def rate(group: bytes, *ids: str) -> bytes:
        """Return what matches the rate that may stand there."""
        return rb"(?:\|@(?P<%b_rate>%b))?" % (group, one_of(_RATES) if unmet.isdisjoint(ids) else _NOTHING)

    kinds = (
        rb"(?P<counter>%b)\|c%b" % (one_of(_COUNTS), rate(b"counter")),
        rb"(?P<time>%b)\|ms%b" % (_NUMBER, rate(b"time", "TIMER-07")),
        rb"(?P<level>%b)\|g%b" % (one_of(_LEVELS), rate(b"level", "RATE-12")),
        rb"(?P<member>[A-Za-z0-9_-]{1,40})\|s%b" % rate(b"member", "RATE-13", "SET-08"),
    )
    plain = rb"%b:(?:%b)\Z" % (_NAME, b"|".join(kinds))
    return re.compile(plain), re.compile(rb"%b%b\Z" % (_NAME, one_of(_REFUSED)))


def _is_judged(name: bytes, intervals: Sequence[dict[bytes, list[Line]]], unmet: Set[str]) -> bool:
    lines = [line for some in intervals for line in some.get(name, [])]
    # Where types of one name are to be series of their own, each is judged by itself.
    parts = [lines] if "COUNTER-12" in unmet else of_each_type(lines).values()
    return all(map(_is_counted, lines)) and all(
        well_behaved(part, whole="RATE-04" in unmet, above_zero="GAUGE-04" in unmet) for part in parts
    )


def _is_counted(line: Line) -> bool:
    """Tell whether a line stands for a whole number of lines; that the count of a timer has a fraction nothing says."""
    return line.type != "ms" or not line.rate or isclose(line.times * float(line.rate), 1)


def of_each_type(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """Return lines by their type."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.type, []).append(line)
    return found


def _sharing(name: bytes, names: set[bytes], doubted: Sequence[bytes]) -> Iterable[bytes]:
    """Yield a name like `a.sum` and `a`, where there are both: the sum of a timer `a` may be called so (OUT-08)."""
    head, _, tail = name.rpartition(b".")
    if _STATISTIC.fullmatch(tail) and (head in names or any(head in text for text in doubted)):
        yield from (head, name)


def _names_of_refused(refusable: "re.Pattern[bytes]", others: Sequence[bytes], names: set[bytes]) -> Iterable[bytes]:
    matches = [refusable.match(text) for text in others]
    odd = [text for text, match in zip(others, matches, strict=True) if not match]
    taken = odd + [_cleaned(text) for text in odd]
    # Of `a` a path may have more parts, and be that of another name: `timers.a.count`.
    heads = [text.partition(b":")[0] for text in odd]
    longer = {*names, *heads, *map(_cleaned, heads)}
    for name in (match["name"] for match in matches if match):
        # A short name is a part of too much else.
        if len(name) > 1 and not any(one and one in name for one in longer) and not any(name in text for text in taken):
            yield name
