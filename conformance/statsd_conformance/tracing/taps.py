"""Taps that stand in between: lines from emitter to aggregator, and what the aggregator writes to Graphite.

No rights are needed for that: who sends is pointed at the tap, which keeps a copy and passes on every byte.
"""

import time
from dataclasses import dataclass, field, replace
from typing import Final

from statsd_conformance.address import Address, AddressError
from statsd_conformance.recording import Datagram
from statsd_conformance.recording.datagram import Endpoint
from statsd_conformance.relay.passage import Passage, PassageError
from statsd_conformance.tracing.output import OutputReader
from statsd_conformance.tracing.relay import Relay
from statsd_conformance.tracing.seen import Output, Wire
from statsd_conformance.tracing.wire import WireReader


class TapError(AddressError):
    """A place where no tap can stand; the message says which, and what to do."""


@dataclass
class WireTap:
    """Stands where the aggregator listens for lines, and passes everything on to it.

    Attributes:
        listen: udp, unix, tcp or unixstream; port 0 leaves it to the system.
        forward: the aggregator; datagrams are passed on as such, streams as such.
    """

    listen: Address
    forward: Address
    _reader: WireReader = field(default_factory=WireReader)
    _number: int = 0
    _passage: Passage | None = None
    _relay: Relay | None = None

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
        except PassageError as error:
            raise _ring(error, "--forward") from None
        except OSError as error:
            await self.close()
            raise _no_tap(self.listen, self.forward, error, "--tap", "--forward") from None

    async def close(self) -> None:
        """Stop listening; what came stays."""
        if self._passage:
            self._passage.stop()
            self._passage.close()
        if self._relay:
            await self._relay.close()

    def wire(self) -> Wire:
        """Return what has come so far."""
        passage = self._passage
        missed, dropped = (passage.missed, passage.dropped) if passage else (0, 0)
        return replace(self._reader.wire(), dropped=dropped, missed=missed)

    async def _open_stream(self) -> int:
        self._relay = Relay(self.listen, self.forward, self._take_piece)
        return await self._relay.open()

    async def _open_datagrams(self) -> int:
        self._passage = Passage(self.listen, self.forward, self._take_datagram)
        return await self._passage.open()

    def _take_datagram(self, payload: bytes, sender: Endpoint) -> None:
        assert self._passage
        self._number += 1
        self._reader.take(Datagram(payload, self._number, time.time()))
        self._passage.send(payload)

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


_STREAMS: Final = ("tcp", "unixstream")


def _refuse_a_ring(listen: Address, forward: Address, there: str) -> None:
    """Refuse to pass on to the place where the tap itself listens.

    Raises:
        TapError: it is the same place.
    """
    if replace(listen, scheme="") == replace(forward, scheme="") and (listen.port or listen.path):
        raise _ring(PassageError(f"{listen} would pass everything on to itself"), there)


def _ring(error: PassageError, there: str) -> TapError:
    return TapError(f"a tap at {error}; name the place behind it with {there}")


def _no_tap(listen: Address, forward: Address, error: OSError, here: str, there: str) -> TapError:
    why = error.strerror or error
    return TapError(f"no tap at {listen} for {forward}: {why}; choose other places with {here} and {there}")
