"""TIMER: types `ms`, `h` and `d`.

A target that publishes fewer statistics than the original is looked at by those that its profile names. Times are in
milliseconds here, whatever the unit in which the target publishes them.

Not tested because no source decides it: what a percentile of no value is, and which of two equal bins of a histogram a
value belongs to.
"""

import re

import pytest

from statsd_conformance.flushed import Flushed, about
from statsd_conformance.probe import WORDS
from statsd_conformance.requirement import (
    CORE,
    EXT,
    MUST,
    QUIRK,
    ROBUST,
    SHOULD,
    SPEC,
    Inconclusive,
    Unsupported,
    requirement,
    should,
)
from statsd_conformance.target import Target, sandwich, sentinels

# Of what a target publishes, a clock that counts in 2^-30 seconds leaves this much.
_CLOSE = 1e-6
_SHUFFLED = (10, 1, 9, 2, 8, 3, 7, 4, 6, 5)
_MANY = 100_000
_GREATEST = 1000
# Every target reads datagrams of their size whole.
_LINES_A_DATAGRAM = 20
_SEPARATOR = re.compile("[^a-z_]+")
# A threshold that no word says to be of something else than a bound: `upper_90`, `percentile-95`, `p99`, `95.0_`.
_PERCENTILE = re.compile(r"^(?!.*(?:count|sum|mean|avg|average|std|bin)).*[0-9]")


def _lines(bucket: bytes, *values: float | str, rate: str = "") -> list[bytes]:
    return [bucket + f":{value}|ms{rate}".encode() for value in values]


def _count(flushed: Flushed, bucket: bytes) -> float:
    """Return the count over all snapshots: an idle interval behind the busy one says 0."""
    return sum(float(text) for text in flushed.texts("timer", bucket, "count"))


def _assert_statistics(target: Target, flushed: Flushed, bucket: bytes, **expected: float) -> None:
    """Assert those of the expected statistics that the target publishes; there has to be one."""
    shown = {name: value for name, value in expected.items() if name in target.profile.statistics}
    if not shown:
        raise Unsupported(f"the profile {target.profile.name!r} publishes none of {', '.join(expected)}")
    for name, value in shown.items():
        seen = _count(flushed, bucket) if name == "count" else flushed.timer(bucket, name)
        right = value if value == 0 else about(value, _CLOSE)
        assert seen == right, f"{name} came out as {seen:g}, required is {value:g}"


@requirement("TIMER-01", CORE, MUST, cites="statsd docs/metric_types.md, Timing; lib/process_metrics.js:22-128")
async def test_times_of_an_interval_are_published(target: Target) -> None:
    """The times of an interval MUST be published as count, least, greatest, mean and a percentile at least."""
    target.needs("ms")
    target.needs_finished_timers()
    if "calculatedTimerMetrics" in target.profile.extensions:
        raise Unsupported("its statistics are chosen by calculatedTimerMetrics, which TIMER-18 is about")
    bucket = target.bucket()
    flushed = await target.after(*_lines(bucket, 10, 20))
    wanted = {"count": "count", "lower": "least", "upper": "greatest", "mean": "mean"}
    missing = [word for name, word in wanted.items() if not _is_published(flushed, bucket, name)]
    missing += [] if _has_percentile(flushed, bucket) else ["percentile"]
    assert not missing, f"no {', '.join(missing)} was published: {flushed.summary()}"


@requirement("TIMER-02", CORE, MUST, cites="lib/process_metrics.js:28-39, 99-127")
async def test_least_greatest_sum_and_mean(target: Target) -> None:
    """The least, the greatest, the sum and the mean of the times MUST be what they are called, in the unit sent."""
    target.needs("ms")
    bucket = target.bucket()
    # One is longer than a second, and than what 16 bits hold.
    flushed = await target.after(*_lines(bucket, 20, 10, 90_000))
    _assert_statistics(target, flushed, bucket, lower=10, upper=90_000, sum=90_030, mean=30_010)


@requirement("TIMER-03", CORE, MUST, cites="lib/process_metrics.js:117-119")
async def test_median(target: Target) -> None:
    """The median MUST be the middle time, of an even number of times the mean of the middle two."""
    target.needs_statistics("median")
    odd, even = target.bucket("a"), target.bucket("b")
    flushed = await target.after(*_lines(odd, 1, 9, 5), *_lines(even, 10, 1, 9, 2))
    _assert_statistics(target, flushed, odd, median=5)
    _assert_statistics(target, flushed, even, median=5.5)


@requirement("TIMER-04", CORE, MUST, cites="lib/process_metrics.js:105-111")
async def test_deviation_is_of_the_population(target: Target) -> None:
    """The standard deviation MUST be that of the population: of 1 to 5 it is the root of 2."""
    target.needs_statistics("std")
    bucket = target.bucket()
    flushed = await target.after(*_lines(bucket, 3, 1, 5, 2, 4))
    _assert_statistics(target, flushed, bucket, std=2**0.5)


@requirement("TIMER-05", CORE, MUST, cites="lib/process_metrics.js:43-61")
async def test_percentile_is_of_the_rank_rounded_half_up(target: Target) -> None:
    """A percentile MUST lie among the times; its rank SHOULD be that share of their number, half rounded up."""
    target.needs_statistics("upper_90")
    # Of ten times the rank is whole, of five and of six it is rounded up and down, of two it is the greatest.
    samples = {9: _SHUFFLED, 5: (3, 1, 5, 2, 4), 50: (30, 10, 50, 20, 60, 40), 20: (20, 10)}
    buckets = [target.bucket(leaf) for leaf in "abcd"]
    tried = list(zip(buckets, samples.items(), strict=True))
    flushed = await target.after(*(line for bucket, (_, times) in tried for line in _lines(bucket, *times)))
    for bucket, (_, times) in tried:
        percentile = flushed.timer(bucket, "upper_90")
        assert min(times) <= percentile <= max(times) * 1.1, (
            f"a percentile of times up to {max(times)} ms is {percentile:g} ms"
        )
    with should():
        others = [
            f"{seen:g} of {len(times)} times up to {max(times)}, where that of the rank rounded half up is {right}"
            for bucket, (right, times) in tried
            if (seen := flushed.timer(bucket, "upper_90")) != about(right, _CLOSE)
        ]
        assert not others, f"the 90th percentile is {'; '.join(others)}"


@requirement("TIMER-06", CORE, MUST, cites="lib/process_metrics.js:61-83")
async def test_statistics_below_a_percentile(target: Target) -> None:
    """Count, mean, sum and sum of squares of a percentile MUST be of the times up to it alone."""
    target.needs("ms")
    bucket = target.bucket()
    flushed = await target.after(*_lines(bucket, *_SHUFFLED))
    # Of another rank than TIMER-05 says, the times up to it are others.
    last = flushed.timer(bucket, "upper_90") if "upper_90" in target.profile.statistics else 9
    times = [time for time in _SHUFFLED if time <= last] or [1]
    total, squares = sum(times), sum(time * time for time in times)
    _assert_statistics(
        target, flushed, bucket, count_90=len(times), mean_90=total / len(times), sum_90=total, sum_squares_90=squares
    )


@requirement("TIMER-07", CORE, MUST, cites="stats.js:300; lib/process_metrics.js:113-114")
async def test_rate_scales_the_count_alone(target: Target) -> None:
    """A rate MUST scale count and events a second, and none of sum, mean, least and greatest."""
    target.needs("ms")
    bucket = target.bucket()
    flushed = await target.after(*_lines(bucket, 10, 20, rate="|@0.1"))
    _assert_statistics(target, flushed, bucket, count=20, sum=30, mean=15, lower=10, upper=20)


@requirement("TIMER-08", CORE, MUST, cites="lib/process_metrics.js:43-128")
async def test_single_time(target: Target) -> None:
    """Of one time every statistic MUST be that time, its deviation 0, its counts 1."""
    target.needs("ms")
    bucket = target.bucket()
    flushed = await target.after(*_lines(bucket, 7))
    times = dict.fromkeys(("lower", "upper", "mean", "median", "sum", "mean_90", "sum_90"), 7.0)
    _assert_statistics(target, flushed, bucket, **times, count=1, std=0, count_90=1, sum_squares=49)


@requirement("TIMER-09", CORE, MUST, cites="lib/process_metrics.js:28: times are sorted first")
async def test_order_of_arrival_does_not_matter(target: Target) -> None:
    """The order in which times arrive MUST NOT matter."""
    target.needs("ms")
    shuffled, ascending = target.bucket("a"), target.bucket("b")
    flushed = await target.after(*_lines(shuffled, *_SHUFFLED), *_lines(ascending, *sorted(_SHUFFLED)))
    for statistic in target.profile.statistics:
        seen = [flushed.numbers("timer", bucket, statistic) for bucket in (shuffled, ascending)]
        # A sum of fractions of a second may differ in its last digit.
        assert seen[0] == pytest.approx(seen[1], rel=1e-9, abs=0, nan_ok=True), (
            f"{statistic} is {seen[0]} in one order and {seen[1]} in another"
        )


@requirement("TIMER-10", CORE, MUST, cites="stats.js:295-301; lib/helpers.js:10-12")
async def test_fractions_and_zero_are_kept(target: Target) -> None:
    """Times with a fraction, and 0, MUST be accepted and kept."""
    target.needs("ms")
    bucket = target.bucket()
    flushed = await target.after(*_lines(bucket, "1.25", "0", "2.5"))
    _assert_statistics(target, flushed, bucket, lower=0, upper=2.5, sum=3.75, mean=1.25, count=3)


@requirement("TIMER-11", CORE, MUST, cites="lib/helpers.js:47-48")
async def test_negative_time_is_rejected(target: Target) -> None:
    """A negative time MUST be rejected, and change no statistic."""
    target.needs("ms")
    whole, small = target.bucket("a"), target.bucket("b")
    flushed = await sandwich(target, *_lines(whole, 10, -5, 20), *_lines(small, 10, -0.5, 20))
    for bucket in (whole, small):
        _assert_statistics(target, flushed, bucket, lower=10, upper=20, sum=30, mean=15, count=2)


@requirement("TIMER-12", CORE, MUST, cites="stats.js:111-120")
async def test_timer_is_reset_at_each_flush(target: Target) -> None:
    """All state of a timer MUST be reset at each flush: what is published is of the times since the last one alone."""
    target.needs("ms")
    bucket = target.bucket()
    await target.after(*_lines(bucket, 10, 20))
    # What an idle timer has to be published as is for FLUSH-07 to judge.
    await target.flush()
    again = await target.after(*_lines(bucket, 30))
    _assert_statistics(target, again, bucket, lower=30, upper=30, sum=30, mean=30, median=30, count=1)


@requirement("TIMER-13", SPEC, SHOULD, cites="b/statsd_spec README, Histograms; stats.js:317-322")
async def test_histogram_type(target: Target) -> str:
    """`h` SHOULD be an alias of `ms`; the original counts it."""
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":10|h", bucket + b":20|h")
    return _reading(target, flushed, bucket)


@requirement("TIMER-14", EXT, MUST, cites="DogStatsD, distributions")
async def test_distribution_type(target: Target) -> None:
    """A target that reads `d` MUST collect its values as those of a timer."""
    target.needs_extension("d")
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":10|d", bucket + b":20|d")
    _assert_statistics(target, flushed, bucket, lower=10, upper=20, mean=15)


@requirement("TIMER-15", EXT, MUST, cites="statsd exampleConfig.js, percentThreshold; lib/process_metrics.js:44-97")
async def test_thresholds_below_zero_and_with_a_fraction(target: Target) -> None:
    """A negative threshold MUST be one of the greatest times, named `top`; the point of a fraction is named `_`."""
    target.needs_statistics("lower_top10", "upper_99_9")
    bucket = target.bucket()
    flushed = await target.after(*_lines(bucket, *range(15, 0, -1)))
    _assert_statistics(target, flushed, bucket, lower_top10=14, upper_99_9=15)
    tops = {"count_top10": 2, "mean_top10": 14.5, "sum_top10": 29, "sum_squares_top10": 421}
    if tops.keys() & target.profile.statistics.keys():
        _assert_statistics(target, flushed, bucket, **tops)


@requirement("TIMER-16", QUIRK, SHOULD, cites="lib/process_metrics.js:60-66, where the original reads index -1")
async def test_threshold_below_zero_that_takes_all(target: Target) -> str:
    """A negative threshold of which the few times are all greatest SHOULD give the statistics of all of them."""
    target.needs_statistics("sum_top90")
    bucket = target.bucket()
    flushed = await sandwich(target, *_lines(bucket, 1, 2, 3, 4, 5))
    texts = [text.decode("latin-1") for text in flushed.texts("timer", bucket, "sum_top90")]
    return f"the sum of the top 90 per cent of 1 to 5 is {texts[-1]}" if texts else "publishes no sum of them"


@requirement("TIMER-17", EXT, MUST, cites="statsd exampleConfig.js, histogram; lib/process_metrics.js:130-157")
async def test_histogram_has_half_open_bins(target: Target) -> None:
    """With bins 5, 10.5 and inf each MUST count the times from the bound before up to, and without, its own."""
    target.needs_statistics("histogram.bin_5", "histogram.bin_10_5", "histogram.bin_inf")
    bucket = target.bucket()
    flushed = await target.after(*_lines(bucket, 99, 1, 5, 10.5, 7))
    bins = {"histogram.bin_5": 1, "histogram.bin_10_5": 2, "histogram.bin_inf": 2}
    _assert_statistics(target, flushed, bucket, **bins)


@requirement("TIMER-18", EXT, MUST, cites="statsd exampleConfig.js, calculatedTimerMetrics; lib/process_metrics.js:3-5")
async def test_chosen_statistics_are_the_only_ones(target: Target) -> None:
    """With calculatedTimerMetrics the statistics that it lists MUST be published, and no other."""
    target.needs_extension("calculatedTimerMetrics")
    target.needs("ms")
    bucket = target.bucket()
    flushed = await target.after(*_lines(bucket, 10, 20))
    missing = [name for name in target.profile.statistics if not flushed.texts("timer", bucket, name)]
    assert not missing, f"no {missing[0]} was published: {flushed.summary()}"
    strays = flushed.strays(bucket)
    assert not strays, f"published beside what was chosen: {strays[0].decode('latin-1')}"


@requirement("TIMER-19", ROBUST, MUST, cites="catalogue, TIMER-19", hostile=True)
async def test_very_many_times(target: Target) -> None:
    """100,000 times of one timer MUST NOT stop or stall the server; what is no percentile MUST stay exact."""
    target.needs("ms")
    target.needs_finished_timers()
    bucket = target.bucket()
    # In this order the first of them, or the last, are not like all.
    lines = _lines(bucket, *(number * _GREATEST // _MANY + 1 for number in range(_MANY)))
    target.send(*(b"\n".join(lines[at : at + _LINES_A_DATAGRAM]) for at in range(0, _MANY, _LINES_A_DATAGRAM)))
    flushed = await target.flush()
    assert flushed.has(bucket), "nothing was published"
    mean = (_GREATEST + 1) / 2
    expected = {"count": _MANY, "lower": 1, "upper": _GREATEST, "sum": _MANY * mean, "mean": mean}
    for name, value in expected.items():
        if name in target.profile.statistics:
            seen = _over_flushes(flushed, bucket, name)
            right = value if name == "count" else about(value, _CLOSE)
            assert seen == right, f"of {_MANY} times {name} came out as {seen:.9g}, required is {value:.9g}"
    await sandwich(target, *_lines(bucket, 5))


@requirement("TIMER-20", ROBUST, MUST, cites="catalogue, TIMER-20", hostile=True)
async def test_huge_times(target: Target) -> None:
    """Huge times (1e18, 1e308) MUST NOT stop the server, nor spoil a later interval."""
    target.needs("ms")
    alike, mixed = target.bucket("a"), target.bucket("b")
    # The mean of the second timer is finite, and the square of what its times differ from it is not.
    await sandwich(target, *_lines(alike, "1e18", "1e308", "1e308"), *_lines(mixed, "1e308", 1))
    again = await sandwich(target, *_lines(alike, 5), *_lines(mixed, 5))
    for bucket in (alike, mixed):
        _assert_statistics(target, again, bucket, lower=5, upper=5, mean=5)


def _over_flushes(flushed: Flushed, bucket: bytes, statistic: str) -> float:
    """Return a statistic of all times that a timer got in these flushes: a flush may come in the midst of them.

    Raises:
        AssertionError: it was not published.
        Inconclusive: a mean was published by several flushes, and nothing that tells how many times each is of.
    """
    busy = [one for one in flushed.timers(bucket) if one.get("upper", one.get("mean", one.get("count", 0.0))) > 0]
    numbers = [one[statistic] for one in busy if statistic in one]
    assert numbers, f"no {statistic} was published: {flushed.summary()}"
    unit = flushed.unit_of(statistic)
    if statistic == "mean" and len(numbers) > 1:
        counts = [one.get("count") or one.get("sum", 0.0) / one["mean"] for one in busy if one.get("mean")]
        if len(counts) < len(numbers) or not all(counts):
            raise Inconclusive("a flush came in the midst of the times, and nothing says how many were in each")
        weighted = sum(number * count for number, count in zip(numbers, counts, strict=True))
        return unit * weighted / sum(counts)
    if statistic in ("lower", "upper"):
        return unit * (min(numbers) if statistic == "lower" else max(numbers))
    return unit * sum(numbers)


def _is_published(flushed: Flushed, bucket: bytes, statistic: str) -> bool:
    """Tell whether a statistic came out, as the profile has it or under any of the words that are used for it.

    collectd publishes the number of times as a gauge.
    """
    if statistic in flushed.profile.statistics:
        return bool(flushed.texts("timer", bucket, statistic))
    words = [word.strip("_") for text in _around(flushed, bucket) for word in _SEPARATOR.split(text)]
    return any(word in WORDS[statistic] for word in words)


def _has_percentile(flushed: Flushed, bucket: bytes) -> bool:
    """Tell whether a percentile came out, of whatever threshold."""
    known = [name for name in flushed.profile.statistics if name.startswith("upper_")]
    if any(flushed.texts("timer", bucket, name) for name in known):
        return True
    return any(_PERCENTILE.search(text) for text in _around(flushed, bucket))


def _around(flushed: Flushed, bucket: bytes) -> list[str]:
    """Return what stands behind the name of a bucket in each path that holds it, and before it where that differs."""
    name = bucket.replace(b".", flushed.profile.dot.encode())
    cut = [line.path.partition(name) for line in flushed.own if name in line.path]
    differ = len({before for before, _, _ in cut}) > 1
    shown = [(before.rstrip(b"-._").rpartition(b".")[2] if differ else b"", after) for before, _, after in cut]
    return [b".".join(parts).decode("latin-1").lower() for parts in shown]


def _reading(target: Target, flushed: Flushed, bucket: bytes) -> str:
    kinds = flushed.kinds(bucket)
    if "timer" in kinds:
        return "read as a timer"
    if "counter" in kinds or "rate" in kinds:
        return f"counted, as {flushed.count(bucket):g}"
    strays = flushed.strays(*sentinels(target))
    return f"read as a type of its own, published as {flushed.summary(strays[0])}" if strays else "rejected"
