"""Sockets on loopback that take what an emitter sends: UDP and TCP at one port, and a Unix datagram socket.

A thread reads them, so that nothing is lost while a test is busy: the buffer of a socket holds some 250 datagrams.
Whoever asks what has come reads first, too, so that what was sent before the question is in the answer.
"""

import selectors
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from statsd_conformance.kernel import dropped
from statsd_conformance.recording import Datagram, Endpoint

_HOST: Final = "127.0.0.1"
# A datagram of IPv4 holds 65,507 bytes, one of a Unix socket more.
_LARGEST: Final = 1 << 18
# What is read of one socket before the others have their turn.
_AT_ONCE: Final = 1024
_BUFFER: Final = 1 << 23
_TRIES: Final = 20


class Listening:
    """Open sockets and what has come to them.

    Attributes:
        host: the address of UDP and TCP, 127.0.0.1.
        port: their port, which was free.
        path: of the Unix datagram socket.
    """

    def __init__(self) -> None:
        self.host = _HOST
        self._folder = Path(tempfile.mkdtemp(prefix="statsd-"))
        self.path = self._folder / "socket"
        self._udp, self._tcp = _at_one_port()
        self.port: int = self._udp.getsockname()[1]
        self._unix = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._unix.bind(str(self.path))
        self._connections: dict[socket.socket, Endpoint] = {}
        self._came: list[Datagram] = []
        self._changed = threading.Condition()
        self._wake, woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._closed = False
        for one in (self._udp, self._tcp, self._unix, woken):
            one.setblocking(False)
            self._selector.register(one, selectors.EVENT_READ)
        self._woken = woken
        self._thread = threading.Thread(target=self._read_on, name="statsd-capture", daemon=True)
        self._thread.start()

    def datagrams(self) -> tuple[Datagram, ...]:
        """Return what has come so far, in order; what came over TCP in the pieces in which it was read.

        A piece without a byte says that its connection has ended.
        """
        with self._changed:
            self._take()
            return tuple(self._came)

    def clear(self) -> None:
        """Forget what has come so far."""
        with self._changed:
            self._take()
            self._came.clear()

    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until the condition holds, or `timeout` seconds are over; return whether it holds.

        It is asked again whenever something comes.
        """

        def holds() -> bool:
            self._take()
            return condition()

        with self._changed:
            return self._changed.wait_for(holds, timeout)

    def dropped(self) -> int:
        """Return how many datagrams the kernel dropped because they came too fast."""
        return dropped(self._udp)

    def close(self) -> None:
        """Close the sockets. What has come stays."""
        if self._closed:
            return
        with self._changed:
            self._closed = True
        self._wake.send(b"x")
        self._thread.join()
        self._selector.close()
        for one in (self._udp, self._tcp, self._unix, self._wake, self._woken, *self._connections):
            one.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read_on(self) -> None:
        while True:
            self._selector.select()
            with self._changed:
                if self._closed:
                    return
                if self._take():
                    self._changed.notify_all()

    def _take(self) -> int:
        """Read what is there; return how many datagrams and pieces it was."""
        if self._closed:
            return 0
        before = len(self._came)
        self._take_datagrams(self._udp, Endpoint(self.host, self.port))
        self._take_datagrams(self._unix, Endpoint("", 0))
        self._accept()
        for connection in list(self._connections):
            self._take_pieces(connection)
        return len(self._came) - before

    def _take_datagrams(self, of: socket.socket, to: Endpoint) -> None:
        with suppress(BlockingIOError):
            for _ in range(_AT_ONCE):
                payload, sender = of.recvfrom(_LARGEST)
                source = Endpoint(*sender[:2]) if isinstance(sender, tuple) else Endpoint("", 0)
                self._keep(payload, source, to)

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            while True:
                connection, sender = self._tcp.accept()
                connection.setblocking(False)
                self._connections[connection] = Endpoint(*sender[:2])
                self._selector.register(connection, selectors.EVENT_READ)

    def _take_pieces(self, connection: socket.socket) -> None:
        try:
            for _ in range(_AT_ONCE):
                piece = connection.recv(_LARGEST)
                if not piece:
                    break
                self._keep(piece, self._connections[connection], Endpoint(self.host, self.port), stream=True)
            else:
                return
        except BlockingIOError:
            return
        except OSError:
            # Broken off by the emitter: the same as ended.
            pass
        self._selector.unregister(connection)
        # A piece without a byte is the end of a stream.
        self._keep(b"", self._connections.pop(connection), Endpoint(self.host, self.port), stream=True)
        connection.close()

    def _keep(self, payload: bytes, source: Endpoint, to: Endpoint, *, stream: bool = False) -> None:
        self._came.append(Datagram(payload, len(self._came) + 1, time.time(), source, to, stream))


def _at_one_port() -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a listening TCP socket at one port of loopback."""
    for _ in range(_TRIES):
        udp, tcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
        udp.bind((_HOST, 0))
        try:
            tcp.bind((_HOST, udp.getsockname()[1]))
        except OSError:
            udp.close()
            tcp.close()
            continue
        # As much as the system allows.
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        tcp.listen()
        return udp, tcp
    raise OSError("no port of 127.0.0.1 is free for UDP and TCP")
