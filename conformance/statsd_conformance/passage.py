"""Which sizes of datagrams come through a path, and in words why the others do not, and what to do.

A path on which small datagrams arrive and large ones vanish without an error is called a black hole: a link of it takes
less than the sender thinks (RFC 2923, section 2.1; RFC 4821). Emitters never hear of it, for UDP tells them nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# What an Ethernet frame carries, and of that the headers of UDP and of IPv4 or IPv6.
ETHERNET: Final = 1500
_HEADERS: Final = 28
_HEADERS6: Final = 48


@dataclass(frozen=True, slots=True)
class Passage:
    """What a path lets through: datagrams of up to `arrives` bytes, and none of `vanishes` bytes or more."""

    arrives: int
    vanishes: int


def passage(fates: Iterable[tuple[int, bool]]) -> Passage | None:
    """Return what a path lets through, by datagrams of which each is its size, and whether it arrived, even in part.

    None where all arrived, none did, or no one size parts those that did from those that did not.

    >>> passage([(500, True), (1400, False), (1200, True)])
    Passage(arrives=1200, vanishes=1400)
    """
    known = list(fates)
    came, lost = [size for size, arrived in known if arrived], [size for size, arrived in known if not arrived]
    if not came or not lost or max(came) >= min(lost):
        return None
    return Passage(max(came), min(lost))


def explained(found: Passage, *, mtu: int = ETHERNET, ipv6: bool = False) -> str:
    """Return in words what a path does, why, and the remedy; `mtu` is that of the sender's link."""
    headers = _HEADERS6 if ipv6 else _HEADERS
    sizes = f"datagrams of up to {found.arrives:,} bytes arrive, and of {found.vanishes:,} bytes none does"
    if found.vanishes + headers > mtu:
        why = "they leave in fragments, which something on the path drops, or the target does not read so much"
    else:
        why = (
            f"they fit the MTU of {mtu:,} where they are sent, so a link behind takes no more than "
            f"{found.arrives + headers:,} to {found.vanishes + headers - 1:,} bytes, and nobody is told: a black hole"
        )
    remedy = f"let emitters send no more than {found.arrives:,} bytes in a datagram"
    return f"{sizes}: {why}; {remedy}"
