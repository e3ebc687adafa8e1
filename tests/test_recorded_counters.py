"""The recordings of message counters: what the watchers differ in, and what `trace` says of those that go missing."""

import re
from collections.abc import Callable
from contextlib import closing
from functools import partial

import pytest

from chain import Modelled
from recorded import missing
from recorded.counters import BUSY, MODULES
from recorded.said import BEGIN
from recorded.simulated import SimulatedLoop
from statsd_conformance.recording import Datagram, read_recording
from statsd_conformance.tracing.cause import Traced
from statsd_conformance.tracing.causes import diagnose
from statsd_conformance.tracing.look import Caught, Wanted, see
from statsd_conformance.tracing.report import arrived
from statsd_conformance.tracing.wire import read_wire
from statsd_corpora import recordings_of_traffic
from statsd_reference.emitter.libev import LibevLoop
from statsd_reference.emitter.points import LIBEV, Loop, Point
from statsd_reference.emitter.run import MODULES as SEVEN

PATHS = {row.file.removesuffix(".pcap"): row.path for row in recordings_of_traffic()}
WATCHERS = ("prepare", "check", "idle")
# A pass in which nothing comes, one with a timer, and the next.
PASSES = ["check", "idle", "check-after-io", "prepare", "check", "timer", "check-after-io", "prepare"]
LINE = re.compile(rb"flux\.([a-z0-9-]+)\.0\.([a-z_]+):(\d+)\|g")


def recorded(name: str) -> list[Datagram]:
    return list(read_recording(PATHS[name]))


def busy(datagrams: list[Datagram]) -> int:
    """Return how many datagrams went out while the loop had something else to do in every pass."""
    begin, end = BUSY
    return sum(begin <= one.time - BEGIN < end for one in datagrams)


def heartbeat(datagrams: list[Datagram]) -> float:
    """Return when all modules told of the heartbeat that comes after two seconds."""
    times = [one.time - BEGIN for one in datagrams]
    together = (first for first, last in zip(times, times[len(MODULES) - 1 :], strict=False) if last - first < 0.005)
    return next(time for time in together if time > 1.5)


def last_values(name: str) -> dict[tuple[bytes, bytes], int]:
    """Return the value of each counter, by module and counter, that came last."""
    matches = (match for one in recorded(name) for match in LINE.finditer(one.payload))
    return {(match[1], match[2]): int(match[3]) for match in matches}


def order_of_a_pass(loop: Loop) -> list[str]:
    """Return what is called around the first call of a timer."""
    log: list[str] = []
    for word in ("prepare", "check", "check-after-io", "idle"):
        loop.watch(LIBEV[word], partial(log.append, word)).start()

    def end() -> None:
        if "timer" in log[:-1]:
            loop.stop()

    loop.watch(Point.PREPARE, end).start()
    loop.timer(0.005, partial(log.append, "timer")).start()
    loop.run()
    there = log.index("timer")
    return log[there - 5 : there + 3]


@pytest.mark.parametrize("make", [SimulatedLoop, LibevLoop])
def test_the_simulated_loop_calls_in_the_order_of_libev(make: Callable[[], Loop]) -> None:
    if make is LibevLoop:
        pytest.importorskip("gevent", reason="gevent is not installed: pip install 'statsd-conformance[watchers]'")
    with closing(make()) as loop:
        assert order_of_a_pass(loop) == PASSES


def test_a_timer_of_the_simulated_loop_makes_up_for_one_call_that_it_slept_over() -> None:
    loop, calls = SimulatedLoop(), list[float]()

    def called() -> None:
        calls.append(loop.now)
        loop.work(2.5 if len(calls) == 2 else 0.0)

    loop.timer(1.0, called).start()
    loop.timer(7.0, loop.stop).start()
    loop.run()
    assert calls == [1.0, 2.0, 4.5, 4.5, 5.5, 6.5]


@pytest.mark.parametrize("watcher", WATCHERS)
def test_at_the_end_every_module_has_told_all_and_every_request_is_answered(watcher: str) -> None:
    last = {
        match.group(1, 2): int(match[3])
        for one in recorded(f"counters-{watcher}")
        for match in LINE.finditer(one.payload)
    }
    assert len(last) == 8 * len(MODULES)
    for module in (name.encode() for name in MODULES):
        assert last[module, b"request_tx"] == last[module, b"response_rx"]
        assert last[module, b"request_rx"] == last[module, b"response_tx"]
        assert last[module, b"keepalive_tx"] == 1


def test_idle_tells_next_to_nothing_while_the_loop_is_busy_and_the_others_do() -> None:
    prepare, check, idle = (busy(recorded(f"counters-{watcher}")) for watcher in WATCHERS)
    assert idle * 5 < min(prepare, check)


def test_check_tells_of_a_heartbeat_when_the_next_message_comes() -> None:
    prepare, check, idle = (heartbeat(recorded(f"counters-{watcher}")) for watcher in WATCHERS)
    assert prepare == pytest.approx(idle, abs=0.001)
    assert check > prepare + 0.01


# How many counters arrive behind the chain of the tests; what `trace` says, with plaintext and with pickle to carbon.
TRACED = {
    "datagram": ("48 of 48", [], []),
    "cut-in-a-line": ("36 of 56", ["H4"], ["H4"]),
    "cut-behind-a-line": ("36 of 56", ["H4"], ["H4"]),
    "five-printed": ("35 of 56", ["H3"], ["H3"]),
    "spaces": ("35 of 56", ["H1a"], ["H1a"]),
    "tabs": ("35 of 56", ["H1c"], ["H1b"]),
    "lf": ("42 of 56", ["JOINED"], ["JOINED"]),
    "crlf": ("7 of 56", ["H13"], ["H13"]),
    "written-lf": ("0 of 0", [], []),
    "name": ("49 of 56", ["NAMELESS"], ["NAMELESS"]),
    "type": ("56 of 56", ["H7"], ["H7"]),
    "utf-8": ("0 of 64", ["H11"], ["H11"]),
    "nul": ("49 of 56", ["NUL"], ["NUL"]),
}


@pytest.mark.parametrize("pickled", [False, True], ids=["plaintext", "pickle"])
@pytest.mark.parametrize("place", missing.PLACES)
def test_trace_says_where_counters_go_missing(place: str, pickled: bool) -> None:
    payloads = [one.payload for one in recorded(f"missing-{place}")]
    chain = Modelled(pickled)
    for number in range(missing.ROUNDS):
        chain.flush(*payloads[number * len(SEVEN) : (number + 1) * len(SEVEN)])
    traced = Traced(chain.seen())
    assert (f"{arrived(traced)} of {len(traced.journeys)}", [one.code for one in diagnose(traced)]) == (
        TRACED[place][0],
        TRACED[place][1 + pickled],
    )


def test_a_module_whose_datagrams_are_lost_is_missed_by_who_declares_it() -> None:
    names = [b"flux.%b.0.request_tx" % module for module in (b"kvs", b"cron")]
    traced = Traced(see(Caught(read_wire(recorded("missing-datagram"))), Wanted(tuple(names)), None, None, 0.0))
    assert [one.sent is not None for one in traced.journeys] == [True, False]
