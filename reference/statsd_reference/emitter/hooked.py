"""asyncio's loop with places to look from: hooks around `select`, which is where that loop waits.

One pass, as `select` sees it:

    CHECK_AFTER_IO of the pass before, IDLE_EVERY_PASS, PREPARE, wait, CHECK_BEFORE_IO, IDLE_WHEN_QUIET

What came is handled when `select` has returned. The loop does not wait while an idle watcher is started.
"""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from contextvars import Context
from typing import Any, TypeVarTuple

from statsd_reference.emitter.points import Callback, Point

_Arguments = TypeVarTuple("_Arguments")
_BEFORE_WAITING = (Point.IDLE_EVERY_PASS, Point.PREPARE)
_IDLE = (Point.IDLE_EVERY_PASS, Point.IDLE_WHEN_QUIET)


class Hook:
    """A watcher at a place of the loop."""

    def __init__(self, hooks: "list[Hook]", callback: Callback) -> None:
        self._hooks = hooks
        self.call = callback
        # How often it was started: one that was stopped and started again in a pass waits for the next one.
        self.turn = 0

    def start(self) -> None:
        """Begin to be called, before all that were started earlier."""
        if self not in self._hooks:
            self.turn += 1
            self._hooks.insert(0, self)

    def stop(self) -> None:
        """Be called no more."""
        if self in self._hooks:
            self._hooks.remove(self)

    def is_due(self, turn: int) -> bool:
        """Tell whether it is still started as it was then."""
        return self.turn == turn and self in self._hooks


class HookedSelector(selectors.BaseSelector):
    """Another selector with hooks around its `select`.

    Attributes:
        scheduled: set by the loop when a timer starts, or it is to stop: how long to wait was reckoned without that.
    """

    def __init__(self, inner: selectors.BaseSelector) -> None:
        self._inner = inner
        self._hooks: Mapping[Point, list[Hook]] = {point: [] for point in Point}
        self._passed = False
        self.scheduled = False

    def hook(self, point: Point, callback: Callback) -> Hook:
        """Return a hook for a place, not started."""
        return Hook(self._hooks[point], callback)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Call the hooks in their order, with the other selector's `select` among them."""
        self.scheduled = False
        if self._passed:
            self._call(Point.CHECK_AFTER_IO)
        self._passed = True
        for point in _BEFORE_WAITING:
            self._call(point)
        busy = self.scheduled or (timeout is not None and timeout <= 0)
        events = self._inner.select(0 if busy or any(self._hooks[point] for point in _IDLE) else timeout)
        self._call(Point.CHECK_BEFORE_IO)
        if not (busy or events or self.scheduled):
            self._call(Point.IDLE_WHEN_QUIET)
        return events

    def _call(self, point: Point) -> None:
        for hook, turn in [(hook, hook.turn) for hook in self._hooks[point]]:
            if hook.is_due(turn):
                hook.call()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Register with the other selector."""
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Unregister from the other selector."""
        return self._inner.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Change a registration of the other selector."""
        return self._inner.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Return what is registered with the other selector."""
        return self._inner.get_map()

    def close(self) -> None:
        """Close the other selector."""
        self._inner.close()


class _Asyncio(asyncio.SelectorEventLoop):
    """asyncio's loop, which tells its selector when a timer is started."""

    def __init__(self, selector: HookedSelector) -> None:
        self._hooked = selector
        super().__init__(selector)

    def call_at(
        self, when: float, callback: Callable[[*_Arguments], object], *args: *_Arguments, context: Context | None = None
    ) -> asyncio.TimerHandle:
        # How long to wait was reckoned before, without this timer.
        self._hooked.scheduled = True
        return super().call_at(when, callback, *args, context=context)


class _Timer:
    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callback) -> None:
        self._loop = loop
        self._seconds = seconds
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self._handle is None:
            self._handle = self._loop.call_at(self._loop.time() + self._seconds, self._fire)

    def stop(self) -> None:
        if self._handle:
            self._handle.cancel()
        self._handle = None

    def _fire(self) -> None:
        assert self._handle is not None
        # From when it was due, so that it does not drift; what was missed is not made up for.
        due = max(self._handle.when(), self._loop.time() - self._seconds) + self._seconds
        self._handle = self._loop.call_at(due, self._fire)
        self._callback()


class _Reader:
    def __init__(self, loop: asyncio.AbstractEventLoop, fileno: int, callback: Callback) -> None:
        self._loop = loop
        self._fileno = fileno
        self._callback = callback

    def start(self) -> None:
        self._loop.add_reader(self._fileno, self._callback)

    def stop(self) -> None:
        self._loop.remove_reader(self._fileno)


class AsyncioLoop:
    """A loop of the standard library; `selector` waits in it, the system's best where none is given."""

    def __init__(self, selector: selectors.BaseSelector | None = None) -> None:
        self._selector = HookedSelector(selector or selectors.DefaultSelector())
        self._loop = _Asyncio(self._selector)
        self._raised: BaseException | None = None
        self._loop.set_exception_handler(self._fail)

    def watch(self, point: Point, callback: Callback) -> Hook:
        """Return a watcher, not started, that is called once a pass at `point`."""
        return self._selector.hook(point, callback)

    def timer(self, seconds: float, callback: Callback) -> _Timer:
        """Return a watcher, not started, that is called every so many seconds."""
        return _Timer(self._loop, seconds, callback)

    def reader(self, fileno: int, callback: Callback) -> _Reader:
        """Return a watcher, not started, that is called while there is something to read."""
        return _Reader(self._loop, fileno, callback)

    def signal(self, number: int, callback: Callback) -> None:
        """Have a signal of the process call back."""
        self._loop.add_signal_handler(number, callback)

    def run(self) -> None:
        """Run until `stop`; what a callback raises ends it, and is raised here."""
        self._loop.run_forever()
        if self._raised:
            raised, self._raised = self._raised, None
            raise raised

    def stop(self) -> None:
        """Let `run` return after this pass."""
        # Asked for by a hook, the loop would look at that when it has waited.
        self._selector.scheduled = True
        self._loop.stop()

    def close(self) -> None:
        """Close the loop and its selector."""
        self._loop.close()

    def _fail(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._raised = self._raised or context.get("exception") or RuntimeError(context["message"])
        self._loop.stop()
