"""Mistakes in cutting datagrams and streams into lines."""

from collections.abc import Iterable
from dataclasses import replace

from defects.steps import refused
from statsd_reference import Outcome, Server
from statsd_reference.server import Receive
from statsd_reference.stream import Cut

SLOTS = 4
WORKERS = 5


def a01(server: Server) -> Server:
    """A line without LF behind it is thrown away, although the end of the datagram ends it, too."""
    return replace(server, split=lambda datagram: server.split(datagram[: datagram.rfind(b"\n") + 1]))


def a02(server: Server) -> Server:
    """The last of several lines is lost when no LF follows it; it counts like the others."""

    def split(datagram: bytes) -> list[bytes]:
        return server.split(datagram[: datagram.rfind(b"\n") + 1] if b"\n" in datagram else datagram)

    return replace(server, split=split)


def a03(server: Server) -> Server:
    """A bad line ends the reading of its datagram; the lines behind it are good."""
    spoilt = False

    def split(datagram: bytes) -> list[bytes]:
        nonlocal spoilt
        spoilt = False
        return server.split(datagram)

    def parse(line: bytes) -> tuple[Outcome, ...]:
        nonlocal spoilt
        if spoilt:
            return ()
        spoilt = refused(server, line)
        return server.parse(line)

    return replace(server, split=split, parse=parse)


def a04(server: Server) -> Server:
    """A bad line closes the socket that all share; it concerns nobody else."""
    return _deaf_after(server, bad_datagrams=1)


def a06(server: Server) -> Server:
    """A worker ends at a bad line, and nobody reads any more once all have met one; they have to survive."""
    return _deaf_after(server, bad_datagrams=WORKERS)


def _deaf_after(server: Server, bad_datagrams: int) -> Server:
    def make_receive() -> Receive:
        left = bad_datagrams

        def receive(datagram: bytes) -> Iterable[bytes]:
            nonlocal left
            if not left:
                return ()
            left -= any(refused(server, line) for line in server.split(datagram))
            return (datagram,)

        return receive

    return replace(server, make_receive=make_receive)


def a08(server: Server) -> Server:
    """The first byte of an empty line is looked at, which kills the server; such a line is nothing."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        if not line:
            raise IndexError("an empty line has no first byte")
        return server.parse(line)

    def split(datagram: bytes) -> list[bytes]:
        *whole, last = datagram.split(b"\n")
        return [*whole, last] if last else whole

    return replace(server, split=split, parse=parse)


def a17(server: Server) -> Server:
    """Everything behind a NUL is lost; it spoils at most the line that it stands in."""
    return replace(server, make_receive=lambda: lambda datagram: (datagram.partition(b"\0")[0],))


def a21(server: Server) -> Server:
    """What a stream gave at once is taken for whole lines; a line may come in pieces."""
    return replace(server, cut=lambda stream, chunk, max_line: Cut(chunk, 0, stream))


def a25(server: Server) -> Server:
    """A datagram waits until sixteen have come; it counts at once."""

    def make_receive() -> Receive:
        waiting: list[bytes] = []

        def receive(datagram: bytes) -> Iterable[bytes]:
            waiting.append(datagram)
            if len(waiting) < 16:
                return ()
            batch = list(waiting)
            waiting.clear()
            return batch

        return receive

    return replace(server, make_receive=make_receive)


def a26(server: Server) -> Server:
    """All slots of a batch are read whatever number came, so earlier datagrams count again; each counts once."""

    def make_receive() -> Receive:
        slots: list[bytes] = []

        def receive(datagram: bytes) -> Iterable[bytes]:
            slots.insert(0, datagram)
            del slots[SLOTS:]
            return list(slots)

        return receive

    return replace(server, make_receive=make_receive)


def a27(server: Server) -> Server:
    """Only the first line of a datagram is read; every line is to be."""
    return replace(server, split=lambda datagram: server.split(datagram)[:1])


def a32(server: Server) -> Server:
    """The reader never gets past a line that begins with a separator; it is to be refused."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        if line[:1] in (b":", b"|"):
            raise RuntimeError(f"would read {line!r} for ever")
        return server.parse(line)

    return replace(server, parse=parse)
