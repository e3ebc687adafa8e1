"""What holds of both loops, that of the standard library and the real libev; the latter is skipped without gevent."""

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from os import getpid, kill

import pytest

from statsd_reference.emitter.hooked import AsyncioLoop
from statsd_reference.emitter.libev import LibevLoop, LibevMissing
from statsd_reference.emitter.points import LIBEV, Loop, Point


@pytest.fixture(params=[AsyncioLoop, LibevLoop])
def loop(request: pytest.FixtureRequest) -> Iterator[Loop]:
    """Give a loop."""
    if request.param is LibevLoop:
        pytest.importorskip("gevent", reason="gevent is not installed: pip install 'statsd-conformance[watchers]'")
    with closing(request.param()) as made:
        yield made


@contextmanager
def hearing(loop: Loop, log: list[object], datagrams: int) -> Iterator[None]:
    """Have a loop write down so many datagrams that are there already."""
    receiver, sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with receiver, sender:
        for _ in range(datagrams):
            sender.send(b"a")
        reader = loop.reader(receiver.fileno(), lambda: log.append(receiver.recv(10)))
        reader.start()
        yield
        reader.stop()


def test_order_of_a_pass_is_that_of_the_table(loop: Loop) -> None:
    log: list[object] = []
    for word in ("prepare", "check", "check-after-io"):
        loop.watch(LIBEV[word], partial(log.append, word)).start()

    def end() -> None:
        if b"a" in log:
            loop.stop()

    loop.watch(Point.CHECK_AFTER_IO, end).start()
    with hearing(loop, log, 1):
        loop.run()
    there = log.index(b"a")
    assert log[there - 2 : there + 2] == ["prepare", "check", b"a", "check-after-io"]


def test_idle_is_called_only_when_nothing_came(loop: Loop) -> None:
    log: list[object] = []
    loop.watch(Point.IDLE_WHEN_QUIET, loop.stop).start()
    loop.watch(Point.IDLE_WHEN_QUIET, partial(log.append, "idle")).start()
    with hearing(loop, log, 3):
        loop.run()
    assert log == [b"a", b"a", b"a", "idle"]


def test_watcher_can_be_stopped_inside_its_callback_and_started_again(loop: Loop) -> None:
    calls: list[int] = []

    def once() -> None:
        calls.append(1)
        watcher.stop()
        watcher.stop()

    watcher = loop.watch(Point.PREPARE, once)
    watcher.start()
    watcher.start()
    turns = iter([watcher.start, lambda: None, loop.stop])
    loop.timer(0.001, lambda: next(turns)()).start()
    loop.run()
    assert len(calls) == 2


def test_timer_that_a_hook_starts_is_not_overslept_though_nothing_comes(loop: Loop) -> None:
    timer = loop.timer(0.0001, loop.stop)
    loop.watch(Point.PREPARE, timer.start).start()
    loop.run()


def test_timer_comes_again_until_it_is_stopped(loop: Loop) -> None:
    calls: list[int] = []

    def count() -> None:
        calls.append(1)
        if len(calls) == 3:
            timer.stop()
            end.start()

    timer, end = loop.timer(0.001, count), loop.timer(0.005, loop.stop)
    timer.start()
    timer.start()
    loop.run()
    assert len(calls) == 3


def test_signal_calls_back(loop: Loop) -> None:
    loop.signal(signal.SIGUSR1, loop.stop)
    loop.timer(0.001, lambda: kill(getpid(), signal.SIGUSR1)).start()
    loop.run()


def test_reader_that_is_stopped_hears_nothing(loop: Loop) -> None:
    receiver, sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with receiver, sender:
        reader = loop.reader(receiver.fileno(), lambda: pytest.fail("heard"))
        reader.start()
        reader.stop()
        sender.send(b"a")
        loop.timer(0.001, loop.stop).start()
        loop.run()


@pytest.mark.parametrize("place", ["timer", "prepare"])
def test_what_a_callback_raises_ends_the_run(loop: Loop, place: str) -> None:
    def fail() -> None:
        raise LookupError("from inside")

    watcher = loop.timer(0.001, fail) if place == "timer" else loop.watch(Point.PREPARE, fail)
    watcher.start()
    with pytest.raises(LookupError, match="from inside"):
        loop.run()


def test_place_that_libev_lacks_is_refused() -> None:
    pytest.importorskip("gevent", reason="gevent is not installed: pip install 'statsd-conformance[watchers]'")
    with closing(LibevLoop()) as loop, pytest.raises(ValueError, match="no idle watcher that is called in every pass"):
        loop.watch(Point.IDLE_EVERY_PASS, lambda: None)


def test_missing_gevent_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gevent.libev", None)
    with pytest.raises(LibevMissing, match=r"pip install 'statsd-conformance\[watchers\]'"):
        LibevLoop()
