"""SELF: what a server publishes about itself.

What other cases send is known, and taken off what the server counts; what somebody else sends to it is not.
Not tested because no source decides it: how much work a server may spend on a flush, and whether a line that is too
long to be read counts as bad.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from statsd_conformance.connection import Connection
from statsd_conformance.flushed import Flushed, about
from statsd_conformance.graphite import TOKEN_OF_RUN, GraphiteLine
from statsd_conformance.profile import OWN_COUNTERS, Profile, same_path
from statsd_conformance.requirement import EXT, MUST, SHOULD, Inconclusive, Unsupported, requirement
from statsd_conformance.target import Target

# More than any number that a server is likely to publish anyway.
_REJECTED: Final = 37
_FLUSHES: Final = 3
_FLUSH_VALUES: Final = ("last_exception", "last_flush", "flush_time", "flush_length")


def _assert_counted(target: Target, flushed: Flushed, name: str, sent: int, what: str) -> None:
    counted = flushed.own_count(name)
    if counted > sent and not target.sole:
        raise Inconclusive(f"{name} rose by {counted:g} over {sent} {what}: somebody else may send there, too")
    assert counted == sent, f"{name} rose by {counted:g} over {sent} {what}"


@requirement("SELF-01", EXT, MUST, cites="stats.js:234-236", quiet=True)
async def test_datagrams_are_counted(target: Target) -> None:
    """`packets_received` MUST count datagrams, also those that are empty or bad all through."""
    target.needs_own("packets_received")
    good, bad = target.bucket("good"), target.bucket("bad")
    datagrams = [b"", b"\n", bad, bad + b"\n" + bad, good + b":1|c\n" + good + b":1|c", b""]
    target.send(*datagrams)
    _assert_counted(target, await target.flush(), "packets_received", len(datagrams), "datagrams")


@requirement("SELF-02", EXT, MUST, cites="stats.js:246-251", quiet=True)
async def test_lines_are_counted(target: Target) -> None:
    """`metrics_received` MUST count lines that are not empty, good and bad, whatever number of samples they hold."""
    target.needs_own("metrics_received")
    line, bad = target.bucket("good") + b":1|c", target.bucket("bad")
    target.send(b"\n".join([line, b"", bad, line + b":2|c:3|c", b""]), b"", line + b"\n")
    _assert_counted(target, await target.flush(), "metrics_received", 4, "lines")


@requirement("SELF-03", EXT, MUST, cites="stats.js:280-288", quiet=True)
async def test_bad_samples_are_counted(target: Target) -> None:
    """`bad_lines_seen` MUST count bad samples: two for a line that holds two of them, whatever else it holds."""
    target.needs_own("bad_lines_seen")
    bad = target.bucket("bad")
    target.send(bad, bad + b":x|c:y|c\n" + bad + b":1", bad + b":x|c:1|c:y|c")
    _assert_counted(target, await target.flush(), "bad_lines_seen", 6, "bad samples")


@requirement("SELF-04", EXT, MUST, cites="stats.js:213-225; lib/process_metrics.js:13-20")
async def test_own_counters_are_ordinary_ones(target: Target) -> None:
    """The three MUST be published like other counters, as count and rate, in every interval, idle or not."""
    target.needs_own(*OWN_COUNTERS, *(f"{name}_rate" for name in OWN_COUNTERS))
    flushed = await target.after(target.bucket() + b":1|c")
    flushes = max(len(flushed.own_values(name)) for name in OWN_COUNTERS)
    for name in OWN_COUNTERS:
        counts, rates = flushed.own_values(name), flushed.own_values(f"{name}_rate")
        assert len(counts) == len(rates) == flushes > 0, (
            f"{flushes} flushes published {len(counts)} counts and {len(rates)} rates of {name}"
        )
        for count, rate in zip(counts, rates, strict=True):
            assert rate * target.interval == about(count, 0.01), f"{name} is {count:g}, its rate {rate:g}"


def _whole_flushes(target: Target, lines: Sequence[GraphiteLine]) -> list[list[GraphiteLine]]:
    """Return the flushes that lie between two lines of `flush_length`, which is the last of each.

    A machine that stands still may have cut one into two snapshots.
    """
    path = target.profile.own["flush_length"].encode()
    ends = [place for place, line in enumerate(lines) if same_path(path, line.path)]
    return [list(lines[end + 1 : following + 1]) for end, following in pairwise(ends)]


def _published(lines: Sequence[GraphiteLine], profile: Profile) -> int:
    """Return the number of counters, timers, gauges and sets in a flush, from the paths in it."""
    paths = Counter(line.path for line in lines)
    counters = _matching("counter", profile, paths)
    # A counter named `gauges.a` has a rate that looks like the gauge `a`.
    rates = Counter(profile.path("rate", bucket) for bucket in counters)
    others = paths - Counter({path: number for path, number in rates.items() if path})
    return len(counters) + sum(len(_matching(kind, profile, others)) for kind in ("timer", "gauge", "set"))


def _matching(kind: str, profile: Profile, paths: "Counter[bytes]") -> list[bytes]:
    """Return the buckets whose values of a kind are among the paths; a timer's is its count.

    Tags stand behind all that a path adds to a name, and nothing may be left of a name. Two names that are cleaned into
    one path are two series.
    """
    head, _, tail = (profile.path(kind, b"\0", "count") or b"").partition(b"\0")
    pattern = re.compile(b"%b([^;]*)%b(;.*)?" % (re.escape(head), re.escape(tail)), re.DOTALL)
    found = (pattern.fullmatch(path) for path in paths.elements())
    return [match[1] + (match[2] or b"") for match in found if match]


@requirement("SELF-05", EXT, MUST, cites="backends/graphite.js:150-233, numStats")
async def test_number_of_series_is_published(target: Target) -> None:
    """`numStats` MUST be the number of counters, timers, gauges and sets in the flush, the server's own included."""
    target.needs_own("numStats", "flush_length")
    target.needs_paths("counter", "rate", "gauge", "set", "timer")
    target.needs_statistics("count")
    bucket = target.bucket
    lines = list((await target.flush()).lines)
    lines += (
        await target.after(
            bucket("c") + b":1|c",
            bucket("g") + b":1|g",
            bucket("t") + b":1|ms",
            bucket("t") + b":2|ms",
            bucket("s") + b":a|s",
        )
    ).lines
    path = target.profile.own["numStats"].encode()
    flushes = _whole_flushes(target, lines)
    assert flushes, "two flushes published flush_length fewer than twice"
    for flush in flushes:
        said = [line.number for line in flush if same_path(path, line.path)]
        number = _published(flush, target.profile)
        assert said == [number], f"a flush of {number} series says numStats {said}"


def _times(flushed: Flushed, name: str) -> list[tuple[float, int]]:
    """Return the values that a target published about itself, each with the time of its flush."""
    path = flushed.profile.own[name].encode()
    lines = [line for line in flushed.lines if same_path(path, line.path) and line.number is not None]
    return [(line.number or 0.0, int(line.timestamp)) for line in lines]


@requirement("SELF-06", EXT, MUST, cites="stats.js:73-77")
async def test_lag_of_a_flush_is_published(target: Target) -> None:
    """The gauge `timestamp_lag` MUST be, from the second flush on, the time since the last one less the interval."""
    target.needs_own("timestamp_lag", "packets_received")
    first, second = await target.flush(), await target.flush()
    flushes = [time for flushed in (first, second) for _, time in _times(flushed, "packets_received")]
    lags = [one for flushed in (first, second) for one in _times(flushed, "timestamp_lag")]
    assert len(lags) >= len(flushes) - 1, f"{len(flushes)} flushes published {len(lags)} values of timestamp_lag"
    before = flushes[-2]
    lag, time = lags[-1]
    expected = time - before - target.interval
    assert abs(lag - expected) < 0.1, f"flushes at {before} and {time}, and timestamp_lag is {lag:g}, not {expected:g}"


@requirement("SELF-07", EXT, MUST, cites="backends/graphite.js:54-92, 243-246")
async def test_flush_before_is_told_of(target: Target) -> None:
    """Times of calculation MUST be published, and when, how fast and how long the flush before was."""
    target.needs_own("calculationtime", "processing_time", *_FLUSH_VALUES)
    lines = [line for _ in range(_FLUSHES) for line in (await target.flush()).lines]
    flushes = _whole_flushes(target, lines)
    assert len(flushes) > 1, f"{_FLUSHES} flushes published flush_length fewer than three times"
    before, last = flushes[-2:]
    said = {
        name: [line.number for line in last if same_path(target.profile.own[name].encode(), line.path)]
        for name in ("calculationtime", "processing_time", *_FLUSH_VALUES)
    }
    for name, numbers in said.items():
        assert len(numbers) == 1, f"a flush published {name} {len(numbers)} times"
    ended, came = said["last_flush"][0] or 0.0, int(before[-1].timestamp)
    assert abs(ended - came) < 2, f"the flush before came at {came}, it says {ended:.0f}"
    length = sum(len(line.raw) + 1 for line in before)
    if target.verbatim:
        assert said["flush_length"] == [length], (
            f"the flush before had {length} bytes, it says {said['flush_length'][0]}"
        )


async def _bad_lines_seen(console: Connection) -> int:
    reply = await console.ask(b"stats", b"END\n\n")
    found = re.search(rb"^messages\.bad_lines_seen: ([0-9]+)$", reply, re.MULTILINE)
    assert found, f"`stats` shows no messages.bad_lines_seen: {reply!r}"
    return int(found[1])


@requirement("SELF-08", EXT, MUST, cites="stats.js:36-41, 287; docs/admin_interface.md", quiet=True)
async def test_console_counts_bad_lines_from_the_start(target: Target) -> None:
    """The console's `messages.bad_lines_seen` MUST go on counting over flushes."""
    async with target.console() as console:
        before = await _bad_lines_seen(console)
        target.send(target.bucket("bad") + b":x|c:y|c\n" + target.bucket("bad"))
        flushed = await target.flush()
        risen = await _bad_lines_seen(console) - before
    # Others may have sent theirs before or after the first look.
    most = 3 + flushed.of_others().bad
    if risen > most and not target.sole:
        raise Inconclusive(f"it rose by {risen} over 3 bad samples: somebody else may send there, too")
    assert 3 <= risen <= most, f"messages.bad_lines_seen rose by {risen} over a flush with 3 bad samples"


@requirement(
    "SELF-09", EXT, SHOULD, cites="stats.js:284-288; brubeck src/internal_sampler.c; gostatsd METRICS.md", quiet=True
)
async def test_number_of_rejected_lines_is_published(target: Target) -> str:
    """A server that rejects lines SHOULD publish how many."""
    bucket = target.bucket("bad")
    target.send(b"\n".join([bucket + b":1"] * _REJECTED))
    flushed = await target.flush()
    assert not flushed.has(bucket), f"a line without a type was published: {flushed.summary()}"
    if target.profile.errors:
        rejected = flushed.rejected()
        assert rejected == _REJECTED, f"{_REJECTED} lines were rejected, {target.profile.errors} rose by {rejected:g}"
        return f"{target.profile.errors} tells"
    total = _REJECTED + flushed.of_others().bad
    told = _rose_by(total, flushed.lines, target.token[:TOKEN_OF_RUN])
    if not told:
        raise Unsupported(f"nothing that it publishes rose by the {total} lines that it rejected")
    return f"{told[0].decode('latin-1')} tells"


def _rose_by(number: float, lines: Sequence[GraphiteLine], run: bytes) -> list[bytes]:
    """Return the paths whose values sum up to a number, but for those that any case of the run has made."""
    sums: dict[bytes, float] = {}
    for line in lines:
        if run not in line.key:
            sums[line.path] = sums.get(line.path, 0.0) + (line.number or 0.0)
    return [path for path, total in sums.items() if total == number]
