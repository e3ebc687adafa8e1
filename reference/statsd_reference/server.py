"""A server as a value: the steps of the aggregator, so that a wrong one is one `replace` away."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from statsd_reference.accumulate import Accumulate, make_accumulate
from statsd_reference.admin import Answer, answer
from statsd_reference.encode import Points, make_points, write_line
from statsd_reference.flush import MakeFlush, first_window, make_flush
from statsd_reference.grammar import split
from statsd_reference.model import Point, Reading, Window
from statsd_reference.options import Options
from statsd_reference.parse import Parse, make_parse
from statsd_reference.stream import Cut, Stream, cut, finish

Receive = Callable[[bytes], Iterable[bytes]]


def receive_whole(datagram: bytes) -> Iterable[bytes]:
    """Take a datagram as it came: one, whole, at once."""
    return (datagram,)


def receive_directly() -> Receive:
    """Return the first step of a server without state of its own."""
    return receive_whole


@dataclass(frozen=True, slots=True)
class Server:
    """The steps from a datagram to Graphite lines, bound to their options.

    `make_receive` makes the first step, which sees what the socket gave and may hold state of its own; `split` cuts
    lines, `parse` reads one, `accumulate` adds a reading to the window, `flush` closes it, `points` names the result
    and `write` puts one point on the wire. On a stream `cut` comes before all of them, and `finish` when it has ended.
    `answer` is the management console.
    """

    options: Options
    split: Callable[[bytes], list[bytes]]
    parse: Parse
    accumulate: Accumulate
    flush: MakeFlush
    points: Points
    write: Callable[[Point], bytes] = write_line
    make_receive: Callable[[], Receive] = receive_directly
    cut: Callable[[Stream, bytes, int], Cut] = cut
    finish: Callable[[Stream], bytes] = finish
    answer: Answer = answer
    standard: tuple[object, ...] = ()

    def read(self, datagram: bytes) -> Reading:
        """Return what one datagram says."""
        lines = self.split(datagram)
        return Reading(len(lines), tuple(outcome for line in lines for outcome in self.parse(line)))

    @property
    def receiving_steps(self) -> tuple[object, ...]:
        """The steps from the socket to the window."""
        return (self.make_receive, self.split, self.parse, self.accumulate)

    @property
    def is_standard(self) -> bool:
        """Whether every step from the socket to the window is the reference's own."""
        return self.standard == self.receiving_steps

    def first_window(self) -> Window:
        """Return the window to start with."""
        return first_window(self.options)


def make_server(options: Options) -> Server:
    """Return the reference aggregator under `options`."""
    server = Server(
        options=options,
        split=split,
        parse=make_parse(options),
        accumulate=make_accumulate(options),
        flush=make_flush(options),
        points=make_points(options),
    )
    return replace(server, standard=server.receiving_steps)


REFERENCE = make_server(Options())
