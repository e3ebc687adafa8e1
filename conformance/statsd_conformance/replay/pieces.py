"""What is sent of a recording, piece by piece: a datagram, or lines on a stream, and when."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from statsd_conformance.recording import Datagram, Endpoint
from statsd_conformance.replay.names import Names

# What fits into a frame of Ethernet beside the headers of IPv6 and its options; the limit of most emitters.
DATAGRAM: Final = 1432
# More than any reader takes for a line.
_LINE: Final = 65536


class Piece(NamedTuple):
    """What leaves in one go, `offset` seconds after the first piece of a pass, from the source with that number.

    Without a payload it is an empty datagram, or on a stream the end of the connection.
    """

    offset: float
    source: int
    payload: bytes


def pieces(
    datagrams: Iterable[Datagram], names: Names, sources: dict[Endpoint, int], *, streamed: bool, base: float = 0.0
) -> Iterator[Piece]:
    """Yield what is to be sent of a recording, the first at `base`; `streamed` says that it goes over streams.

    What was a stream and goes into datagrams is cut at the ends of lines; what was a datagram and goes onto a stream
    gets a LF where it had none. Time does not run back. `sources` has the numbers of sources, and gets new ones.
    """
    first: float | None = None
    latest = base
    begun: dict[Endpoint, bytes] = {}
    for datagram in datagrams:
        first = datagram.time if first is None else first
        latest = max(latest, base + datagram.time - first)
        source = sources.setdefault(datagram.source, len(sources))
        for payload in _lines(datagram, begun) if datagram.stream else (datagram.payload,):
            ends = datagram.stream and not payload
            rewritten = payload if ends else names.rewritten(payload)
            if rewritten is None or (ends and not streamed):
                continue
            for part in _framed(rewritten, datagram.stream, streamed):
                yield Piece(latest, source, part)
    for endpoint, rest in begun.items():
        rewritten = names.rewritten(rest + b"\n")
        if rewritten:
            yield Piece(latest, sources[endpoint], rewritten)


def _lines(datagram: Datagram, begun: dict[Endpoint, bytes]) -> Iterator[bytes]:
    """Yield the lines that a piece of a stream completes, all at once; then nothing at all where the stream ends."""
    text = begun.pop(datagram.source, b"") + datagram.payload
    if not datagram.payload:
        if text:
            yield text + b"\n"
        yield b""
        return
    whole, end, rest = text.rpartition(b"\n")
    if len(rest) > _LINE:
        whole, end, rest = text, b"\n", b""
    if rest:
        begun[datagram.source] = rest
    if end:
        yield whole + end


def _framed(payload: bytes, was_stream: bool, streamed: bool) -> Iterable[bytes]:
    if streamed:
        return (payload if was_stream or payload.endswith(b"\n") else payload + b"\n",)
    return _cut(payload) if was_stream and len(payload) > DATAGRAM else (payload,)


def _cut(lines: bytes) -> Iterator[bytes]:
    """Yield lines as datagrams that are as full as they may be; a longer line has one of its own."""
    start = 0
    while len(lines) - start > DATAGRAM:
        end = lines.rfind(b"\n", start, start + DATAGRAM) + 1 or lines.find(b"\n", start) + 1
        yield lines[start:end]
        start = end
    if start < len(lines):
        yield lines[start:]
