"""Servers that break one requirement on transports each."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from defects import framing as defects
from defects.steps import Break, refused
from statsd_reference import Server
from statsd_reference.server import Receive
from statsd_reference.stream import Cut, Stream
from wrong_servers.framing import empty_datagram_ends_reading

ENOUGH_CONNECTIONS = 100
_FRAME = 1472


def chunks(server: Server, change: Callable[[Cut], Cut]) -> Server:
    """Return the server that goes on with `change(cut)` for every chunk of a stream."""
    return replace(server, cut=lambda stream, chunk, max_line: change(server.cut(stream, chunk, max_line)))


def one_line_a_chunk(server: Server) -> Server:
    """Read the first line that a chunk completes, and no other."""
    return chunks(server, lambda done: replace(done, lines=b"".join(done.lines.partition(b"\n")[:2])))


def waits_for_more(server: Server) -> Server:
    """Read a line of a stream when the next one comes."""

    def cut(stream: Stream, chunk: bytes, max_line: int) -> Cut:
        done = server.cut(stream, chunk, max_line)
        *_, last = done.lines.splitlines(keepends=True) or [b""]
        rest = last + done.stream.rest
        return Cut(done.lines.removesuffix(last), done.too_long, replace(done.stream, rest=rest))

    return replace(server, cut=cut)


def unended_line_loses_its_rate(server: Server) -> Server:
    """Read a last line without LF up to its rate."""
    return replace(server, finish=lambda stream: stream.rest.partition(b"|@")[0])


def _bad(server: Server, lines: bytes) -> bool:
    return any(refused(server, line) for line in server.split(lines))


def closes_at_a_bad_line(server: Server) -> Server:
    """Close the connection that a bad line came over."""

    def closing(done: Cut) -> Cut:
        if _bad(server, done.lines):
            raise ConnectionAbortedError
        return done

    return chunks(server, closing)


def drops_what_stands_beside_a_bad_line(server: Server) -> Server:
    """Drop every line of a chunk that holds a bad one."""
    return chunks(server, lambda done: replace(done, lines=b"" if _bad(server, done.lines) else done.lines))


def keeps_an_endless_line(server: Server) -> Server:
    """Keep a line of a stream until it ends, however long it gets."""
    return replace(server, cut=lambda stream, chunk, max_line: server.cut(stream, chunk, 1 << 40))


def dies_of_many_streams(server: Server) -> Server:
    """Die when a hundredth stream begins."""
    begun = 0

    def cut(stream: Stream, chunk: bytes, max_line: int) -> Cut:
        nonlocal begun
        begun += stream == Stream()
        if begun > ENOUGH_CONNECTIONS:
            raise RuntimeError("too many open files")
        return server.cut(stream, chunk, max_line)

    return replace(server, cut=cut)


def dies_of_an_unended_line(server: Server) -> Server:
    """Die when a connection ends inside a line."""

    def finish(stream: Stream) -> bytes:
        if stream.rest:
            raise RuntimeError("a connection was reset")
        return b""

    return replace(server, finish=finish)


def reads_nothing(server: Server) -> Server:
    """Read no line of a stream."""
    return chunks(server, lambda done: replace(done, lines=b""))


def joins_datagrams(server: Server) -> Server:
    """Read a line that a datagram does not end together with the next datagram."""

    def make_receive() -> Receive:
        rest = b""

        def receive(datagram: bytes) -> Iterable[bytes]:
            nonlocal rest
            whole, newline, rest = (rest + datagram).rpartition(b"\n")
            # A last line that is whole without LF is read at once, as always.
            if rest and not refused(server, rest):
                whole, rest = whole + newline + rest, b""
            return (whole,)

        return receive

    return replace(server, make_receive=make_receive)


def first_fragment_only(server: Server) -> Server:
    """Read of a datagram that was cut into fragments what the first one holds."""

    def receive(datagram: bytes) -> Iterable[bytes]:
        return (datagram[:_FRAME] if b".crafted:" in datagram else datagram,)

    return replace(server, make_receive=lambda: receive)


def takes_top_bits_off(server: Server) -> Server:
    """Read a stream as ASCII, of which a byte has seven bits."""

    def cut(stream: Stream, chunk: bytes, max_line: int) -> Cut:
        return server.cut(stream, bytes(byte & 0x7F for byte in chunk), max_line)

    return replace(server, cut=cut)


WRONG: dict[str, Break] = {
    "NET-02": defects.a21,
    "NET-02/several": one_line_a_chunk,
    "NET-03": waits_for_more,
    "NET-03/in part": unended_line_loses_its_rate,
    "NET-04": closes_at_a_bad_line,
    "NET-04/chunk": drops_what_stands_beside_a_bad_line,
    "NET-05": keeps_an_endless_line,
    "NET-06": dies_of_an_unended_line,
    "NET-06/many": dies_of_many_streams,
    "NET-07": defects.a27,
    "NET-08": defects.a01,
    "NET-08/stream": reads_nothing,
    "NET-09": empty_datagram_ends_reading,
    "NET-09/fragments": first_fragment_only,
    "NET-10": joins_datagrams,
    "NET-11": takes_top_bits_off,
}
