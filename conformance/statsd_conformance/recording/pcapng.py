"""Capture files in pcapng, as Wireshark and dumpcap write them: draft-ietf-opsawg-pcapng."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from statsd_conformance.recording.damage import DamagedRecording
from statsd_conformance.recording.pcap import LONGEST, Frame
from statsd_conformance.recording.source import Source

SECTION_MAGIC: Final = b"\x0a\x0d\x0d\x0a"
_INTERFACE, _OBSOLETE, _SIMPLE, _ENHANCED = 1, 2, 3, 6
_SECTION: Final = int.from_bytes(SECTION_MAGIC, "big")
_COMMENT, _RESOLUTION, _OFFSET = 1, 9, 14
# A packet and its comments. Blocks of another kind, secrets for example, are longer than that nowhere seen.
_LONGEST_BLOCK: Final = 16 * 2**20


@dataclass(frozen=True, slots=True)
class _Interface:
    link: int
    snap_length: int
    unit: float = 1e-6
    offset: int = 0


@dataclass(slots=True)
class _Section:
    """One section: its byte order, and the interfaces so far."""

    order: str
    interfaces: list[_Interface] = field(default_factory=list)


def read_pcapng(source: Source) -> Iterator[Frame]:
    """Yield the frames of all sections and interfaces; the time of a simple packet is 0, for it has none.

    Raises:
        DamagedRecording: after all that could be read.
    """
    for frame, _ in _frames(source, _Section("<")):
        if frame:
            yield frame


def read_comments(source: Source) -> Iterator[tuple[Frame | None, str]]:
    """Yield every frame with its comment, empty where it has none; and the comment of each section, with no frame.

    Raises:
        DamagedRecording: after all that could be read.
    """
    section = _Section("<")
    for frame, (kind, body) in _frames(source, section):
        if frame and kind == _ENHANCED:
            yield frame, _comment(body[20 + len(frame[3]) + -len(frame[3]) % 4 :], section.order)
        elif frame:
            yield frame, ""
        elif kind == _SECTION:
            yield None, _comment(body[16:], section.order)


def _frames(source: Source, section: _Section) -> Iterator[tuple[Frame | None, tuple[int, bytes]]]:
    """Yield every block, and the frame in it where there is one; `section` is made what the block stands in."""
    while source.peek(1):
        place = source.offset
        if source.peek(4) == SECTION_MAGIC:
            section.order, section.interfaces = _byte_order(source), []
        kind, body = _block(source, section.order)
        try:
            frame = _frame(kind, body, section)
        except (struct.error, IndexError):
            raise DamagedRecording(f"byte {place:,}: a block of type {kind} that cannot be read") from None
        yield frame, (kind, body)


def _byte_order(source: Source) -> str:
    head = source.peek(12)
    for order in "<>":
        if head[8:] == struct.pack(order + "I", 0x1A2B3C4D):
            return order
    raise DamagedRecording(f"byte {source.offset:,}: a section whose byte order cannot be told")


def _block(source: Source, order: str) -> tuple[int, bytes]:
    place = source.offset
    kind, length = struct.unpack(order + "II", source.take(8, "the header of a block"))
    if length < 12 or length % 4 or length > _LONGEST_BLOCK:
        raise DamagedRecording(f"byte {place:,}: a block of {length:,} bytes, which is no block")
    body = source.take(length - 8, "a block")
    if struct.unpack(order + "I", body[-4:])[0] != length:
        raise DamagedRecording(f"byte {place:,}: a block with another length at its end")
    return kind, body[:-4]


def _frame(kind: int, body: bytes, section: _Section) -> Frame | None:
    """Return the frame of a block, None where it has none; an interface goes into the section."""
    order = section.order
    if kind == _ENHANCED:
        number, high, low, length, original = struct.unpack_from(order + "IIIII", body)
    elif kind == _OBSOLETE:
        number, _, high, low, length, original = struct.unpack_from(order + "HHIIII", body)
    elif kind == _SIMPLE:
        (original,) = struct.unpack_from(order + "I", body)
        interface = section.interfaces[0]
        length = min(original, interface.snap_length or original, len(body) - 4)
        return interface.link, 0.0, original, body[4 : 4 + length]
    else:
        if kind == _INTERFACE:
            section.interfaces.append(_read_interface(body, order))
        return None
    interface = section.interfaces[number]
    if length > min(LONGEST, len(body) - 20):
        raise IndexError
    time = interface.offset + (high << 32 | low) * interface.unit
    return interface.link, time, original, body[20 : 20 + length]


def _read_interface(body: bytes, order: str) -> _Interface:
    link, _, snap_length = struct.unpack_from(order + "HHI", body)
    unit, offset = 1e-6, 0
    for code, value in _options(body[8:], order):
        if code == _RESOLUTION and value:
            unit = 2.0 ** -(value[0] & 0x7F) if value[0] & 0x80 else 10.0 ** -value[0]
        elif code == _OFFSET and len(value) == 8:
            (offset,) = struct.unpack(order + "q", value)
    return _Interface(link, snap_length, unit, offset)


def _options(raw: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 4 <= len(raw):
        code, length = struct.unpack_from(order + "HH", raw, place)
        if not code:
            return
        yield code, raw[place + 4 : place + 4 + length]
        place += 4 + length + -length % 4


def _comment(options: bytes, order: str) -> str:
    """Return the first comment among the options of a block; empty for none."""
    texts = (value for code, value in _options(options, order) if code == _COMMENT)
    return next(texts, b"").decode("utf-8", "replace")
