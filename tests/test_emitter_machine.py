"""Single turns in the life of an emitter; what holds for all of them is in test_emitter_laws."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from statsd_reference.emitter import BatchEmitter, EmitterProfile, NameRefused, load_emitter_profile, make_emitter
from statsd_reference.emitter.batch import MAX_TIMINGS

SNAPSHOT = load_emitter_profile("snapshot")
BATCH = load_emitter_profile("batch")
ON, OFF, OTHER = 0x1000, 0, 0x0FFF


class Wire:
    """What was sent, and whether the emitter asked to be woken; `takes` is False while sending fails."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.awake: list[bool] = []
        self.takes = True

    def send(self, datagram: bytes) -> bool:
        """Take a datagram."""
        if self.takes:
            self.sent.append(datagram)
        return self.takes

    def watch(self, active: bool) -> None:
        """Note that wake-ups begin or end."""
        self.awake.append(active)


def batch(wire: Wire, profile: EmitterProfile = BATCH) -> BatchEmitter:
    """Return an emitter of changed lines."""
    return BatchEmitter(profile, "kvs", 0, wire.send, wire.watch)


def test_keepalive_is_counted_once_in_a_life() -> None:
    emitter = make_emitter(SNAPSHOT, "kvs", 0, Wire().send)
    for mask in (OFF, ON, OFF, ON):
        emitter.wait()
        emitter.set_mask(mask)
    assert emitter.counts == [0, 0, 0, 0, 0, 0, 1, 0]


def test_emitter_can_be_switched_off_and_on_again() -> None:
    wire = Wire()
    emitter = make_emitter(SNAPSHOT, "kvs", 0, wire.send, wire.watch)
    for mask in (OTHER, ON, OFF, ON | OTHER):
        emitter.set_mask(mask)
        emitter.add(0)
        emitter.look()
    assert wire.awake == [True, False, True]
    assert [datagram.split(b"\n")[0] for datagram in wire.sent] == [
        b"flux.kvs.0.request_tx:2|g",
        b"flux.kvs.0.request_tx:4|g",
    ]


def test_shutdown_sends_what_changed_once() -> None:
    wire = Wire()
    emitter = make_emitter(SNAPSHOT, "kvs", 0, wire.send, wire.watch)
    emitter.set_mask(ON)
    emitter.add(5, 7)
    emitter.close()
    emitter.close()
    emitter.set_mask(ON)
    emitter.look()
    assert len(wire.sent) == 1
    assert b"event_rx:7|g" in wire.sent[0]
    assert wire.awake == [True, False]


def test_nothing_is_sent_at_shutdown_when_nothing_changed() -> None:
    wire = Wire()
    emitter = make_emitter(SNAPSHOT, "kvs", 0, wire.send)
    emitter.set_mask(ON)
    emitter.add(0)
    emitter.look()
    emitter.close()
    assert len(wire.sent) == 1


def test_failure_is_counted_and_made_good_at_shutdown() -> None:
    wire = Wire()
    emitter = make_emitter(SNAPSHOT, "kvs", 0, wire.send)
    emitter.set_mask(ON)
    emitter.add(0)
    wire.takes = False
    emitter.look()
    emitter.look()
    assert emitter.account.failed == 1
    wire.takes = True
    emitter.look()
    assert wire.sent == []
    emitter.close()
    assert len(wire.sent) == 1


def test_clear_sends_zeros() -> None:
    wire = Wire()
    emitter = make_emitter(SNAPSHOT, "kvs", 0, wire.send)
    emitter.set_mask(ON)
    emitter.add(0)
    emitter.look()
    emitter.clear()
    emitter.look()
    assert wire.sent[1].count(b":0|g") == 8


def test_count_cannot_fall() -> None:
    with pytest.raises(ValueError, match="a count does not fall: -1"):
        make_emitter(SNAPSHOT, "kvs", 0, Wire().send).add(0, -1)


@pytest.mark.parametrize("profile", [SNAPSHOT, BATCH])
def test_module_that_is_no_name_is_refused(profile: EmitterProfile) -> None:
    with pytest.raises(NameRefused):
        make_emitter(profile, "kvs 2", 0, Wire().send)


def test_too_long_a_snapshot_is_refused_once_a_change() -> None:
    wire = Wire()
    emitter = make_emitter(replace(SNAPSHOT, trigger="period"), "m" * 200, 0, wire.send, wire.watch)
    emitter.set_mask(ON)
    emitter.add(0)
    emitter.look()
    emitter.look()
    refused = emitter.account.last_refusal
    assert refused is not None
    assert (emitter.account.refused, refused.limit, wire.sent) == (8, 1440, [])
    assert wire.awake == [True, False]


def test_snapshot_of_which_a_part_failed_goes_on_with_that_part() -> None:
    wire, answers = Wire(), iter([True, False] + 10 * [True])

    def send(datagram: bytes) -> bool:
        return next(answers) and wire.send(datagram)

    profile = replace(SNAPSHOT, max_payload=120, overflow="split", type="c")
    emitter = make_emitter(profile, "kvs", 0, send)
    emitter.set_mask(ON)
    for counter in range(8):
        emitter.add(counter, 5)
    emitter.look()
    emitter.close()
    lines = b"\n".join(wire.sent).split(b"\n")
    assert sorted(line for line in lines if b":5|c" in line) == sorted(
        f"flux.kvs.0.{counter}:5|c".encode() for counter in SNAPSHOT.counters
    )


def test_clock_runs_only_while_something_waits() -> None:
    wire = Wire()
    emitter = batch(wire)
    emitter.add(0)
    emitter.add(1)
    assert wire.awake == [True]
    emitter.look()
    assert wire.awake == [True, False]
    assert wire.sent == [b"flux.0.kvs.request_tx:1|C\nflux.0.kvs.request_rx:1|C"]


def test_first_value_is_sent_whatever_it_is() -> None:
    wire = Wire()
    emitter = batch(wire)
    emitter.set("a", -1)
    emitter.set("b", 0)
    emitter.look()
    assert wire.sent == [b"flux.0.kvs.a:0|g\nflux.0.kvs.a:-1|g\nflux.0.kvs.b:0|g"]


REFUSED: list[tuple[str, Callable[[BatchEmitter], object], str]] = [
    ("space", lambda emitter: emitter.set("a b", 1), "a name 'a b' is not made of"),
    ("type", lambda emitter: (emitter.set("a", 1), emitter.timing("a", 1.0)), "has type g, and is given ms"),
    ("type-of-total", lambda emitter: (emitter.set("a", 1), emitter.count("a", 1)), "has type g, and is given C"),
    ("fall", lambda emitter: (emitter.count("a", 5), emitter.count("a", 4)), "is 4 and was 5; a total falls by clear"),
    ("no-time", lambda emitter: emitter.timing("a", float("nan")), "is nan, and not 0 or above"),
    (
        "counter",
        lambda emitter: [emitter.timing("keepalive_tx", 1.0), *map(emitter.add, [6])],
        "has type ms, and is given C",
    ),
]


@pytest.mark.parametrize(("ask", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_not_taken_is_counted_with_its_reason(ask: Callable[[BatchEmitter], object], words: str) -> None:
    emitter = batch(Wire())
    ask(emitter)
    assert emitter.account.refused == 1
    assert words in str(emitter.account.last_refusal)


def test_line_that_is_too_long_keeps_no_other_back_and_is_not_taken_for_sent() -> None:
    wire = Wire()
    emitter = batch(wire)
    emitter.set("a", 1)
    emitter.set("n" * 130, 1)
    emitter.set("b", 1)
    emitter.look()
    assert wire.sent == [b"flux.0.kvs.a:1|g\nflux.0.kvs.b:1|g"]
    refused = emitter.account.last_refusal
    assert refused is not None
    assert (refused.length, refused.limit, emitter.account.lines) == (145, 127, 2)
    emitter.look()
    assert (emitter.account.refused, wire.awake) == (1, [True, False])


def test_timings_that_wait_are_bounded_and_the_rest_is_counted() -> None:
    emitter = batch(Wire())
    for _ in range(MAX_TIMINGS + 3):
        emitter.timing("a", 1.0)
    assert emitter.account.refused == 3


def test_timing_while_off_is_counted_as_refused() -> None:
    emitter = batch(Wire(), replace(BATCH, switch="mask"))
    assert "came while nothing is sent" in str(emitter.timing("a", 1.0))


def test_timings_of_a_failed_datagram_are_kept() -> None:
    wire = Wire()
    emitter = batch(wire)
    for time in (1.0, 2.0):
        emitter.timing("a", time)
    wire.takes = False
    emitter.look()
    wire.takes = True
    emitter.look()
    assert wire.sent == [b"flux.0.kvs.a:1|ms\nflux.0.kvs.a:2|ms"]


def test_prefix_holds_for_what_comes_and_not_for_what_waits() -> None:
    wire = Wire()
    emitter = batch(wire)
    emitter.set("a", 1)
    emitter.set_prefix("other")
    emitter.set("a", 2)
    emitter.look()
    assert wire.sent == [b"flux.0.kvs.a:1|g\nother.a:2|g"]
    with pytest.raises(NameRefused):
        emitter.set_prefix("no prefix.")


def test_forgetting_emitter_starts_again_from_0_after_a_quiet_period() -> None:
    wire = Wire()
    emitter = batch(wire, replace(BATCH, quiet="forget"))
    emitter.increase("a", 3)
    for _ in range(2):
        emitter.look()
    emitter.increase("a", 1)
    emitter.look()
    assert wire.sent == [b"flux.0.kvs.a:3|g", b"flux.0.kvs.a:1|g"]
    emitter.look()
    assert wire.awake == [True, False, True, False]


def test_resending_emitter_says_all_its_totals_each_period() -> None:
    wire = Wire()
    emitter = batch(wire, replace(BATCH, quiet="resend"))
    emitter.set("a", 3)
    for _ in range(3):
        emitter.look()
    assert wire.sent == [b"flux.0.kvs.a:3|g"] * 3
    emitter.close()
    assert len(wire.sent) == 3
    assert wire.awake == [True, False]
