"""What a probe tells of a target beside its profile: idle intervals, running counts, names, the size of datagrams.

Nothing of this but running counts goes into the profile: whether it is right is for the cases to judge. Counts that go
on from the start are one fault, which one case judges, and would hide all that others look for.
"""

import re
from collections.abc import Iterator
from math import isnan
from typing import Final

from statsd_conformance.flushed import MEANT_TO_FORGET, Flushed
from statsd_conformance.statement import Statement

# Counted in both flushes: twice as much in the second one counts from the start on.
AGAIN: Final = b"again"
SINCE_START: Final = "since the start"
SIZES: Final = (1432, 4095, 8191, 8932, 65507)
_ODD: Final = {"blank": b" ", "slash": b"/", "capitals": b"CAP"}
_MUCH: Final = 1.5
_ABSENT: Final = "absent"


def again(own: bytes) -> bytes:
    """Return the line that is sent before either flush, for the prefix `own`."""
    return b"%b.%b:17|c" % (own, AGAIN)


def running(before: Flushed, after: Flushed) -> Statement:
    """Tell counts of an interval from those since the target's start, by the flushes after a first and a second 17."""
    bucket = before.token + b"." + AGAIN
    if "counter" not in before.profile.paths:
        return Statement("counters", "per interval", True, "a rate is published")
    first, second = (max(flushed.counts(bucket), default=0.0, key=abs) for flushed in (before, after))
    if not first or not second:
        return Statement("counters", "per interval", False, "assumed: a counter did not come back twice")
    found = SINCE_START if second > _MUCH * first else "per interval"
    return Statement("counters", found, True, f"17 and later 17 came out as {first:g} and {second:g}")


def idle(kind: str, bucket: bytes, before: Flushed, after: Flushed) -> Statement:
    """Say what is published of a bucket in an interval without samples: the last thing that `after` has of it.

    The first snapshot of `after` is passed over where there are more, for a flush may take two of them.
    """
    behind = Flushed(after.profile, after.interval, after.token, after.snapshots[1:] or after.snapshots)
    states: dict[str, list[str]] = {}
    for published, statistic, _ in before.profile.all_paths(bucket):
        busy = before.numbers(published, bucket, statistic)
        if published == kind and busy:
            states.setdefault(_state(busy, behind.numbers(published, bucket, statistic)), []).append(statistic)
    why = f"in the flush behind; {MEANT_TO_FORGET}" if set(states) == {_ABSENT} else "in the flush behind"
    if len(states) == 1:
        return Statement(f"idle {kind}", next(iter(states)), True, why)
    found = "; ".join(f"{' '.join(statistics)} {state}" for state, statistics in states.items())
    return Statement(f"idle {kind}", found or "unknown", bool(states), why)


def _state(busy: list[float], later: list[float]) -> str:
    if not later:
        return _ABSENT
    last = later[-1]
    if isnan(last):
        return "nan"
    if last == 0:
        return "zero"
    largest = max(busy, key=abs)
    return "repeated" if abs(last - largest) <= 0.02 * abs(largest) else f"{last:g}"


def odd_names(own: bytes) -> Iterator[bytes]:
    """Yield a counter's line for each character that servers clean names of, for the prefix `own`."""
    for word, odd in _ODD.items():
        yield b"%b.odd%b%bend:1|c" % (own, word.encode(), odd)


def cleaned(flushed: Flushed) -> Iterator[Statement]:
    """Yield what the odd names came back as."""
    for word, odd in _ODD.items():
        pattern = re.compile(rb"odd%b(.{0,9}?)end" % word.encode(), re.IGNORECASE | re.DOTALL)
        found = [match[1] for line in flushed.own if (match := pattern.search(line.path))]
        yield Statement(f"{word} in a name", *_cleaned(odd, found))


def _cleaned(odd: bytes, found: list[bytes]) -> tuple[str, bool, str]:
    if not found:
        return "refused", True, "such a name did not come back"
    if found[0] == odd:
        return "kept", True, "such a name came back as it was"
    if not found[0]:
        return "removed", True, "such a name came back without it"
    return f"becomes {found[0].decode('utf-8', 'backslashreplace')}", True, "such a name came back otherwise"


def filled(own: bytes, size: int) -> bytes:
    """Return a datagram of `size` bytes, whose first and last line count once in buckets of the size's own.

    >>> len(filled(b"q", 1432))
    1432
    """
    first, padding, last = (b"%b.size%d%b:1|c\n" % (own, size, part) for part in (b"first", b"pad", b"last"))
    copies, rest = divmod(size - len(first) - len(last), len(padding))
    return first + padding * (copies - 1) + padding.replace(b":1", b":" + b"0" * rest + b"1") + last


def largest(flushed: Flushed) -> Statement:
    """Tell which of SIZES was the largest to be read whole, and all smaller ones as well."""
    whole = 0
    for size in SIZES:
        first, last = (flushed.has(b"%b.size%d%b" % (flushed.token, size, part)) for part in (b"first", b"last"))
        if not last:
            how = "was cut: its first line came back, its last did not" if first else "did not come back at all"
            return Statement("datagram", f"{whole} bytes" if whole else f"below {size} bytes", first, f"{size} {how}")
        whole = size
    return Statement("datagram", f"{whole} bytes", True, "the last line of the largest tried came back")
