"""Datagrams that no ordinary socket sends: cut into fragments of IP, or from an address that is not the sender's.

They leave through a raw socket, over IPv4 and on this machine only, and only where the suite may open one.
"""

import itertools
import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from statsd_conformance.address import Address
from statsd_conformance.recording.datagram import Endpoint
from statsd_conformance.report.pcapng import udp

# An Ethernet frame's worth of an IP packet, in whole units of eight bytes.
FRAGMENT: Final = 1480
_HEADER: Final = 20
_FLAGS: Final = 6
_MORE: Final = 0x2000
_PORT: Final = 8125
# A multicast group, the broadcast address, one of the networks for documentation (RFC 5737).
STRANGERS: Final = ("224.0.0.1", "255.255.255.255", "192.0.2.1")


def fragments(packet: bytes, identification: int, size: int = FRAGMENT) -> list[bytes]:
    """Return an IPv4 packet, its header of 20 bytes, as fragments that carry at most `size` bytes each (RFC 791).

    The sender fills in lengths and checksums. `size` is a multiple of 8.
    """
    payload = packet[_HEADER:]
    cut = []
    for offset in range(0, len(payload), size):
        more = _MORE if offset + size < len(payload) else 0
        field = struct.pack("!HH", identification, more | offset // 8)
        header = packet[: _FLAGS - 2] + field + packet[_FLAGS + 2 : _HEADER]
        cut.append(header + payload[offset : offset + size])
    return cut


@dataclass(frozen=True, slots=True)
class Crafter:
    """Sends each datagram as the packets that `kind` says.

    `fragments` and `backwards` send its fragments, in order or last first; `strangers` sends it whole, once from each
    of STRANGERS.
    """

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
        pieces = fragments(packet, next(self.numbers) % 0xFFFF + 1)
        return pieces if self.kind == "fragments" else pieces[::-1]

    def close(self) -> None:
        """Close the socket."""
        self.raw.close()


KINDS: Final[Sequence[str]] = ("fragments", "backwards", "strangers")


def crafter(kind: str, to: Address) -> Crafter | None:
    """Return what sends datagrams of that kind, one of KINDS; None where this machine or the address allows none."""
    if to.kind != "udp" or not to.loopback:
        return None
    try:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    except PermissionError:
        return None
    host = "127.0.0.1" if to.host == "localhost" else to.host
    return Crafter(kind, Address("udp", host, to.port), raw, itertools.count())
