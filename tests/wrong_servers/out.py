"""Servers that break one requirement on what goes to Graphite each."""

from collections.abc import Iterator
from dataclasses import replace

from defects import output as defects
from defects.steps import Break, samples
from statsd_reference import Flush, Point, Sample, Server
from statsd_reference.number import write_number


def written(form: bytes) -> Break:
    """Make a server that writes a point by a form of path, value and timestamp."""
    return lambda server: replace(
        server, write=lambda point: form % (point.path, write_number(point.value), point.timestamp)
    )


def zero_is_nan(server: Server) -> Server:
    """Print 0 as what a division by it gives."""

    def write(point: Point) -> bytes:
        return server.write(point).replace(b" 0 ", b" nan ") if not point.value else server.write(point)

    return replace(server, write=write)


def tabs_are_kept(server: Server) -> Server:
    """Leave a tab in a name that is cleaned of all else."""

    def renamed(one: Sample) -> Sample:
        return replace(one, bucket=one.bucket.replace(b"tab_here", b"tab\there"))

    return samples(server, renamed)


def collisions_are_merged(server: Server) -> Server:
    """Publish of the points that share a path the last."""
    return replace(server, points=lambda flush: iter({point.path: point for point in server.points(flush)}.values()))


def both_namespaces(server: Server) -> Server:
    """Publish counts under the names of the other namespace as well."""

    def both(flush: Flush) -> Iterator[Point]:
        for point in server.points(flush):
            yield point
            if point.path.endswith(b".count.end"):
                yield point._replace(
                    path=b"stats_counts" + point.path.removeprefix(b"top.cc").removesuffix(b".count.end")
                )

    return replace(server, points=both)


WRONG = {
    "OUT-01": written(b"%b  %b %d\n"),
    "OUT-01/fields": written(b"%b %b %d source=statsd\n"),
    "OUT-01/raw": defects.c44,
    "OUT-01/tab": tabs_are_kept,
    "OUT-02": defects.c44,
    "OUT-02/tab": tabs_are_kept,
    "OUT-03": zero_is_nan,
    "OUT-04": written(b"%b %b %d.5\n"),
    "OUT-04/milliseconds": written(b"%b %b %d000\n"),
    "OUT-05": defects.c06,
    "OUT-05/percentiles": defects.c35,
    "OUT-06": defects.c38,
    "OUT-06/decimals": defects.c42,
    "OUT-07": written(b"%b %b %d\r\n"),
    "OUT-08": collisions_are_merged,
    "OUT-09": both_namespaces,
}
