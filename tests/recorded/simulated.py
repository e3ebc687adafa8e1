"""A loop in libev's order whose time is reckoned, not waited for: what runs on it does the same every time."""

from collections.abc import Mapping
from dataclasses import dataclass

from statsd_reference.emitter.hooked import Hook
from statsd_reference.emitter.points import Callback, Point


@dataclass(eq=False)
class Timer:
    """A watcher that is called every so many seconds; it is due at `at`, None while it is stopped."""

    loop: "SimulatedLoop"
    seconds: float
    callback: Callback
    at: float | None = None

    def start(self) -> None:
        """Begin to be called."""
        if self.at is None:
            self.at = self.loop.now + self.seconds

    def stop(self) -> None:
        """Be called no more."""
        self.at = None


class SimulatedLoop:
    """Waiting takes the time until the next timer; `work` takes some as well, and all else takes none.

    Attributes:
        now: seconds since the beginning.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._hooks: Mapping[Point, list[Hook]] = {point: [] for point in Point}
        self._timers: list[Timer] = []
        self._ended = False

    def work(self, seconds: float) -> None:
        """Let time pass inside a callback."""
        self.now += seconds

    def watch(self, point: Point, callback: Callback) -> Hook:
        """Return a watcher, not started, that is called once a pass at `point`."""
        return Hook(self._hooks[point], callback)

    def timer(self, seconds: float, callback: Callback) -> Timer:
        """Return a watcher, not started, that is called every so many seconds."""
        self._timers.append(Timer(self, seconds, callback))
        return self._timers[-1]

    def reader(self, fileno: int, callback: Callback) -> Hook:
        """Nothing comes from outside."""
        raise NotImplementedError("a simulated loop reads nothing")

    def signal(self, number: int, callback: Callback) -> None:
        """Nobody sends a signal."""

    def run(self) -> None:
        """Run until `stop`."""
        while not self._ended:
            self._pass()

    def stop(self) -> None:
        """Let `run` return after this pass."""
        self._ended = True

    def close(self) -> None:
        """There is nothing to give back."""

    def _pass(self) -> None:
        self._call(Point.PREPARE)
        if not self._hooks[Point.IDLE_WHEN_QUIET]:
            self._wait()
        self._call(Point.CHECK_BEFORE_IO)
        due = [timer for timer in self._timers if timer.at is not None and timer.at <= self.now]
        for timer in sorted(due, key=lambda timer: timer.at or 0.0):
            self._fire(timer)
        if not due:
            self._idle()
        # libev takes what is due by priority, and this one has a lower priority than idle.
        self._call(Point.CHECK_AFTER_IO)

    def _wait(self) -> None:
        self.now = max(self.now, min(timer.at for timer in self._timers if timer.at is not None))

    def _fire(self, timer: Timer) -> None:
        # What was missed is not made up for, as in libev.
        if timer.at is not None:
            timer.at = max(timer.at, self.now - timer.seconds) + timer.seconds
            timer.callback()

    def _idle(self) -> None:
        before = self.now
        self._call(Point.IDLE_WHEN_QUIET)
        if self.now == before:
            # Thousands of turns would follow in which the watchers have nothing to do.
            self._wait()

    def _call(self, point: Point) -> None:
        for hook, turn in [(hook, hook.turn) for hook in self._hooks[point]]:
            if hook.is_due(turn):
                hook.call()
