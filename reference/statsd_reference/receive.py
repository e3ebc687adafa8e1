"""The receive path of the daemon: batches of datagrams into a gathering, each distinct line read once.

The plain path reads every line. Here the lines of a batch are counted as a multiset first, and a line that came 200
times is parsed once and weighted by 200. That is the same only where adding the multiple at once is exact: for counters
whose increments and totals are whole numbers small enough, for timers and sets, whose order does not matter. Everything
else (gauges, fractions, running totals) is gone through in the order of arrival, line by line. `tests/test_receive.py`
shows that both paths give the same window for generated traffic.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from statsd_reference.accumulate import Gathering, first_total
from statsd_reference.model import Kind, Outcome, Sample, Window
from statsd_reference.server import Server

# Sums below these bounds stay whole numbers under 2**53 whatever the batch: it has fewer than 2**22 distinct lines.
_SMALL: Final = 2.0**30
_LARGE: Final = 2.0**52
_REMEMBERED_LINES: Final = 50_000
_REMEMBERED_NAMES: Final = 100_000
_SHORT: Final = 250
# A line has one bucket, and a bucket has at most five series: one a kind, and a running total beside its counter.
_SERIES_A_LINE: Final = 5


# What one line comes to, as a tuple that begins with one of these.
_INCREMENT: Final = 0  # bucket, amount: one counter sample
_TIME: Final = 1  # bucket, ms: one timer sample at rate 1
_MEMBER: Final = 2  # bucket, member: one set sample
_LEVEL: Final = 3  # bucket, value: one gauge sample without a sign
_OUTCOMES: Final = 4  # b"", outcomes: whatever else the line says

_Read = tuple[int, bytes, Any]
_FAST_KINDS: Final = {b"c": _INCREMENT, b"ms": _TIME, b"g": _LEVEL}


class PlainReceiver:
    """Reads datagram by datagram through the server's own steps: for servers that are not the reference."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._receive = server.make_receive()
        self.window = server.first_window()

    def add_batch(self, datagrams: Iterable[bytes]) -> None:
        """Add datagrams to the window, in order."""
        for datagram in datagrams:
            for received in self._receive(datagram):
                self.window = self._server.accumulate(self.window, self._server.read(received))

    def take(self, following: Window) -> None:
        """Go on with another window."""
        self.window = following


class Receiver:
    """Reads batches at once, for the reference."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._cache: dict[bytes, _Read] = {}
        self._buckets: dict[bytes, bytes] = {}
        self._short = min(_SHORT, server.options.max_line)
        self._gathering = Gathering(server.options, server.first_window())

    @property
    def window(self) -> Window:
        """What was gathered so far; valid until the next batch."""
        return self._gathering.window()

    def take(self, following: Window) -> None:
        """Go on with another window."""
        self._gathering = Gathering(self._server.options, following)

    def add_batch(self, datagrams: Sequence[bytes]) -> None:
        """Add datagrams to the window: the same result as one by one."""
        lines = b"\n".join(datagrams).split(b"\n")
        counts = Counter(lines)
        blank = counts.pop(b"", 0)
        gathering = self._gathering
        gathering.add_datagrams(len(datagrams))
        gathering.add_lines(len(lines) - blank)
        if gathering.distinct_names() + _SERIES_A_LINE * len(counts) > self._server.options.max_names:
            # Which names are refused depends on the order.
            self._in_order([line for line in lines if line])
            return
        if ordered := self._at_once(counts):
            self._in_order([line for line in lines if line in ordered])

    def _in_order(self, lines: Iterable[bytes]) -> None:
        gathering, cache = self._gathering, self._cache
        for line in lines:
            what, bucket, value = cache.get(line) or self._read(line)
            if what == _LEVEL:
                gathering.add_level(bucket, value)
            elif what == _OUTCOMES:
                for outcome in value:
                    gathering.add(outcome)
            else:
                for outcome in self._server.parse(line):
                    gathering.add(outcome)

    def _at_once(self, counts: "Counter[bytes]") -> set[bytes]:
        """Add every line for which it makes no difference, and return those that have to be added in order."""
        cache, gathering = self._cache, self._gathering
        exact: list[tuple[bytes, _Read, int]] = []
        ordered: set[bytes] = set()
        inexact: set[bytes] = set()
        for line, times in counts.items():
            read = cache.get(line) or self._read(line)
            what, bucket, value = read
            if what <= _TIME:
                if self._is_exact(what, bucket, value, times):
                    exact.append((line, read, times))
                    continue
                inexact.add(bucket)
            elif what == _MEMBER:
                gathering.add_member(bucket, value)
                continue
            elif what == _OUTCOMES and self._added(value, times, inexact):
                continue
            ordered.add(line)
        for line, read, times in exact:
            if read[1] in inexact:
                ordered.add(line)
            else:
                self._add_exact(read, times)
        return ordered

    def _is_exact(self, what: int, bucket: bytes, value: float, times: int) -> bool:
        if what == _TIME:
            return self._gathering.timer_counts.get(bucket, 0.0).is_integer()
        total = self._gathering.counters.get(bucket, 0.0)
        return (
            value.is_integer() and -_SMALL < value * times < _SMALL and -_LARGE < total < _LARGE and total.is_integer()
        )

    def _add_exact(self, read: _Read, times: int) -> None:
        what, bucket, value = read
        gathering = self._gathering
        if what == _INCREMENT:
            total = gathering.counters.get(bucket)
            increment = value * times
            gathering.counters[bucket] = first_total(increment) if total is None else total + increment
        else:
            gathering.add_time(bucket, value, times, times)

    def _added(self, outcomes: tuple[Outcome, ...], times: int, inexact: set[bytes]) -> bool:
        """Add outcomes that are bad lines, whose order cannot matter, and say so; else note the buckets they touch."""
        buckets = {outcome.bucket for outcome in outcomes if isinstance(outcome, Sample)}
        if buckets:
            inexact |= buckets
            return False
        for outcome in outcomes:
            self._gathering.add(outcome, times)
        return True

    def _read(self, line: bytes) -> _Read:
        """Return what a line comes to; the plainest lines of known names are read without the grammar."""
        name, _, sample = line.partition(b":")
        value, _, kind = sample.partition(b"|")
        bucket = self._buckets.get(name)
        # Lines so short hold no number that overflows, and are within every limit.
        if bucket is not None and len(line) < self._short:
            what = _FAST_KINDS.get(kind)
            # Digits with at most one point: the grammar would read the same number.
            if what is not None and value.replace(b".", b"", 1).isdigit():
                read = (what, bucket, float(value))
                return self._remembered(line, read) if what == _INCREMENT else read
            if kind == b"s" and b":" not in value:
                return (_MEMBER, bucket, value or b"0")
        return self._remembered(line, self._parsed(line, name))

    def _parsed(self, line: bytes, name: bytes) -> _Read:
        outcomes = self._server.parse(line)
        if len(outcomes) != 1 or not isinstance(outcomes[0], Sample):
            return (_OUTCOMES, b"", outcomes)
        sample = outcomes[0]
        if b"|#" not in line and len(self._buckets) < _REMEMBERED_NAMES:
            self._buckets[name] = sample.bucket
        if sample.kind is Kind.COUNTER:
            return (_INCREMENT, sample.bucket, sample.value * (1 / sample.rate))
        if sample.kind is Kind.TIMER and sample.rate == 1.0:
            return (_TIME, sample.bucket, sample.value)
        if sample.kind is Kind.SET:
            return (_MEMBER, sample.bucket, sample.member)
        if sample.kind is Kind.GAUGE and not sample.signed:
            return (_LEVEL, sample.bucket, sample.value)
        return (_OUTCOMES, b"", outcomes)

    def _remembered(self, line: bytes, read: _Read) -> _Read:
        if len(self._cache) >= _REMEMBERED_LINES:
            self._cache.clear()
        self._cache[line] = read
        return read
