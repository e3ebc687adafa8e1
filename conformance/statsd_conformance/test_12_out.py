"""OUT: the lines that go to Graphite.

Each case looks at the lines of its own buckets and at those of the server itself, not at what other cases made it say.
Not tested because no source decides it: the order of the lines of a flush.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from typing import Final

from statsd_conformance.flushed import SIX_DIGITS, Flushed, about
from statsd_conformance.graphite import GraphiteLine, read_line
from statsd_conformance.profile import same_path
from statsd_conformance.requirement import CORE, EXT, MUST, QUIRK, ROBUST, SHOULD, requirement
from statsd_conformance.target import Target, sandwich

_DECIMAL: Final = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
# The types of kinds that are published, and what is sent of each.
_TYPES: Final = {"timer": "ms", "set": "s", "gauge": "g", "rate": "c", "counter": "c"}
_LINE: Final = {"c": b":1000|c", "g": b":7|g", "s": b":ada|s", "ms": b":5|ms"}
_PLAUSIBLE: Final = range(1_000_000_000, 10_000_000_000)


async def _everyday(target: Target) -> tuple[Flushed, list[GraphiteLine]]:
    """Send a bit of everything; return what was flushed, and the lines of this case and of the server itself."""
    bucket = target.bucket
    flushed = await target.after(
        bucket("requests") + b":3|c",
        bucket("sampled") + b":1|c|@0.3",
        bucket("level") + b":-7|g",
        bucket("fraction") + b":0.000123|g",
        bucket("took") + b":320|ms",
        bucket("took") + b":12.5|ms",
        bucket("users") + b":765|s",
        bucket("with blank") + b":1|c",
        bucket("tab\there") + b":1|c",
        bucket("a/b(c)") + b":1|g",
    )
    assert flushed.has(bucket("requests")), f"a plain counter was not published: {flushed.summary()}"
    return flushed, _of_interest(target, flushed)


def _of_interest(target: Target, flushed: Flushed) -> list[GraphiteLine]:
    """Return the lines of this case and of the server itself."""
    run = target.token[:6]
    return [line for line in flushed.lines if target.token in line.key or run not in line.key]


@requirement("OUT-01", CORE, MUST, cites="Graphite documentation, Feeding in your data; carbon lib/carbon/protocols.py")
async def test_line_has_three_fields(target: Target) -> None:
    """Each line MUST be `path SP value SP timestamp LF`, with single blanks, and three fields, as Graphite counts them:
    cut at any white space.
    """
    target.needs_graphite()
    _, lines = await _everyday(target)
    # A server may have something else to say when it has nothing to say.
    lines += _of_interest(target, await target.flush())
    odd = sorted(line.raw for line in lines if not _has_three_fields(line))
    assert not odd, f"not three fields: {_shown(odd[0])}" if odd[0] else "an empty line was published"


@requirement("OUT-02", CORE, MUST, cites="Graphite documentation, Feeding in your data; carbon lib/carbon/protocols.py")
async def test_path_is_clean(target: Target) -> None:
    """The path MUST NOT be empty, nor contain blanks or control characters."""
    target.needs_graphite()
    _, lines = await _everyday(target)
    odd = sorted(line.raw for line in lines if _fault_of(line.path))
    assert not odd, f"{_fault_of(read_line(odd[0]).path)}: {_shown(odd[0])}"


@requirement("OUT-03", CORE, MUST, cites="carbon lib/carbon/protocols.py, MetricLineReceiver: float()")
async def test_value_is_a_finite_number(target: Target) -> None:
    """For ordinary traffic the value MUST parse as a finite decimal number; NUM and ROBUST are about other traffic."""
    _, lines = await _everyday(target)
    odd = [
        line for line in lines if not _DECIMAL.match(line.value) or line.number in (None, float("inf"), float("-inf"))
    ]
    assert not odd, f"not a finite number: {odd[0]}"


@requirement("OUT-04", CORE, MUST, cites="carbon lib/carbon/protocols.py; backends/graphite.js:54-92")
async def test_timestamp_is_in_whole_seconds(target: Target) -> None:
    """The timestamp MUST be a whole number of Unix seconds."""
    target.needs_graphite()
    _, lines = await _everyday(target)
    odd = [line for line in lines if not line.timestamp.isdigit() or int(line.timestamp) not in _PLAUSIBLE]
    assert not odd, f"not a timestamp in seconds: {odd[0]}"


@requirement("OUT-05", CORE, MUST, cites="whisper, which keeps one value a slot")
async def test_path_comes_once_a_flush(target: Target) -> None:
    """A path MUST NOT appear more than once in a flush, but for names that are made to share one (OUT-08)."""
    flushed, _ = await _everyday(target)
    for snapshot in flushed.snapshots:
        seen: set[tuple[bytes, bytes]] = set()
        for line in snapshot.lines:
            if target.token[:6] in line.key and target.token not in line.key:
                continue
            if line.path == target.profile.errors.encode():
                # NAME-12 sends samples for it, which a server may keep apart from its own.
                continue
            assert (line.path, line.timestamp) not in seen, f"twice in one flush: {line}"
            seen.add((line.path, line.timestamp))


@requirement("OUT-06", CORE, MUST, cites="ECMA-262, Number::toString; backends/graphite.js:64-68")
async def test_numbers_keep_their_digits(target: Target) -> None:
    """Integers below 2^53 MUST be printed exactly, and fractions with six significant digits at least."""
    numbers = (16777217, 4294967297, 2**53 - 1, -16777217)
    whole = {target.bucket(f"w{place}"): number for place, number in enumerate(numbers)}
    parts = {
        target.bucket(f"p{place}"): number for place, number in enumerate((0.333333333, 1.23456789e-7, 123456.789))
    }
    # A negative value is set by way of 0, in a datagram before it: GAUGE-04 judges whether one does.
    target.send(b"\n".join(b"%b:0|g" % bucket for bucket in whole))
    lines = [b"%b:%d|g" % (bucket, number) for bucket, number in whole.items()]
    flushed = await target.after(
        *lines, *(b"%b:%b|g" % (bucket, repr(number).encode()) for bucket, number in parts.items())
    )
    for bucket, number in whole.items():
        flushed.gauge(bucket)
        text = flushed.texts("gauge", bucket)[-1]
        assert Decimal(text.decode()) == number, f"{number} was printed as {text.decode()}"
    for bucket, fraction in parts.items():
        value = flushed.gauge(bucket)
        assert value == about(fraction, SIX_DIGITS), f"{fraction} was printed as {value}"


@requirement("OUT-07", ROBUST, SHOULD, cites="carbon lib/carbon/protocols.py strips CR; relays may not")
async def test_lines_end_in_lf(target: Target) -> None:
    """Lines SHOULD end in LF alone; carbon takes CR LF, but not every relay does. No line MUST be empty."""
    target.needs_graphite()
    _, lines = await _everyday(target)
    odd = [line for line in lines if line.raw.endswith(b"\r") or not line.raw]
    assert not odd, f"ends in CR LF, or is empty: {odd[0]!s}"


@requirement("OUT-08", QUIRK, SHOULD, cites="backends/graphite.js:150-256")
async def test_names_that_look_like_another_kind(target: Target) -> str:
    """Names of two types, as a counter `timers.x.count` and the timer `x` of the original, SHOULD NOT share a path."""
    alike = next(_alike(target), None)
    if alike is None:
        return "names of two types share no path, by its profile"
    name, type, other, path = alike
    inner = target.bucket("x")
    flushed = await sandwich(target, name + _LINE[type], inner + _LINE[other])
    times = max(sum(same_path(path, line.path) for line in snapshot.lines) for snapshot in flushed.snapshots)
    told = f"`{_readable(target, name)}` ({type}) and `{_readable(target, inner)}` ({other})"
    return f"{told} are {'both' if times > 1 else 'not both'} published as {_readable(target, path)}"


def _readable(target: Target, text: bytes) -> str:
    return text.replace(target.token, b"K").decode("latin-1")


def _alike(target: Target) -> Iterator[tuple[bytes, str, str, bytes]]:
    """Yield what shares a path with the bucket `x` by the profile: a name, its type, the type of `x`, and the path.

    What the original has comes first: a counter that is called like a statistic of a timer.
    """
    profile = target.profile
    types = {kind: type for kind, type in _TYPES.items() if kind in profile.paths and type in profile.types}
    ways = [(kind, one) for kind in types for one in (profile.statistics if kind == "timer" else ("",))]
    for (kind, statistic), other in product(ways, reversed(ways)):
        path = profile.path(kind, target.bucket("x"), statistic)
        if path is not None and types[kind] != types[other[0]]:
            name = _name_at(path, target, *other)
            if name is not None:
                yield name, types[other[0]], types[kind], path


def _name_at(path: bytes, target: Target, kind: str, statistic: str) -> bytes | None:
    """Return the name of the case's own that a kind publishes at a path, None where there is none."""
    start = path.find(target.token)
    end = start + len(target.token)
    names = (path[first:last] for first in range(start + 1) for last in range(end, len(path) + 1))
    return next((name for name in names if target.profile.path(kind, name, statistic) == path), None)


@requirement("OUT-09", EXT, MUST, cites="statsd docs/namespacing.md; backends/graphite.js:150-256, 283-330")
async def test_prefixes_change_paths_only(target: Target) -> None:
    """Options of prefixes, suffix and namespace MUST change paths only: all values come, and under no other path."""
    target.needs_extension("prefixes")
    target.needs("c", "g", "ms", "s")
    counter, gauge, timer, users = (target.bucket(leaf) for leaf in "cgtu")
    flushed = await target.after(
        counter + b":3|c", counter + b":4|c", gauge + b":17|g", timer + b":10|ms", timer + b":30|ms", users + b":x|s"
    )
    seen = (flushed.count(counter), flushed.gauge(gauge), flushed.timer(timer, "mean"), flushed.members(users))
    assert seen == (7, 17, 20, 1), f"7, 17, 20 and 1 came out as {seen}"
    # A profile need not name all statistics of a timer.
    strays = [path for path in flushed.strays(counter, gauge, users) if timer not in path]
    assert not strays, f"published under another path, too: {strays[0].decode('latin-1')}"


def _has_three_fields(line: GraphiteLine) -> bool:
    """Tell whether carbon, which cuts at any white space, finds the three fields that single blanks make."""
    text = line.raw.removesuffix(b"\r").decode("utf-8", "replace")
    return len(text.split()) == 3 and text.split() == text.split(" ")


def _fault_of(path: bytes) -> str:
    """Return what is wrong with a path; empty when nothing is."""
    if not path:
        return "an empty path"
    if b" " in path:
        return "a blank in a path"
    if b"\t" in path:
        return "a tab in a path"
    return "a control character in a path" if any(byte < 32 or byte == 127 for byte in path) else ""


def _shown(raw: bytes) -> str:
    return ascii(raw.removesuffix(b"\r"))[2:-1]
