"""Graphite plaintext is well formed whatever was sent, and reads back as the points that it was written from."""

from statsd_fuzz._driver import fuzz, instrumented

with instrumented(__name__):
    from statsd_conformance.graphite import read_line
    from statsd_fuzz.flushed import points_of
    from statsd_reference import Options, make_server
    from statsd_reference.encode import write_line
    from statsd_reference.options import EXTENSIONS

SEEDS = ("datagrams", "lines/good", "lines/bad", "intervals")
SERVERS = (
    make_server(Options()),
    make_server(Options(extensions=EXTENSIONS, key_name_sanitize=False)),
    make_server(Options(legacy_namespace=False, global_suffix="my.host", percent_threshold=(90.0, -50.0, 99.9))),
)


def check(data: bytes) -> None:
    """Write and read each point of each flush."""
    for points in points_of(SERVERS, data):
        for point in points:
            written = write_line(point)
            assert written.endswith(b"\n"), written
            line = read_line(written[:-1])
            assert not line.faults, f"{written!r} {line.faults}"
            assert (line.path, line.number, line.timestamp) == (point.path, point.value, b"%d" % point.timestamp)


if __name__ == "__main__":
    fuzz(check, SEEDS)
