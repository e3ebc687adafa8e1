"""The relay over sockets: what it lets through is what its record says, and the same seed lets the same through."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bound import waiting
from captured import TO
from statsd_conformance.address import Address
from statsd_conformance.recording import DamagedRecording, read_recording
from statsd_conformance.relay.impairment import Impairment
from statsd_conformance.relay.record import CAME, FAILED, Recorder, read_record
from statsd_conformance.relay.relaying import Relay
from statsd_conformance.relay.told import told
from statsd_conformance.relay.under_way import let_through
from statsd_conformance.report.pcapng import Packet, beginning, packet_block, pcapng, udp
from wire_trials import ipv6_loopback

LOCAL = "127.0.0.1"
BAD = Impairment(seed=3, loss=0.2, duplicate=0.2, reorder=0.3, truncate=0.2)
SENT = [b"a:%d|c\nb:%d|ms" % (number, number) for number in range(200)]


def still() -> float:
    """Return the same time always, so that nobody's patience ends however long a loaded machine takes."""
    return 0.0


@contextmanager
def target_at(scheme: str, folder: Path) -> Iterator[tuple[socket.socket, Address, Address]]:
    """Give a socket that stands for a target, its address, and where a relay before it may listen."""
    if scheme == "udp6" and not ipv6_loopback():
        pytest.skip("this machine has no IPv6 loopback")
    family = {"udp": socket.AF_INET, "udp6": socket.AF_INET6, "unix": socket.AF_UNIX}[scheme]
    host = "::1" if scheme == "udp6" else LOCAL
    with socket.socket(family, socket.SOCK_DGRAM) as bound:
        bound.setblocking(False)
        if scheme == "unix":
            bound.bind(str(folder / "there"))
            yield bound, Address("unix", path=str(folder / "there")), Address("unix", path=str(folder / "here"))
        else:
            bound.bind((host, 0))
            yield bound, Address("udp", host, bound.getsockname()[1]), Address("udp", host, 0)


async def relayed(relay: Relay, bound: socket.socket, sent: list[bytes]) -> list[bytes]:
    """Send datagrams through a relay, which takes each before the next is sent, and return what came out of it."""
    port = await relay.open()
    where = relay.listen.path or (relay.listen.host, port)
    came = []
    with socket.socket(bound.family, socket.SOCK_DGRAM) as emitter:
        for one in sent:
            emitter.sendto(one, where)
            relay.passage.drain()
            came += waiting(bound)
    relay.close()
    return came + waiting(bound)


@pytest.mark.parametrize("scheme", ["udp", "udp6", "unix"])
def test_what_is_let_through_is_what_the_record_says_and_what_the_seed_decides(scheme: str, tmp_path: Path) -> None:
    with target_at(scheme, tmp_path) as (bound, there, here):
        relay = Relay(here, there, BAD, Recorder(tmp_path / "record"), still)
        came = asyncio.run(relayed(relay, bound, SENT))
    record = read_record(tmp_path / "record")
    assert record.came == SENT
    assert record.let_through == came
    assert came == [one.payload for one in let_through(record.impairment, record.came)]
    assert record.impairment == BAD


def test_a_record_tells_of_every_datagram_what_became_of_it(tmp_path: Path) -> None:
    with target_at("udp", tmp_path) as (bound, there, here):
        asyncio.run(relayed(Relay(here, there, BAD, Recorder(tmp_path / "record"), still), bound, SENT))
    shown = [
        f"{one.what} {one.number}/{one.copy} {len(one.payload)}: {one.said}"
        for one in read_record(tmp_path / "record").entries
        if one.number in (1, 7, 8, 19)
    ]
    assert shown == [
        "came 1/0 12: passed",
        "went 1/1 12: ",
        "came 7/0 12: lost",
        "came 8/0 12: lets 8 pass, cut to 9 of 12 bytes",
        "went 8/1 9: cut to 9 of 12 bytes",
        "came 19/0 14: twice, lets 4 pass",
        "went 19/1 14: ",
        "went 19/2 14: ",
    ]


def test_the_tally_agrees_with_the_record(tmp_path: Path) -> None:
    with target_at("udp", tmp_path) as (bound, there, here):
        relay = Relay(here, there, BAD, Recorder(tmp_path / "record"), still)
        asyncio.run(relayed(relay, bound, SENT))
    record, tally = read_record(tmp_path / "record"), relay.tally
    said = [one.said for one in record.entries if one.what == CAME]
    counts = [sum(word in one for one in said) for word in ("lost", "twice", "lets", "cut")]
    assert [tally.lost, tally.doubled, tally.reordered, tally.cut] == counts
    assert (tally.came, tally.let_through) == (len(SENT), len(record.let_through))
    assert (tally.size, tally.sent_size) == (sum(map(len, SENT)), sum(map(len, record.let_through)))


def test_a_record_is_a_recording_of_which_a_port_shows_what_went(tmp_path: Path) -> None:
    with target_at("udp", tmp_path) as (bound, there, here):
        came = asyncio.run(relayed(Relay(here, there, BAD, Recorder(tmp_path / "record"), still), bound, SENT))
    assert [one.payload for one in read_recording(tmp_path / "record", ports=[there.port])] == came


def test_what_is_under_way_at_the_end_is_sent_at_once_and_said_to_be_early(tmp_path: Path) -> None:
    with target_at("udp", tmp_path) as (bound, there, here):
        relay = Relay(here, there, Impairment(delay=3600.0), Recorder(tmp_path / "record"))
        assert asyncio.run(relayed(relay, bound, [b"a:1|c", b"b:1|c"])) == [b"a:1|c", b"b:1|c"]
    assert relay.tally.early == 2
    assert [one.said for one in read_record(tmp_path / "record").entries] == [
        *["late by 3600.000000 s"] * 2,
        *["early"] * 2,
    ]


def test_a_record_says_how_the_path_was_impaired(tmp_path: Path) -> None:
    bad = Impairment(-9, 0.015, 0.1 + 0.2, 1.0, 1e-05, 0.5, 0.25)
    with target_at("udp", tmp_path) as (bound, there, here):
        asyncio.run(relayed(Relay(here, there, bad, Recorder(tmp_path / "record")), bound, []))
    assert read_record(tmp_path / "record").impairment == bad


def test_what_is_late_leaves_by_itself(tmp_path: Path) -> None:
    async def scene(relay: Relay, bound: socket.socket) -> bytes:
        port = await relay.open()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as emitter:
            emitter.sendto(b"a:1|c", (LOCAL, port))
            came = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(bound, 100), 30)
        relay.close()
        return came

    with target_at("udp", tmp_path) as (bound, there, here):
        relay = Relay(here, there, Impairment(delay=0.02, jitter=0.01))
        assert asyncio.run(scene(relay, bound)) == b"a:1|c"
    assert (relay.tally.early, relay.tally.delayed) == (0, 1)


def test_what_does_not_leave_is_no_part_of_what_was_let_through(tmp_path: Path) -> None:
    with target_at("unix", tmp_path) as (bound, there, here), socket.socket(bound.family, socket.SOCK_DGRAM) as emitter:

        async def scene() -> None:
            await relay.open()
            bound.close()
            emitter.sendto(b"a:1|c", here.path)

            relay.close()

        relay = Relay(here, there, Impairment(), Recorder(tmp_path / "record"))
        asyncio.run(scene())
    record = read_record(tmp_path / "record")
    assert [(one.what, one.said) for one in record.entries] == [(CAME, "passed"), (FAILED, "Connection refused")]
    assert (record.let_through, relay.tally.let_through) == ([], 0)
    assert "not sent     1: Connection refused" in list(told(relay))


def test_a_unix_datagram_that_is_longer_than_one_of_udp_is_passed_on_whole(tmp_path: Path) -> None:
    long = b"a" * 100_000
    with target_at("unix", tmp_path) as (bound, there, here):

        async def scene() -> bytes:
            await relay.open()
            with socket.socket(bound.family, socket.SOCK_DGRAM) as emitter:
                emitter.sendto(long, here.path)
                relay.close()
            return bound.recv(200_000)

        relay = Relay(here, there, Impairment(), Recorder(tmp_path / "record"))
        assert asyncio.run(scene()) == long
    assert [(len(one.payload), one.said) for one in read_record(tmp_path / "record").entries] == [
        (65_507, "passed, recorded without its last 34493 bytes"),
        (65_507, "recorded without its last 34493 bytes"),
    ]


def test_a_full_disk_ends_the_record_and_not_the_relay(tmp_path: Path) -> None:
    with target_at("udp", tmp_path) as (bound, there, here):
        relay = Relay(here, there, Impairment(), Recorder(Path("/dev/full")))
        assert asyncio.run(relayed(relay, bound, [bytes(5000)] * 3)) == [bytes(5000)] * 3
    assert relay.recorder
    assert relay.recorder.problem == "No space left on device"


def test_what_the_kernel_knows_is_told_where_there_is_anything() -> None:
    relay = Relay(Address("udp", LOCAL, 9), Address("udp", LOCAL, 10), Impairment())
    relay.passage.unreachable, relay.passage.missed, relay.passage.dropped = 1000, 2, 3
    assert list(told(relay))[-3:] == [
        "refused      1,000 or more: nobody listened there",
        "missed       2 that the kernel dropped before the relay's socket",
        "dropped      3 by the kernel, before the target's socket",
    ]
    relay.passage.unreachable = relay.passage.missed = relay.passage.dropped = 0
    assert list(told(relay))[-1] == "delayed      0"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a:1|c\n", "no capture in pcapng"),
        (pcapng([Packet(udp(TO, TO, b"a:1|c"), 1.0, "came 1: passed")]), "no record of a relay"),
        (
            beginning("statsd-conformance relay --seed 0") + packet_block(Packet(udp(TO, TO, b""), 1.0, "seen")),
            "'seen'",
        ),
        (
            beginning("statsd-conformance relay --seed 0") + packet_block(Packet(b"", 1.0, "came 1")),
            "a packet of 0 bytes",
        ),
        (beginning("statsd-conformance relay --loss often"), "options cannot be read"),
        (beginning("statsd-conformance relay --luck 0.5"), "options cannot be read"),
    ],
)
def test_what_is_no_record_is_refused_with_the_reason(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "record").write_bytes(content)
    with pytest.raises(DamagedRecording, match=said):
        read_record(tmp_path / "record")
