"""A chain from emitter to Graphite whose faults are known: datagrams, an aggregator that keeps names raw, a carbon."""

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from statsd_conformance.profile import load_profile
from statsd_conformance.recording import Datagram
from statsd_conformance.tracing.look import Caught, Wanted, see
from statsd_conformance.tracing.output import OutputReader, is_utf8
from statsd_conformance.tracing.seen import Output, Seen, Store, Stored, Wire
from statsd_conformance.tracing.wire import read_wire
from statsd_reference.emitter import load_emitter_profile
from statsd_reference.emitter.profile import MESSAGE_COUNTERS

SNAPSHOT = Wanted(profile=load_emitter_profile("snapshot"))
VALUES = (11, 12, 13, 14, 15, 16, 17, 18)
# The first name of each line but the first, where the text of a datagram goes on over four lines of source.
CONTINUED = (2, 4, 6)
# When the first flush is, in seconds since 1970: a whole hour.
BEGIN = 1_700_000_400
# What an emitter prints that knows the first five only.
SHORT = MESSAGE_COUNTERS[:5]


def snapshot(
    module: str = "kvs",
    values: Sequence[int] = VALUES,
    *,
    blanks: bytes = b"",
    counters: Sequence[str] = MESSAGE_COUNTERS,
    end: bytes = b"\n",
) -> bytes:
    """Return the eight lines of a module; `blanks` stand in front of those that are continued."""
    lines = [
        (blanks if number in CONTINUED else b"") + f"flux.{module}.0.{counter}:{value}|g".encode()
        for number, (counter, value) in enumerate(zip(counters, values, strict=False))
    ]
    return end.join(lines)


@dataclass
class RawAggregator:
    """Keeps the last value of each name as it came, as brubeck does: a blank in it is refused, a tab is not.

    The newest name comes first in a flush, its own count of errors last.
    """

    gauges: dict[bytes, float] = field(default_factory=dict)
    errors: int = 0

    def take(self, datagram: bytes) -> None:
        """Read the lines of a datagram."""
        for line in filter(None, datagram.split(b"\n")):
            match = re.fullmatch(rb"([^: ]+):(-?[0-9]+)\|(?:g|c)", line)
            if match:
                self.gauges[match[1]] = float(match[2])
            else:
                self.errors += 1

    def flush(self) -> Iterator[tuple[bytes, float]]:
        """Yield what a flush holds."""
        yield from reversed(self.gauges.items())
        yield b"brubeck.errors", self.errors
        self.errors = 0


def as_text(points: Iterable[tuple[bytes, float]], stamp: int) -> bytes:
    """Return points as lines for carbon."""
    return b"".join(b"%b %d %d\n" % (path, value, stamp) for path, value in points)


def as_pickle(points: Iterable[tuple[bytes, float]], stamp: int) -> bytes:
    """Return points as a message for carbon, names as bytes of Python 2."""
    body = b"\x80\x02]"
    for path, value in points:
        body += (
            b"U%c%b" % (len(path), path) + struct.pack("<bi", 74, stamp) + struct.pack(">bd", 71, value) + b"\x86\x86a"
        )
    return struct.pack(">L", len(body) + 1) + body + b"."


@dataclass
class ModelCarbon:
    """What carbon does to a connection: it strips lines, not pickles, and takes nothing behind what is no UTF-8."""

    points: dict[bytes, list[tuple[int, float]]] = field(default_factory=dict)
    closed: int = 0

    def text(self, chunk: bytes) -> None:
        """Read all lines of a connection."""
        for line in chunk.splitlines():
            if not is_utf8(line):
                self.closed += 1
                return
            fields = line.decode().strip().split()
            if len(fields) == 3:
                self.add(fields[0].encode(), int(fields[2]), float(fields[1]))

    def pickle(self, points: Sequence[tuple[bytes, float]], stamp: int) -> None:
        """Read one message."""
        if all(is_utf8(path) for path, _ in points):
            for path, value in points:
                self.add(path, stamp, value)

    def add(self, path: bytes, stamp: int, value: float) -> None:
        """Keep one point."""
        self.points.setdefault(path, []).append((stamp, value))

    def store(self) -> Store:
        """Return what it holds."""
        found = {
            path: Stored(path, len(points), points[-1][1], sum(value for _, value in points), points[-1][0], 1.0)
            for path, points in self.points.items()
        }
        return Store(found, "the model")


@dataclass(frozen=True)
class FromStore:
    """Answers with one store, whatever it is asked for."""

    store: Store

    def read(self, paths: Sequence[bytes], since: float) -> Store:
        """Return it."""
        return self.store


@dataclass
class Modelled:
    """A chain without sockets: flushes of datagrams into an aggregator that keeps names raw, and into a carbon."""

    pickled: bool = False
    aggregator: RawAggregator = field(default_factory=RawAggregator)
    carbon: ModelCarbon = field(default_factory=ModelCarbon)
    output: OutputReader = field(default_factory=OutputReader)
    sent: list[Datagram] = field(default_factory=list)
    flushes: int = 0

    def flush(self, *datagrams: bytes) -> "Modelled":
        """Send datagrams, then flush, ten seconds after the flush before."""
        stamp = BEGIN + 10 * self.flushes
        for datagram in datagrams:
            self.sent.append(Datagram(datagram, len(self.sent) + 1, stamp - 5.0))
            self.aggregator.take(datagram)
        points = list(self.aggregator.flush())
        chunk = as_pickle(points, stamp) if self.pickled else as_text(points, stamp)
        self.output.take(self.flushes, chunk)
        self.output.end(self.flushes)
        if self.pickled:
            self.carbon.pickle(points, stamp)
        else:
            self.carbon.text(chunk)
        self.flushes += 1
        self.output.closed = self.carbon.closed
        return self

    def wire(self) -> Wire:
        """Return what was on the wire."""
        return read_wire(self.sent)

    def flushed(self) -> Output:
        """Return what was flushed."""
        return self.output.output()

    def seen(self, hops: str = "wag", wanted: Wanted = SNAPSHOT, store: Store | None = None) -> Seen:
        """Return what is seen at the hops of which the first letters are given."""
        caught = Caught(self.wire() if "w" in hops else None, self.flushed() if "a" in hops else None, BEGIN)
        asks = FromStore(store or self.carbon.store()) if "g" in hops else None
        return see(caught, wanted, load_profile("brubeck"), asks, 0.0)
