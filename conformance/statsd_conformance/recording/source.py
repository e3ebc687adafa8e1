"""Bytes that come in chunks, from a file or a pipe, and are taken in order."""

import zlib
from collections.abc import Iterator
from typing import Final, Protocol

from statsd_conformance.recording.damage import DamagedRecording

_CHUNK: Final = 1 << 18
# zlib: a header of gzip, and the largest window.
_GZIP: Final = 31
GZIP_MAGIC: Final = b"\x1f\x8b"


class Readable(Protocol):
    """A binary file, a pipe, or what reads like one."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""


class Source:
    """Takes bytes from chunks, and knows where it is. It holds no more than what was asked for and one chunk."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = b""
        self._at = 0
        self._before = 0
        self._damage: DamagedRecording | None = None

    @property
    def offset(self) -> int:
        """The number of bytes taken so far."""
        return self._before + self._at

    def peek(self, size: int) -> bytes:
        """Return the next bytes without taking them: fewer than `size` at the end only.

        Raises:
            DamagedRecording: there are none, and should be.
        """
        if self._at + size > len(self._buffer):
            self._fill(size)
            if self._damage and self._at == len(self._buffer):
                raise self._damage
        return self._buffer[self._at : self._at + size]

    def take(self, size: int, what: str) -> bytes:
        """Return the next `size` bytes.

        Raises:
            DamagedRecording: there are fewer; the message says inside `what` they end.
        """
        end = self._at + size
        if end > len(self._buffer):
            self._fill(size)
            end = self._at + size
            if end > len(self._buffer):
                if self._damage:
                    raise self._damage
                have = len(self._buffer) - self._at
                raise DamagedRecording(
                    f"byte {self.offset:,}: the recording ends inside {what}, with {have:,} of {size:,} bytes"
                )
        taken = self._buffer[self._at : end]
        self._at = end
        return taken

    def rest(self) -> Iterator[bytes]:
        """Yield all that was not taken, in chunks.

        Raises:
            DamagedRecording: after all that there is.
        """
        yield self._buffer[self._at :]
        yield from self._chunks
        if self._damage:
            raise self._damage

    def _fill(self, size: int) -> None:
        """Have so many bytes in the buffer, or all that there are; damage is kept until they are taken."""
        self._before += self._at
        pieces, have = [self._buffer[self._at :]], len(self._buffer) - self._at
        try:
            while have < size and (chunk := next(self._chunks, b"")):
                pieces.append(chunk)
                have += len(chunk)
        except DamagedRecording as damage:
            self._damage = damage
        self._buffer, self._at = b"".join(pieces), 0


def chunks_of(file: Readable) -> Iterator[bytes]:
    """Yield what a file or pipe holds, as soon as it is there."""
    read = getattr(file, "read1", file.read)
    while chunk := read(_CHUNK):
        yield chunk


def gunzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the content of a gzip file of one or more members.

    Raises:
        DamagedRecording: after all that could be read.
    """
    packed = 0
    member = zlib.decompressobj(_GZIP)
    for chunk in chunks:
        packed += len(chunk)
        while chunk:
            try:
                content = member.decompress(chunk, _CHUNK)
            except zlib.error as error:
                raise DamagedRecording(
                    f"byte {packed - len(chunk):,} of the gzip file or soon after: {error}"
                ) from None
            if content:
                yield content
            chunk = member.unused_data if member.eof else member.unconsumed_tail
            if member.eof and chunk:
                member = zlib.decompressobj(_GZIP)
    if not member.eof:
        raise DamagedRecording(f"byte {packed:,}: the gzip file ends too early")
