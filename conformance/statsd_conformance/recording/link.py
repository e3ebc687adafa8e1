"""Where the IP packet begins in a frame, by link type: tcpdump.org/linktypes.html."""

from collections.abc import Callable, Mapping
from typing import Final

_IPV4, _IPV6 = b"\x08\x00", b"\x86\xdd"
# 802.1Q, 802.1ad and what came before that; they may be stacked.
_VLANS: Final = (b"\x81\x00", b"\x88\xa8", b"\x91\x00")
# AF_INET, and AF_INET6 of Linux, NetBSD, FreeBSD and macOS, in the byte order of the machine that recorded.
_FAMILIES: Final = {number.to_bytes(4, order) for number in (2, 10, 24, 28, 30) for order in ("little", "big")}
NO_PACKET: Final = -1


def _by_type(frame: bytes, place: int, behind: int) -> int:
    """Return where the packet begins whose EtherType stands at `place`, and itself, without a tag, at `behind`."""
    while (type := frame[place : place + 2]) in _VLANS:
        place, behind = behind + 2, behind + 4
    return behind if type in (_IPV4, _IPV6) else NO_PACKET


def _ethernet(frame: bytes) -> int:
    return 14 if frame[12:14] == _IPV4 else _by_type(frame, 12, 14)


def _raw(frame: bytes) -> int:
    return 0


def _loopback(frame: bytes) -> int:
    return 4 if frame[:4] in _FAMILIES else NO_PACKET


def _cooked(frame: bytes) -> int:
    return _by_type(frame, 14, 16)


def _cooked2(frame: bytes) -> int:
    return _by_type(frame, 0, 20)


LINKS: Final[Mapping[int, Callable[[bytes], int]]] = {
    0: _loopback,
    1: _ethernet,
    12: _raw,
    14: _raw,
    101: _raw,
    108: _loopback,
    113: _cooked,
    228: _raw,
    229: _raw,
    276: _cooked2,
}
