"""Where lines go: `host:port`, `udp://`, `tcp://`, `unix://`, `unixstream://`."""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


class AddressError(ValueError):
    """An address that cannot be read; the message shows it and the forms that can."""


@dataclass(frozen=True, slots=True)
class Address:
    """A destination. `scheme` is udp, tcp, unix or unixstream; the last two have a `path` in place of host and port."""

    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"{self.scheme}://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}/{self.scheme}"

    @property
    def loopback(self) -> bool:
        """Whether the target is on this machine, reached over loopback."""
        if self.path or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def kind(self) -> str:
        """Its scheme, but `udp6` for datagrams to an IPv6 address."""
        return "udp6" if self.scheme == "udp" and ":" in self.host else self.scheme

    @property
    def local_udp_port(self) -> int | None:
        """The port, when the kernel of this machine can say how its queue stands."""
        return self.port if self.scheme == "udp" and self.loopback else None

    async def connect(self) -> "Sender":
        """Open a socket to it.

        Raises:
            OSError: the host has no address, or refuses the connection.
        """
        loop = asyncio.get_running_loop()
        if self.path:
            kind = socket.SOCK_DGRAM if self.scheme == "unix" else socket.SOCK_STREAM
            return await _connected(socket.AF_UNIX, kind, self.path)
        kind = socket.SOCK_DGRAM if self.scheme == "udp" else socket.SOCK_STREAM
        found = await loop.getaddrinfo(self.host, self.port, type=kind)
        family, _, _, _, where = found[0]
        return await _connected(family, kind, where)


@dataclass(frozen=True, slots=True)
class Sender:
    """An open socket that takes datagrams; on a stream each is ended by LF, and cut somewhere."""

    socket: socket.socket
    stream: bool

    async def send(self, datagram: bytes, *, whole: bool = False) -> None:
        """Send one datagram; on a stream in two segments, unless it has to stay `whole`.

        Raises:
            OSError: it did not go out, or (ConnectionRefusedError) an earlier one found nobody.
        """
        loop = asyncio.get_running_loop()
        if self.stream:
            lines = datagram if datagram.endswith(b"\n") else datagram + b"\n"
            await (loop.sock_sendall(self.socket, lines) if whole else self._send_cut(lines))
        elif datagram:
            await loop.sock_sendall(self.socket, datagram)
        else:
            # sock_sendall sends nothing for no bytes, but an empty datagram is one (FRAMING-17).
            self.socket.send(datagram)

    async def send_piece(self, piece: bytes) -> None:
        """Send some bytes of a stream as they are.

        Raises:
            OSError: the other side has closed it.
        """
        await asyncio.get_running_loop().sock_sendall(self.socket, piece)

    async def _send_cut(self, lines: bytes) -> None:
        """Send lines over a stream in two segments, the first of which ends inside a line: segments mean nothing."""
        loop = asyncio.get_running_loop()
        middle = len(lines) // 2
        await loop.sock_sendall(self.socket, lines[:middle])
        # A moment to be read in; what came together would be read together.
        await asyncio.sleep(0.001)
        await loop.sock_sendall(self.socket, lines[middle:])

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


async def _connected(family: int, kind: int, where: tuple[Any, ...] | str) -> Sender:
    made = socket.socket(family, kind)
    made.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(made, where)
    except BaseException:
        # Nor does one stay open that nobody waits for any more.
        made.close()
        raise
    if kind == socket.SOCK_STREAM and family != socket.AF_UNIX:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Sender(made, stream=kind == socket.SOCK_STREAM)


def read_address(text: str) -> Address:
    """Return the address that `text` spells.

    Raises:
        AddressError: it is none.

    >>> str(read_address("[::1]:8125"))
    '[::1]:8125/udp'
    """
    forms = "host:port, udp://host:port, tcp://host:port, unix:///path or unixstream:///path"
    scheme, mark, rest = text.partition("://")
    if mark and scheme not in ("udp", "tcp", "unix", "unixstream"):
        raise AddressError(f"{text!r}: unknown scheme {scheme!r}; give {forms}")
    if mark and scheme.startswith("unix"):
        if not rest.startswith("/"):
            raise AddressError(f"{text!r} has no absolute path; give {forms}")
        return Address(scheme, path=rest)
    try:
        parts = urlsplit(text if mark else f"udp://{text}")
    except ValueError:
        raise AddressError(f"{text!r}: the brackets hold no IPv6 address; give {forms}") from None
    try:
        port = parts.port
    except ValueError:
        raise AddressError(f"{text!r}: the port is no number from 1 to 65535; give {forms}") from None
    if not parts.hostname or not port:
        raise AddressError(f"{text!r} has no host or no port; give {forms}")
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        raise AddressError(f"{text!r} has more than a host and a port; give {forms}")
    return Address(parts.scheme, parts.hostname, port)
