"""Places of a loop: the order of hooks around a selector that only does what it is told."""

import selectors
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from statsd_reference.emitter.hooked import HookedSelector
from statsd_reference.emitter.points import LIBEV, LIBUV, Point

EVENT = (selectors.SelectorKey(0, 0, 1, None), 1)


class FakeSelector(selectors.BaseSelector):
    """Finds what it is told to find, in turn, and writes down how long it was let wait."""

    def __init__(self, log: list[object], *found: int) -> None:
        self.log = log
        self.found = list(found)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return as many events as it was told."""
        self.log.append(("waits", timeout))
        return [EVENT] * (self.found.pop(0) if self.found else 0)

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Register nothing."""
        return EVENT[0]

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Unregister nothing."""
        return EVENT[0]

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Return nothing."""
        return {}


def passes(words: Mapping[str, Point], *found: int, without: str = "") -> list[object]:
    """Return what happens in passes that find so much, with a watcher for each word of a library."""
    log: list[object] = []
    selector = HookedSelector(FakeSelector(log, *found))
    for word, point in words.items():
        if word != without:
            selector.hook(point, partial(log.append, word)).start()
    for _ in found:
        log.extend(["io"] * len(selector.select(5.0)))
    return log


def test_check_of_libev_comes_before_io_and_its_idle_only_when_nothing_came() -> None:
    words = {word: LIBEV[word] for word in ("idle", "check", "prepare")}
    assert passes(words, 1, 0, 1) == [
        *("prepare", ("waits", 0), "check", "io"),
        *("prepare", ("waits", 0), "check", "idle"),
        *("prepare", ("waits", 0), "check", "io"),
    ]


def test_check_of_libuv_comes_after_io_and_its_idle_in_every_pass() -> None:
    assert passes(LIBUV, 1, 0, 1) == [
        *("idle", "prepare", ("waits", 0), "io"),
        *("check", "idle", "prepare", ("waits", 0)),
        *("check", "idle", "prepare", ("waits", 0), "io"),
    ]


def test_late_check_of_libev_comes_after_io() -> None:
    assert passes({"check-after-io": LIBEV["check-after-io"]}, 1, 0) == [
        *(("waits", 5.0), "io", "check-after-io", ("waits", 5.0)),
    ]


@pytest.mark.parametrize("words", [LIBEV, LIBUV])
def test_loop_waits_as_it_would_without_an_idle_watcher(words: Mapping[str, Point]) -> None:
    assert ("waits", 5.0) in passes(words, 0, without="idle")


def test_watcher_that_was_started_last_is_called_first() -> None:
    log: list[object] = []
    selector = HookedSelector(FakeSelector([]))
    hooks = [selector.hook(Point.PREPARE, partial(log.append, number)) for number in range(3)]
    for hook in hooks:
        hook.start()
    hooks[1].start()
    selector.select(0)
    assert log == [2, 1, 0]
    hooks[1].stop()
    hooks[1].start()
    selector.select(0)
    assert log[3:] == [1, 2, 0]


def test_idle_is_not_called_while_the_loop_has_something_to_do() -> None:
    log: list[object] = []
    selector = HookedSelector(FakeSelector(log))
    selector.hook(Point.IDLE_WHEN_QUIET, lambda: log.append("idle")).start()
    for timeout in (0, -1):
        selector.select(timeout)
    assert log == [("waits", 0), ("waits", 0)]


def test_loop_waits_again_when_the_last_idle_watcher_stopped_itself() -> None:
    log: list[object] = []
    selector = HookedSelector(FakeSelector(log))

    def stop() -> None:
        hook.stop()

    hook = selector.hook(Point.IDLE_WHEN_QUIET, stop)
    hook.start()
    for _ in range(2):
        selector.select(None)
    assert log == [("waits", 0), ("waits", None)]


def test_watcher_stopped_by_another_is_not_called_in_that_pass() -> None:
    log: list[object] = []
    selector = HookedSelector(FakeSelector([]))
    victim = selector.hook(Point.PREPARE, lambda: log.append("victim"))
    victim.start()
    killer = selector.hook(Point.PREPARE, victim.stop)
    killer.start()
    selector.select(0)
    assert log == []


def test_watcher_that_starts_itself_anew_is_called_once_a_pass() -> None:
    log: list[object] = []
    selector = HookedSelector(FakeSelector([]))

    def again() -> None:
        log.append("called")
        hook.stop()
        hook.start()

    hook = selector.hook(Point.PREPARE, again)
    hook.start()

    def renew() -> None:
        hook.stop()
        hook.start()

    other = selector.hook(Point.PREPARE, renew)
    selector.select(0)
    assert len(log) == 1
    other.start()
    selector.select(0)
    assert len(log) == 1
    other.stop()
    selector.select(0)
    assert len(log) == 2
