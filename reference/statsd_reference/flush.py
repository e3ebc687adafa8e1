"""A window to what its interval amounts to, and the window that the next interval starts with."""

from collections.abc import Callable
from dataclasses import replace

from statsd_reference.model import Flush, Window
from statsd_reference.options import Options

MakeFlush = Callable[[Window, int], tuple[Flush, Window]]

_OWN_COUNTERS = (b"bad_lines_seen", b"packets_received", b"metrics_received")


def first_window(options: Options) -> Window:
    """Return the window a server starts with: its own counters at 0."""
    own = options.prefix_stats.encode()
    return Window(counters={own + b"." + name: 0.0 for name in _OWN_COUNTERS})


def make_flush(options: Options) -> MakeFlush:
    """Return the function that closes a window at a timestamp: its flush, and the next window (FLUSH-04 to -08)."""

    def flush(window: Window, timestamp: int) -> tuple[Flush, Window]:
        closed = Flush(
            interval=options.interval,
            timestamp=timestamp,
            counters=window.counters,
            gauges=window.gauges,
            timers=window.timers,
            timer_counts=window.timer_counts,
            sets={bucket: len(members) for bucket, members in window.sets.items()},
            pairs=window.pairs,
        )
        return closed, _next_window(window, options)

    return flush


def _next_window(window: Window, options: Options) -> Window:
    counters = dict.fromkeys(window.counters, 0.0)
    if options.deletes("counters"):
        # stats.js keeps every counter whose name holds one of the three words, not only its own.
        counters = {name: 0.0 for name in counters if any(own in name for own in _OWN_COUNTERS)}
    following = Window(
        counters=counters,
        gauges=window.gauges,
        timers={} if options.deletes("timers") else dict.fromkeys(window.timers, ()),
        timer_counts={} if options.deletes("timers") else dict.fromkeys(window.timers, 0.0),
        sets={} if options.deletes("sets") else dict.fromkeys(window.sets, frozenset()),
        totals=window.totals,
    )
    return _aged(following, window) if options.deletes("gauges") else following


def _aged(following: Window, window: Window) -> Window:
    """Return `following` without the gauges whose time is over (GAUGE-10)."""
    ages = {bucket: age - 1 for bucket, age in window.gauge_ages.items()}
    over = {bucket for bucket, age in ages.items() if age < 1}
    return replace(
        following,
        gauges={bucket: value for bucket, value in window.gauges.items() if bucket not in over},
        gauge_ages={bucket: age for bucket, age in ages.items() if bucket not in over},
    )
