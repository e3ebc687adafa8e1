"""A flush to Graphite: the points with their names, and the two forms in which they travel."""

import pickle
import struct
from collections.abc import Callable, Iterable, Iterator
from math import isfinite

from statsd_reference.grammar import clean_name
from statsd_reference.model import Flush, Point
from statsd_reference.number import write_number
from statsd_reference.options import Options
from statsd_reference.timers import timer_statistics

Points = Callable[[Flush], Iterator[Point]]

# carbon, protocols.py: MetricPickleReceiver.MAX_LENGTH is 2**20. The original sends a flush as one pickle, of any size.
PICKLE_POINTS = 1000


class Names:
    """The Graphite names that a set of options gives: semantics, section 2.1.

    Namespaces are prefixes that end in a dot, or nothing; `own` is where the aggregator's own values go.
    """

    def __init__(self, options: Options) -> None:
        self.legacy = options.legacy_namespace
        self.raw = not options.key_name_sanitize
        self.suffix = b"." + options.global_suffix.encode() if options.global_suffix else b""
        if self.legacy:
            self.counters, self.timers, self.gauges, self.sets = (
                b"stats.",
                b"stats.timers.",
                b"stats.gauges.",
                b"stats.sets.",
            )
            self.pairs = b"stats.kv."
            self.own = b"stats." + options.prefix_stats.encode() + b"."
            self.number = options.prefix_stats.encode() + b".numStats" + self.suffix
            return
        top = _part(options.global_prefix)
        self.counters = top + _part(options.prefix_counter)
        self.timers = top + _part(options.prefix_timer)
        self.gauges = top + _part(options.prefix_gauge)
        self.sets = top + _part(options.prefix_set)
        self.pairs = top + b"kv."
        self.own = top + options.prefix_stats.encode() + b"."
        self.number = self.own + b"numStats" + self.suffix

    def path(self, namespace: bytes, bucket: bytes, statistic: bytes = b"") -> bytes:
        """Return the path of a bucket; what stands behind the first `;` are tags, and stays last (NAME-08)."""
        name, semicolon, tags = bucket.partition(b";")
        if self.raw:
            name, tags = clean_name(name), clean_name(tags)
        return namespace + name + statistic + self.suffix + semicolon + tags


def _part(prefix: str) -> bytes:
    return prefix.encode() + b"." if prefix else b""


def make_points(options: Options) -> Points:
    """Return the function that names everything a flush publishes, lazily, counters first and own values last.

    Values that are not finite are left out (OUT-03). The last point is always `numStats`.
    """
    names = Names(options)

    def points(flush: Flush) -> Iterator[Point]:
        timestamp = flush.timestamp
        for path, value in _named(flush, names, options):
            if isfinite(value):
                yield Point(path, value, timestamp)
        number = len(flush.counters) + len(flush.timers) + len(flush.gauges) + len(flush.sets)
        yield Point(names.number, float(number), timestamp)

    return points


def _named(flush: Flush, names: Names, options: Options) -> Iterator[tuple[bytes, float]]:
    path = names.path
    rate, count = (b"", b"") if names.legacy else (b".rate", b".count")
    counts = b"stats_counts." if names.legacy else names.counters
    for bucket, value in flush.counters.items():
        yield path(names.counters, bucket, rate), value / flush.interval
        if options.flush_counts:
            yield path(counts, bucket, count), value
    for bucket, values in flush.timers.items():
        for statistic, value in timer_statistics(bucket, values, flush.timer_counts[bucket], options):
            yield path(names.timers, bucket, b"." + statistic), value
    for bucket, value in flush.gauges.items():
        yield path(names.gauges, bucket), value
    for bucket, size in flush.sets.items():
        yield path(names.sets, bucket, b".count"), float(size)
    # statsite writes its key/value samples newest first (OTHER-03).
    for bucket, value in reversed(flush.pairs):
        yield path(names.pairs, bucket), value


def write_line(point: Point) -> bytes:
    """Return the point as a line of Graphite's plaintext protocol, LF included (OUT-01)."""
    return b"%b %b %d\n" % (point.path, write_number(point.value), point.timestamp)


def write_pickle(points: Iterable[Point]) -> bytes:
    """Return the points as one message of Graphite's pickle protocol: a four-byte length, then the pickle.

    A message should hold at most PICKLE_POINTS points.
    """
    # Paths that are not UTF-8 cannot occur: names were cleaned to ASCII.
    body = pickle.dumps([(point.path.decode(), (point.timestamp, point.value)) for point in points], protocol=2)
    return struct.pack("!L", len(body)) + body
