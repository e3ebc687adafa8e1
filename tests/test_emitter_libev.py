"""The real libev does what the loop of the standard library does; skipped by name where gevent is missing."""

import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from os import getpid, kill

import pytest

from statsd_reference.emitter import libev
from statsd_reference.emitter.points import LIBEV, Loop, Point


@pytest.fixture
def loop() -> Iterator[Loop]:
    """Give a loop of libev."""
    pytest.importorskip("gevent", reason="gevent is not installed: pip install 'statsd-conformance[watchers]'")
    with closing(libev.LibevLoop()) as made:
        yield made


def test_order_of_a_pass_is_that_of_the_table(loop: Loop) -> None:
    log: list[object] = []
    for word in ("prepare", "check", "check-after-io"):
        loop.watch(LIBEV[word], partial(log.append, word)).start()

    def end() -> None:
        if b"a" in log:
            loop.stop()

    loop.watch(Point.CHECK_AFTER_IO, end).start()
    receiver, sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with receiver, sender:
        sender.send(b"a")
        loop.reader(receiver.fileno(), lambda: log.append(receiver.recv(10))).start()
        loop.run()
    there = log.index(b"a")
    assert log[there - 2 : there + 2] == ["prepare", "check", b"a", "check-after-io"]


def test_idle_is_called_only_when_nothing_came(loop: Loop) -> None:
    log: list[object] = []
    receiver, sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with receiver, sender:
        for _ in range(3):
            sender.send(b"a")
        loop.reader(receiver.fileno(), lambda: log.append(receiver.recv(10))).start()
        loop.watch(Point.IDLE_WHEN_QUIET, loop.stop).start()
        loop.watch(Point.IDLE_WHEN_QUIET, partial(log.append, "idle")).start()
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


def test_signal_calls_back(loop: Loop) -> None:
    loop.signal(signal.SIGUSR1, loop.stop)
    loop.timer(0.001, lambda: kill(getpid(), signal.SIGUSR1)).start()
    loop.run()


def test_what_a_callback_raises_ends_the_run(loop: Loop) -> None:
    def fail() -> None:
        raise LookupError("from inside")

    loop.watch(Point.PREPARE, fail).start()
    with pytest.raises(LookupError, match="from inside"):
        loop.run()


def test_place_that_libev_lacks_is_refused(loop: Loop) -> None:
    with pytest.raises(ValueError, match="no idle watcher that is called in every pass"):
        loop.watch(Point.IDLE_EVERY_PASS, lambda: None)


def test_missing_gevent_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gevent.libev", None)
    with pytest.raises(libev.LibevMissing, match=r"pip install 'statsd-conformance\[watchers\]'"):
        libev.LibevLoop()
