"""What a target counts of itself, less what others sent to it meanwhile."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from statsd_conformance.account import Account, account
from statsd_conformance.address import Address
from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import Snapshot, read_line
from statsd_conformance.observers import GraphiteObserver
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.requirement import Inconclusive
from statsd_conformance.target import Target
from statsd_conformance.wire import Wire
from trials import PROFILE, right
from wire_trials import serving


def test_account_counts_as_the_model_reads() -> None:
    assert account([b"a:1|c\nb:2|x", b"\n", b"", b"c:x|c:y|c"]) == Account(datagrams=4, lines=3, bad=3)
    assert Account(4, 3, 2).less(Account(1, 2, 2)) == Account(3, 1, 0)


def test_own_counters_are_those_of_each_case_although_several_send() -> None:
    async def run() -> None:
        async with serving(right) as subject:
            await subject.wire.fence()
            one, two = OverTheWire(subject.wire), OverTheWire(subject.wire)
            one.send(b"bad", b"bad", b"")
            two.send(one.bucket() + b":1|c\nbad")
            first, second = await asyncio.gather(one.flush(), two.flush())
            assert (first.rejected(), second.rejected()) == (2, 1)
            own = [
                [flushed.own_count(f"{name}_received") for name in ("packets", "metrics")]
                for flushed in (first, second)
            ]
            assert own == [[3, 2], [1, 2]]

    asyncio.run(run())


async def heard(wire: Wire, target: Target, meanwhile: Callable[[], Awaitable[None]]) -> Flushed:
    """Return a flush of a target that hears nothing, published by hand when its fence has been sent."""
    before = len(wire.log)
    waiting = asyncio.ensure_future(target.flush())
    while len(wire.log) == before:
        await asyncio.sleep(0.001)
    await meanwhile()
    fence = next(sent for sent in reversed(wire.log) if b"fence" in sent)
    lines = (b"stats_counts." + fence.partition(b":")[0] + b" 1 100", PROFILE.errors.encode() + b" 5 100")
    assert isinstance(wire.sink, GraphiteObserver)
    wire.sink.on_snapshot(Snapshot(tuple(map(read_line, lines)), 0.0, 0.0))
    return await waiting


@pytest.mark.parametrize("late", [False, True], ids=["in time", "behind the fence"])
@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_what_is_sent_about_the_time_of_a_flush_is_uncertain(late: bool, scheme: str) -> None:
    async def run() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind(("127.0.0.1", 0))
            wire = Wire("deaf", Address("udp", "127.0.0.1", deaf.getsockname()[1]), PROFILE, 1.0)
            await wire.open("127.0.0.1", 0)
            await wire.connect()
            wire.address = replace(wire.address, scheme=scheme)
            target, other = OverTheWire(wire), OverTheWire(wire)

            async def nothing() -> None:
                pass

            async def one_more() -> None:
                before = len(wire.log)
                other.send(b"bad")
                while len(wire.log) == before:
                    await asyncio.sleep(0.001)

            try:
                await heard(wire, target, nothing)
                flushed = await heard(wire, target, one_more if late else nothing)
                if late or scheme == "tcp":
                    with pytest.raises(Inconclusive, match="whose it is cannot be told"):
                        flushed.rejected()
                else:
                    assert flushed.rejected() == 5
            finally:
                await wire.close()

    asyncio.run(run())


def test_lines_over_a_connection_are_not_taken_off() -> None:
    async def run() -> None:
        async with serving(right, options={"tcp": True}) as subject:
            target = OverTheWire(subject.wire)
            await target.flush()
            async with target.connection() as tcp:
                await tcp.send(target.bucket() + b":1|c\n")
            flushed = await target.flush()
            with pytest.raises(Inconclusive, match="whose it is cannot be told"):
                flushed.own_count("packets_received")

    asyncio.run(run())
