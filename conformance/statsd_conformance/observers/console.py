"""The original's management console: what the running interval has gathered so far, in the notation of `util.inspect`.

The console shows neither a flush nor its results. A flush is told by counts that went back to 0; what was last seen
before that is what the interval held. Of a timer it shows the times, so `lower`, `upper` and `sum` are worked out here,
and nothing else: what the target makes of the times is not seen, and a statistic of ours would say nothing about it. Of
sets it shows nothing.
"""

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Final

from statsd_conformance.graphite import GraphiteLine, Snapshot, read_line
from statsd_conformance.observers.observer import MakeObserver
from statsd_conformance.observers.polling import PollingObserver, Unreadable

_END: Final = b"END\n\n"
# A table of a million names is not read at a go.
_LONGEST: Final = 1 << 28
_QUOTED: Final = rb"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`"
# Node.js, lib/internal/util/inspect.js, formatProperty: a name is quoted unless it is an identifier; one has brackets.
_KEY: Final = rb"(?:(?P<name>[A-Za-z_]\w*)|(?P<quoted>%b)|\['(?P<special>__proto__)'\])" % _QUOTED
_VALUE: Final = rb"(?P<value>\[[^\]]*\]|%b|[^\s,{}\[\]]+)" % _QUOTED
_ENTRY: Final = re.compile(rb"\s*%b:\s+%b\s*(?:,|\}\s*\Z)" % (_KEY, _VALUE), re.DOTALL)
_ESCAPE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPED: Final = {b"b": b"\b", b"t": b"\t", b"n": b"\n", b"f": b"\f", b"r": b"\r"}
# It counts these itself: they come back as soon as anything comes in.
_OWN: Final = (b".packets_received", b".metrics_received", b".bad_lines_seen")

# Names to their values as they were written.
Table = Mapping[bytes, bytes]


def read_table(text: bytes) -> dict[bytes, bytes]:
    """Return the names of a table in the notation of `util.inspect`, and the text of each value.

    Raises:
        Unreadable: it is no such table.

    >>> read_table(b"{ a: 1, 'b.c': [ 2, 3.5 ] }")
    {b'a': b'1', b'b.c': b'[ 2, 3.5 ]'}
    """
    table = {}
    place, stripped = 1, text.strip()
    if stripped == b"{}":
        return {}
    while entry := _ENTRY.match(stripped, place):
        name = entry["name"] or entry["special"] or _unquoted(entry["quoted"])
        table[name] = entry["value"]
        place = entry.end()
    if not stripped.startswith(b"{") or place < len(stripped):
        raise Unreadable(f"{stripped[:60]!r} is no table of the console")
    return table


def _unquoted(quoted: bytes) -> bytes:
    return _ESCAPE.sub(_meant, quoted[1:-1])


def _meant(escape: "re.Match[bytes]") -> bytes:
    byte, unit, other = escape.groups()
    if other is not None:
        return _ESCAPED.get(other, other)
    return chr(int(byte or unit, 16)).encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Shown:
    """What one look showed: the tables as they came, counters read, and since when nothing before it was looked at."""

    timers: bytes
    gauges: bytes
    counters: Table
    since: float

    def lines(self, timestamp: int) -> Iterator[GraphiteLine]:
        """Yield what was shown as Graphite lines: `counters.NAME`, `gauges.NAME`, `timers.NAME.lower` and so on."""
        for kind, table in ((b"counters", self.counters), (b"gauges", read_table(self.gauges))):
            for name, value in table.items():
                # What is no number, the original prints as text, in quotation marks.
                yield read_line(b"%b.%b %b %d" % (kind, name, value.replace(b" ", b"_"), timestamp))
        for name, times in read_table(self.timers).items():
            for statistic, value in _statistics(times):
                yield read_line(b"timers.%b.%b %b %d" % (name, statistic, value, timestamp))


def _statistics(times: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield what can be said of the times of a timer, `[ 1, 2.5 ]`; of an empty list nothing."""
    texts = [text.strip() for text in times.strip(b"[ ]\n").split(b",") if text.strip()]
    if b" more item" in times:
        # Node shows the first hundred: enough to tell that there are some.
        yield from ((name, b"unknown") for name in (b"lower", b"upper", b"sum"))
    elif texts:
        yield b"lower", min(texts, key=float)
        yield b"upper", max(texts, key=float)
        # As the original adds them up, where huge ones make an infinite sum.
        yield b"sum", b"%r" % sum(sorted(map(float, texts)))


def is_reset(before: Table, now: Table) -> bool:
    """Tell whether a flush lies between two looks at the counters: most went back to 0, or nothing had come in yet."""
    counted = {name: number for name, value in before.items() if (number := _number(value))}
    left = {name: _number(now.get(name, b"0")) for name in counted}
    if any(abs(left[name]) < abs(number) for name, number in counted.items() if name.endswith(_OWN)):
        return True
    others = [left[name] for name in counted if not name.endswith(_OWN)]
    return 2 * others.count(0.0) > len(others)


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


@dataclass
class ConsoleObserver(PollingObserver):
    """Looks at the tables of the console, again and again, over one connection."""

    output: ClassVar[str] = "console"
    remedy: ClassVar[str] = (
        "Name the target's management console with --sink console://HOST:PORT (mgmt_address and mgmt_port of StatsD)"
    )
    _connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    _begun: float = 0.0
    _counters: Table | None = None
    _shown: Shown | None = None

    async def look(self) -> None:
        """Read the tables, the counters last, and tell of the interval that they show to be over."""
        before, self._begun = self._begun, time.monotonic()
        timers, gauges = await self._said(b"timers"), await self._said(b"gauges")
        counters = read_table(await self._said(b"counters"))
        over = self._counters is not None and is_reset(self._counters, counters)
        self._counters = counters
        if not over:
            # No flush came since the last look, so the three tables are of one interval. What was sent when that look
            # began has been read by now; what was sent later may still wait in the target's socket.
            self._shown = Shown(timers, gauges, counters, before)
        elif self._shown:
            shown, self._shown = self._shown, None
            lines = tuple(shown.lines(int(time.time())))
            self.on_snapshot(Snapshot(lines, time.monotonic(), time.time(), shown.since))

    def lose(self) -> None:
        """Drop the connection, and forget what was seen over it."""
        if self._connection:
            self._connection[1].close()
        self._connection = self._counters = self._shown = None
        self._begun = 0.0

    async def close(self) -> None:
        """Stop looking, and drop the connection."""
        await super().close()
        if self._connection:
            writer = self._connection[1]
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _said(self, command: bytes) -> bytes:
        """Return what the console says to a command, without the END behind it."""
        if self._connection is None:
            self._connection = await asyncio.open_connection(self.host, self.port, limit=_LONGEST)
        reader, writer = self._connection
        writer.write(command + b"\n")
        return (await reader.readuntil(_END)).removesuffix(_END)


def console(host: str, port: int) -> MakeObserver:
    """Return what makes an observer that looks at the management console there."""
    return lambda profile, on_snapshot, silence: ConsoleObserver(profile, on_snapshot, host, port)
