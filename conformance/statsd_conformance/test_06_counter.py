"""COUNTER: type `c`.

Not tested because no source decides it: whether a counter that was never sent is published, and for how long an idle
one stays.
"""

from decimal import Decimal, InvalidOperation

import pytest

from statsd_conformance.flushed import SIX_DIGITS, Flushed, about
from statsd_conformance.requirement import CORE, MUST, QUIRK, ROBUST, SHOULD, requirement
from statsd_conformance.target import Target, sandwich


@requirement("COUNTER-01", CORE, MUST, cites="statsd docs/metric_types.md, Counting; stats.js:317-322")
async def test_increments_of_one_interval_are_summed(target: Target) -> None:
    """All increments of one name inside one flush interval MUST be summed, whatever datagram or source they came
    from.
    """
    bucket = target.bucket()
    target.send(bucket + b":1|c")
    target.send_from_elsewhere(bucket + b":8|c")
    flushed = await target.after(bucket + b":2|c", bucket + b":4|c")
    assert flushed.count(bucket) == 15
    for snapshot in flushed.snapshots:
        paths = [line.path for line in snapshot.lines if target.token in line.key]
        assert len(paths) == len(set(paths)), f"one path came out twice in a flush: {flushed.summary()}"


@requirement("COUNTER-02", CORE, MUST, cites="stats.js:95-108")
async def test_count_starts_again_after_a_flush(target: Target) -> None:
    """After a flush the count MUST start again from 0."""
    bucket = target.bucket()
    first = await target.after(bucket + b":5|c")
    second = await target.after(bucket + b":3|c")
    assert first.count(bucket) == 5
    assert second.count(bucket) == 3
    # Where counts go on, what they grew by is what other cases look at.
    published = [text.decode() for text in second.texts("counter", bucket)[-1:]]
    assert target.profile.counters == "flush", f"5 and, a flush later, 3 came out as {', '.join(published)}"


@requirement("COUNTER-03", CORE, MUST, cites="lib/process_metrics.js:15-20; backends/graphite.js:195-213")
async def test_count_or_rate_is_published(target: Target) -> None:
    """The server MUST publish the count of an interval, or the rate: that count by the interval's seconds."""
    bucket = target.bucket()
    flushed = await target.after(bucket + b":10|c")
    if "counter" in target.profile.paths:
        assert flushed.count(bucket) == 10
        return
    rates = sum(flushed.rates(bucket)) * flushed.interval
    # A server that divides by the time it measured is as right as one that divides by the interval.
    assert rates == about(10, 0.02), f"10 came out as rates that make {rates:g} in {flushed.interval:g} s"


@requirement("COUNTER-04", CORE, MUST, cites="stats.js:321; lib/helpers.js:49-53")
async def test_negative_increments_are_accepted(target: Target) -> None:
    """Negative increments MUST be accepted; the published value MAY be negative."""
    bucket, mixed = target.bucket("a"), target.bucket("b")
    flushed = await target.after(bucket + b":-3|c", mixed + b":5|c", mixed + b":-2|c")
    assert flushed.count(bucket) == -3
    assert flushed.count(mixed) == 3


@requirement("COUNTER-05", CORE, MUST, cites="stats.js:321")
async def test_plus_sign_has_no_meaning(target: Target) -> None:
    """A leading `+` on a counter MUST be accepted and has no meaning of a delta."""
    bucket = target.bucket()
    flushed = await target.after(bucket + b":+4|c", bucket + b":4|c")
    assert flushed.count(bucket) == 8


@requirement("COUNTER-06", CORE, MUST, cites="stats.js:318-321")
async def test_zero_creates_the_series(target: Target) -> None:
    """`N:0|c` MUST create the series, published as 0."""
    bucket = target.bucket()
    flushed = await target.after(bucket + b":0|c")
    assert flushed.count(bucket) == 0


@requirement("COUNTER-07", CORE, MUST, cites="stats.js:321")
async def test_fractions_are_kept(target: Target) -> None:
    """Fractional increments MUST keep their fraction: 1.5 stays 1.5, 0.1 and 0.2 make 0.3."""
    bucket, summed = target.bucket("a"), target.bucket("b")
    flushed = await target.after(bucket + b":1.5|c", summed + b":0.1|c", summed + b":0.2|c")
    one, two = flushed.count(bucket), flushed.count(summed)
    assert one == 1.5, f"1.5 came out as {one:g}"
    assert two == about(0.3, SIX_DIGITS), f"0.1 and 0.2 came out as {two:.9g}, not 0.3"


@requirement("COUNTER-08", CORE, MUST, cites="stats.js:317-322; backends/graphite.js:195-213")
async def test_first_increment_is_visible(target: Target) -> None:
    """The first increment that a server ever sees for a name MUST be visible in its output."""
    bucket = target.bucket()
    flushed = await target.after(bucket + b":7|c")
    assert flushed.count(bucket) == 7


@pytest.mark.parametrize("value", [16777217, 123456789, 2**53 - 1])
@requirement("COUNTER-09", CORE, MUST, cites="b/statsd_spec README: integers inside 2^53; ECMA-262, Number")
async def test_integers_are_exact(target: Target, value: int) -> None:
    """Integers up to 2^53 - 1 MUST be exact."""
    bucket = target.bucket()
    flushed = await target.after(b"%b:%d|c" % (bucket, value))
    counted = _exactly(flushed, bucket)
    assert counted == value, f"{value} came out as {counted}"


@requirement("COUNTER-10", QUIRK, SHOULD, cites="ECMA-262, Number")
async def test_integers_above_2_to_53(target: Target) -> str:
    """Above 2^53 a server SHOULD round as doubles do, or be exact."""
    bucket = target.bucket()
    flushed = await sandwich(target, b"%b:%d|c" % (bucket, 2**53 + 1))
    return f"2^53 + 1 counts {flushed.count(bucket):.17g}" if flushed.has(bucket) else "rejected"


@pytest.mark.parametrize(
    "value", ["1e308", "9223372036854775808", "-9223372036854775808"], ids=["1e308", "2**63", "-2**63"]
)
@requirement(
    "COUNTER-11", ROBUST, MUST, cites="bucky, which stops flushing; brubeck src/utils.c, which wraps", hostile=True
)
async def test_overflow_wraps_to_no_small_number(target: Target, value: str) -> None:
    """Overflow (1e308 twice, 2^63 twice) MUST NOT crash, stop flushing, or wrap to a plausible small number."""
    bucket = target.bucket()
    line = bucket + b":" + value.encode() + b"|c"
    flushed = await sandwich(target, line, line)
    if flushed.has(bucket):
        counted = flushed.count(bucket)
        assert not abs(counted) < 0.99 * abs(float(value)), f"twice {value} came to {counted:g}"
    # A flush that died of it shows at the next one only.
    later = await target.after(target.bucket("later") + b":1|c")
    assert later.count(target.bucket("later")) == 1


@requirement("COUNTER-12", CORE, MUST, cites="stats.js:16-23: one table a type")
async def test_types_of_one_name_are_independent(target: Target) -> None:
    """A counter and a gauge, timer or set of the same name MUST be independent series."""
    target.needs("c", "g")
    bucket, capital, alone = target.bucket("a"), target.bucket("A"), target.bucket("b")
    flushed = await target.after(
        bucket + b":5|c", bucket + b":7|g", bucket + b":9|ms", bucket + b":x|s", capital + b":3|c", alone + b":7|g"
    )
    again = await target.after(bucket + b":+1|g", bucket + b":2|c", alone + b":+1|g")
    counts = (flushed.count(bucket), again.count(bucket))
    assert counts == (5, 2), f"counts of 5 and then 2 came out as {counts[0]:g} and {counts[1]:g}, beside other types"
    value = flushed.gauge(bucket)
    assert value == 7, f"a gauge of 7 came out as {value:g}, beside other types of its name"
    # What a delta does, and whether a gauge keeps its value, is for GAUGE-09 to judge.
    beside, apart = again.gauge(bucket), again.gauge(alone)
    assert beside == apart, (
        f"7 and then +1 made a gauge of {beside:g} beside other types of its name, else of {apart:g}"
    )


@requirement("COUNTER-13", CORE, SHOULD, cites="stats.js:95-108, deleteCounters")
async def test_idle_counter_is_published_as_zero(target: Target) -> None:
    """An idle counter SHOULD be published as 0."""
    bucket = target.bucket()
    await target.after(bucket + b":5|c")
    idle = await target.flush()
    assert idle.count(bucket) == 0


@requirement("COUNTER-14", ROBUST, MUST, cites="stats.js:317-322")
async def test_sum_of_zero_is_published(target: Target) -> None:
    """A sum that returns to 0 (`+5`, then `-5`) MUST be published as 0, not treated as idle."""
    bucket = target.bucket()
    flushed = await target.after(bucket + b":5|c", bucket + b":-5|c")
    counted = flushed.count(bucket)
    assert counted == 0, f"5 and then -5 came out as {counted:g}"


def _exactly(flushed: Flushed, bucket: bytes) -> Decimal:
    """Return a counter to the last digit published."""
    kind = "counter" if "counter" in flushed.profile.paths else "rate"
    unit = 1 if kind == "counter" else Decimal(str(flushed.interval))
    texts = flushed.texts(kind, bucket)
    assert texts, f"{bucket.decode()} was not published"
    try:
        return sum((Decimal(text.decode()) * unit for text in texts), Decimal(0))
    except InvalidOperation:
        raise AssertionError(f"not a decimal number: {texts}") from None
