"""Where else a target may read or answer, and how to tell the suite of it."""

from typing import Final

from statsd_conformance import crafted, namespaces
from statsd_conformance.requirement import Unsupported

# How to tell the suite of what it does not know yet, by the kind of address.
_SAY: Final = {
    "tcp": "the target reads no TCP where its datagrams go; --also tcp://HOST:PORT says where it does",
    "udp6": "nobody said where the target reads datagrams over IPv6; --also udp://[::1]:PORT does",
    "unix": "nobody said where the target reads Unix datagrams; --also unix:///PATH does",
    "unixstream": "nobody said where the target reads a Unix stream; --also unixstream:///PATH does",
    **dict.fromkeys(
        crafted.KINDS,
        "this machine lets the suite craft no packets: that takes the right to open raw sockets (root or CAP_NET_RAW) "
        "and a target at an address of this machine",
    ),
    **dict.fromkeys(
        namespaces.KINDS, "only a target that the suite starts itself can be put at the end of a path of the suite's"
    ),
    "console": "nobody said where the target's management console is; --admin HOST:PORT does",
    "behind": "nobody said where the target passes lines on to; --behind udp://HOST:PORT has the suite listen there",
}


def unknown(kind: str) -> Unsupported:
    """Return what says that the target has no address of that kind, and how to name one."""
    return Unsupported(_SAY[kind])
