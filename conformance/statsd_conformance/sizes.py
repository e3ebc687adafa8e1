"""The largest datagram that a target takes whole, to the byte, and what it makes of a larger one.

Many sizes are tried in one flush interval, each with buckets of its own. The first round holds the buffers that servers
are known to have, with a byte less and a byte more, so that it settles the size of most. Of a datagram that was cut the
lines that were counted show where; from one that was dropped whole the search goes on in the gap that is left.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from statsd_conformance.bracket import Bracket
from statsd_conformance.flushed import SIX_DIGITS, Flushed, about
from statsd_conformance.profile import same_path
from statsd_conformance.requirement import Inconclusive
from statsd_conformance.target import Target

# RFC 768 and RFC 791: 65535 less the headers of IPv4 and UDP.
LARGEST: Final = 65507
SMALLEST: Final = 128
_BUFFERS: Final = (512, 1024, 1400, 1432, 1440, 1472, 1500, 2048, 4096, 8192, 8932, 9000, 16384, 32768)
_STEPS: Final = (SMALLEST, 256, 6144, 12288, 24576, 49152, LARGEST)
FIRST_ROUND: Final = tuple(sorted({*_STEPS, *(size + by for size in _BUFFERS for by in (-1, 0, 1))}))
# What a later round sends at most, in bytes, and how many sizes it tries.
_ROUND: Final = 1_000_000
_FEWEST, _MOST = 8, 64
_NAME: Final = 40
# A server that prints six digits prints all of it.
_VALUE: Final = 123456


@dataclass(frozen=True, slots=True)
class Sized:
    """A datagram of a size: `number` lines that count 1 each for bucket `lines`, then the only one of bucket `last`.

    The last one has no LF, so that each byte of it counts.
    """

    lines: bytes
    last: bytes
    number: int
    datagram: bytes

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.datagram)

    @property
    def line(self) -> int:
        """Bytes of each line but the last one, its LF included."""
        return len(self.lines) + len(b":1|c\n")

    def counted(self, flushed: Flushed) -> int:
        """Return how many of its lines but the last one were counted."""
        return round(sum(flushed.counts(self.lines)))

    def whole(self, flushed: Flushed) -> bool:
        """Tell whether all of it was counted."""
        return self.counted(flushed) == self.number and sum(flushed.counts(self.last)) == about(_VALUE, SIX_DIGITS)


def sized(stem: bytes, size: int) -> Sized:
    """Return a datagram of `size` bytes, at least SMALLEST, whose buckets begin with `stem`, of 20 bytes at most.

    >>> sized(b"q", 128).size
    128
    """
    lines, last = (b"%b%05d%b" % (stem, size, part) for part in (b"n", b"z"))
    lines, value = lines.ljust(_NAME, b"x"), b":%d|c" % _VALUE
    line = lines + b":1|c\n"
    number = (size - len(last) - len(value)) // len(line)
    last = last.ljust(size - number * len(line) - len(value), b"x")
    return Sized(lines, last, number, number * line + last + value)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of which a cut leaves another valid one: `kept` ends where the cut is, `lost` follows at once."""

    bucket: bytes
    kept: bytes
    lost: bytes
    means: float


def lines_to_cut(target: Target) -> tuple[Line, ...]:
    """Return lines that mean another number, a rate or not, when they are cut; a number of many digits among them."""
    digits, cut_rate, no_rate = target.bucket("digits"), target.bucket("cutrate"), target.bucket("norate")
    return (
        Line(digits, digits + b":123", b"456|c", _VALUE),
        Line(cut_rate, cut_rate + b":1|c|@0.1", b"25", 8),
        Line(no_rate, no_rate + b":1|c", b"|@0.125", 8),
    )


def astride(pad: bytes, line: Line, size: int) -> bytes:
    """Return a datagram in which the line is cut after `size` bytes; lines of bucket `pad` fill it, behind it as well.

    Where UDP has no room behind it, it is the last.
    """
    one = pad + b":1|c\n"
    copies, rest = divmod(size - len(line.kept), len(one))
    filled = one * (copies - 1) + pad + b":" + b"1|c\n".rjust(rest + len(one) - len(pad) - 1, b"0")
    whole = filled + line.kept + line.lost
    return whole + b"\n" + one[:-1] if len(whole) + len(one) <= LARGEST else whole


def misread(flushed: Flushed, lines: Sequence[Line], others: Sequence[bytes], idle: Collection[bytes] = ()) -> str:
    """Return how a line that was cut was applied, in words; empty where each was counted as sent, or not at all.

    `others` are the buckets of all other lines, which were counters; `idle` are paths that were published before.
    """
    for line in lines:
        counted = sum(flushed.counts(line.bucket))
        if counted not in (0, about(line.means, SIX_DIGITS)):
            return f"a line that means {line.means:g} was applied as {counted:g}"
    published = _other_than_counters(flushed, [*others, *(line.bucket for line in lines)])
    strays = [path for path in published if path not in idle]
    return f"a line that was cut was published as {flushed.summary(*strays)}" if strays else ""


def _other_than_counters(flushed: Flushed, buckets: Iterable[bytes]) -> list[bytes]:
    """Return the case's own paths that are not of counters of these buckets."""
    paths = [
        path for bucket in buckets for kind, _, path in flushed.profile.all_paths(bucket) if kind in ("counter", "rate")
    ]
    return sorted({line.path for line in flushed.own if not any(same_path(path, line.path) for path in paths)})


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest datagram that is taken whole, in bytes: 0 where SMALLEST is not, LARGEST where UDP ends.

    `beyond` is what becomes of a larger one, in words, `wrong` how a line was counted that was cut; both may be empty.
    """

    size: int
    beyond: str = ""
    wrong: str = ""

    def __str__(self) -> str:
        if not self.size:
            return f"none: not even one of {SMALLEST} bytes"
        if self.size == LARGEST:
            return f"{self.size:,} bytes, the most that UDP over IPv4 carries"
        beyond = f"is cut and counted wrong: {self.wrong}" if self.wrong else self.beyond
        return f"{self.size:,} bytes; a larger one {beyond}"


async def largest(target: Target) -> Largest:
    """Return the largest datagram that the target takes whole; it takes two flushes, seldom more.

    Raises:
        Inconclusive: one was not taken whole, but a larger one was.
    """
    found = Bracket(0, LARGEST + 1)
    sizes: Sequence[int] = FIRST_ROUND
    number = 0
    while sizes:
        number += 1
        tried = [sized(target.bucket(f"r{number}"), size) for size in sizes]
        target.send(*(one.datagram for one in tried))
        flushed = await target.flush()
        found = found.after((one.size, one.whole(flushed)) for one in tried)
        near = [_near(one, flushed) for one in tried if one.size == found.high]
        found = replace(found, near=near[0]) if near else found
        sizes = found.between(max(_FEWEST, min(_MOST, _ROUND // found.high)))
    if found.low in (0, LARGEST):
        return Largest(found.low)
    return await _beyond(target, found.low)


def _near(one: Sized, flushed: Flushed) -> range:
    """Return the sizes at which a datagram was cut of which some lines were counted; none where it was dropped."""
    lines = one.counted(flushed)
    end = lines * one.line
    return range(end - 1, end + one.line + 1 if lines < one.number else one.size) if lines else range(0)


async def _beyond(target: Target, size: int) -> Largest:
    """Look once more at a datagram of `size` bytes, the largest taken whole, and at larger ones."""
    idle = {line.path for line in target.trace.published()}
    target.forget()
    lines, pad = lines_to_cut(target), target.bucket("pad")
    same, larger = (sized(target.bucket("e"), each) for each in (size, size + 1))
    target.send(same.datagram, larger.datagram, *(astride(pad, line, size) for line in lines))
    flushed = await target.flush()
    if not same.whole(flushed) or larger.whole(flushed):
        raise Inconclusive(f"{size} bytes were the most that was counted whole, and the next time they were not")
    last = Line(larger.last, larger.last, b"", _VALUE)
    wrong = misread(flushed, [*lines, last], [pad, same.lines, same.last, larger.lines], idle)
    if wrong:
        return Largest(size, wrong=wrong)
    return Largest(size, "loses its last line" if larger.counted(flushed) else "is dropped")
