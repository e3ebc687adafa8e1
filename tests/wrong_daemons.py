"""Daemons that break one requirement each by what no step of a server decides: how they send what was flushed."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from statsd_reference import Server
from statsd_reference.daemon import Daemon
from statsd_reference.listen import DatagramListener
from statsd_reference.output import GraphiteOutput

Read = Callable[[bytes], tuple[int, bytes]]


def unchecked() -> Read:
    """Return what reads the port that an IPv4 packet of UDP goes to, and its payload, whatever its checksum."""
    return lambda packet: (int.from_bytes(packet[22:24], "big"), packet[28:])


def in_pieces() -> Read:
    """Return what reads each fragment of IPv4 in an Ethernet frame as if it were a datagram."""
    ports: dict[bytes, int] = {}

    def read(frame: bytes) -> tuple[int, bytes]:
        header, carried = frame[14:34], frame[34:]
        if header[9] != socket.IPPROTO_UDP:
            return 0, b""
        identification, offset = header[4:6], int.from_bytes(header[6:8], "big") & 0x1FFF
        if offset:
            return ports.get(identification, 0), carried
        ports[identification] = int.from_bytes(carried[2:4], "big")
        return ports[identification], carried[8:]

    return read


class OneConnection(GraphiteOutput):
    """Connects once in its life."""

    async def _run(self) -> None:
        await self._wanted.wait()
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            await self._serve(reader, writer)
        finally:
            # The end of the daemon waits for nothing more.
            self._idle.set()
            writer.transport.abort()


@dataclass
class ReadsWhileConnected(Daemon):
    """Lies down for good when a connection to Graphite fails: it reads no datagram any more."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.make_output = partial(_Telling, self._stop_reading)

    def _stop_reading(self) -> None:
        for listener in self._datagrams:
            asyncio.get_running_loop().remove_reader(listener.socket)


class _Telling(GraphiteOutput):
    """Tells when a connection failed."""

    def __init__(self, failed: Callable[[], None], host: str, port: int, *rest: object) -> None:
        super().__init__(host, port, *rest)  # type: ignore[arg-type]  # handed on as they came
        self.tell = failed

    def _failed(self, what: str) -> None:
        super()._failed(what)
        self.tell()


@dataclass
class WithoutKernel(Daemon):
    """Reads what comes to its port past the kernel's own UDP: packets of `family` and `protocol`.

    `make_read` makes what reads them. It takes root, and everything that comes by, so it wants a network of its own.
    """

    family: int = socket.AF_INET
    protocol: int = socket.IPPROTO_UDP
    make_read: Callable[[], Read] = unchecked

    async def _listen(self) -> None:
        await super()._listen()
        for listener in self._datagrams:
            asyncio.get_running_loop().remove_reader(listener.socket)
        self._read = self.make_read()
        raw = socket.socket(self.family, socket.SOCK_RAW, self.protocol)
        self._datagrams.append(DatagramListener(raw, self._take_own))

    def _take_own(self, packets: list[bytes]) -> None:
        found = [self._read(packet) for packet in packets]
        self._take([payload for port, payload in found if port == self.port])


# packet(7): frames with IPv4 in them. Other systems have no such sockets.
_READING_PIECES: Final = partial(
    WithoutKernel, family=getattr(socket, "AF_PACKET", 0), protocol=socket.htons(0x0800), make_read=in_pieces
)
WRONG_DAEMONS: Final[Mapping[str, Callable[[Server], Daemon]]] = {
    "FLUSH-13": partial(Daemon, make_output=OneConnection),
    "FLUSH-13/reads": ReadsWhileConnected,
    "MTU-02/pieces": _READING_PIECES,
    "MTU-03/pieces": _READING_PIECES,
    "MTU-04/unchecked": WithoutKernel,
}
