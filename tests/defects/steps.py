"""Ways of making one step of a server wrong."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from statsd_reference import BadLine, Flush, Outcome, Point, Reading, Sample, Server, Window
from statsd_reference.server import Receive

Break = Callable[[Server], Server]


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


def refusing(server: Server, pattern: bytes) -> Server:
    """Return the server that refuses every line in which the regular expression `pattern` is found."""
    found = re.compile(pattern, re.DOTALL)

    def parse(line: bytes) -> tuple[Outcome, ...]:
        return (BadLine(line, "refused"),) if found.search(line) else server.parse(line)

    return replace(server, parse=parse)


def raising(server: Server, pattern: bytes) -> Server:
    """Return the server that dies of every line in which the regular expression `pattern` is found."""
    found = re.compile(pattern, re.DOTALL)

    def parse(line: bytes) -> tuple[Outcome, ...]:
        if found.search(line):
            raise ValueError(f"cannot read {line[:40]!r}")
        return server.parse(line)

    return replace(server, parse=parse)


def steadily(server: Server, change: Callable[[Window, Sample], Outcome | None]) -> Server:
    """Return the server that puts every sample through `change`, which sees what was gathered before it."""

    def accumulate(window: Window, reading: Reading) -> Window:
        gathered = server.accumulate(window, replace(reading, outcomes=()))
        for one in reading.outcomes:
            changed = change(gathered, one) if isinstance(one, Sample) else one
            if changed is not None:
                after = server.accumulate(gathered, Reading(0, (changed,)))
                gathered = _with_packets_of(after, gathered, server)
        return gathered

    return replace(server, accumulate=accumulate)


def _with_packets_of(window: Window, before: Window, server: Server) -> Window:
    """Return `window` with as many datagrams received as `before`: one stays one, however it is gone through."""
    received = f"{server.options.prefix_stats}.packets_received".encode()
    return replace(window, counters={**window.counters, received: before.counters[received]})
