"""The rules of a whole datagram: its size, and metrics that are cut in two."""

from collections.abc import Iterator, Sequence

from statsd_conformance.lint.dialect import Dialect
from statsd_conformance.lint.finding import Finding
from statsd_conformance.lint.line import line_faults
from statsd_conformance.recording.datagram import Datagram

# An emitter that cuts its buffer wherever it is full sends pieces of about the smallest usual size, or of a larger one.
_BUFFER = 500


def lines_of(payload: bytes) -> list[bytes]:
    """Return the lines of a datagram; a LF ends its line, so that what ends in one has no empty line behind it."""
    lines = payload.split(b"\n")
    if not lines[-1]:
        del lines[-1]
    return lines


def size_findings(datagram: Datagram, lines: Sequence[bytes], limit: int) -> Iterator[Finding]:
    """Yield each line that no datagram of `limit` bytes can hold; where there is none, the datagram that is longer."""
    long = [index for index, line in enumerate(lines, 1) if len(line) > limit]
    for index in long:
        line = lines[index - 1]
        message = f"this line alone has {len(line)} bytes, more than the {limit} of a datagram"
        yield Finding("ESIZE-02", message, datagram.number, index, limit + 1, line)
    size = len(datagram.payload)
    if size > limit and not long:
        message = f"the datagram has {size} bytes, more than {limit}"
        yield Finding("ESIZE-01", message, datagram.number, 0, 0, datagram.payload)


def cut_finding(before: Datagram, after: Datagram, heads: Sequence[bytes], dialect: Dialect) -> Finding | None:
    """Return the finding that the last line of `before` goes on in `after`, whose lines are `heads`, where it does.

    The two halves are a good line together and not apart. A first line that is good by itself is a second half only if
    the datagram before it was about as long as a buffer.
    """
    if not heads or not before.payload or before.payload.endswith(b"\n"):
        return None
    tails = lines_of(before.payload)
    doubted = line_faults(heads[0], dialect) or (len(before.payload) >= _BUFFER and line_faults(tails[-1], dialect))
    if not doubted or line_faults(tails[-1] + heads[0], dialect):
        return None
    message = f"this metric is cut: it goes on in datagram {after.number}"
    return Finding("EFRAMING-05", message, before.number, len(tails), len(tails[-1]) + 1, tails[-1])
