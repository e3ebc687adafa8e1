"""Taps that stand in between: lines from emitter to aggregator, and what the aggregator writes to Graphite.

No rights are needed for that: who sends is pointed at the tap, which keeps a copy and passes on every byte.
"""

import asyncio
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from statsd_conformance.address import Address, AddressError
from statsd_conformance.behind import bound
from statsd_conformance.kernel import queue_and_drops
from statsd_conformance.recording import Datagram
from statsd_conformance.recording.datagram import Endpoint
from statsd_conformance.tracing.output import OutputReader
from statsd_conformance.tracing.relay import Relay
from statsd_conformance.tracing.seen import Output, Wire
from statsd_conformance.tracing.wire import WireReader
from statsd_reference.listen import bind_unix

_LARGEST: Final = 65_535
# Datagrams that are read in one go, so that the clock and Ctrl-C are heard under any load.
_BATCH: Final = 256
# Goes at the end: more than a receive buffer holds, however much goes on coming.
_LAST_GOES: Final = 64


class TapError(AddressError):
    """A place where no tap can stand; the message says which, and what to do."""


@dataclass
class WireTap:
    """Stands where the aggregator listens for lines, and passes everything on to it.

    Attributes:
        listen: udp, unix, tcp or unixstream; port 0 leaves it to the system.
        forward: the aggregator; datagrams are passed on as such, streams as such.
        unreachable: how many datagrams nobody took there.
    """

    listen: Address
    forward: Address
    unreachable: int = 0
    _reader: WireReader = field(default_factory=WireReader)
    _number: int = 0
    _in: socket.socket | None = None
    _out: socket.socket | None = None
    _relay: Relay | None = None
    _before: int = 0
    _dropped: int = 0
    _missed: int = 0

    async def open(self) -> int:
        """Begin to listen; return the port, 0 for a Unix socket.

        Raises:
            TapError: the place cannot be had, or nothing can be sent to where it should be passed on.
        """
        if (self.listen.scheme in _STREAMS) != (self.forward.scheme in _STREAMS):
            raise TapError(f"{self.listen} and {self.forward}: datagrams go to datagrams, streams to streams")
        _refuse_a_ring(self.listen, self.forward, "--forward")
        try:
            return await (self._open_stream() if self.listen.scheme in _STREAMS else self._open_datagrams())
        except OSError as error:
            await self.close()
            raise _no_tap(self.listen, self.forward, error, "--tap", "--forward") from None

    async def close(self) -> None:
        """Stop listening; what came stays."""
        if self._in:
            asyncio.get_running_loop().remove_reader(self._in)
            for _ in range(_LAST_GOES):
                if self._drain() < _BATCH:
                    break
            self._missed = 0 if self.listen.path else _drops(self._in.getsockname()[1])
            self._dropped = max(0, _drops(self.forward.local_udp_port) - self._before)
        for one in filter(None, (self._in, self._out)):
            one.close()
        if self._in and self.listen.path:
            Path(self.listen.path).unlink(missing_ok=True)
        self._in = self._out = None
        if self._relay:
            await self._relay.close()

    def wire(self) -> Wire:
        """Return what has come so far."""
        return replace(self._reader.wire(), dropped=self._dropped, missed=self._missed)

    async def _open_stream(self) -> int:
        self._relay = Relay(self.listen, self.forward, self._take_piece)
        return await self._relay.open()

    async def _open_datagrams(self) -> int:
        self._out = (await self.forward.connect()).socket
        self._in = bind_unix(self.listen.path, "") if self.listen.path else await bound(self.listen)
        self._in.setblocking(False)
        self._before = _drops(self.forward.local_udp_port)
        asyncio.get_running_loop().add_reader(self._in, self._drain)
        return 0 if self.listen.path else int(self._in.getsockname()[1])

    def _drain(self) -> int:
        """Read what waits, up to a limit, and pass each datagram on before the next is read; return how many."""
        assert self._in
        assert self._out
        for number in range(_BATCH):
            try:
                payload = self._in.recv(_LARGEST)
            except OSError:
                return number
            self._number += 1
            self._reader.take(Datagram(payload, self._number, time.time()))
            try:
                self._out.send(payload)
            except OSError:
                # A datagram before this one found nobody, and the system says so now; or the socket there is full.
                self.unreachable += 1
                with suppress(OSError):
                    self._out.send(payload)
        return _BATCH

    def _take_piece(self, connection: int, chunk: bytes) -> None:
        self._number += 1
        self._reader.take(Datagram(chunk, self._number, time.time(), Endpoint("", connection), stream=True))


@dataclass
class GraphiteTap:
    """Stands where Graphite listens, for plaintext or pickle, and passes everything on to it."""

    listen: Address
    forward: Address
    _reader: OutputReader = field(default_factory=OutputReader)
    _relay: Relay | None = None

    async def open(self) -> int:
        """Begin to listen; return the port.

        Raises:
            TapError: the place cannot be had.
        """
        _refuse_a_ring(self.listen, self.forward, "--graphite-forward")
        self._relay = Relay(self.listen, self.forward, self._reader.take, self._reader.end)
        try:
            return await self._relay.open()
        except OSError as error:
            raise _no_tap(self.listen, self.forward, error, "--graphite-tap", "--graphite-forward") from None

    async def close(self) -> None:
        """Stop listening; what came stays."""
        if self._relay:
            await self._relay.close()

    def output(self) -> Output:
        """Return what has come so far."""
        if self._relay:
            self._reader.closed, self._reader.refused = self._relay.closed, self._relay.refused
        return self._reader.output()


def _drops(port: int | None) -> int:
    """Return how many datagrams the system has dropped at a port of this machine; 0 where it does not tell."""
    queue = queue_and_drops(port) if port else None
    return queue.drops if queue else 0


_STREAMS: Final = ("tcp", "unixstream")


def _refuse_a_ring(listen: Address, forward: Address, there: str) -> None:
    """Refuse to pass on to the place where the tap itself listens.

    Raises:
        TapError: it is the same place.
    """
    if replace(listen, scheme="") == replace(forward, scheme="") and (listen.port or listen.path):
        raise TapError(f"a tap at {listen} would pass everything on to itself; name the place behind it with {there}")


def _no_tap(listen: Address, forward: Address, error: OSError, here: str, there: str) -> TapError:
    why = error.strerror or error
    return TapError(f"no tap at {listen} for {forward}: {why}; choose other places with {here} and {there}")
