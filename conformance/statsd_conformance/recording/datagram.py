"""One datagram as it was recorded: its payload, and where and when it went."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An IP address, as text, and a port; "" and 0 where there is none, as in a text file or at a Unix socket."""

    host: str
    port: int

    @property
    def ip(self) -> IPv4Address | IPv6Address:
        """The address as a value."""
        return ip_address(self.host.partition("%")[0])


NOWHERE: Final = Endpoint("", 0)


@dataclass(frozen=True, slots=True)
class Datagram:
    """A datagram, or a piece of a TCP stream: its lines may begin in the piece before and go on in the next.

    `number` counts the packets of a file from 1, or the datagrams where there are no packets; `time` is in seconds
    since 1970, 0 where it is not known. An empty piece of a stream says that the stream has ended.
    """

    payload: bytes
    number: int
    time: float = 0.0
    source: Endpoint = NOWHERE
    destination: Endpoint = NOWHERE
    stream: bool = False
