"""GAUGE: type `g`.

Not tested because no source decides it: the value of a gauge that was never set, and what a delta means behind a value
that was refused.
"""

from math import isfinite

import pytest

from statsd_conformance.flushed import SIX_DIGITS, Flushed, about
from statsd_conformance.requirement import CORE, EXT, MUST, QUIRK, ROBUST, SHOULD, requirement
from statsd_conformance.target import Target, sandwich


@requirement("GAUGE-01", CORE, MUST, cites="statsd docs/metric_types.md, Gauges; stats.js:302-311")
async def test_last_value_wins(target: Target) -> None:
    """`N:5|g` sets the value, and the last value before the flush MUST win."""
    bucket, apart = target.bucket("a"), target.bucket("b")
    target.send(apart + b":1|g")
    flushed = await target.after(bucket + b":5|g", bucket + b":7|g", bucket + b":6|g", apart + b":2|g")
    _assert_gauge(flushed, bucket, 6)
    _assert_gauge(flushed, apart, 2)


@requirement("GAUGE-02", CORE, MUST, cites="statsd docs/metric_types.md, Gauges; stats.js:307-308")
async def test_signed_value_is_added(target: Target) -> None:
    """`N:+3|g` and `N:-1|g` on a gauge that is set MUST add the signed amount."""
    more, less = target.bucket("a"), target.bucket("b")
    flushed = await target.after(more + b":10|g", more + b":+3|g", less + b":10|g", less + b":-1|g")
    _assert_gauge(flushed, more, 13)
    _assert_gauge(flushed, less, 9)


@requirement("GAUGE-03", CORE, SHOULD, cites="stats.js:307-311")
async def test_first_delta_starts_from_zero(target: Target) -> None:
    """A delta on a gauge that was never seen SHOULD start from 0."""
    more, less = target.bucket("a"), target.bucket("b")
    flushed = await target.after(more + b":+5|g", less + b":-5|g")
    _assert_gauge(flushed, more, 5)
    _assert_gauge(flushed, less, -5)


@requirement("GAUGE-04", CORE, MUST, cites="statsd docs/metric_types.md, Gauges: set it to zero first")
async def test_negative_value_is_set_by_way_of_zero(target: Target) -> None:
    """`N:0|g` and then `N:-7|g` MUST give -7."""
    bucket = target.bucket()
    flushed = await target.after(bucket + b":5|g", bucket + b":0|g", bucket + b":-7|g")
    _assert_gauge(flushed, bucket, -7)


@requirement("GAUGE-05", QUIRK, SHOULD, cites="stats.js:307: a stored 0 counts as none")
async def test_delta_behind_zero(target: Target) -> str:
    """A delta behind a stored 0 SHOULD give what adding to 0 gives."""
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":0|g", bucket + b":+3|g", bucket + b":+4|g")
    return f"0, +3, +4 makes {flushed.gauge(bucket):g}" if flushed.has(bucket) else "not published"


@requirement("GAUGE-06", CORE, MUST, cites="stats.js:307-308")
async def test_deltas_accumulate_in_order(target: Target) -> None:
    """Several deltas in one interval MUST accumulate in order: 5, +3, -1 gives 7."""
    bucket = target.bucket()
    flushed = await target.after(bucket + b":5|g", bucket + b":+3|g", bucket + b":-1|g")
    _assert_gauge(flushed, bucket, 7)


@requirement("GAUGE-07", CORE, MUST, cites="stats.js:308-311")
async def test_fractions_are_kept(target: Target) -> None:
    """Fractions MUST be kept, to six significant digits at least."""
    half, pi, tiny = target.bucket("a"), target.bucket("b"), target.bucket("c")
    flushed = await target.after(half + b":1.5|g", pi + b":3.14159265358979|g", tiny + b":0.0000001234|g")
    _assert_gauge(flushed, half, 1.5)
    _assert_gauge(flushed, pi, 3.14159265358979, SIX_DIGITS)
    _assert_gauge(flushed, tiny, 1.234e-7, SIX_DIGITS)


@pytest.mark.parametrize("value", [5, 0])
@requirement("GAUGE-08", CORE, MUST, cites="statsd docs/metric_types.md, Gauges; stats.js:132-144")
async def test_value_is_kept_and_published_again(target: Target, value: int) -> None:
    """A gauge MUST keep its value across flushes and be published again in each."""
    target.needs_idle("gauge")
    bucket = target.bucket()
    first = await target.after(b"%b:%d|g" % (bucket, value))
    idle = await target.flush()
    _assert_gauge(first, bucket, value)
    assert set(idle.gauges(bucket)) == {value}, f"an idle gauge of {value} came out as {idle.left()}"


@requirement("GAUGE-09", CORE, MUST, cites="stats.js:132-144, 307-308")
async def test_delta_applies_to_the_value_of_an_earlier_interval(target: Target) -> None:
    """A delta in a later interval MUST apply to the value of the earlier interval."""
    bucket = target.bucket()
    await target.after(bucket + b":5|g")
    flushed = await target.after(bucket + b":+2|g")
    _assert_gauge(flushed, bucket, 7)


@requirement("GAUGE-10", EXT, MUST, cites="exampleConfig.js, deleteGauges and gaugesMaxTTL; stats.js:132-144")
async def test_idle_gauge_is_forgotten(target: Target) -> None:
    """With deleteGauges an idle gauge MUST be dropped, and a delta behind that starts from 0."""
    target.needs_extension("deleteGauges")
    bucket = target.bucket()
    await target.after(bucket + b":5|g")
    idle = await target.flush()
    assert not idle.has(bucket), f"an idle gauge came out as {idle.summary()}"
    again = await target.after(bucket + b":+2|g")
    _assert_gauge(again, bucket, 2)


@requirement("GAUGE-11", CORE, MUST, cites="stats.js:302-311")
async def test_same_value_again_changes_nothing(target: Target) -> None:
    """Setting the same value again MUST have no effect but to refresh it."""
    bucket = target.bucket()
    flushed = await target.after(bucket + b":5|g", bucket + b":5|g")
    assert set(flushed.gauges(bucket)) == {5}


@pytest.mark.parametrize("text", ["-0", "+0"])
@requirement("GAUGE-12", QUIRK, SHOULD, cites="stats.js:307-311; ECMA-262, Number::toString")
async def test_signed_zero(target: Target, text: str) -> str:
    """`N:-0|g` and `N:+0|g` SHOULD leave or create the value 0."""
    new, kept = target.bucket("new"), target.bucket("kept")
    line = b":" + text.encode() + b"|g"
    flushed = await sandwich(target, new + line, kept + b":5|g", kept + line)
    created, left = flushed.texts("gauge", new), flushed.texts("gauge", kept)
    return f"{text} creates {_last(created)}, and leaves 5 at {_last(left)}"


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "Infinity", "1e400", "-1e400"])
@requirement("GAUGE-13", ROBUST, MUST, cites="catalogue, GAUGE-13", hostile=True)
async def test_odd_value_does_not_spoil_a_gauge(target: Target, text: str) -> None:
    """`nan`, `inf` and overflowing values MUST NOT make a gauge unusable: a later value MUST restore it."""
    bucket, alone = target.bucket("a"), target.bucket("b")
    await sandwich(target, bucket + b":1|g", bucket + b":" + text.encode() + b"|g")
    flushed = await target.after(bucket + b":5|g", bucket + b":+1|g", alone + b":5|g", alone + b":+1|g")
    # What a delta does is for GAUGE-02 to judge.
    assert flushed.gauge(bucket) == flushed.gauge(alone)
    assert isfinite(flushed.gauge(bucket))


def _last(texts: list[bytes]) -> str:
    return texts[-1].decode() if texts else "nothing"


def _assert_gauge(flushed: Flushed, bucket: bytes, right: float, close: float = 0.0) -> None:
    """Assert that the last value of a gauge is right, or relatively as `close` to that."""
    value = flushed.gauge(bucket)
    assert value == (about(right, close) if close else right), f"the gauge came out as {value:.9g}, not {right:.9g}"
