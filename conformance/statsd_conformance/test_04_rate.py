"""RATE: sample rates.

Not tested because no source decides it: how a rate above 1 should be reported, and what a rate means for a sum of
times.
"""

from math import isfinite

import pytest

from statsd_conformance.flushed import SIX_DIGITS, Flushed, about
from statsd_conformance.requirement import CORE, MUST, QUIRK, ROBUST, SHOULD, requirement, should
from statsd_conformance.target import Target, assert_rejected, sandwich


@pytest.mark.parametrize(("value", "rate", "count"), [(3, "0.1", 30), (1, "0.5", 2), (3, "0.3", 10), (7, "0.07", 100)])
@requirement("RATE-01", CORE, MUST, cites="statsd docs/metric_types.md, Sampling; stats.js:321")
async def test_sampled_counter_is_scaled_up(target: Target, value: int, rate: str, count: float) -> None:
    """`N:v|c|@r` with 0 < r <= 1 MUST add v/r to the counter, and to no other line's."""
    bucket, next_line = target.bucket("a"), target.bucket("b")
    flushed = await target.after(b"%b:%d|c|@%b" % (bucket, value, rate.encode()), next_line + b":1|c")
    _assert_count(flushed, bucket, count, f"{value} at a rate of {rate}")
    _assert_count(flushed, next_line, 1, "1 without a rate, on the next line,")


@pytest.mark.parametrize("rate", ["1", "1.0"])
@requirement("RATE-02", CORE, MUST, cites="stats.js:290-292, 321")
async def test_rate_of_one_changes_nothing(target: Target, rate: str) -> None:
    """`@1` and `@1.0` MUST change nothing."""
    bucket = target.bucket()
    flushed = await target.after(bucket + b":3|c|@" + rate.encode())
    _assert_count(flushed, bucket, 3, f"3 at a rate of {rate}")


@requirement("RATE-03", CORE, MUST, cites="stats.js:291")
async def test_rate_may_begin_with_its_point(target: Target) -> None:
    """`@.5` MUST mean 0.5."""
    bucket = target.bucket()
    flushed = await target.after(bucket + b":3|c|@.5")
    _assert_count(flushed, bucket, 6, "3 at a rate of .5")


@requirement("RATE-04", CORE, MUST, cites="stats.js:321")
async def test_scaled_count_keeps_its_fraction(target: Target) -> None:
    """A scaled count that is no whole number MUST keep its fraction: three units at `@0.333` are 9.009009…, not 9."""
    bucket = target.bucket()
    flushed = await target.after(bucket + b":3|c|@0.333")
    _assert_count(flushed, bucket, 3 / 0.333, "3 at a rate of 0.333")


@pytest.mark.parametrize("rate", ["0", "0.0"])
@requirement("RATE-05", ROBUST, MUST, cites="lib/helpers.js:18-25; stats.js:321, which divides by it")
async def test_rate_of_zero_makes_nothing_infinite(target: Target, rate: str) -> None:
    """`@0` MUST NOT produce infinity, NaN or a crash; it SHOULD be rejected."""
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|c|@" + rate.encode())
    _assert_finite(flushed.texts("counter", bucket) + flushed.texts("rate", bucket))
    with should():
        assert not flushed.has(bucket), f"a rate of 0 was accepted: {flushed.summary()}"


@requirement("RATE-06", QUIRK, SHOULD, cites="lib/helpers.js:18-25; stats.js:321")
async def test_rate_above_one(target: Target) -> str:
    """A rate above 1 SHOULD be rejected, its domain being up to 1; the original divides by it."""
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|c|@2")
    return f"3 at @2 counts {flushed.count(bucket):g}" if flushed.has(bucket) else "rejected"


@pytest.mark.parametrize("rate", ["-0.5", "-1"])
@requirement("RATE-07", CORE, MUST, cites="lib/helpers.js:22")
async def test_negative_rate_is_rejected(target: Target, rate: str) -> None:
    """A negative rate MUST be rejected."""
    await assert_rejected(target, target.bucket() + b":3|c|@" + rate.encode())


@pytest.mark.parametrize("rate", ["", "abc", "0.5x", "0.5.5"])
@requirement("RATE-08", CORE, MUST, cites="lib/helpers.js:18-25")
async def test_rate_that_is_no_number_is_rejected(target: Target, rate: str) -> None:
    """`@` without digits, and `@` before what is no number, MUST be rejected."""
    await assert_rejected(target, target.bucket() + b":3|c|@" + rate.encode())


@requirement("RATE-09", QUIRK, SHOULD, cites="stats.js:291, which reads the leading digits only")
async def test_rate_with_an_exponent(target: Target) -> str:
    """A rate with an exponent (`@1e-1`) SHOULD be read as the number that it spells."""
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|c|@1e-1")
    return f"3 at @1e-1 counts {flushed.count(bucket):g}" if flushed.has(bucket) else "rejected"


@pytest.mark.parametrize(
    "rate",
    ["nan", "inf", "Infinity", "+0.5", " 0.5", " ", "0x1"],
    ids=["nan", "inf", "Infinity", "plus", "blank", "only-blank", "hex"],
)
@requirement("RATE-10", ROBUST, MUST, cites="lib/helpers.js:18-25 against stats.js:291", lethal=True)
async def test_odd_rate_does_no_harm(target: Target, rate: str) -> None:
    """`@nan`, `@inf`, `@Infinity`, `@+0.5`, `@ 0.5`, `@ ` and `@0x1` MUST NOT crash the server nor poison the
    bucket.
    """
    bucket = target.bucket()
    probed = await sandwich(target, bucket + b":3|c|@" + rate.encode())
    _assert_finite(probed.texts("counter", bucket))
    later = await target.after(bucket + b":1|c")
    assert later.count(bucket) == 1, f"after the odd rate, a count of 1 came out as {later.count(bucket):g}"


@pytest.mark.parametrize("rate", ["0.5x", "0.5 "], ids=["letter", "blank"])
@requirement("RATE-11", QUIRK, SHOULD, cites="lib/helpers.js:10-12; stats.js:291")
async def test_junk_behind_a_rate(target: Target, rate: str) -> str:
    """Junk behind a rate SHOULD be treated as the original does: letters refused, blanks accepted."""
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|c|@" + rate.encode())
    return f"3 counts {flushed.count(bucket):g}" if flushed.has(bucket) else "rejected"


@requirement("RATE-12", CORE, MUST, cites="stats.js:302-311")
async def test_rate_on_a_gauge_is_ignored(target: Target) -> None:
    """A rate on a gauge MUST be accepted and ignored, on a value as on a delta."""
    target.needs("g")
    bucket, changed, whole = (target.bucket(leaf) for leaf in "abc")
    flushed = await target.after(
        bucket + b":5|g|@0.1", changed + b":5|g", changed + b":+6|g|@0.5", whole + b":5|g", whole + b":+6|g"
    )
    value, after_rate, after_none = (flushed.gauge(one) for one in (bucket, changed, whole))
    assert value == 5, f"a gauge that was set to 5 at a rate of 0.1 came out as {value:g}"
    # What a delta does is for GAUGE-02 to judge.
    assert after_rate == after_none, (
        f"5, then +6 at a rate of 0.5, made a gauge of {after_rate:g}, and one of {after_none:g} without the rate"
    )


@requirement("RATE-13", CORE, MUST, cites="stats.js:312-316")
async def test_rate_on_a_set_is_ignored(target: Target) -> None:
    """A rate on a set MUST be accepted and ignored."""
    target.needs("s")
    bucket = target.bucket()
    flushed = await target.after(bucket + b":u|s|@0.5", bucket + b":v|s|@0.1")
    members = flushed.members(bucket)
    assert members == 2, f"two members with rates came out as {members:g}"


@pytest.mark.parametrize("type", ["c", "ms"])
@requirement("RATE-14", ROBUST, MUST, cites="stats.js:300, 321; statsd_exporter pkg/line/line.go:318", hostile=True)
async def test_tiny_rate_costs_nothing(target: Target, type: str) -> None:
    """A tiny rate (`@0.0000000001`) MUST NOT cost memory or time in proportion to its inverse."""
    target.needs(type)
    await sandwich(target, target.bucket() + b":1|" + type.encode() + b"|@0.0000000001")


@requirement("RATE-15", ROBUST, MUST, cites="stats.js:321; veneur samplers/samplers.go:109, where it does not hold")
async def test_scaling_does_not_bias_a_sum(target: Target) -> None:
    """Rounding MUST NOT bias counters: ten lines `N:1|c|@0.1` come to 100."""
    bucket = target.bucket()
    flushed = await target.after(*[bucket + b":1|c|@0.1"] * 10)
    _assert_count(flushed, bucket, 100, "ten times 1 at a rate of 0.1")


def _assert_count(flushed: Flushed, bucket: bytes, right: float, sent: str) -> None:
    """Assert that a counter is right to six digits; `sent` says what it is made of."""
    counted = flushed.count(bucket)
    assert counted == about(right, SIX_DIGITS), f"{sent} came out as {counted:.9g}, not {right:.9g}"


def _assert_finite(texts: list[bytes]) -> None:
    for text in texts:
        assert isfinite(float(text)), f"the value {text.decode()} was published"
