"""Samples into a window.

`accumulate` is the plain step: a window and a reading give the next window. It and the receive path of the daemon share
`Gathering`, so that there is one account of what a sample does.
"""

from collections.abc import Callable
from math import isinf

from statsd_reference.model import BadLine, Kind, Outcome, Reading, Sample, Window
from statsd_reference.options import Options

# What all idle timers and sets share; never added to, so that a million idle ones cost nothing.
_NO_VALUES: list[float] = []
_NO_MEMBERS: set[bytes] = set()
# What most counters begin with: one object for all of them, where a million of their own would take 24 MB.
_ONE = 1.0

Accumulate = Callable[[Window, Reading], Window]


def make_accumulate(options: Options) -> Accumulate:
    """Return the function that adds one reading to a window and returns the new window."""

    def accumulate(window: Window, reading: Reading) -> Window:
        gathering = Gathering(options, window)
        gathering.add_datagrams(1)
        gathering.add_lines(reading.lines)
        for outcome in reading.outcomes:
            gathering.add(outcome)
        return gathering.window()

    return accumulate


def first_total(increment: float) -> float:
    """Return what a new counter holds after its first increment: from 0, as in the original, so that -0 makes 0."""
    return _ONE if increment == 1.0 else 0.0 + increment


class Gathering:
    """A window under construction: the mappings of `Window`, changed in place.

    `window` hands the mappings over; the gathering must not be used after that.
    """

    __slots__ = (
        *("options", "counters", "gauges", "gauge_ages", "timers", "timer_counts", "sets", "totals", "pairs", "names"),
        *("_ages_gauges", "bad_lines_seen", "packets_received", "metrics_received", "names_refused"),
    )

    def __init__(self, options: Options, window: Window) -> None:
        self.options = options
        self.counters = dict(window.counters)
        self.gauges = dict(window.gauges)
        self.gauge_ages = dict(window.gauge_ages)
        self.timers = {bucket: list(values) if values else _NO_VALUES for bucket, values in window.timers.items()}
        self.timer_counts = dict(window.timer_counts)
        self.sets = {bucket: set(members) if members else _NO_MEMBERS for bucket, members in window.sets.items()}
        self.totals = dict(window.totals)
        self.pairs = list(window.pairs)
        self._ages_gauges = options.deletes("gauges")
        own = options.prefix_stats.encode()
        self.bad_lines_seen = own + b".bad_lines_seen"
        self.packets_received = own + b".packets_received"
        self.metrics_received = own + b".metrics_received"
        self.names_refused = own + b".names_refused"

    def window(self) -> Window:
        """Return what was gathered."""
        return Window(
            self.counters,
            self.gauges,
            self.gauge_ages,
            self.timers,
            self.timer_counts,
            self.sets,
            self.totals,
            self.pairs,
        )

    def add_datagrams(self, number: int) -> None:
        """Count `number` datagrams as received."""
        self._count(self.packets_received, number)

    def add_lines(self, number: int) -> None:
        """Count `number` non-empty lines as received; lines, not samples (SELF-02)."""
        self._count(self.metrics_received, number)

    def add(self, outcome: Outcome, times: int = 1) -> None:
        """Add `outcome`; `times` above 1 only where adding the multiple at once is exact."""
        if isinstance(outcome, BadLine):
            self._count(self.bad_lines_seen, times)
        else:
            _ADD[outcome.kind](self, outcome, times)

    def distinct_names(self) -> int:
        """Return the number of series held, own ones included; a name of two kinds is two series.

        A running total is one beside its counter, because it stays when an idle counter is forgotten.
        """
        return len(self.counters) + len(self.gauges) + len(self.timers) + len(self.sets) + len(self.totals)

    def _count(self, bucket: bytes, number: float) -> None:
        # Own counters are ordinary ones (SELF-04), and a sample of the same name adds to them (NAME-12).
        self.counters[bucket] = self.counters.get(bucket, 0.0) + number

    def _has_room(self) -> bool:
        if self.distinct_names() < self.options.max_names:
            return True
        self._count(self.names_refused, 1)
        return False

    def _increase(self, bucket: bytes, increment: float) -> None:
        total = self.counters.get(bucket)
        if total is None:
            if self._has_room():
                self.counters[bucket] = first_total(increment)
        elif isinf(total + increment):
            # The original goes on with Infinity; refused here, so that what was counted before stays (COUNTER-11).
            self._count(self.bad_lines_seen, 1)
        else:
            self.counters[bucket] = total + increment

    def _add_counter(self, sample: Sample, times: int) -> None:
        # stats.js multiplies by the inverse of the rate, which is not always the same as dividing (RATE-04).
        increment = sample.value * (1 / sample.rate) * times
        if isinf(increment):
            self._count(self.bad_lines_seen, times)
        else:
            self._increase(sample.bucket, increment)

    def _add_total(self, sample: Sample, times: int) -> None:
        # brubeck, metric.c: a stored total of 0 is no base yet; a smaller one is a restart, and counts (OTHER-02).
        before = self.totals.get(sample.bucket)
        if before is None:
            if not self._has_room():
                return
            before = 0.0
        growth = sample.value - before if sample.value >= before else sample.value
        self._increase(sample.bucket, growth if before > 0 else 0.0)
        self.totals[sample.bucket] = sample.value

    def _add_gauge(self, sample: Sample, times: int) -> None:
        value = sample.value
        if sample.signed:
            value += self.gauges.get(sample.bucket, 0.0)
        if isinf(value):
            self._count(self.bad_lines_seen, 1)
        else:
            self.add_level(sample.bucket, value)

    def add_level(self, bucket: bytes, value: float) -> None:
        """Set a gauge."""
        if bucket not in self.gauges and not self._has_room():
            return
        self.gauges[bucket] = value
        if self._ages_gauges:
            self.gauge_ages[bucket] = self.options.gauges_max_ttl

    def _add_timer(self, sample: Sample, times: int) -> None:
        self.add_time(sample.bucket, sample.value, times, 1 / sample.rate * times)

    def add_time(self, bucket: bytes, value: float, times: int, weight: float) -> None:
        """Add a time in ms, `times` times over, that stands for `weight` events in all."""
        values = self.timers.get(bucket)
        if values:
            values.append(value)
        elif values is None and not self._has_room():
            return
        else:
            values = self.timers[bucket] = [value]
        if times > 1:
            values.extend([value] * (times - 1))
        self.timer_counts[bucket] = self.timer_counts.get(bucket, 0.0) + weight

    def _add_member(self, sample: Sample, times: int) -> None:
        self.add_member(sample.bucket, sample.member)

    def add_member(self, bucket: bytes, member: bytes) -> None:
        """Add a member to a set."""
        members = self.sets.get(bucket)
        if members:
            members.add(member)
        elif members is not None or self._has_room():
            self.sets[bucket] = {member}

    def _add_pair(self, sample: Sample, times: int) -> None:
        self.pairs.extend([(sample.bucket, sample.value)] * times)


_ADD: dict[Kind, Callable[[Gathering, Sample, int], None]] = {
    Kind.COUNTER: Gathering._add_counter,
    Kind.GAUGE: Gathering._add_gauge,
    Kind.TIMER: Gathering._add_timer,
    Kind.SET: Gathering._add_member,
    Kind.TOTAL: Gathering._add_total,
    Kind.METER: Gathering._add_counter,
    Kind.KEY_VALUE: Gathering._add_pair,
}
