"""A flush says the same by pickle as in plaintext."""

from struct import unpack

from statsd_fuzz._driver import fuzz, instrumented

with instrumented(__name__):
    from statsd_conformance.graphite import read_line
    from statsd_conformance.observers.pickled import read_message
    from statsd_fuzz.flushed import points_of
    from statsd_reference import Options, make_server
    from statsd_reference.encode import write_line, write_pickle
    from statsd_reference.options import EXTENSIONS

SEEDS = ("datagrams", "lines/good", "intervals")
SERVERS = (make_server(Options()), make_server(Options(extensions=EXTENSIONS, key_name_sanitize=False)))


def check(data: bytes) -> None:
    """Write each flush in both ways, and read both."""
    for points in points_of(SERVERS, data):
        message = write_pickle(points)
        assert unpack("!L", message[:4]) == (len(message) - 4,)
        plain = [read_line(write_line(point)[:-1]) for point in points]
        pickled = read_message(message[4:])
        assert [(line.path, line.number, line.timestamp) for line in pickled] == [
            (line.path, line.number, line.timestamp) for line in plain
        ]


if __name__ == "__main__":
    fuzz(check, SEEDS)
