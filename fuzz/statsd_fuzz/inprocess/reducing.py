"""Fewer bytes of an input that still show the same fault."""

from collections.abc import Callable, Iterator
from typing import Final

_TRIES: Final = 4000


def reduced(data: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """Return fewer and plainer bytes for which `fails` is still true: whole lines go first, then bytes, then digits."""
    tries = 0
    smaller = True
    while smaller:
        smaller = False
        for candidate in _candidates(data):
            tries += 1
            if tries > _TRIES:
                return data
            if _plainness(candidate) < _plainness(data) and fails(candidate):
                data, smaller = candidate, True
                break
    return data


def _plainness(data: bytes) -> tuple[int, int, bytes]:
    return len(data), len(set(data)), data


def _candidates(data: bytes) -> Iterator[bytes]:
    lines = data.split(b"\n")
    for start, stop in _chunks(len(lines)):
        yield b"\n".join(lines[:start] + lines[stop:])
    for start, stop in _chunks(len(data)):
        yield data[:start] + data[stop:]
    for place, byte in enumerate(data):
        for plain in (b"a", b"1"):
            if bytes([byte]) != plain and chr(byte).isalnum():
                yield data[:place] + plain + data[place + 1 :]


def _chunks(length: int) -> Iterator[tuple[int, int]]:
    """Yield places to cut out, the large ones first."""
    size = length
    while size:
        yield from ((start, min(start + size, length)) for start in range(0, length, size))
        size //= 2
