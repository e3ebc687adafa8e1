"""Which addresses and ports a run used."""

import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """From where lines went to the target, and where its Graphite output was awaited.

    What a Unix socket does not have is a stand-in on loopback: 127.0.0.1 and the default port.
    """

    host: str = "127.0.0.1"
    port: int = 40000
    target_host: str = "127.0.0.1"
    target_port: int = 8125
    sink_port: int = 2003
    stream: bool = False


def route_of(connected: socket.socket, sink_port: int) -> Route:
    """Return the route of a connected socket."""
    if connected.family not in (socket.AF_INET, socket.AF_INET6):
        return Route(sink_port=sink_port)
    here, there = connected.getsockname(), connected.getpeername()
    return Route(here[0], here[1], there[0], there[1], sink_port, connected.type == socket.SOCK_STREAM)
