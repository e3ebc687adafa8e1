"""A capture file in pcapng, written block by block: raw IP packets with comments, as Wireshark opens them.

The format is draft-ietf-opsawg-pcapng; the headers are those of RFC 791, 8200, 768 and 9293.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from statsd_conformance.recording.datagram import Endpoint

# Bytes of a datagram of IPv4, at most.
LONGEST: Final = 65_507
_RAW_IP: Final = 101
_MICROSECONDS: Final = 1_000_000
_UDP: Final = 17
_TCP: Final = 6
_SYN, _ACK, _PUSH = 0x02, 0x10, 0x08
# A TCP segment that fits into one IP packet of either version with room to spare.
_SEGMENT: Final = 32768
_COMMENT: Final = 1


@dataclass(frozen=True, slots=True)
class Packet:
    """One captured IP packet. `time` is in seconds since 1970; an empty comment is left out."""

    raw: bytes
    time: float
    comment: str = ""


def pcapng(packets: Sequence[Packet]) -> bytes:
    """Return a whole capture file: a section, one interface of raw IP, and the packets."""
    return beginning() + b"".join(map(packet_block, packets))


def beginning(comment: str = "") -> bytes:
    """Return what a capture file begins with: a section, with a comment if not empty, and one interface of raw IP."""
    section = _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _commented(comment))
    return section + _block(1, struct.pack("<HHI", _RAW_IP, 0, 0))


def packet_block(packet: Packet) -> bytes:
    """Return what goes behind `beginning`, or behind another packet."""
    high, low = divmod(round(packet.time * _MICROSECONDS), 1 << 32)
    size = len(packet.raw)
    body = struct.pack("<IIIII", 0, high, low, size, size) + _padded(packet.raw)
    return _block(6, body + _commented(packet.comment))


def _commented(text: str) -> bytes:
    """Return the options of a block that has a comment, or none where that is empty."""
    comment = text.encode("utf-8", "backslashreplace")[:65535]
    if not comment:
        return b""
    return struct.pack("<HH", _COMMENT, len(comment)) + _padded(comment) + struct.pack("<HH", 0, 0)


def _block(kind: int, body: bytes) -> bytes:
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def _padded(raw: bytes) -> bytes:
    return raw + bytes(-len(raw) % 4)


def udp(source: Endpoint, to: Endpoint, payload: bytes) -> bytes:
    """Return one IP packet with one datagram.

    Raises:
        ValueError: the payload is longer than a datagram of IPv4 can be, `LONGEST`.
    """
    if len(payload) > LONGEST:
        raise ValueError(f"{len(payload)} bytes are no UDP datagram")
    header = struct.pack("!HHHH", source.port, to.port, 8 + len(payload), 0)
    # RFC 768: a sum that comes out as 0 is sent as all ones.
    total = _transport_sum(source, to, _UDP, header + payload) or 0xFFFF
    return _ip(source, to, _UDP, header[:6] + struct.pack("!H", total) + payload)


def stream(source: Endpoint, to: Endpoint, chunks: Sequence[bytes]) -> list[list[bytes]]:
    """Return the IP packets of a TCP connection that carries the chunks: the handshake, then a list for each chunk."""
    handshake = [
        _tcp(source, to, 0, 0, _SYN),
        _tcp(to, source, 0, 1, _SYN | _ACK),
        _tcp(source, to, 1, 1, _ACK),
    ]
    said, parts = 1, [handshake]
    for chunk in chunks:
        part = []
        for start in range(0, len(chunk), _SEGMENT):
            payload = chunk[start : start + _SEGMENT]
            part.append(_tcp(source, to, said, 1, _PUSH | _ACK, payload))
            said += len(payload)
            part.append(_tcp(to, source, 1, said, _ACK))
        parts.append(part)
    return parts


def _tcp(source: Endpoint, to: Endpoint, number: int, acknowledged: int, flags: int, payload: bytes = b"") -> bytes:
    ports = (source.port, to.port)
    numbers = (number % (1 << 32), acknowledged % (1 << 32))
    header = struct.pack("!HHIIBBHHH", *ports, *numbers, 5 << 4, flags, 65535, 0, 0)
    total = _transport_sum(source, to, _TCP, header + payload)
    return _ip(source, to, _TCP, header[:16] + struct.pack("!H", total) + header[18:] + payload)


def _ip(source: Endpoint, to: Endpoint, protocol: int, payload: bytes) -> bytes:
    addresses = source.ip.packed + to.ip.packed
    if source.ip.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + addresses + payload
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0)
    return header[:10] + struct.pack("!H", _checksum(header + addresses)) + addresses + payload


def _transport_sum(source: Endpoint, to: Endpoint, protocol: int, segment: bytes) -> int:
    addresses = source.ip.packed + to.ip.packed
    # The pseudo headers of both versions come to the same sum: zero bytes and the order of words add nothing.
    return _checksum(addresses + struct.pack("!IHH", len(segment), 0, protocol) + segment)


def _checksum(raw: bytes) -> int:
    """Return the Internet checksum of RFC 1071."""
    total: int = sum(struct.unpack(f"!{(len(raw) + 1) // 2}H", raw + bytes(len(raw) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
