"""Datagrams that no ordinary socket sends: cut into fragments of IP, with sums that are wrong, from a strange address.

They leave through a raw socket, on this machine only, and only where the suite may open one. The headers are packed
here: scapy would have to be installed, takes seconds to be imported, and cuts fragments over IPv4 alone by itself.
"""

import itertools
import secrets
import socket
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from statsd_conformance.address import Address
from statsd_conformance.recording.datagram import Endpoint
from statsd_conformance.report.pcapng import udp

# An Ethernet frame's worth of an IP packet, in whole units of eight bytes.
FRAGMENT: Final = 1480
_UNIT: Final = 8
_UDP: Final = 17
_PORT: Final = 8125
# Where IPv4 has identification, flags and offset, and where IPv6 says what follows its header, which is a fragment's.
_HEADER4, _HEADER6 = 20, 40
_FRAGMENT4: Final = slice(4, 8)
_MORE4: Final = 0x2000
_LENGTH6: Final = slice(4, 7)
_NEXT6: Final = 44
# Of the header of UDP.
_SUM: Final = slice(6, 8)
# A multicast group, the broadcast address, one of the networks for documentation (RFC 5737).
STRANGERS: Final = ("224.0.0.1", "255.255.255.255", "192.0.2.1")


def fragments(packet: bytes, identification: int, size: int = FRAGMENT, overlap: int = 0) -> list[bytes]:
    """Return an IP packet as fragments that carry at most `size` bytes each (RFC 791, RFC 8200 section 4.5).

    `packet` has no options and no extension headers. Each fragment but the last goes on for `overlap` bytes of the next
    one, the same bytes. Both are multiples of 8. Over IPv4 the sender fills in lengths and checksums.
    """
    start = _header(packet)
    payload, make = packet[start:], _fragment6 if start == _HEADER6 else _fragment4
    return [
        make(packet[:start], identification, offset, offset + size < len(payload), payload[offset:][: size + overlap])
        for offset in range(0, len(payload), size)
    ]


def _header(packet: bytes) -> int:
    return _HEADER6 if packet[0] >> 4 == 6 else _HEADER4


def _fragment4(header: bytes, identification: int, offset: int, more: bool, payload: bytes) -> bytes:
    field = struct.pack("!HH", identification & 0xFFFF, (_MORE4 if more else 0) | offset // _UNIT)
    return header[: _FRAGMENT4.start] + field + header[_FRAGMENT4.stop :] + payload


def _fragment6(header: bytes, identification: int, offset: int, more: bool, payload: bytes) -> bytes:
    field = struct.pack("!BxHI", _UDP, offset | more, identification)
    length = struct.pack("!HB", len(field) + len(payload), _NEXT6)
    return header[: _LENGTH6.start] + length + header[_LENGTH6.stop :] + field + payload


Cut = Callable[[bytes, int], Sequence[bytes]]


def _in_order(choose: Callable[[list[bytes]], list[bytes]]) -> Cut:
    """Return what cuts a packet, and sends of the fragments, three or more, those that `choose` returns."""
    return lambda packet, number: choose(fragments(packet, number))


def _summed(change: Callable[[bytes], bytes]) -> Cut:
    """Return what leaves a packet whole, with another checksum of UDP."""

    def cut(packet: bytes, _: int) -> Sequence[bytes]:
        udp_at = _header(packet)
        start, stop = udp_at + _SUM.start, udp_at + _SUM.stop
        return [packet[:start] + change(packet[start:stop]) + packet[stop:]]

    return cut


IPV6: Final = " over IPv6"
ODD: Final = ("fragments", "backwards", "strangers")
_WHOLE: Final[Mapping[str, Cut]] = {
    "backwards": _in_order(lambda pieces: pieces[::-1]),
    "shuffled": _in_order(lambda pieces: [*pieces[1::2], *pieces[::2]]),
    "doubled": _in_order(lambda pieces: [one for one in pieces for _ in range(2)]),
}
_HOLED: Final[Mapping[str, Cut]] = {
    "first missing": _in_order(lambda pieces: pieces[1:]),
    "middle missing": _in_order(lambda pieces: [pieces[0], *pieces[2:]]),
    "last missing": _in_order(lambda pieces: pieces[:-1]),
    "overlapping": lambda packet, number: fragments(packet, number, overlap=_UNIT),
}
_SUMS: Final[Mapping[str, Cut]] = {
    # Every bit is another one, which is a sum again that is neither right nor none.
    "wrong checksum": _summed(lambda said: bytes(255 - byte for byte in said)),
    "no checksum": _summed(lambda said: bytes(len(said))),
}
_CUTS: Final[Mapping[str, Cut]] = {"fragments": _in_order(list), **_WHOLE, **_HOLED, **_SUMS}
# What a receiver has to put together; what it cannot, and what it must not take for whole; what no sum vouches for.
WHOLE: Final = tuple(kind + over for over in ("", IPV6) for kind in _WHOLE)
HOLED: Final = tuple(kind + over for over in ("", IPV6) for kind in _HOLED)
# RFC 8200, section 8.1: over IPv6 a sum is not left out.
UNSURE: Final = ("wrong checksum", f"wrong checksum{IPV6}", f"no checksum{IPV6}")
UNSUMMED: Final = "no checksum"
KINDS: Final[Sequence[str]] = tuple(dict.fromkeys((*ODD, *WHOLE, *HOLED, *UNSURE, UNSUMMED)))
# Kinds of which a receiver gets nothing.
LOST: Final = (*HOLED, *UNSURE)


@dataclass(frozen=True, slots=True)
class Crafter:
    """Sends each datagram as the packets that `kind` says, one of KINDS; `strangers` is once from each of STRANGERS."""

    kind: str
    to: Address
    raw: socket.socket
    numbers: "itertools.count[int]"

    async def send(self, datagram: bytes, *, whole: bool = False) -> None:
        """Send one datagram.

        Raises:
            OSError: a packet did not go out.
        """
        for packet in self._packets(datagram):
            self.raw.sendto(packet, (self.to.host, 0))

    def _packets(self, datagram: bytes) -> Iterable[bytes]:
        to = Endpoint(self.to.host, self.to.port)
        if self.kind == "strangers":
            return [udp(Endpoint(host, _PORT), to, datagram) for host in STRANGERS]
        packet = udp(Endpoint(self.to.host, _PORT), to, datagram)
        return _CUTS[self.kind.removesuffix(IPV6)](packet, next(self.numbers) % 0xFFFF + 1)

    def close(self) -> None:
        """Close the socket."""
        self.raw.close()


def crafter(kind: str, to: Address) -> Crafter | None:
    """Return what sends datagrams of that kind, one of KINDS; None where this machine or the address allows none."""
    if to.kind != address_kind(kind) or not to.loopback:
        return None
    family = socket.AF_INET6 if kind.endswith(IPV6) else socket.AF_INET
    try:
        raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    except OSError:
        return None
    host = "127.0.0.1" if to.host == "localhost" else to.host
    return Crafter(kind, Address("udp", host, to.port), raw, itertools.count(secrets.randbelow(0xFFFF)))


def address_kind(kind: str) -> str:
    """Return of which kind the address is that datagrams of a kind go to: `udp` or `udp6`."""
    return "udp6" if kind.endswith(IPV6) else "udp"
