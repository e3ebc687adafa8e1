"""The sockets that lines leave for a target by."""

import asyncio
import select
import socket
from dataclasses import dataclass, field, replace
from typing import Final

from statsd_conformance.address import Address, Sender
from statsd_conformance.crafted import KINDS, Crafter, crafter
from statsd_conformance.namespaces import KINDS as LINK_KINDS
from statsd_conformance.namespaces import Namespaces, link_of
from statsd_conformance.wire.queued import By, Elsewhere, Piece, Signal, Streamed

# Seconds until a datagram of a burst that found no room is sent again.
_MOMENT: Final = 1.0


@dataclass
class Ways:
    """The sockets of one run: two for datagrams, opened first, and what cases ask for beside them."""

    _main: Sender = field(init=False)
    _other: Sender = field(init=False)
    _usual: tuple[Sender, ...] = ()
    _stream: Sender | None = None
    _by_kind: dict[str, Sender | Crafter] = field(default_factory=dict)

    @property
    def socket(self) -> socket.socket:
        """The socket that most datagrams leave by."""
        return self._main.socket

    async def open(self, address: Address) -> None:
        """Open both sockets for datagrams.

        Raises:
            OSError: nothing is there.
        """
        self._main = await address.connect()
        try:
            self._other = await address.connect()
        except BaseException:
            self._main.close()
            raise
        self._usual = self._main, self._other

    def close(self) -> None:
        """Close all that is open."""
        for sender in (*self._usual, *self._by_kind.values()):
            sender.close()
        self._usual, self._by_kind = (), {}
        self._close_stream()

    async def open_stream(self, address: Address) -> bool:
        """Connect over TCP to where datagrams go, unless that was done before; tell whether somebody listens there."""
        if address.scheme != "udp":
            return False
        if self._stream is None:
            try:
                opened = await replace(address, scheme="tcp").connect()
            except OSError:
                return False
            if self._stream is not None:
                opened.close()
                return True
            self._stream = opened
        return True

    async def open_kind(self, kind: str, address: Address | None, paths: Namespaces | None) -> bool:
        """Open a socket for datagrams of that kind, unless that was done; tell whether there is one.

        Raises:
            OSError: nothing is there.
        """
        if kind not in self._by_kind:
            made = await _sender(kind, address, paths) if address else None
            if made:
                self._by_kind[kind] = made
        return kind in self._by_kind

    def by(self, kind: str, datagram: bytes) -> By:
        """Return a datagram that leaves for the address of that kind, whose socket is open."""
        queued = By(datagram)
        queued.sender, queued.alone = self._by_kind[kind], kind in LINK_KINDS
        return queued

    async def send(self, queued: bytes) -> None:
        """Send what was queued, by its way.

        Raises:
            OSError: it did not go out, or (ConnectionRefusedError) an earlier one found nobody.
        """
        if isinstance(queued, Piece):
            await self._send_piece(queued)
        else:
            await self._way(queued).send(queued, whole=isinstance(queued, Signal | Streamed))

    def flood(self, datagram: bytes, number: int) -> None:
        """Send a datagram so many times, as fast as may be.

        Raises:
            OSError: one does not leave.
        """
        connected = self.socket
        send = connected.send
        for _ in range(number):
            try:
                send(datagram)
            except (ConnectionRefusedError, BlockingIOError):
                # An answer to an earlier one, that nobody listens; or no room to send, which is no loss on the way.
                select.select([], [connected], [], _MOMENT)
                send(datagram)

    def _way(self, queued: bytes) -> Sender | Crafter:
        if isinstance(queued, By):
            return queued.sender
        if isinstance(queued, Streamed) and self._stream:
            return self._stream
        return self._other if isinstance(queued, Elsewhere) else self._main

    async def _send_piece(self, piece: Piece) -> None:
        try:
            if self._stream:
                await self._stream.send_piece(piece)
                if piece.apart:
                    await asyncio.sleep(0.001)
        except OSError:
            # The target has closed it, which it may.
            self._close_stream()

    def _close_stream(self) -> None:
        if self._stream:
            self._stream.close()
        self._stream = None


async def _sender(kind: str, address: Address, paths: Namespaces | None) -> Sender | Crafter | None:
    if kind in KINDS:
        return crafter(kind, address)
    if kind not in LINK_KINDS:
        return await address.connect()
    if paths is None:
        return None
    return Sender(paths.connected(link_of(kind), address.host, address.port), stream=False)
