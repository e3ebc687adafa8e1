"""Capture files in the classic format of libpcap, as tcpdump writes them: draft-ietf-opsawg-pcap.

The headers are read with struct. Scapy reads some 1,300 packets a second and dpkt stops at the first that is damaged,
where captures of StatsD have millions, and are cut wherever the disk was full.
"""

import struct
from collections.abc import Iterator
from typing import Final

from statsd_conformance.recording.damage import DamagedRecording
from statsd_conformance.recording.source import Source

# A link type, the time in seconds since 1970, how long the frame was on the wire, and as much of it as was recorded.
Frame = tuple[int, float, int, bytes]
# The first four bytes: byte order, units of a second, and the bytes of a record header that follow the usual ones.
MAGICS: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6, 0),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6, 0),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9, 0),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9, 0),
    b"\x34\xcd\xb2\xa1": ("<", 1e-6, 8),
    b"\xa1\xb2\xcd\x34": (">", 1e-6, 8),
}
# Wireshark's WTAP_MAX_PACKET_SIZE_STANDARD: a longer record is none.
LONGEST: Final = 262_144


def read_pcap(source: Source) -> Iterator[Frame]:
    """Yield the frames of a capture.

    Raises:
        DamagedRecording: after all that could be read.
    """
    header = source.take(24, "the header of the file")
    order, unit, more = MAGICS[header[:4]]
    # The upper bits tell of checksums at the end of a frame, which nobody looks at.
    link = struct.unpack(order + "I", header[20:])[0] & 0xFFFF
    size, unpack = 16 + more, struct.Struct(order + "IIII").unpack_from
    while source.peek(1):
        seconds, fraction, length, original = unpack(source.take(size, "the header of a packet"))
        if length > LONGEST:
            place = source.offset - size
            raise DamagedRecording(f"byte {place:,}: a packet of {length:,} bytes, which is no packet")
        yield link, seconds + fraction * unit, original, source.take(length, "a packet")
