"""The emitter whose gate is each metric by itself: the lines that changed, packed together once a period."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from statsd_reference.emitter.lines import (
    NameRefused,
    Refused,
    around_counter,
    checked_path,
    gauge_or_count,
    timing_line,
)
from statsd_reference.emitter.machine import Emitter, Send, Watch
from statsd_reference.emitter.pack import Datagram, pack
from statsd_reference.emitter.profile import EmitterProfile

# Timings of one metric that wait at a time; further ones are counted as refused, so that memory is bounded.
MAX_TIMINGS: Final = 1000


@dataclass(slots=True, eq=False)
class Metric:
    """One name: its total, what of it went out, and its timings that wait.

    Attributes:
        name: whole, as it stands in a line.
        type: that it was first used with; a name keeps its type.
        value: the total.
        sent: the total that last went out; None where none did.
        settled: whether the total went out or was refused for good.
        tried: whether all that waits failed before.
        touched: whether it was used in this period.
    """

    name: bytes
    type: str
    value: int = 0
    sent: int | None = None
    settled: bool = True
    tried: bool = False
    touched: bool = False
    timings: list[float] = field(default_factory=list)

    @property
    def waits(self) -> bool:
        """Whether something of it is to be sent."""
        return not self.settled or bool(self.timings)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line to be sent: of which metric, and which of its timings, None for its total."""

    metric: Metric
    written: bytes | Refused
    timing: float | None = None


class BatchEmitter(Emitter):
    """Sends the lines of metrics that changed: those of a module's message counters, and any others by name.

    Raises:
        NameRefused: the module's name or the rank is refused.
    """

    def __init__(
        self, profile: EmitterProfile, module: str, rank: int, send: Send, watch: Watch = lambda active: None
    ) -> None:
        self._before, self._behind = around_counter(profile, module, rank)
        self._metrics: dict[bytes, Metric] = {}
        super().__init__(profile, send, watch)

    def add(self, counter: int, number: int = 1) -> None:
        """Count `number` more of the message counter with that place.

        Raises:
            ValueError: a count would fall.
        """
        super().add(counter, number)
        metric = self._metric(self.profile.counters[counter], self.profile.type)
        if number and isinstance(metric, Metric):
            # Differences are of what this very name was given; a total is that of the module.
            self._record(metric, metric.value + number if self.profile.type == "c" else self.counts[counter])

    def count(self, name: str, total: int) -> Refused | None:
        """Take the total of a counter that is kept elsewhere; return why it is not taken, None where it is."""
        metric = self._metric(name, self.profile.type)
        if isinstance(metric, Refused):
            return metric
        if total < metric.value:
            reason = f"is {total} and was {metric.value}; a total falls by clear() only"
            return self.account.refuse(Refused(f"the total of {name!a}", reason))
        return self._record(metric, total)

    def set(self, name: str, value: int) -> Refused | None:
        """Set a gauge; return why it is not set, None where it is."""
        metric = self._metric(name, "g")
        return metric if isinstance(metric, Refused) else self._record(metric, value)

    def increase(self, name: str, number: int) -> Refused | None:
        """Add to a gauge, which may fall by it; the line says the sum. Return why it is refused, or None."""
        metric = self._metric(name, "g")
        return metric if isinstance(metric, Refused) else self._record(metric, metric.value + number)

    def timing(self, name: str, milliseconds: float) -> Refused | None:
        """Take a time; each one is a line. Return why it is refused, None where it is not."""
        metric = self._metric(name, "ms")
        if isinstance(metric, Refused):
            return metric
        written = timing_line(metric.name, milliseconds, self.profile)
        if isinstance(written, Refused):
            return self.account.refuse(written)
        if not self.on:
            return self.account.refuse(Refused(f"a time of {name!a}", "came while nothing is sent"))
        if len(metric.timings) >= MAX_TIMINGS:
            return self.account.refuse(Refused(f"a time of {name!a}", f"is one more than {MAX_TIMINGS} that wait"))
        metric.timings.append(milliseconds)
        metric.tried = False
        self._touch(metric)
        return None

    def clear(self) -> None:
        """Set all totals to 0, which is a change like any other; what was added before is still sent."""
        for metric in self._metrics.values():
            if metric.type == "c":
                metric.sent = (metric.sent or 0) - metric.value
                metric.value = 0
            elif metric.type != "ms" and metric.value != 0:
                self._set_value(metric, 0)
        super().clear()

    def set_prefix(self, prefix: str) -> None:
        """Put `prefix` and a dot before every name from now on, in place of what the profile says.

        What waits goes out under its old name.

        Raises:
            NameRefused: it is no name.
        """
        self._before, self._behind = checked_path(prefix) + b".", b""

    def look(self, *, last: bool = False) -> None:
        """Send the lines that wait, while on, and let go of what was quiet, as the profile says."""
        if not self.on:
            return
        again = last or self.trigger != "loop-pass"
        waiting = [metric for metric in self._metrics.values() if metric.waits and (again or not metric.tried)]
        quiet = [] if last or self.trigger != "period" else self._quiet()
        self._emit([line for metric in (*waiting, *self._resent(quiet)) for line in self._lines(metric)])
        self._forget(quiet)
        if self.trigger == "period":
            self._wake(self._pending())

    def _metric(self, name: str, type: str) -> Metric | Refused:
        """Return the metric of a name, new where there was none; or count and return why there is none."""
        try:
            whole = self._before + checked_path(name) + self._behind
        except NameRefused as error:
            return self.account.refuse(Refused("a", str(error)))
        metric = self._metrics.setdefault(whole, Metric(whole, type))
        if metric.type != type:
            reason = f"has type {metric.type}, and is given {type}; aggregators keep the first"
            return self.account.refuse(Refused(f"the name {name!a}", reason))
        return metric

    def _record(self, metric: Metric, value: int) -> Refused | None:
        self._set_value(metric, value)
        self._touch(metric)
        return None

    def _set_value(self, metric: Metric, value: int) -> None:
        if metric.type == "c" and metric.sent is None:
            metric.sent = 0
        if value != metric.value or metric.sent is None:
            metric.tried = False
        metric.value = value
        metric.settled = value == metric.sent

    def _touch(self, metric: Metric) -> None:
        metric.touched = True
        self._changed()

    def _pending(self) -> bool:
        goes_on = self.profile.quiet != "keep" and any(metric.type in "gC" for metric in self._metrics.values())
        return goes_on or any(metric.waits for metric in self._metrics.values())

    def _lines(self, metric: Metric) -> Iterator[_Line]:
        if not metric.settled:
            value = metric.value - (metric.sent or 0) if metric.type == "c" else metric.value
            yield _Line(metric, gauge_or_count(metric.name, value, self.profile, metric.type))
        for timing in metric.timings:
            yield _Line(metric, timing_line(metric.name, timing, self.profile), timing)

    def _emit(self, lines: list[_Line]) -> None:
        packed = pack([line.written for line in lines], self.profile)
        for place, refused in packed.refused:
            self.account.refuse(refused)
            lines[place].metric.settled = True
        for line in lines:
            line.metric.tried = True
            line.metric.timings = []
        for datagram in packed.datagrams:
            self._send_one(datagram, [lines[place] for place in datagram.members])

    def _send_one(self, datagram: Datagram, lines: list[_Line]) -> None:
        went = self._send(datagram.payload)
        if went:
            self.account.sent(datagram.payload.count(b"\n") + (not self.profile.newline_at_end))
        else:
            self.account.failed += 1
        for line in lines:
            if line.timing is not None:
                line.metric.timings += [] if went else [line.timing]
            elif went:
                line.metric.sent, line.metric.settled = line.metric.value, True

    def _quiet(self) -> list[Metric]:
        """Return the metrics with a total that nobody gave a value in this period, which ends here."""
        quiet = [metric for metric in self._metrics.values() if not (metric.touched or metric.waits)]
        for metric in self._metrics.values():
            metric.touched = False
        return [metric for metric in quiet if metric.type in "gC"]

    def _resent(self, quiet: list[Metric]) -> list[Metric]:
        """Return those of the quiet metrics that are sent again, and let them wait for it."""
        again = [metric for metric in quiet if self.profile.quiet == "resend" and metric.sent is not None]
        for metric in again:
            metric.settled = False
        return again

    def _forget(self, quiet: list[Metric]) -> None:
        for metric in quiet:
            if self.profile.quiet == "forget":
                del self._metrics[metric.name]
