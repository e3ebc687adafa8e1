"""Where in a pass of an event loop an emitter looks at its counters.

The same word means different places: libev's check comes before what was waited for is handled, libuv's behind it; and
libev's idle comes only in a pass that has nothing else to do, libuv's in every pass. So a place has a name of its own
here, and a library is a table from its words to places.

| place | libev | libuv |
|---|---|---|
| PREPARE | prepare | prepare |
| CHECK_BEFORE_IO | check | |
| CHECK_AFTER_IO | check, at a lower priority than what is waited for | check |
| IDLE_WHEN_QUIET | idle | |
| IDLE_EVERY_PASS | | idle |

Source: libev 4.33, ev.pod, and libuv, docs/src/design.rst; both were run to see it. At one place the watcher that was
started last is called first.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final, Protocol

Callback = Callable[[], object]


class Point(Enum):
    """A place in a pass of a loop. While a watcher of either idle kind is started, the loop does not wait."""

    PREPARE = "before the loop waits"
    CHECK_BEFORE_IO = "after it waited, before what came is handled"
    CHECK_AFTER_IO = "after what came is handled"
    IDLE_WHEN_QUIET = "in a pass with nothing else to do"
    IDLE_EVERY_PASS = "in each pass, before it would wait"


LIBEV: Final[Mapping[str, Point]] = {
    "prepare": Point.PREPARE,
    "check": Point.CHECK_BEFORE_IO,
    "check-after-io": Point.CHECK_AFTER_IO,
    "idle": Point.IDLE_WHEN_QUIET,
}
LIBUV: Final[Mapping[str, Point]] = {
    "prepare": Point.PREPARE,
    "check": Point.CHECK_AFTER_IO,
    "idle": Point.IDLE_EVERY_PASS,
}


class Watcher(Protocol):
    """Something that a loop calls; it may be stopped and started at any time, from inside its own callback too."""

    def start(self) -> None:
        """Begin to be called, from the next pass of its place on; no effect while it is started."""

    def stop(self) -> None:
        """Be called no more, in this pass either; no effect while it is stopped."""


class Loop(Protocol):
    """An event loop with places to look from, timers and readers."""

    def watch(self, point: Point, callback: Callback) -> Watcher:
        """Return a watcher, not started, that is called once a pass at `point`."""

    def timer(self, seconds: float, callback: Callback) -> Watcher:
        """Return a watcher, not started, that is called every so many seconds."""

    def reader(self, fileno: int, callback: Callback) -> Watcher:
        """Return a watcher, not started, that is called while there is something to read."""

    def signal(self, number: int, callback: Callback) -> None:
        """Have a signal of the process call back."""

    def run(self) -> None:
        """Run until `stop`; what a callback raises ends it."""

    def stop(self) -> None:
        """Let `run` return after this pass."""

    def close(self) -> None:
        """Give back what it holds."""
