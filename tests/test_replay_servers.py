"""What real servers counted of a replay is what the model makes of the recording, less what the kernel dropped."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import pytest

from captured import pcap, udp4
from statsd_conformance.recording import Endpoint
from statsd_conformance.session import Settings, Subject, running
from statsd_reference import REFERENCE, Sample

PREFIX: Final = b"replayed."
# What the counters of each datagram come to, so that the number of datagrams lost tells by how much a total is short.
WEIGHT: Final = 100
_NAMES: Final = 97


def traffic(seed: int, number: int) -> Iterator[bytes]:
    """Yield datagrams of four counters, some of them sampled, which come to WEIGHT in each."""
    dice = Random(seed)
    for _ in range(number):
        first, second = dice.randint(1, 30), dice.randint(1, 30)
        values = (b"%d|c" % first, b"%d|c" % second, b"2|c|@0.1", b"%d|c" % (WEIGHT - first - second - 20))
        yield b"\n".join(b"served.%02d:%b" % (dice.randrange(_NAMES), value) for value in values)


def recording(seed: int, number: int) -> bytes:
    """Return a capture of that traffic, from 20 sources that take turns."""
    sources = [Endpoint("192.0.2.7", 40_000 + one) for one in range(20)]
    return pcap([udp4(payload, sources[at % 20]) for at, payload in enumerate(traffic(seed, number))])


def modelled(seed: int, number: int) -> Counter[bytes]:
    """Return what the model counts of that traffic, by name."""
    counts: Counter[bytes] = Counter()
    for payload in traffic(seed, number):
        for sample in REFERENCE.read(payload).outcomes:
            assert isinstance(sample, Sample)
            counts[PREFIX + sample.bucket] += round(float(sample.value) / sample.rate)
    return counts


@dataclass(frozen=True, slots=True)
class Counted:
    """What a target flushed of a replay, by name; what the kernel dropped meanwhile; and what `replay` said."""

    counts: Counter[bytes]
    dropped: int
    status: int
    said: str


async def replayed(target: str, capture: Path, *options: str, profile: str | None = None) -> Counted:
    """Start a target, replay a capture to it by the command line, and return what it flushed of that."""
    async with running(target, Settings(capture.parent, profile, interval=1.0)) as subject:
        wire = subject.wire
        await wire.fence()
        dropped, start = wire.drops(), len(wire.snapshots)
        command = (sys.executable, "-m", "statsd_conformance", "replay", str(capture), *options)
        address = f"--target=127.0.0.1:{wire.address.port}"
        pipe = asyncio.subprocess.PIPE
        player = await asyncio.create_subprocess_exec(*command, address, "--prefix=replayed", stdout=pipe)
        said, _ = await player.communicate()
        # The replay waits until the target has read all, so that no signal of the suite is among what was dropped.
        dropped = wire.drops() - dropped
        end = await wire.fence()
        return Counted(_counts(subject, start, end), dropped, player.returncode or 0, said.decode())


def _counts(subject: Subject, start: int, end: int) -> Counter[bytes]:
    profile = subject.wire.profile
    head = (profile.path("counter", PREFIX) or b"").lstrip(b"*")
    counts: Counter[bytes] = Counter()
    for snapshot in subject.wire.snapshots[start:end]:
        for line in snapshot.lines:
            _, found, name = line.path.partition(head)
            if found:
                counts[PREFIX + name] += round(line.number or 0.0)
    return counts


@pytest.mark.parametrize("target", ["reference", "statsd", "collectd"])
@pytest.mark.xdist_group("replay")
def test_a_server_counts_what_the_model_does(
    target: str, program: Callable[[str], tuple[str, ...]], tmp_path: Path
) -> None:
    if target != "reference":
        program(target)
    capture = tmp_path / "traffic.pcap"
    capture.write_bytes(recording(8125, 2000))
    # As fast as a busy machine still reads without loss, mostly; what is lost even so is in the account.
    counted = asyncio.run(replayed(target, capture, "--rate=4000"))
    assert (counted.status, counted.said.partition(" datagrams")[0]) == (0, "sent      2,000"), counted.said
    model = modelled(8125, 2000)
    assert counted.counts.total() == model.total() - WEIGHT * counted.dropped, counted.said
    assert counted.dropped or counted.counts == model


@pytest.mark.xdist_group("replay")
def test_what_is_lost_flat_out_is_missing_from_the_total(tmp_path: Path) -> None:
    capture = tmp_path / "traffic.pcap"
    capture.write_bytes(recording(7, 4000))
    # A queue of ten datagrams or so loses most of what comes in one go.
    small = f"exec:{sys.executable} -m statsd_reference --address 127.0.0.1 --port {{port}} --mgmt_port 0" + (
        " --graphiteHost {graphite_host} --graphitePort {graphite_port} --flushInterval 1000 --receiveBuffer 4096"
    )
    counted = asyncio.run(replayed(small, capture, "--speed=max", profile="reference"))
    assert counted.dropped > 0
    assert f"\ndropped   {counted.dropped:,} by the kernel" in counted.said
    assert counted.counts.total() == WEIGHT * (4000 - counted.dropped)
