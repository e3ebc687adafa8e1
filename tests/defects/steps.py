"""Ways of making one step of a server wrong."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from statsd_reference import BadLine, Flush, Outcome, Point, Sample, Server, Window
from statsd_reference.server import Receive


def lines(server: Server, rewrite: Callable[[bytes], bytes]) -> Server:
    """Return the server that reads `rewrite(line)` in place of every line."""
    return replace(server, parse=lambda line: server.parse(rewrite(line)))


def samples(server: Server, change: Callable[[Sample], Outcome | None]) -> Server:
    """Return the server that puts every sample it has read through `change`; None drops the sample without a word."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        changed = (change(one) if isinstance(one, Sample) else one for one in server.parse(line))
        return tuple(one for one in changed if one is not None)

    return replace(server, parse=parse)


def lenient(server: Server, reason: str, rewrite: Callable[[bytes], bytes]) -> Server:
    """Return the server that reads a line which it refused for `reason` once more, as `rewrite` gives it."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        outcomes = server.parse(line)
        if any(isinstance(one, BadLine) and one.reason.startswith(reason) for one in outcomes):
            return server.parse(rewrite(line))
        return outcomes

    return replace(server, parse=parse)


def datagrams(server: Server, make_receive: Callable[[], Receive]) -> Server:
    """Return the server whose socket gives what the function that `make_receive` makes says."""
    return replace(server, make_receive=make_receive)


def cut(server: Server, size: int) -> Server:
    """Return the server that reads into a buffer of `size` bytes and takes what fits for the whole."""
    return replace(server, make_receive=lambda: lambda datagram: (datagram[:size],))


def flushes(server: Server, change: Callable[[Flush], Flush]) -> Server:
    """Return the server that publishes `change(flush)` in place of every flush."""

    def flush(window: Window, timestamp: int) -> tuple[Flush, Window]:
        closed, following = server.flush(window, timestamp)
        return change(closed), following

    return replace(server, flush=flush)


def carries(server: Server, change: Callable[[Window, Window], Window]) -> Server:
    """Return the server whose next window is `change(window closed, next window)`."""

    def flush(window: Window, timestamp: int) -> tuple[Flush, Window]:
        closed, following = server.flush(window, timestamp)
        return closed, change(window, following)

    return replace(server, flush=flush)


def points(server: Server, change: Callable[[Point, Flush], Point | None]) -> Server:
    """Return the server that puts every point through `change`; None leaves the point out."""

    def changed(flush: Flush) -> Iterator[Point]:
        for point in server.points(flush):
            new = change(point, flush)
            if new is not None:
                yield new

    return replace(server, points=changed)


def refused(server: Server, line: bytes) -> bool:
    """Tell whether the server refuses a line, or a part of it."""
    return any(isinstance(one, BadLine) for one in server.parse(line))
