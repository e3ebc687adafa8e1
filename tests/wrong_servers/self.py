"""Servers that break one requirement on what they say of themselves each."""

from collections.abc import Callable
from dataclasses import replace

from defects.steps import Break, points
from statsd_reference import BadLine, Outcome, Point, Reading, Server, Window
from statsd_reference.admin import Reply, State


def empty_datagrams_are_not_counted(server: Server) -> Server:
    """Leave an empty datagram out of everything."""
    return replace(server, make_receive=lambda: lambda datagram: (datagram,) if datagram else ())


def readings(server: Server, change: Callable[[Reading], Reading]) -> Server:
    """Return the server that accumulates `change(reading)`."""
    return replace(server, accumulate=lambda window, reading: server.accumulate(window, change(reading)))


def bad_datagrams_are_not_counted(server: Server) -> Server:
    """Leave a datagram of which nothing is good out of everything."""

    def accumulate(window: Window, reading: Reading) -> Window:
        bad = reading.outcomes and all(isinstance(one, BadLine) for one in reading.outcomes)
        return window if bad else server.accumulate(window, reading)

    return replace(server, accumulate=accumulate)


def samples_for_lines(server: Server) -> Server:
    """Count samples, and call them lines."""
    return readings(server, lambda reading: replace(reading, lines=len(reading.outcomes)))


def one_error_a_line(server: Server) -> Server:
    """Count a line as bad once, whatever number of its samples are."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        outcomes = server.parse(line)
        bad = [one for one in outcomes if isinstance(one, BadLine)]
        return (*(one for one in outcomes if one not in bad), *bad[:1])

    return replace(server, parse=parse)


def own(name: bytes, change: Callable[[Point], Point | None]) -> Break:
    """Return what makes a server publish `change(point)` for a value of its own, by the end of its path."""
    return lambda server: points(server, lambda point, flush: change(point) if point.path.endswith(name) else point)


def unsaid(*names: bytes) -> Break:
    """Return what makes a server leave out the own values whose paths end so."""
    return lambda server: replace(
        server, write=lambda point: b"" if point.path.endswith(names) else server.write(point)
    )


def of_this_moment(server: Server) -> Server:
    """Say that the flush before was at the beginning of time."""

    def write(point: Point) -> bytes:
        return server.write(point._replace(value=0.0) if point.path.endswith(b".last_flush") else point)

    return replace(server, write=write)


def half_as_long(server: Server) -> Server:
    """Say that the flush before was half as long as it was."""

    def write(point: Point) -> bytes:
        return server.write(point._replace(value=point.value // 2) if point.path.endswith(b".flush_length") else point)

    return replace(server, write=write)


def bad_lines_of_the_interval(server: Server) -> Server:
    """Show on the console how many bad lines the running interval has seen."""

    def answer(command: bytes, state: State) -> Reply:
        return server.answer(command, replace(state, bad_lines=state.window.counters[b"statsd.bad_lines_seen"]))

    return replace(server, answer=answer)


WRONG: dict[str, Break] = {
    "SELF-01": empty_datagrams_are_not_counted,
    "SELF-01/bad": bad_datagrams_are_not_counted,
    "SELF-02": samples_for_lines,
    "SELF-03": one_error_a_line,
    "SELF-04": own(b".bad_lines_seen", lambda point: point if point.value else None),
    "SELF-04/rate": own(b"stats.statsd.metrics_received", lambda point: point._replace(value=2 * point.value)),
    "SELF-05": own(b".numStats", lambda point: point._replace(value=point.value - 1)),
    "SELF-06": own(b".timestamp_lag", lambda point: None),
    "SELF-06/whole": own(b".timestamp_lag", lambda point: point._replace(value=point.value + 1)),
    "SELF-07": unsaid(b".calculationtime", b".flush_time"),
    "SELF-07/now": of_this_moment,
    "SELF-07/length": half_as_long,
    "SELF-08": bad_lines_of_the_interval,
}
