"""A replay, told in a few lines."""

from collections.abc import Iterator

from statsd_conformance.progress import counted
from statsd_conformance.replay.player import Played

# Less than this nobody sees in a graph.
_LATE = 0.05


def told(played: Played, target: str, *, streamed: bool) -> Iterator[str]:
    """Yield the lines of a report: what was sent, what did not arrive, what the kernel shows.

    There is none where there was nothing to send: why not is all that a user wants to read then.
    """
    if not (played.sent or played.unsent or played.interrupted):
        return
    noun = "piece" if streamed else "datagram"
    rate = f", {played.sent / played.seconds:,.0f} a second" if played.seconds else ""
    yield (
        f"sent      {_number(played.sent, noun)}, {_number(played.size, 'byte')} from"
        f" {_number(played.sources, 'source')} to {target} in {played.seconds:.2f} s{rate}"
    )
    yield from _left_out(played, noun, streamed)
    yield from _kernel(played, streamed)


def _left_out(played: Played, noun: str, streamed: bool) -> Iterator[str]:
    if not streamed:
        yield f"refused   {played.refused:,}" + (" or more: nobody listened there" if played.refused else "")
    for reason, number in played.unsent.items():
        yield f"not sent  {_number(number, noun)}: {reason}"
    if played.late > _LATE:
        yield f"late      by {played.late:.2f} s in all: they were not there, or not sent, in time"
    if played.opened > played.sources:
        yield f"sockets   {played.opened:,} in turn, for there cannot be as many at once as there are sources"


def _kernel(played: Played, streamed: bool) -> Iterator[str]:
    if streamed:
        if played.left:
            yield f"queue     {_number(played.left, 'byte')} that the target had not read at the end"
        return
    if played.highest is None:
        yield "dropped   unknown: only of a UDP socket on this machine the kernel tells"
        return
    if played.dropped is None:
        yield "dropped   unknown: the socket of the target was closed meanwhile"
    else:
        yield f"dropped   {played.dropped:,} by the kernel, before the target's socket"
    end = "all read in the end" if played.left == 0 else f"{played.left or 0:,} bytes not read in the end"
    yield f"queue     {played.highest:,} bytes at the most, as often as it was looked at; {end}"


def _number(number: int, noun: str) -> str:
    return f"{number:,} {counted(number, noun).split(' ', 1)[1]}"
