"""A capture file in the classic format of libpcap, as tcpdump writes it of a loopback interface of Linux.

The format is draft-ietf-opsawg-pcap: the form that every tool reads.
"""

import struct
from collections.abc import Iterable
from typing import Final

from statsd_conformance.report.pcapng import Packet

_MAGIC: Final = 0xA1B2C3D4
_SNAP_LENGTH: Final = 262_144
_ETHERNET: Final = 1
_MICROSECONDS: Final = 1_000_000
# Loopback has no addresses of machines.
_ADDRESSES: Final = bytes(12)
_TYPES: Final = {4: b"\x08\x00", 6: b"\x86\xdd"}


def pcap(packets: Iterable[Packet]) -> bytes:
    """Return a whole capture file: Ethernet, little-endian, microseconds. It has no room for comments."""
    return header() + b"".join(map(record, packets))


def header() -> bytes:
    """Return what a capture file begins with."""
    return struct.pack("<IHHiIII", _MAGIC, 2, 4, 0, 0, _SNAP_LENGTH, _ETHERNET)


def record(packet: Packet) -> bytes:
    """Return one IP packet as it stands in a capture file."""
    seconds, fraction = divmod(round(packet.time * _MICROSECONDS), _MICROSECONDS)
    frame = _ADDRESSES + _TYPES[packet.raw[0] >> 4] + packet.raw
    return struct.pack("<IIII", seconds, fraction, len(frame), len(frame)) + frame
