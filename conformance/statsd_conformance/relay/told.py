"""What a relay did, told in a few lines."""

from collections.abc import Iterator

from statsd_conformance.progress import counted
from statsd_conformance.relay.relaying import Relay


def told(relay: Relay) -> Iterator[str]:
    """Yield the lines of a report: what came, what was let through, and what became of the rest."""
    tally, passage = relay.tally, relay.passage
    yield f"came         {_sum(tally.came, tally.size)}, at {relay.listen}"
    yield f"let through  {_sum(tally.let_through, tally.sent_size)}, to {relay.to}"
    for name in ("lost", "doubled", "reordered", "cut", "delayed"):
        yield f"{name:<12} {getattr(tally, name):,}"
    if tally.early:
        yield f"early        {tally.early:,} still under way at the end, sent at once"
    for reason, number in tally.failed.items():
        yield f"not sent     {number:,}: {reason}"
    if passage.unreachable:
        yield f"refused      {passage.unreachable:,} or more: nobody listened there"
    if passage.missed:
        yield f"missed       {passage.missed:,} that the kernel dropped before the relay's socket"
    if passage.dropped:
        yield f"dropped      {passage.dropped:,} by the kernel, before the target's socket"


def _sum(number: int, size: int) -> str:
    return f"{number:,} {_noun(number, 'datagram')}, {size:,} {_noun(size, 'byte')}"


def _noun(number: int, noun: str) -> str:
    return counted(number, noun).partition(" ")[2]
