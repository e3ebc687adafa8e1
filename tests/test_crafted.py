import asyncio
import socket
import sys

import pytest

from statsd_conformance.address import Address
from statsd_conformance.crafted import IPV6, KINDS, LOST, STRANGERS, Crafter, crafter, fragments
from statsd_conformance.recording.datagram import Endpoint
from statsd_conformance.report.pcapng import udp
from wire_trials import ipv6_loopback


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


def test_fragments_of_ipv6_carry_the_packet_between_them() -> None:
    packet = udp(Endpoint("::1", 1), Endpoint("::1", 2), bytes(range(256)) * 12)
    pieces = fragments(packet, 77, 1480)
    # The header says how long the rest is, and that a fragment's is next, which says UDP, whose, and where it belongs.
    assert [int.from_bytes(piece[4:6], "big") for piece in pieces] == [len(piece) - 40 for piece in pieces]
    assert {piece[6] for piece in pieces} == {44}
    assert {(piece[40], piece[44:48]) for piece in pieces} == {(17, b"\0\0\0\x4d")}
    assert [int.from_bytes(piece[42:44], "big") for piece in pieces] == [1, 1480 + 1, 2960]
    assert b"".join(piece[48:] for piece in pieces) == packet[40:]


def test_overlapping_fragments_go_on_for_some_bytes_of_the_next() -> None:
    packet = udp(Endpoint("127.0.0.1", 1), Endpoint("127.0.0.1", 2), bytes(range(256)) * 12)
    apart, over = fragments(packet, 77), fragments(packet, 77, overlap=8)
    assert [piece[6:8] for piece in over] == [piece[6:8] for piece in apart]
    assert [one[20:] for one in over] == [
        one[20:] + after[20:28] for one, after in zip(apart, [*apart[1:], b""], strict=True)
    ]


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
    over_ipv6 = kind.endswith(IPV6)
    if over_ipv6 and not ipv6_loopback():
        pytest.skip("this machine has no IPv6 loopback")
    receiver.bind(("::1" if over_ipv6 else "127.0.0.1", 0))
    receiver.settimeout(10)
    made = crafter(kind, Address("udp", "::1" if over_ipv6 else "localhost", receiver.getsockname()[1]))
    if made is None:
        pytest.skip("raw sockets take root or CAP_NET_RAW")
    return made


def receiver_for(kind: str) -> socket.socket:
    return socket.socket(socket.AF_INET6 if kind.endswith(IPV6) else socket.AF_INET, socket.SOCK_DGRAM)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "strangers" and kind not in LOST])
def test_what_a_kernel_can_put_together_arrives_once_and_whole(kind: str) -> None:
    sizes = (5000, 3000) if kind != "no checksum" else (5000, 1)
    with receiver_for(kind) as receiver, receiver_for(kind) as plain:
        made = sender_to(kind, receiver)
        for size in sizes:
            asyncio.run(made.send(b"a" * size))
            plain.sendto(b"end", receiver.getsockname())
            assert [receiver.recv(65536), receiver.recv(65536)] == [b"a" * size, b"end"]
        made.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what a kernel does with these is known of Linux")
@pytest.mark.parametrize("kind", LOST)
def test_of_what_a_kernel_cannot_put_together_or_trust_nothing_arrives(kind: str) -> None:
    with receiver_for(kind) as receiver, receiver_for(kind) as plain:
        made = sender_to(kind, receiver)
        asyncio.run(made.send(b"a" * 5000))
        plain.sendto(b"end", receiver.getsockname())
        assert receiver.recv(65536) == b"end"
        made.close()


def test_strangers_send_once_each() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        made = sender_to("strangers", receiver)
        asyncio.run(made.send(b"a:1|c"))
        came = [receiver.recvfrom(100) for _ in STRANGERS]
        made.close()
    assert [(datagram, host) for datagram, (host, _) in came] == [(b"a:1|c", host) for host in STRANGERS]
