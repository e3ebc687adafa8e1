"""What the model makes of the windows of a recording: a flush each, as the reference aggregator would have it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from statsd_corpora.recorded import EXTENSIONS
from statsd_reference import Options, make_server
from statsd_reference.model import Flush
from statsd_reference.receive import Receiver
from statsd_reference.timers import timer_statistics

# Beyond any recording that fits into memory.
_NAMES: Final = 10**9
Statistics = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Modelled:
    """What all windows come to, by series; timers and sets have an entry for each window, None where it had no sample.

    `gauges` are what stands at the end.
    """

    counters: Mapping[bytes, float]
    gauges: Mapping[bytes, float]
    timers: Mapping[bytes, Sequence[Statistics | None]]
    sets: Mapping[bytes, Sequence[int | None]]

    def kinds(self) -> dict[bytes, set[str]]:
        """Return all series, and of which kinds each is."""
        found: dict[bytes, set[str]] = {}
        tables = {"counter": self.counters, "gauge": self.gauges, "timer": self.timers, "set": self.sets}
        for kind, table in tables.items():
            for series in table:
                found.setdefault(series, set()).add(kind)
        return found


def modelled(windows: Sequence[Sequence[bytes]], dialect: str, interval: float, token: bytes) -> Modelled:
    """Return what the model makes of datagrams that come within so many flush intervals, of series with that prefix."""
    options = Options(flush_interval=max(1, round(1000 * interval)), extensions=EXTENSIONS[dialect], max_names=_NAMES)
    counters: dict[bytes, float] = {}
    gauges: Mapping[bytes, float] = {}
    timers: dict[bytes, list[Statistics | None]] = {}
    sets: dict[bytes, list[int | None]] = {}
    for number, flush in enumerate(_flushes(windows, options)):
        for series, count in flush.counters.items():
            counters[series] = counters.get(series, 0.0) + count
        gauges = flush.gauges
        for series, times in flush.timers.items():
            if times:
                told = timer_statistics(series, times, flush.timer_counts[series], options)
                statistics = {name.decode(): value for name, value in told}
                timers.setdefault(series, [None] * len(windows))[number] = statistics
        for series, members in flush.sets.items():
            if members:
                sets.setdefault(series, [None] * len(windows))[number] = members
    own = token + b"."
    return Modelled(
        {series: count for series, count in counters.items() if series.startswith(own)},
        {series: level for series, level in gauges.items() if series.startswith(own)},
        timers,
        sets,
    )


def _flushes(windows: Sequence[Sequence[bytes]], options: Options) -> Iterator[Flush]:
    server = make_server(options)
    receiver = Receiver(server)
    for number, window in enumerate(windows, start=1):
        receiver.add_batch(window)
        flush, following = server.flush(receiver.window, number)
        receiver.take(following)
        yield flush
