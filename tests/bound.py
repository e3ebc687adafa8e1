"""What comes to a socket of a test's own."""

import socket


def waiting(bound: socket.socket) -> list[bytes]:
    """Return the datagrams that wait at a socket, none of which was read before."""
    bound.setblocking(False)
    found = []
    while True:
        try:
            found.append(bound.recv(70_000))
        except BlockingIOError:
            return found
