"""Fragments of IP packets, put together in bounded memory: RFC 791 section 3.2, RFC 8200 section 4.5."""

from dataclasses import dataclass, field
from typing import Final

from statsd_conformance.recording.damage import Losses

# Half as many bytes as 256 whole datagrams; and how long Linux waits for a fragment.
_PENDING: Final = 256
_SECONDS: Final = 30.0
_LONGEST: Final = 65535
# Addresses, identification, protocol.
Key = tuple[bytes, bytes, int, int]


@dataclass(slots=True)
class _Parts:
    number: int
    time: float
    parts: dict[int, bytes] = field(default_factory=dict)
    held: int = 0
    size: int | None = None

    def add(self, offset: int, payload: bytes) -> None:
        """Keep a fragment, unless it was there before, or so much overlaps that no honest sender sent it."""
        if offset not in self.parts and self.held + len(payload) <= 2 * _LONGEST:
            self.parts[offset] = payload
            self.held += len(payload)

    def whole(self) -> bytes | None:
        """Return the payload once there is no gap in it."""
        if self.size is None or self.held < self.size:
            return None
        joined = bytearray()
        for offset in sorted(self.parts):
            if offset > len(joined):
                return None
            # What came twice is taken from where it came first.
            joined += self.parts[offset][len(joined) - offset :]
        return bytes(joined[: self.size]) if len(joined) >= self.size else None


class Fragments:
    """Holds fragments until their packets are whole; those that never are count as losses."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._pending: dict[Key, _Parts] = {}

    def add(self, key: Key, offset: int, last: bool, payload: bytes, number: int, time: float) -> bytes | None:
        """Return the whole payload, if this fragment completes it."""
        parts = self._pending.get(key)
        if parts is None or abs(time - parts.time) > _SECONDS:
            self._lose(key)
            parts = self._pending[key] = _Parts(number, time)
            if len(self._pending) > _PENDING:
                self._lose(next(iter(self._pending)))
        if offset + len(payload) <= _LONGEST:
            parts.add(offset, payload)
            if last:
                parts.size = offset + len(payload)
        whole = parts.whole()
        if whole is not None:
            del self._pending[key]
        return whole

    def end(self) -> None:
        """Count what is not whole, for nothing comes any more."""
        for key in list(self._pending):
            self._lose(key)

    def _lose(self, key: Key) -> None:
        if parts := self._pending.pop(key, None):
            self._losses.add("datagram", "without all fragments", parts.number)
