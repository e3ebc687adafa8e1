"""What a case calls that is about two ways of sending the same."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from statsd_conformance.graphite import GraphiteLine
from statsd_conformance.target import Target
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.relations import numbers_of, other_way, rates_of, unlike
from statsd_fuzz.wire.scenario import Intervals, Scenario

# By what the tokens of the two ways differ from that of their case, in each of several tries.
_TOKENS: Final = ((b"0", b"1"), (b"2", b"3"), (b"4", b"5"))


async def go_either_way(target: Target, intervals: Intervals, relation: str, *, streamed: bool = False) -> None:
    """Send the datagrams of each interval to a target as they are and in another way; hold that both come to the same.

    Raises:
        AssertionError: they do not, each time of several, or the target stopped.
        Unsupported: they are to be sent over TCP, and the target reads none beside its datagrams.
    """
    if streamed:
        await target.needs_stream()
    fault = None
    for one, other in _TOKENS:
        scenario = Scenario(intervals, features=frozenset((relation,))).renamed(_like(target.token, one))
        twin = replace(scenario, intervals=other_way(scenario) or scenario.intervals)
        fault = await _unlike(target, scenario, twin.renamed(_like(target.token, other)), streamed=streamed)
        if fault is None:
            return
        # A flush may have fallen between the two.
    assert fault is None, fault.sentence


async def _unlike(target: Target, scenario: Scenario, twin: Scenario, *, streamed: bool) -> Fault | None:
    lines: list[GraphiteLine] = []
    for some in zip(scenario.intervals, twin.intervals, strict=True):
        for datagrams in some:
            send_interval(target, datagrams, streamed=streamed)
        flushed = await target.flush()
        lines += flushed.lines
    ours, theirs = (
        numbers_of([line for line in lines if one.token in line.path], one.token) for one in (scenario, twin)
    )
    return unlike(scenario, ours, theirs, rates_of(flushed.profile))


def _like(token: bytes, digit: bytes) -> bytes:
    """Return a token that is that of another run, and so of no case of this one."""
    return token[:1] + digit + token[2:]


def send_interval(target: Target, datagrams: Sequence[bytes], *, streamed: bool) -> None:
    """Send the datagrams of an interval to a target; over TCP, where LF ends what is a datagram elsewhere."""
    if streamed:
        target.send_over_stream(*(one + b"\n" for one in datagrams))
    else:
        target.send(*datagrams)
