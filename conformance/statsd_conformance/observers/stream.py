"""Output that grows in a file or comes through a named pipe: Graphite lines, or those of statsite's sinks."""

import asyncio
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from statsd_conformance.graphite import Snapshot
from statsd_conformance.observers.graphite import GraphiteObserver
from statsd_conformance.observers.observer import MakeObserver
from statsd_conformance.profile import Profile

# Well below any silence that ends a flush.
_POLL: Final = 0.02
_CHUNK: Final = 1 << 16


def as_graphite(raw: bytes) -> bytes:
    """Return a line of statsite's stream, `path|value|timestamp`, as Graphite spells it; the path may hold `|`.

    >>> as_graphite(b"counts.a|1.000000|100")
    b'counts.a 1.000000 100'
    """
    return b" ".join(raw.rsplit(b"|", 2))


@dataclass
class StreamObserver(GraphiteObserver):
    """Reads what is written to a file from now on, or into a pipe, whoever writes; a flush ends as over TCP.

    A file that is not there is waited for. `respell` makes a Graphite line of each line.
    """

    path: Path = Path()
    respell: Callable[[bytes], bytes] = bytes
    _reading: "asyncio.Task[None] | None" = None

    async def open(self) -> int:
        """Begin to read behind what the file holds already; return 0.

        Raises:
            OSError: it is there and cannot be read.
        """
        descriptor = self._opened() if self.path.exists() else None
        if descriptor is not None and not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.lseek(descriptor, 0, os.SEEK_END)
        self._reading = asyncio.create_task(self._follow(descriptor))
        return 0

    async def close(self) -> None:
        """Stop reading."""
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await super().close()

    def heard(self) -> str:
        """Return what there was to hear, where that was no flush, and what to do about it."""
        came = "only what ends no line was written there" if self.connections else "nothing was written there"
        return f"{came}. Let the target write its output there, choose another place with --sink"

    def _opened(self) -> int:
        # With a writer of its own a pipe does not end between two flushes.
        is_pipe = stat.S_ISFIFO(self.path.stat().st_mode)
        return os.open(self.path, (os.O_RDWR if is_pipe else os.O_RDONLY) | os.O_NONBLOCK)

    async def _follow(self, descriptor: int | None) -> None:
        rest = b""
        try:
            while True:
                if descriptor is None and self.path.exists():
                    descriptor = self._opened()
                chunk = _read(descriptor) if descriptor is not None else b""
                if not chunk:
                    await asyncio.sleep(_POLL)
                    continue
                self.connections = 1
                *whole, rest = (rest + chunk).split(b"\n")
                self._take([self.respell(raw) for raw in whole])
        finally:
            if descriptor is not None:
                os.close(descriptor)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return b""


def stream(path: Path, respell: Callable[[bytes], bytes] = bytes) -> MakeObserver:
    """Return what makes an observer that reads a file or pipe."""

    def make(profile: Profile, on_snapshot: Callable[[Snapshot], None], silence: Callable[[], float]) -> StreamObserver:
        return StreamObserver(profile, on_snapshot, silence, path=path, respell=respell)

    return make
