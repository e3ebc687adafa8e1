"""FLUSH: the interval, its timestamps, and what an interval without samples publishes.

Not tested because no source decides it: when the first flush comes, and whether flushes keep to whole multiples of the
interval. A receiver that is there and reads nothing is not tried: what a target sends while the suite runs fits into
the buffers that the kernel has for the connection.
"""

from itertools import pairwise
from statistics import mean, median
from typing import Final

from statsd_conformance.flushed import Flushed, about
from statsd_conformance.graphite import TOKEN_OF_RUN
from statsd_conformance.profile import same_path
from statsd_conformance.requirement import (
    CORE,
    EXT,
    MUST,
    QUIRK,
    ROBUST,
    SHOULD,
    Unsupported,
    requirement,
    untestable,
)
from statsd_conformance.target import Target

_FLUSHES = 3
_SPREAD = 24
# Looks at a target that nobody hears, and for how many intervals.
_UNHEARD = 6
_UNHEARD_FOR = 1.5


@requirement("FLUSH-01", CORE, MUST, cites="statsd exampleConfig.js, flushInterval; stats.js:452, 503-505")
async def test_output_comes_once_an_interval(target: Target) -> None:
    """Output MUST appear once per configured interval."""
    target.needs_flushes()
    bucket = target.bucket()
    seen = [await target.after(bucket + b":1|c") for _ in range(_FLUSHES)]
    arrivals = [snapshot.arrived for flushed in seen for snapshot in flushed.snapshots]
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    # A machine that stands still once makes one gap long and the next one short, so the middle one tells. One that
    # stands still again and again makes every other gap short, so the mean tells.
    low, high = sorted((median(gaps), mean(gaps)))
    heard = f"{len(arrivals)} flushes came {low:.2f} to {high:.2f} s apart, the interval is {target.interval:g} s"
    assert high > target.interval / 2, heard
    # Half a second more, for the time of arrival is that of a machine which may be busy.
    assert low < 1.5 * target.interval + 0.5, heard
    for flushed in seen:
        counts = flushed.counts(bucket)
        # Two flushes that were read at once, by a suite that had to wait for its turn, differ in their timestamps.
        flushes = max(len(flushed.snapshots), len({line.timestamp for line in flushed.own}))
        assert len(counts) <= flushes, f"{flushes} flushes published counts of {counts}"


# Flushes that are looked at for their time, until one is right.
_LOOKS: Final = 3


@requirement("FLUSH-02", CORE, MUST, cites="stats.js:201-207; backends/graphite.js:54-92")
async def test_lines_carry_the_time_of_the_flush(target: Target) -> None:
    """Every line of a flush MUST carry its time in whole seconds, give or take one, and the same in all of them."""
    target.needs_graphite()
    # A flush may be read late by a suite that has to wait for its turn, but hardly three in a row.
    for _ in range(_LOOKS):
        wrong = await _wrong_time(target)
        if not wrong:
            return
    raise AssertionError(wrong)


async def _wrong_time(target: Target) -> str:
    """Return what is wrong with the timestamps of a flush, empty for nothing."""
    bucket = target.bucket
    flushed = await target.after(bucket("a") + b":1|c", bucket("b") + b":1|g", bucket("c") + b":1|g")
    late = 1.5 + target.interval + target.profile.lag
    for snapshot in flushed.snapshots:
        stamps = [int(line.timestamp) for line in snapshot.lines_of(target.token) if line.timestamp.isdigit()]
        if not stamps:
            continue
        if max(stamps) - min(stamps) > 1:
            return f"one flush carries timestamps from {min(stamps)} to {max(stamps)}"
        if not -1.5 <= snapshot.wall_clock - max(stamps) <= late:
            return f"a flush that came at {snapshot.wall_clock:.1f} says {max(stamps)}"
    return ""


async def _idle(target: Target, line: bytes) -> tuple[Flushed, Flushed]:
    """Send one line; return what was flushed, and what the interval after it published."""
    first = await target.after(line)
    return first, await target.flush()


@requirement("FLUSH-04", CORE, MUST, cites="stats.js:103-113")
async def test_idle_counter_is_zero(target: Target) -> None:
    """An idle counter MUST be published as 0 in every later flush."""
    target.needs_idle("counter")
    bucket = target.bucket()
    first, idle = await _idle(target, bucket + b":3|c")
    assert first.count(bucket) == 3
    assert set(idle.counts(bucket)) == {0}, f"an idle counter came out as {idle.left()}"
    assert not any(idle.rates(bucket)), f"an idle counter came out as {idle.left()}"


@requirement("FLUSH-05", CORE, MUST, cites="statsd docs/metric_types.md, Gauges; stats.js:132-144")
async def test_idle_gauge_is_repeated(target: Target) -> None:
    """The value of an idle gauge MUST be repeated."""
    target.needs_idle("gauge")
    bucket = target.bucket()
    first, idle = await _idle(target, bucket + b":5.5|g")
    assert first.gauge(bucket) == 5.5
    assert set(idle.gauges(bucket)) == {5.5}, f"an idle gauge came out as {idle.left()}"


@requirement("FLUSH-06", CORE, MUST, cites="stats.js:122-130")
async def test_idle_set_is_empty(target: Target) -> None:
    """An idle set MUST be published as 0."""
    target.needs("s")
    target.needs_idle("set")
    bucket = target.bucket()
    first, idle = await _idle(target, bucket + b":ada|s")
    assert first.members(bucket) == 1
    assert set(idle.numbers("set", bucket)) == {0}, f"an idle set came out as {idle.left()}"


@requirement("FLUSH-07", CORE, MUST, cites="stats.js:115-120; lib/process_metrics.js:21-40, 103-105")
async def test_idle_timer_has_a_count_of_zero_only(target: Target) -> None:
    """An idle timer MUST be published with count 0 and count_ps 0, and nothing else."""
    target.needs("ms")
    target.needs_idle("timer")
    bucket = target.bucket()
    first, idle = await _idle(target, bucket + b":320|ms")
    assert first.has(bucket), f"a time was not published: {first.summary()}"
    counts = {
        name: idle.numbers("timer", bucket, name) for name in ("count", "count_ps") if name in target.profile.statistics
    }
    zeros = [number for numbers in counts.values() for number in numbers]
    assert not any(zeros), f"an idle timer came out as {idle.left()}"
    assert len(idle.own) == len(zeros), f"an idle timer came out as {idle.left()}"
    if not counts:
        raise Unsupported(f"the profile {target.profile.name!r} publishes no count of a timer, which had to be 0")
    assert all(counts.values()), f"an idle timer came out as {idle.left()}"


@requirement("FLUSH-08", EXT, MUST, cites="exampleConfig.js, deleteIdleStats; stats.js:95-144")
async def test_idle_series_disappear(target: Target) -> None:
    """With deleteIdleStats idle series MUST disappear from the output, and the server's own counters stay."""
    target.needs_extension("deleteIdleStats")
    bucket = target.bucket
    first = await target.after(
        bucket("c") + b":1|c", bucket("g") + b":1|g", bucket("t") + b":1|ms", bucket("s") + b":1|s"
    )
    assert all(first.has(bucket(leaf)) for leaf in "cgts"), f"published: {first.summary()}"
    idle = await target.flush()
    assert not idle.own, f"idle series came out as {idle.summary()}"
    errors = target.profile.errors
    assert not errors or any(line.path == errors.encode() for line in idle.lines), f"{errors} disappeared, too"


@requirement("FLUSH-09", CORE, MUST, cites="statsd docs/metric_types.md, Counting; lib/process_metrics.js:13-16")
async def test_rate_is_count_by_interval(target: Target) -> None:
    """With an interval of T seconds the rate MUST equal the count divided by T."""
    target.needs_paths("counter", "rate")
    bucket = target.bucket()
    # A rate made of differences has none in its first interval.
    await target.after(bucket + b":30|c")
    flushed = await target.after(bucket + b":30|c")
    assert flushed.count(bucket) == 30
    rates = sum(flushed.rates(bucket))
    assert rates * target.interval == about(30, 0.02), f"30 in {target.interval:g} s made a rate of {rates:g}"


@requirement("FLUSH-10", CORE, MUST, cites="stats.js:72-181: gathered and reset in one turn of the event loop")
async def test_nothing_is_lost_at_a_flush(target: Target) -> None:
    """What is sent about a flush MUST be counted in one interval and in one only."""
    bucket = target.bucket()
    total = 0
    for number in range(_SPREAD):
        target.send(b"%b:%d|c" % (bucket, number + 1))
        total += number + 1
        await target.pause(1.2 / _SPREAD)
    first = await target.flush()
    # What was counted twice may show in the interval behind.
    second = await target.after(bucket + b":1000|c")
    counted = sum(first.counts(bucket) + second.counts(bucket))
    # Counts made of cut rates miss their sum by a little, and far less than a sample.
    assert counted == about(total + 1000, 1e-5), f"{total + 1000} were sent, the counts of all flushes make {counted:g}"


@requirement("FLUSH-11", QUIRK, SHOULD, cites="stats.js:72-77, 213-225; backends/graphite.js:233-246", apart=True)
async def test_own_metrics_need_no_traffic(target: Target) -> str:
    """The server's own metrics SHOULD be published in every interval, whoever sends anything."""
    run, profile = target.token[:TOKEN_OF_RUN], target.profile
    paths = [line.path for line in (await target.flush()).lines if line.path and run not in line.key]
    if not paths:
        return "publishes nothing of its own"
    known = [own.encode() for own in (*profile.own.values(), profile.errors, profile.marker) if own]
    own = [path for path in paths if any(same_path(one, path) for one in known)]
    if not own and not target.sole:
        # What is left of odd names of other cases, or comes from somebody else, carries no sign of the run either.
        raise Unsupported("the suite did not start the target, so whose the metrics are cannot be told")
    return f"publishes metrics of its own, as {(own or paths)[0].decode('latin-1')}"


@requirement("FLUSH-12", ROBUST, SHOULD, cites="stats.js:201-207, exit handler", apart=True)
async def test_last_interval_is_published_on_sigterm(target: Target) -> None:
    """On SIGTERM the unflushed interval SHOULD be published."""
    target.needs_end()
    target.needs_flushes()
    bucket = target.bucket
    # The signal comes right behind a flush, so that the next one would come too late.
    first = await target.after(bucket("first") + b":1|c")
    assert first.has(bucket("first"))
    target.send(bucket("last") + b":7|c")
    assert await target.reads(), "it read nothing more"
    # From the thread that reads to the one that counts.
    await target.pause(0.01)
    last = await target.terminate()
    assert last.has(bucket("last")), f"what came in before SIGTERM was not published: {last.summary()}"
    assert last.count(bucket("last")) == 7


@requirement("FLUSH-13", ROBUST, MUST, cites="backends/graphite.js:30-52", apart=True)
async def test_output_comes_back_with_its_receiver(target: Target) -> None:
    """When the Graphite receiver is down or stalls, the server MUST keep receiving; output MUST resume after it."""
    bucket = target.bucket
    before = await target.after(bucket("before") + b":1|c")
    assert before.has(bucket("before")), f"a plain counter was not published: {before.summary()}"
    async with target.unheard():
        for _ in range(_UNHEARD):
            target.send(bucket("missed") + b":1|c", bucket("held") + b":1|g")
            await target.pause(_UNHEARD_FOR / _UNHEARD)
        reads = await target.reads()
    assert reads, "nothing more was read while its receiver was down"
    assert await target.heard_again(), "nothing was published any more after its receiver had been down"
    after = await target.after(bucket("after") + b":3|c")
    counted = sum(after.counts(bucket("after")))
    assert counted == 3, f"when its receiver was back, a counter of 3 came out as {after.summary()}"


untestable(
    "FLUSH-03",
    CORE,
    MUST,
    "Over many intervals the flushes MUST NOT drift by more than one interval per hour.",
    cites="stats.js:452, 503-505",
    reason="it takes an hour to see, and a run takes seconds",
)
