"""What an aggregator publishes about itself at a flush, beside its own counters. No clock."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from statsd_reference.encode import Names
from statsd_reference.model import Point, Window
from statsd_reference.options import Options


@dataclass(frozen=True, slots=True)
class LastFlush:
    """What the output of the previous flush was: when it was (seconds since 1970), how long it took (ms), its bytes."""

    ended: float = 0.0
    milliseconds: float = 0.0
    length: int = 0


def lagging(window: Window, options: Options, timestamp: int, previous: int) -> Window:
    """Return the window with the gauge of how much later than an interval after `previous` it is closed (SELF-06).

    Times are in seconds; a `previous` of 0 stands for no flush before, of which nothing is said.
    """
    if not previous:
        return window
    bucket = f"{options.prefix_stats}.timestamp_lag".encode()
    return replace(window, gauges={**window.gauges, bucket: timestamp - previous - options.interval})


def own_points(
    names: Names, last: LastFlush, timestamp: int, *, took_ms: float = 0.0, last_exception: float = 0.0
) -> Iterator[Point]:
    """Yield what the original says of itself, in its order; flush values are the last flush's (SELF-07)."""
    values = {
        b"graphiteStats.calculationtime": float(round(took_ms)),
        b"processing_time": float(round(took_ms)),
        b"graphiteStats.last_exception": math.floor(last_exception),
        b"graphiteStats.last_flush": math.floor(last.ended + 0.5),
        b"graphiteStats.flush_time": float(round(last.milliseconds)),
        b"graphiteStats.flush_length": float(last.length),
    }
    for name, value in values.items():
        yield Point(names.own + name + names.suffix, float(value), timestamp)
