"""The real libev, through gevent: an extra, imported when a loop is made."""

from typing import Any, Final

from statsd_reference.emitter.points import Callback, Point

# libev: watchers of a lower priority come later in a pass; those of I/O have 0.
_LATE: Final = -2
_READ: Final = 1


class LibevMissing(Exception):
    """gevent, which brings libev, is not installed; the message says how to install it."""


def require_libev() -> Any:
    """Return gevent's libev.

    Raises:
        LibevMissing: gevent is not installed.
    """
    try:
        from gevent.libev import corecext
    except ImportError:
        hint = "libev comes with gevent, which is not installed: pip install 'statsd-conformance[watchers]'"
        raise LibevMissing(hint) from None
    return corecext


class _Watcher:
    def __init__(self, watcher: Any, callback: Callback) -> None:
        self._watcher = watcher
        self._callback = callback

    def start(self) -> None:
        if not self._watcher.active:
            self._watcher.start(self._callback)

    def stop(self) -> None:
        self._watcher.stop()


class _Timer(_Watcher):
    def start(self) -> None:
        if not self._watcher.active:
            # libev reckons from the time of its pass; a pass may have lasted.
            self._watcher.start(self._callback, update=True)


class LibevLoop:
    """A loop of libev; it has no IDLE_EVERY_PASS.

    Raises:
        LibevMissing: gevent is not installed.
    """

    def __init__(self) -> None:
        self._loop = require_libev().loop(default=True)
        self._loop.error_handler = self
        self._raised: BaseException | None = None
        self._kept: list[_Watcher] = []

    def watch(self, point: Point, callback: Callback) -> _Watcher:
        """Return a watcher, not started, that is called once a pass at `point`.

        Raises:
            ValueError: libev has no such place.
        """
        if point is Point.IDLE_EVERY_PASS:
            raise ValueError("libev has no idle watcher that is called in every pass")
        kinds = {Point.PREPARE: self._loop.prepare, Point.IDLE_WHEN_QUIET: self._loop.idle}
        watcher = kinds.get(point, self._loop.check)()
        if point is Point.CHECK_AFTER_IO:
            watcher.priority = _LATE
        return _Watcher(watcher, callback)

    def timer(self, seconds: float, callback: Callback) -> _Watcher:
        """Return a watcher, not started, that is called every so many seconds."""
        return _Timer(self._loop.timer(seconds, repeat=seconds), callback)

    def reader(self, fileno: int, callback: Callback) -> _Watcher:
        """Return a watcher, not started, that is called while there is something to read."""
        return _Watcher(self._loop.io(fileno, _READ), callback)

    def signal(self, number: int, callback: Callback) -> None:
        """Have a signal of the process call back."""
        watcher = _Watcher(self._loop.signal(number), callback)
        watcher.start()
        self._kept.append(watcher)

    def run(self) -> None:
        """Run until `stop`; what a callback raises ends it, and is raised here."""
        self._loop.run()
        if self._raised:
            raised, self._raised = self._raised, None
            raise raised

    def stop(self) -> None:
        """Let `run` return after this pass."""
        self._loop.break_()

    def close(self) -> None:
        """Destroy the loop."""
        for watcher in self._kept:
            watcher.stop()
        self._loop.destroy()

    def handle_error(self, context: object, type: object, value: BaseException | None, traceback: object) -> None:
        """Take what a callback raised, as gevent gives it."""
        self._raised = self._raised or value
        self._loop.break_()
