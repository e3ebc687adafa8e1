"""What the options of a run say about its targets, and how a target can fail them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from statsd_conformance.namespaces import Namespaces


class TargetError(Exception):
    """A target that cannot be examined at all; the message says why and what to do about it."""


class PortTaken(TargetError):
    """Somebody else took a port before the target that was to have it."""


class NotInstalled(TargetError):
    """A known implementation that is not on this machine; the message says how to install it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options of a run say about its targets.

    `admin` and `also` say where else a target that the suite did not start listens: its console, and for lines.
    `behind` is where the suite listens for what a target passes on, empty for nowhere or where a known one is told to.
    `hostile` and `bursts` allow input that may stop or flood a target elsewhere, and one that the suite did not start.
    `interval` is in seconds; None lets the suite choose (1 s) for targets that it starts, and measure elsewhere.
    `forgets` starts targets that forget what is idle, where they can be told to.
    `paths` is the network of the suite's own in which its targets are started, and at whose end they are.
    """

    directory: Path
    profile: str | None = None
    admin: str | None = None
    also: Sequence[str] = ()
    behind: Sequence[str] = ()
    sink: str = "graphite://:2003"
    interval: float | None = None
    hostile: bool = False
    forgets: bool = False
    paths: Namespaces | None = None
    bursts: bool = False
