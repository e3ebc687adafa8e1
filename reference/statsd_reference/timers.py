"""The statistics of one timer over one interval.

Source: process_metrics.js of the original; semantics, section 1.7. Sums run over the sorted values, first to last,
because floating-point sums depend on the order.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import floor, sqrt

from statsd_reference.number import write_number
from statsd_reference.options import Bins, Options

Statistic = tuple[bytes, float]


def timer_statistics(bucket: bytes, values: Sequence[float], count: float, options: Options) -> Iterator[Statistic]:
    """Yield the published statistics of a timer: name below the timer's path, and value.

    Args:
        bucket: the timer's name, which chooses its histogram.
        values: times in ms, in any order; empty for an idle interval, which has only `count` and `count_ps` (TIMER-12).
        count: the number of events, each value weighted by 1/rate.
        options: percentiles, histogram and the choice of statistics.
    """
    wanted = options.calculated_timer_metrics
    for name, value in _all_statistics(bucket, values, count, options):
        if not wanted or _family(name) in wanted:
            yield name, value


def _all_statistics(bucket: bytes, values: Sequence[float], count: float, options: Options) -> Iterator[Statistic]:
    if not values:
        yield from ((b"count", 0.0), (b"count_ps", 0.0))
        return
    ordered = sorted(values)
    number = len(ordered)
    sums = list(accumulate(ordered))
    squares = list(accumulate(value * value for value in ordered))
    for percent in options.percent_threshold:
        yield from _percentile(percent, ordered, sums, squares)
    mean = sums[-1] / number
    middle = number // 2
    yield b"std", _deviation(ordered, mean)
    yield b"upper", ordered[-1]
    yield b"lower", ordered[0]
    yield b"count", count
    yield b"count_ps", count / options.interval
    yield b"sum", sums[-1]
    yield b"sum_squares", squares[-1]
    yield b"mean", mean
    yield b"median", ordered[middle] if number % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    yield from _histogram(bucket, ordered, options.histogram)


def _deviation(values: Sequence[float], mean: float) -> float:
    """Return the population standard deviation (TIMER-04), summed in the order of `values`."""
    total = 0.0
    for value in values:
        total += (value - mean) * (value - mean)
    return sqrt(total / len(values))


def _percentile(
    percent: float, ordered: Sequence[float], sums: Sequence[float], squares: Sequence[float]
) -> Iterator[Statistic]:
    """Yield the five statistics of the lowest `percent` per cent of the values, of the highest when it is negative.

    Nearest rank, halves rounded up (TIMER-05); nothing when the rank is 0.
    """
    number = len(ordered)
    rank = _round(abs(percent) / 100 * number) if number > 1 else 1
    if rank == 0:
        return
    label = write_number(percent).replace(b".", b"_", 1).replace(b"-", b"top", 1)
    if percent > 0:
        bound, total, square = ordered[rank - 1], sums[rank - 1], squares[rank - 1]
    else:
        below = number - rank
        bound = ordered[below]
        # The original reads index -1 here when every value is in the top, and publishes NaN (TIMER-16).
        total = sums[-1] - sums[below - 1] if below else sums[-1]
        square = squares[-1] - squares[below - 1] if below else squares[-1]
    yield b"count_" + label, float(rank)
    yield b"mean_" + label, total / rank
    yield (b"upper_" if percent > 0 else b"lower_") + label, bound
    yield b"sum_" + label, total
    yield b"sum_squares_" + label, square


def _round(number: float) -> int:
    """Round as JavaScript's Math.round: to the nearest whole number, halves up."""
    below = floor(number)
    return below + (number - below >= 0.5)


def _histogram(bucket: bytes, ordered: Sequence[float], histogram: Sequence[Bins]) -> Iterator[Statistic]:
    """Yield the number of values in each bin of the first entry whose text is in the name (TIMER-17)."""
    bins = next((entry for entry in histogram if entry.metric in bucket), None)
    if bins is None:
        return
    start = 0
    for limit, label in zip(bins.limits, bins.labels, strict=True):
        end = start
        while end < len(ordered) and (label == b"inf" or ordered[end] < limit):
            end += 1
        yield b"histogram.bin_" + label.replace(b".", b"_", 1), float(end - start)
        start = end


def _family(name: bytes) -> str:
    """Return the name by which `calculatedTimerMetrics` chooses a statistic: `upper_90` is of `upper_percent`.

    Only the last run of digits is dropped, so `upper_99_9` is of no family that can be chosen, as in the original.
    """
    text = name.decode()
    if text.startswith("histogram."):
        return "histogram"
    head, line, tail = text.rpartition("_")
    return f"{head}_percent" if line and tail.removeprefix("top").isdecimal() else text
