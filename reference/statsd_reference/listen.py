"""The sockets that lines come in through: UDP, TCP, and Unix sockets of both kinds."""

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from statsd_reference.options import Options
from statsd_reference.server import Server
from statsd_reference.stream import Stream

Take = Callable[[list[bytes]], None]

_LARGEST: Final = 65_535
# About what a default receive buffer holds: enough to empty it, few enough to come back to it in time.
_BATCH: Final = 256
_ELSEWHERE: Final = "; choose another place with port and address"


class ListenError(Exception):
    """An address that cannot be listened on; the message names it and says why."""


def reason_of(error: OSError) -> str:
    """Return why an address cannot be had, without the address, which asyncio puts into the reason.

    >>> import errno
    >>> reason_of(OSError(errno.EADDRINUSE, "error while attempting to bind on address ('0.0.0.0', 8126)"))
    'Address already in use'
    """
    number = error.errno or 0
    # That of a name which nobody knows is negative, or of a system of its own.
    is_named = number > 0 and not isinstance(error, socket.gaierror)
    return os.strerror(number) if is_named else error.strerror or str(error)


class DatagramListener:
    """Reads a datagram socket in batches: everything that waits, up to a limit."""

    def __init__(self, bound: socket.socket, take: Take) -> None:
        self.socket = bound
        self._take = take
        bound.setblocking(False)
        asyncio.get_running_loop().add_reader(bound, self.drain)

    def drain(self) -> int:
        """Take what waits in the socket, up to a limit; return how many datagrams that were."""
        batch: list[bytes] = []
        receive = self.socket.recv
        try:
            while len(batch) < _BATCH:
                batch.append(receive(_LARGEST))
        except BlockingIOError:
            pass
        except OSError:
            # An ICMP error of something sent from here; nothing was, but the socket goes on either way.
            pass
        if batch:
            self._take(batch)
        return len(batch)

    def close(self) -> None:
        """Stop reading and close."""
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()


def bind_udp(options: Options) -> socket.socket:
    """Return the UDP socket of the options.

    Raises:
        ListenError: the address cannot be had.
    """
    family = socket.AF_INET6 if options.address_ipv6 else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        # The default of Linux holds a few milliseconds of fast traffic; it grants more to who asks (SIZE-07).
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options.receive_buffer)
        bound.bind((options.address, options.port))
    except OSError as error:
        bound.close()
        raise ListenError(f"cannot listen on UDP {_shown(options)}: {reason_of(error)}{_ELSEWHERE}") from None
    return bound


def bind_unix(path: str, mode: str, kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
    """Return a Unix socket of that kind at `path`, with permissions `mode` (octal) when it is not empty.

    A socket left over there is replaced, nothing else is.

    Raises:
        ListenError: the path cannot be had.
    """
    bound = socket.socket(socket.AF_UNIX, kind)
    try:
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISSOCK(os.lstat(path).st_mode):
                Path(path).unlink()
        bound.bind(path)
        if mode:
            Path(path).chmod(int(mode, 8))
    except OSError as error:
        bound.close()
        raise ListenError(f"cannot listen on the Unix socket {path}: {reason_of(error)}") from None
    return bound


class StreamListener:
    """Lines over TCP or a Unix stream socket: several connections, each cut anywhere."""

    def __init__(self, server: Server, take: Take, count: Callable[[str, int], None]) -> None:
        self._options = server.options
        self._cut = server.cut
        self._finish = server.finish
        self._take = take
        self._count = count
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []

    async def open(self, port: int) -> int:
        """Listen on TCP; return the port.

        Raises:
            ListenError: the address cannot be had.
        """
        family = socket.AF_INET6 if self._options.address_ipv6 else socket.AF_INET
        try:
            opened = await asyncio.start_server(
                self._serve, self._options.address or None, port, family=family, limit=_LARGEST
            )
        except OSError as error:
            raise ListenError(f"cannot listen on TCP {_shown(self._options)}: {reason_of(error)}{_ELSEWHERE}") from None
        self._servers.append(opened)
        number: int = opened.sockets[0].getsockname()[1]
        return number

    async def open_unix(self, path: str, mode: str) -> None:
        """Listen on a Unix socket.

        Raises:
            ListenError: the path cannot be had.
        """
        bound = bind_unix(path, mode, socket.SOCK_STREAM)
        self._servers.append(await asyncio.start_unix_server(self._serve, sock=bound, limit=_LARGEST))

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= self._options.max_connections:
            self._count("connections_refused", 1)
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._read(reader)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        stream = Stream()
        try:
            while chunk := await reader.read(_LARGEST):
                done = self._cut(stream, chunk, self._options.max_line)
                stream = done.stream
                if done.too_long:
                    self._count("bad_lines_seen", done.too_long)
                if done.lines:
                    self._take([done.lines])
        finally:
            if lines := self._finish(stream):
                self._take([lines])


def _shown(options: Options) -> str:
    address = options.address or ("::" if options.address_ipv6 else "0.0.0.0")  # shown, not bound
    return f"[{address}]:{options.port}" if ":" in address else f"{address}:{options.port}"
