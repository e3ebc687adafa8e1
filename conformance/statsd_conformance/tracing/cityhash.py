"""CityHash32, by which brubeck spreads names over its back ends (CityHash 1.1, city.cc; brubeck src/metric.c)."""

from typing import Final

_MASK: Final = 0xFFFFFFFF
_C1: Final = 0xCC9E2D51
_C2: Final = 0x1B873593


def city_hash_32(text: bytes) -> int:
    """Return the 32-bit hash of a name.

    >>> city_hash_32(b"flux.kvs.0.request_tx") % 2
    0
    """
    if len(text) <= 4:
        return _up_to_4(text)
    if len(text) <= 12:
        return _up_to_12(text)
    return _up_to_24(text) if len(text) <= 24 else _longer(text)


def _at(text: bytes, place: int) -> int:
    return int.from_bytes(text[place : place + 4], "little")


def _turned(value: int, by: int) -> int:
    return ((value >> by) | (value << (32 - by))) & _MASK


def _swapped(value: int) -> int:
    return int.from_bytes(value.to_bytes(4, "little"), "big")


def _mix(value: int) -> int:
    value ^= value >> 16
    value = value * 0x85EBCA6B & _MASK
    value ^= value >> 13
    value = value * 0xC2B2AE35 & _MASK
    return value ^ value >> 16


def _scrambled(value: int) -> int:
    return _turned(value * _C1 & _MASK, 17) * _C2 & _MASK


def _step(value: int, by: int = 19) -> int:
    return (_turned(value, by) * 5 + 0xE6546B64) & _MASK


def _mur(value: int, into: int) -> int:
    return _step(into ^ _scrambled(value))


def _folded(values: tuple[int, ...], start: int) -> int:
    for value in values:
        start = _mur(value & _MASK, start)
    return _mix(start)


def _up_to_4(text: bytes) -> int:
    sum_, check = 0, 9
    for byte in text:
        # A char is signed there.
        sum_ = (sum_ * _C1 + (byte - 256 if byte > 127 else byte)) & _MASK
        check ^= sum_
    return _folded((len(text), sum_), check)


def _up_to_12(text: bytes) -> int:
    size = len(text)
    first, last, middle = _at(text, 0), _at(text, size - 4), _at(text, size >> 1 & 4)
    return _folded((size + first, size * 5 + last, 9 + middle), size * 5)


def _up_to_24(text: bytes) -> int:
    size = len(text)
    places = ((size >> 1) - 4, 4, size - 8, size >> 1, 0, size - 4)
    return _folded(tuple(_at(text, place) for place in places), size)


def _longer(text: bytes) -> int:
    size = len(text)
    tail = [_scrambled(_at(text, size - back)) for back in (4, 8, 16, 12, 20)]
    h = _step(_step(size ^ tail[0]) ^ tail[2])
    g = _step(_step((_C1 * size & _MASK) ^ tail[1]) ^ tail[3])
    f = _step((_C1 * size + tail[4]) & _MASK)
    for start in range(0, (size - 1) // 20 * 20, 20):
        first, third, fourth = (_scrambled(_at(text, start + place)) for place in (0, 8, 12))
        second, fifth = _at(text, start + 4), _at(text, start + 16)
        h = _step(h ^ first, 18)
        f = _turned((f + second) & _MASK, 19) * _C1 & _MASK
        g = _step((g + third) & _MASK, 18)
        h = _step(h ^ (fourth + second & _MASK))
        g = _swapped(g ^ fifth) * 5 & _MASK
        h = _swapped((h + fifth * 5) & _MASK)
        f = (f + first) & _MASK
        f, h, g = g, f, h
    for by in (11, 17):
        g = _turned(g, by) * _C1 & _MASK
        f = _turned(f, by) * _C1 & _MASK
    for other in (g, f):
        h = _step((h + other) & _MASK)
        h = _turned(h, 17) * _C1 & _MASK
    return h
