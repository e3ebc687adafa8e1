"""`statsd_capture`: a pytest fixture that shows what an application sends.

    pytest_plugins = ["statsd_conformance.capture"]        # in conftest.py

    def test_a_login_is_counted(statsd_capture):
        log_in(statsd=(statsd_capture.host, statsd_capture.port))
        statsd_capture.assert_counter("logins", 1)

It listens on loopback and brings no options. docs/emitters.md has more examples.
"""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from statsd_conformance.emitters.listening import Listening
from statsd_conformance.emitters.said import Said, lines_of, samples_of
from statsd_conformance.emitters.sums import Tags, Text, chosen, count, level, members, raw, weighed
from statsd_conformance.recording import Datagram
from statsd_reference import Kind

if TYPE_CHECKING:
    from statsd_conformance.lint import Finding

# Seconds that an assertion waits for what it requires.
TIMEOUT: Final = 2.0
# Digits of a sum of sampled counters: 1/0.3 is no number of the machine.
_NEAR: Final = 1e-9


class Capture:
    """What has come to a place on loopback, and assertions about it.

    An assertion waits until it holds; it fails when it does not within `timeout` seconds. Names, members and tags may
    be text or bytes. `tags` are a mapping, or a list as `["env:prod"]`, and have to be all that a sample has; None is
    for any.
    """

    def __init__(self, listening: Listening, timeout: float = TIMEOUT) -> None:
        self._listening = listening
        self.timeout = timeout

    @property
    def host(self) -> str:
        """Where UDP and TCP are taken: 127.0.0.1."""
        return self._listening.host

    @property
    def port(self) -> int:
        """The port of UDP and of TCP."""
        return self._listening.port

    @property
    def path(self) -> Path:
        """The Unix datagram socket."""
        return self._listening.path

    @property
    def environment(self) -> dict[str, str]:
        """STATSD_HOST and STATSD_PORT, for a program to be started."""
        return {"STATSD_HOST": self.host, "STATSD_PORT": str(self.port)}

    @property
    def recorded(self) -> tuple[Datagram, ...]:
        """The datagrams with their times and where they came from; of TCP the pieces that were read."""
        return self._listening.datagrams()

    @property
    def datagrams(self) -> list[bytes]:
        """The payloads of the datagrams that came so far, in order; of TCP the pieces that were read."""
        return [one.payload for one in self.recorded if one.payload or not one.stream]

    @property
    def lines(self) -> list[bytes]:
        """The lines that came so far, without LF."""
        return list(lines_of(self.recorded))

    @property
    def samples(self) -> list[Said]:
        """The samples of these lines; lines that cannot be read are left out, `violations` has them."""
        return list(samples_of(lines_of(self.recorded)))

    def violations(self, dialect: str = "etsy", size: int = 1432) -> "list[Finding]":
        """Return what the linter says of the datagrams that came so far, in their order.

        Raises:
            SettingsError: the dialect is none that it knows.
        """
        # Its rules are imported by those only who ask.
        from statsd_conformance.lint import Settings, lint

        return list(lint(self.recorded, Settings(dialect, size)))

    def clear(self) -> None:
        """Forget what has come so far."""
        self._listening.clear()

    def wait(self, condition: "Callable[[Capture], bool]", timeout: float | None = None) -> bool:
        """Wait until `condition(capture)` holds; return whether it does after `timeout` seconds at the latest."""
        return self._listening.wait(lambda: condition(self), self.timeout if timeout is None else timeout)

    def assert_counter(self, name: Text, value: float, *, tags: Tags | None = None) -> None:
        """Wait until a counter has come to `value`: the sum of what was sent, each over its sample rate."""
        __tracebackhide__ = True

        def came() -> float:
            return count(self._of(name, Kind.COUNTER, tags))

        self._require(
            "counter", name, tags, lambda: _alike(came(), value), lambda: f"{value:g} required, {came():g} came"
        )

    def assert_gauge(self, name: Text, value: float, *, tags: Tags | None = None) -> None:
        """Wait until a gauge is at `value`; values with a sign are changes, as for every aggregator."""
        __tracebackhide__ = True

        def now() -> float | None:
            return level(self._of(name, Kind.GAUGE, tags))

        def missed() -> str:
            at = now()
            return f"{value:g} required, " + ("it never came" if at is None else f"it is at {at:g}")

        self._require("gauge", name, tags, lambda: (at := now()) is not None and _alike(at, value), missed)

    def assert_timer(
        self,
        name: Text,
        times: int | None = None,
        *,
        at_least: float = 0.0,
        at_most: float = float("inf"),
        tags: Tags | None = None,
    ) -> None:
        """Wait until so many times have come, sampled ones counted 1/rate times; at least one where `times` is None.

        Each has to be within `at_least` and `at_most` milliseconds. Histograms (`h`) and distributions (`d`) are
        timers, too.
        """
        __tracebackhide__ = True

        def came() -> list[Said]:
            return self._of(name, Kind.TIMER, tags)

        def holds() -> bool:
            enough = bool(came()) if times is None else _alike(weighed(came()), times)
            return enough and all(at_least <= one.value <= at_most for one in came())

        def missed() -> str:
            wanted = "at least one" if times is None else f"{times}"
            bounds = "" if (at_least, at_most) == (0.0, float("inf")) else f" from {at_least:g} to {at_most:g} ms"
            return f"{wanted}{bounds} required, {weighed(came()):g} came"

        self._require("timer", name, tags, holds, missed)

    def assert_set(self, name: Text, expected: int | Collection[Text], *, tags: Tags | None = None) -> None:
        """Wait until a set has exactly these distinct members, or so many of them."""
        __tracebackhide__ = True

        def came() -> frozenset[bytes]:
            return members(self._of(name, Kind.SET, tags))

        def holds() -> bool:
            return len(came()) == expected if isinstance(expected, int) else came() == frozenset(map(raw, expected))

        def missed() -> str:
            from statsd_conformance.emitters.told import listed

            wanted = f"{expected} members" if isinstance(expected, int) else listed(list(map(raw, expected)))
            return f"{wanted} required, {listed(came())} came"

        self._require("set", name, tags, holds, missed)

    def _of(self, name: Text, kind: Kind, tags: Tags | None) -> list[Said]:
        return chosen(self.samples, name, kind, tags)

    def _require(
        self, kind: str, name: Text, tags: Tags | None, holds: Callable[[], bool], missed: Callable[[], str]
    ) -> None:
        __tracebackhide__ = True
        if self._listening.wait(holds, self.timeout):
            return
        # What is said of a failure need not be imported before there is one.
        from statsd_conformance.emitters.told import named, told

        raise AssertionError(f"{kind} {named(name, tags)}: {missed()}\n{told(self.recorded, raw(name))}")


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= _NEAR * max(1.0, abs(other))


@pytest.fixture
def statsd_capture() -> Iterator[Capture]:
    """Give a place on loopback that takes StatsD lines over UDP, TCP and a Unix datagram socket, and shows them."""
    listening = Listening()
    try:
        yield Capture(listening)
    finally:
        listening.close()
