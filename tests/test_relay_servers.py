"""What real servers count behind the relay is what the model makes of what its record says that it let through."""

import asyncio
import socket
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random

import pytest

from statsd_conformance.address import Address
from statsd_conformance.flushed import Flushed
from statsd_conformance.lossy import impaired_traffic
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.relay.impairment import Impairment
from statsd_conformance.relay.record import Record, Recorder, read_record
from statsd_conformance.relay.relaying import Relay
from statsd_conformance.session import Settings, running
from statsd_conformance.target import InProcess
from statsd_conformance.traffic import types_of
from statsd_reference import REFERENCE
from trials import PROFILE

BAD = Impairment(seed=11, loss=0.1, duplicate=0.2, reorder=0.2, truncate=0.1, delay=0.01, jitter=0.01)
# Few enough for the receive buffer of a server that does not read at all.
NUMBER = 120


def traffic(prefix: bytes) -> tuple[list[bytes], dict[bytes, str]]:
    """Return datagrams of counters and gauges, a line each, and the type of each name."""
    dice, datagrams, types = Random(5), list[bytes](), dict[bytes, str]()
    for example in count():
        own = b"%b.e%d" % (prefix, example)
        lines = impaired_traffic(dice, ("c", "g"))
        if len(datagrams) + len(lines) > NUMBER:
            return datagrams, types
        datagrams += [line.written(own) for line in lines]
        types |= {own + b"." + name.encode(): type for name, type in types_of(lines).items()}
    raise AssertionError("unreachable: there is an end to what a buffer holds")


async def through_a_relay(relay: Relay, datagrams: list[bytes]) -> None:
    """Send datagrams through a relay, and wait until it has passed on what it lets through."""
    port = await relay.open()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as emitter:
        for one in datagrams:
            emitter.sendto(one, ("127.0.0.1", port))
            await asyncio.sleep(0)
    async with asyncio.timeout(30):
        while relay.tally.came < len(datagrams):
            await asyncio.sleep(0.005)
    relay.close()


@pytest.mark.parametrize("name", ["statsd", "collectd"])
def test_real_servers_count_what_the_record_says_was_let_through(
    name: str, tmp_path: Path, program: Callable[[str], tuple[str, ...]]
) -> None:
    program(name)

    async def scene() -> tuple[Flushed, Flushed, Record, dict[bytes, str]]:
        async with running(name, Settings(tmp_path, interval=1.0)) as subject:
            target, model = OverTheWire(subject.wire), InProcess(REFERENCE, PROFILE)
            model.token = target.token
            datagrams, types = traffic(target.token)
            here, there = Address("udp", "127.0.0.1", 0), subject.wire.address
            await through_a_relay(Relay(here, there, BAD, Recorder(tmp_path / "record")), datagrams)
            record = read_record(tmp_path / "record")
            assert record.came == datagrams
            model.send(*record.let_through)
            return await target.flush(), await model.flush(), record, types

    flushed, right, record, types = asyncio.run(scene())
    # Of a line that was cut nobody can say what it means.
    cut = {one.payload.partition(b":")[0] for one in record.entries if "cut" in one.said}
    judged = {bucket: type for bucket, type in types.items() if bucket not in cut}
    assert len(judged) > NUMBER // 10
    assert values(flushed, judged) == pytest.approx(values(right, judged), rel=1e-5)


def values(flushed: Flushed, types: dict[bytes, str]) -> dict[bytes, float]:
    """Return the counts and the last values of gauges, 0 for what was not published."""
    return {
        bucket: sum(flushed.counts(bucket)) if type == "c" else sum(flushed.gauges(bucket)[-1:])
        for bucket, type in types.items()
    }
