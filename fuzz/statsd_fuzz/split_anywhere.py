"""A stream gives the same non-empty lines in whatever chunks it comes: whole, byte by byte, or cut at a few places."""

from collections.abc import Iterable
from dataclasses import dataclass

from statsd_fuzz._driver import fuzz, instrumented
from statsd_fuzz.inputs import pieces

with instrumented(__name__):
    from statsd_reference.stream import Stream, cut

SEEDS = ("datagrams",)
# So short that lines of a few bytes pass it.
MAX_LINE = 24


@dataclass(frozen=True)
class Lines:
    """What came out of a stream: lines within the limit, how many were beyond it, and what is not ended yet."""

    lines: tuple[bytes, ...]
    too_long: int
    rest: bytes


def check(data: bytes) -> None:
    """Read a stream in three ways."""
    whole = read([data])
    for chunks in ([data[place : place + 1] for place in range(len(data))], pieces(data)):
        assert read(chunks) == whole, f"in {len(chunks)} chunks it is {read(chunks)}, whole {whole}"


def read(chunks: Iterable[bytes]) -> Lines:
    """Return what chunks come to; a line that is too long counts alike, whether the cutter or the parser refuses it."""
    stream = Stream()
    lines: list[bytes] = []
    too_long = 0
    for chunk in chunks:
        found = cut(stream, chunk, MAX_LINE)
        assert found.lines[-1:] in (b"", b"\n"), found
        assert len(found.stream.rest) <= MAX_LINE, found
        stream = found.stream
        # An empty line says nothing, whether it comes out or not.
        ended = [line for line in found.lines.split(b"\n") if line]
        lines += [line for line in ended if len(line) <= MAX_LINE]
        too_long += found.too_long + sum(len(line) > MAX_LINE for line in ended)
    return Lines(tuple(lines), too_long, stream.rest)


if __name__ == "__main__":
    fuzz(check, SEEDS)
