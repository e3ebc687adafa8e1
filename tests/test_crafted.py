import asyncio
import socket

import pytest

from statsd_conformance.address import Address
from statsd_conformance.crafted import KINDS, STRANGERS, Crafter, crafter, fragments
from statsd_conformance.recording.datagram import Endpoint
from statsd_conformance.report.pcapng import udp


@pytest.mark.parametrize("size", [8, 1480, 4000])
def test_fragments_carry_the_packet_between_them(size: int) -> None:
    packet = udp(Endpoint("127.0.0.1", 1), Endpoint("127.0.0.1", 2), bytes(range(256)) * 12)
    pieces = fragments(packet, 77, size)
    assert len(pieces) == -(-(len(packet) - 20) // size)
    offsets = [int.from_bytes(piece[6:8], "big") for piece in pieces]
    assert [8 * (offset & 0x1FFF) for offset in offsets] == list(range(0, len(packet) - 20, size))
    assert [offset >> 13 for offset in offsets] == [1] * (len(pieces) - 1) + [0]
    assert {piece[4:6] for piece in pieces} == {b"\0\x4d"}
    assert b"".join(piece[20:] for piece in pieces) == packet[20:]


@pytest.mark.parametrize(
    "address", [Address("udp", "::1", 1), Address("udp", "192.0.2.1", 1), Address("tcp", "127.0.0.1")]
)
def test_nothing_is_crafted_for_other_addresses(address: Address) -> None:
    assert crafter("fragments", address) is None


def test_nothing_is_crafted_without_the_right_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "socket", refused)
    assert crafter("fragments", Address("udp", "127.0.0.1", 1)) is None


def sender_to(kind: str, receiver: socket.socket) -> Crafter:
    receiver.bind(("127.0.0.1", 0))
    receiver.settimeout(10)
    made = crafter(kind, Address("udp", "localhost", receiver.getsockname()[1]))
    if made is None:
        pytest.skip("raw sockets take root or CAP_NET_RAW")
    return made


@pytest.mark.parametrize("kind", KINDS[:2])
def test_fragments_arrive_as_one_datagram(kind: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        made = sender_to(kind, receiver)
        for datagram in (b"a" * 5000, b"b" * 1473):
            asyncio.run(made.send(datagram))
            assert receiver.recv(65536) == datagram
        made.close()


def test_strangers_send_once_each() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        made = sender_to("strangers", receiver)
        asyncio.run(made.send(b"a:1|c"))
        came = [receiver.recvfrom(100) for _ in STRANGERS]
        made.close()
    assert [(datagram, host) for datagram, (host, _) in came] == [(b"a:1|c", host) for host in STRANGERS]
