"""What watches the output of a target, whatever form that takes."""

from collections.abc import Callable
from typing import Protocol

from statsd_conformance.graphite import Snapshot
from statsd_conformance.profile import Profile


class Observer(Protocol):
    """Tells `on_snapshot`, as which a function was given to its maker, of every flush that has ended.

    `profile` may be changed while it watches. `connections` counts what came in or was answered, also without lines.
    """

    profile: Profile
    connections: int

    @property
    def output(self) -> str:
        """What the target publishes.

        It is "graphite", "statsd" for lines that it repeats, "prometheus" for a page,
        "passed on" for nothing but the lines that it passes on.
        """

    async def open(self) -> int:
        """Begin to watch; return the port where it listens, 0 where it listens on none.

        Raises:
            OSError: the place cannot be had.
        """

    async def close(self) -> None:
        """Stop watching, and let go of everything."""

    def heard(self) -> str:
        """Return what there was to hear, where that was no flush, and what a user can do about it; no full stop."""


# From the target's profile, `on_snapshot`, and the seconds of silence after which a flush has ended.
MakeObserver = Callable[[Profile, Callable[[Snapshot], None], Callable[[], float]], Observer]
