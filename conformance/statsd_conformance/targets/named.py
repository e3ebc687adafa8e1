"""What a target that the suite can start has to offer, and what the suite offers it."""

import os
import socket
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from statsd_conformance.address import Address
from statsd_conformance.observers import MakeObserver
from statsd_conformance.programs import Found, Missing


@dataclass(frozen=True, slots=True)
class Place:
    """Where a target is to live: ports on 127.0.0.1, flush interval in seconds, a directory of its own.

    `behind` is where it passes lines on to, where it does. `forgets` asks for a target that forgets what is idle, where
    it can be told to: a long search has no end of names. `ipv6` is the address for those that read IPv6 beside IPv4.
    """

    port: int
    admin_port: int
    graphite_port: int
    interval: float
    directory: Path
    behind: tuple[Address, ...] = ()
    forgets: bool = False
    ipv6: str = "::1"


# The flushes that a gauge lasts in a target that forgets.
REMEMBERED: Final = 4


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a target in its place.

    `nudge` makes a running target write out what it holds back; None where none is needed. `also` are the addresses at
    which it reads lines beside the place's port over UDP, and `admin` is its management console, if it has one.
    `folder` is where it runs, by default the place's directory.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    nudge: Callable[[], Awaitable[None]] | None = None
    also: tuple[Address, ...] = ()
    admin: Address | None = None
    folder: Path | None = None


# A port that the system chooses.
LOCAL: Final = Address("udp", "127.0.0.1", 0)
# The path of a Unix socket is no longer than this everywhere, its end included.
_LONGEST_SOCKET: Final = 100


def socket_in(place: Place, name: str) -> Path:
    """Return the path of a Unix socket in the place's directory, or in one of its own where that is too long."""
    path = place.directory / name
    return path if len(os.fsencode(path)) < _LONGEST_SOCKET else Path(tempfile.mkdtemp(prefix="statsd-")) / name


def beside6(place: Place) -> Address | None:
    """Return the place's port at its address of IPv6, over UDP; None where there is none, or the port is taken."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((place.ipv6, place.port))
        except OSError:
            return None
    return Address("udp", place.ipv6, place.port)


class Named(Protocol):
    """One implementation that the suite can start."""

    @property
    def name(self) -> str:
        """What `--target` calls it."""

    @property
    def profile(self) -> str:
        """The profile of its configuration here."""

    def find(self) -> Found | Missing:
        """Return the program, or how to install it."""

    def version(self, program: Found) -> str:
        """Return name and version of the program, for people."""

    def prepare(self, program: Found, place: Place) -> Launch:
        """Write its configuration into the place's directory and return how to start it."""


@runtime_checkable
class Observed(Protocol):
    """One that does not flush to a Graphite listener, and says how its output is seen."""

    def observer(self, place: Place) -> MakeObserver:
        """Return what makes the observer of its output; the place has no Graphite port yet."""


@runtime_checkable
class Passing(Protocol):
    """One that passes on the lines that it gets, where its place says to whom."""

    @property
    def behind(self) -> tuple[Address, ...]:
        """Where the suite listens for them if nobody says where."""
