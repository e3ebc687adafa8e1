"""Captures for tests: frames of every link type, and files of every form, made from IP packets."""

import struct
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Final

from statsd_conformance.recording import DamagedRecording, Datagram, Endpoint, read_recording
from statsd_conformance.report.pcapng import udp

SOURCE: Final = Endpoint("192.0.2.7", 40000)
TO: Final = Endpoint("192.0.2.8", 8125)
SOURCE_6: Final = Endpoint("2001:db8::7", 40000)
TO_6: Final = Endpoint("2001:db8::8", 8125)
_VLAN: Final = b"\x81\x00\x00\x05"
_OUTER_VLAN: Final = b"\x88\xa8\x00\x07"


def _type(packet: bytes) -> bytes:
    return b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"


def _family(packet: bytes, order: str, six: int = 30) -> bytes:
    return struct.pack(order + "I", six if packet[0] >> 4 == 6 else 2)


# How a frame of each link type is made from a packet: its number, and what comes before the packet.
LINKS: Final[Mapping[str, tuple[int, Callable[[bytes], bytes]]]] = {
    "ethernet": (1, lambda packet: bytes(12) + _type(packet) + packet),
    "ethernet-vlan": (1, lambda packet: bytes(12) + _VLAN + _type(packet) + packet),
    "ethernet-two-vlans": (1, lambda packet: bytes(12) + _OUTER_VLAN + _VLAN + _type(packet) + packet),
    "ethernet-padded": (1, lambda packet: bytes(12) + _type(packet) + packet + bytes(20)),
    "raw": (101, lambda packet: packet),
    "loopback-little-endian": (0, lambda packet: _family(packet, "<") + packet),
    "loopback-big-endian": (0, lambda packet: _family(packet, ">", 24) + packet),
    "loopback-of-openbsd": (108, lambda packet: _family(packet, ">", 24) + packet),
    "linux-cooked": (113, lambda packet: bytes(14) + _type(packet) + packet),
    "linux-cooked-vlan": (113, lambda packet: bytes(14) + _VLAN + _type(packet) + packet),
    "linux-cooked-2": (276, lambda packet: _type(packet) + bytes(18) + packet),
}


def udp4(payload: bytes, source: Endpoint = SOURCE, to: Endpoint = TO) -> bytes:
    """Return an IPv4 packet."""
    return udp(source, to, payload)


def udp6(payload: bytes) -> bytes:
    """Return an IPv6 packet."""
    return udp(SOURCE_6, TO_6, payload)


def with_options(packet: bytes) -> bytes:
    """Return an IPv4 packet with eight bytes of options."""
    length = struct.unpack("!H", packet[2:4])[0] + 8
    return b"\x47" + packet[1:2] + struct.pack("!H", length) + packet[4:20] + b"\x01" * 8 + packet[20:]


def with_extensions(packet: bytes) -> bytes:
    """Return an IPv6 packet with hop-by-hop and destination options before its UDP."""
    length = struct.unpack("!H", packet[4:6])[0] + 8 + 16
    hop = b"\x3c\x00\x01\x04" + bytes(4)
    destination = b"\x11\x01\x01\x0c" + bytes(12)
    return packet[:4] + struct.pack("!HB", length, 0) + packet[7:40] + hop + destination + packet[40:]


def with_authentication(packet: bytes) -> bytes:
    """Return an IPv6 packet with an authentication header before its UDP."""
    length = struct.unpack("!H", packet[4:6])[0] + 24
    header = b"\x11\x04" + bytes(22)
    return packet[:4] + struct.pack("!HB", length, 51) + packet[7:40] + header + packet[40:]


def fragment4(body: bytes, offset: int, *, more: bool, identification: int = 77) -> bytes:
    """Return one fragment of an IPv4 packet: `body` is what it has of the payload, from `offset` on."""
    flags = offset >> 3 | more << 13
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), identification, flags, 64, 17, 0)
    return header + SOURCE.ip.packed + TO.ip.packed + body


def fragments4(packet: bytes, size: int, identification: int = 77) -> list[bytes]:
    """Return the fragments of an IPv4 packet, each with `size` bytes of it, which is a multiple of 8."""
    body = packet[20:]
    return [
        fragment4(body[start : start + size], start, more=start + size < len(body), identification=identification)
        for start in range(0, len(body), size)
    ]


def fragments6(packet: bytes, size: int, identification: int = 77) -> list[bytes]:
    """Return the fragments of an IPv6 packet, likewise."""
    body = packet[40:]
    parts = []
    for start in range(0, len(body), size):
        piece = body[start : start + size]
        header = struct.pack("!BBHI", packet[6], 0, start | (start + size < len(body)), identification)
        parts.append(packet[:4] + struct.pack("!HB", 8 + len(piece), 44) + packet[7:40] + header + piece)
    return parts


def pcap(
    frames: Sequence[bytes],
    link: int = 101,
    order: str = "<",
    *,
    nanoseconds: bool = False,
    snap: int = 262144,
    magic: int | None = None,
    step: int = 5,
) -> bytes:
    """Return a capture of `snap` bytes of each packet, the next of which comes `step` quarters of a second later."""
    magic = magic or (0xA1B23C4D if nanoseconds else 0xA1B2C3D4)
    unit = 10**9 if nanoseconds else 10**6
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, link)]
    more = bytes(8) if magic == 0xA1B2CD34 else b""
    for number, frame in enumerate(frames):
        seconds, quarters = divmod(step * number, 4)
        kept = frame[:snap]
        header = struct.pack(order + "IIII", 1_700_000_000 + seconds, quarters * unit // 4, len(kept), len(frame))
        parts.append(header + more + kept)
    return b"".join(parts)


def block(order: str, kind: int, body: bytes) -> bytes:
    """Return a block of pcapng."""
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def section(order: str) -> bytes:
    """Return the block that begins a section of pcapng."""
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str, link: int, resolution: int | None = None, offset: int | None = None, snap: int = 0) -> bytes:
    """Return the block of an interface of pcapng."""
    options = b""
    if resolution is not None:
        options += struct.pack(order + "HHB3x", 9, 1, resolution)
    if offset is not None:
        options += struct.pack(order + "HHq", 14, 8, offset)
    return block(order, 1, struct.pack(order + "HHI", link, 0, snap) + options + bytes(4 if options else 0))


def enhanced(order: str, frame: bytes, ticks: int, number: int = 0) -> bytes:
    """Return the block of a packet of pcapng, recorded at interface `number`."""
    sizes = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
    return block(order, 6, sizes + frame + bytes(-len(frame) % 4))


def simple(order: str, frame: bytes, snap: int = 0) -> bytes:
    """Return the block of a packet that has no time and no interface."""
    kept = frame[: snap or len(frame)]
    return block(order, 3, struct.pack(order + "I", len(frame)) + kept + bytes(-len(kept) % 4))


def read_as_far_as_it_goes(raw: bytes) -> tuple[list[Datagram], str]:
    """Return the datagrams of a recording, and why no more came; "" where none is missing."""
    got: list[Datagram] = []
    datagrams = read_recording(BytesIO(raw))
    while True:
        try:
            got.append(next(datagrams))
        except StopIteration:
            return got, ""
        except DamagedRecording as error:
            return got, str(error)
