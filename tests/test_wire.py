import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

import pytest

import statsd_conformance.wire.wire
from defects.steps import Break
from statsd_conformance.address import Address
from statsd_conformance.graphite import Snapshot
from statsd_conformance.kernel import Queue
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.profile import load_profile
from statsd_conformance.requirement import Inconclusive, Unsupported
from statsd_conformance.target import Crashed
from statsd_conformance.wire import BURST, NoAnswer, Wire, room
from statsd_reference import Flush, Outcome, Server, Window
from statsd_reference.server import Receive
from trials import PROFILE, right
from wire_trials import DaemonSubject, serving


def talking(talk: Callable[[DaemonSubject], Awaitable[None]], plant: Break = right) -> None:
    """Run a talk with a daemon over the wire."""

    async def run() -> None:
        async with serving(plant) as subject:
            await talk(subject)

    asyncio.run(run())


def losing(*numbers: int, only: bytes = b"") -> Break:
    """Lose the datagrams of these numbers, among those that hold `only`, before the server sees them."""

    def make_receive() -> Receive:
        seen = 0

        def receive(datagram: bytes) -> Iterable[bytes]:
            nonlocal seen
            seen += only in datagram
            return () if only in datagram and seen in numbers else (datagram,)

        return receive

    return lambda server: replace(server, make_receive=make_receive)


def test_flush_holds_everything_sent_before_it() -> None:
    async def talk(subject: DaemonSubject) -> None:
        target = OverTheWire(subject.wire)
        for number in range(1, 4):
            flushed = await target.after(target.bucket() + b":%d|c" % number)
            assert flushed.count(target.bucket()) == number

    talking(talk)


def test_cases_have_prefixes_of_their_own() -> None:
    async def talk(subject: DaemonSubject) -> None:
        one, two = OverTheWire(subject.wire), OverTheWire(subject.wire)
        one.send(one.bucket() + b":1|c")
        flushed = await two.after(two.bucket() + b":2|c")
        assert flushed.count(two.bucket()) == 2
        assert flushed.strays(two.bucket()) == []
        assert (await one.flush()).count(one.bucket()) == 1

    talking(talk)


def test_flush_that_is_released_leaves_those_of_other_cases_alone() -> None:
    async def talk(subject: DaemonSubject) -> None:
        one, two = OverTheWire(subject.wire), OverTheWire(subject.wire)
        one.send(one.bucket() + b":1|c")
        assert (await two.after(two.bucket() + b":2|c")).count(two.bucket()) == 2
        two.release()
        assert two.trace.flushes == []
        assert not any(snapshot.lines_of(two.token) for snapshot in subject.wire.snapshots)
        assert (await one.flush()).count(one.bucket()) == 1

    talking(talk)


def test_fence_that_was_lost_is_sent_again() -> None:
    async def talk(subject: DaemonSubject) -> None:
        target = OverTheWire(subject.wire)
        assert (await target.after(target.bucket() + b":1|c")).count(target.bucket()) == 1
        assert subject.wire.sent >= 4

    talking(talk, losing(1, 2, only=b"fence"))


def test_fence_that_has_to_be_seen_twice_is_raised_again_where_idle_counters_are_not_published() -> None:
    async def run() -> None:
        async with serving(right, options={"delete_counters": True}) as subject:
            # With this lag nothing is taken for lost before thirty flushes.
            subject.wire.profile = replace(subject.wire.profile, rounds=2, lag=3.0)
            await subject.wire.fence()
            assert len(subject.wire.snapshots) < 10

    asyncio.run(run())


def test_datagram_that_was_lost_stays_lost() -> None:
    async def talk(subject: DaemonSubject) -> None:
        target = OverTheWire(subject.wire)
        target.send(target.bucket() + b":1|c", target.bucket() + b":2|c")
        assert (await target.flush()).count(target.bucket()) == 2

    talking(talk, losing(1))


def test_calls_that_wait_at_the_same_time_share_a_fence() -> None:
    async def talk(subject: DaemonSubject) -> None:
        subject.wire.profile = replace(subject.wire.profile, lag=60.0)
        await asyncio.gather(*(subject.wire.fence() for _ in range(50)))
        assert subject.wire.sent == 1

    talking(talk)


def test_fence_sent_later_is_not_passed_by_an_earlier_one() -> None:
    async def talk(subject: DaemonSubject) -> None:
        early = asyncio.ensure_future(subject.wire.fence())
        await asyncio.sleep(0)
        target = OverTheWire(subject.wire)
        flushed = await target.after(target.bucket() + b":1|c")
        assert flushed.count(target.bucket()) == 1
        await early

    talking(talk)


def test_fence_is_waited_for_twice_where_flushes_are_not_atomic() -> None:
    async def talk(subject: DaemonSubject) -> None:
        subject.wire.profile = replace(subject.wire.profile, rounds=2)
        target = OverTheWire(subject.wire)
        flushed = await target.after(target.bucket() + b":1|c")
        assert len(flushed.counts(target.bucket())) >= 2

    talking(talk)


def test_fence_is_sent_again_where_idle_counters_are_not_published() -> None:
    def forgetful(server: Server) -> Server:
        def flush(window: Window, timestamp: int) -> tuple[Flush, Window]:
            closed, following = server.flush(window, timestamp)
            return closed, replace(following, counters={})

        return replace(server, flush=flush)

    async def talk(subject: DaemonSubject) -> None:
        subject.wire.profile = replace(subject.wire.profile, rounds=2)
        await subject.wire.fence()

    talking(talk, forgetful)


def test_no_flush_is_no_answer_and_says_what_was_heard() -> None:
    async def run(port: int) -> None:
        wire = Wire("deaf", Address("udp", "127.0.0.1", port), PROFILE, 0.05, grace=0.05)
        await wire.open("127.0.0.1", 0)
        await wire.connect()
        try:
            with pytest.raises(NoAnswer, match=r"no flush came back within .* s \(nothing heard\)"):
                await wire.fence()
        finally:
            await wire.close()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        asyncio.run(run(deaf.getsockname()[1]))


def test_target_that_is_deaf_to_nudges_gives_no_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statsd_conformance.wire.wire, "_NUDGE", 0.01)

    async def talk(subject: DaemonSubject) -> None:
        subject.wire.grace = 0.05
        nudged = asyncio.Event()

        async def nudge() -> None:
            nudged.set()
            await asyncio.Event().wait()

        subject.wire.nudge = nudge
        with pytest.raises(NoAnswer):
            await asyncio.wait_for(subject.wire.fence(), 20)
        assert nudged.is_set()

    talking(talk, losing(*range(1, 100), only=b"fence"))


def test_target_that_reads_no_more_keeps_nobody_waiting_for_each_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statsd_conformance.wire.wire, "_READING", 0.1)
    monkeypatch.setattr(statsd_conformance.wire.wire, "_MOMENT", 0.0)

    async def run(port: int) -> None:
        wire = Wire("deaf", Address("udp", "127.0.0.1", port), PROFILE, 0.05, grace=0.05)
        await wire.open("127.0.0.1", 0)
        await wire.connect()
        # Each is a burst; to wait for all would take twice as long as it may.
        for _ in range(200):
            wire.transmit(bytes(BURST // 2))
        try:
            with pytest.raises(NoAnswer):
                await asyncio.wait_for(wire.fence(), 10)
        finally:
            await wire.close()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        asyncio.run(run(deaf.getsockname()[1]))


def test_flushes_without_the_fence_are_no_answer_either() -> None:
    async def talk(subject: DaemonSubject) -> None:
        subject.wire.grace = 0.05
        with pytest.raises(NoAnswer, match="flushes heard, none with the fence"):
            await subject.wire.fence()

    talking(talk, losing(*range(1, 100), only=b"fence"))


def test_wire_tells_whether_the_last_fence_came_back() -> None:
    deaf = True

    def deafened(server: Server) -> Server:
        return replace(server, make_receive=lambda: lambda datagram: () if deaf else (datagram,))

    async def talk(subject: DaemonSubject) -> None:
        nonlocal deaf
        wire = subject.wire
        assert wire.answers
        for back in (wire.fence, subject.restart):
            wire.grace, deaf = 0.05, True
            with pytest.raises(NoAnswer):
                await wire.fence()
            assert not wire.answers
            wire.grace, deaf = 6.0, False
            await back()
            assert wire.answers

    talking(talk, deafened)


def test_flush_is_waited_for_again_where_the_receiver_was_down() -> None:
    async def talk(subject: DaemonSubject) -> None:
        subject.wire.grace = 0.05
        assert await OverTheWire(subject.wire).heard_again()

    talking(talk, losing(*range(1, 8), only=b"fence"))


def test_end_of_the_target_ends_the_waiting() -> None:
    def fatal(server: Server) -> Server:
        def parse(line: bytes) -> tuple[Outcome, ...]:
            if line == b"end":
                raise ValueError("the end")
            return server.parse(line)

        return replace(server, parse=parse)

    async def talk(subject: DaemonSubject) -> None:
        target = OverTheWire(subject.wire)
        with pytest.raises(Crashed, match="process has ended"):
            await target.after(b"end")

    talking(talk, fatal)


def test_burst_beyond_the_receive_buffer_is_paced() -> None:
    many = 2000

    async def talk(subject: DaemonSubject) -> None:
        target = OverTheWire(subject.wire)
        target.send(*[target.bucket() + b":1|c"] * many)
        assert (await target.flush()).count(target.bucket()) == many
        assert subject.wire.drops() == 0

    talking(talk)


@pytest.mark.parametrize("size", [1, 100, 200, 700, 1432, 8932, 65507])
def test_burst_of_datagrams_fits_into_a_default_buffer(size: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 212_992 // 2)
        number = max(BURST // room(b"x" * size), 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(number):
                sender.sendto(b"x" * size, receiver.getsockname())
        assert [len(receiver.recv(65536)) for _ in range(number)] == [size] * number


@pytest.mark.parametrize(
    ("size", "left"), [(10, [0]), (20_000, [0]), (40_000, [])], ids=["small", "large", "larger-than-a-burst"]
)
def test_burst_goes_on_when_half_of_it_was_read_and_there_is_room(
    size: int, left: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = [60_000, 40_000, 20_000, 0]
    monkeypatch.setattr(statsd_conformance.wire.wire, "queue_and_drops", lambda port: Queue(queued.pop(0), 0))
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))

    async def run() -> int:
        port = receiver.getsockname()[1]
        wire = Wire("it", Address("udp", "127.0.0.1", port), load_profile("reference"))
        await wire._ways.open(wire.address)
        wire._burst = BURST
        await wire._send(bytes(size))
        wire._ways.close()
        return wire._burst

    with receiver:
        burst = asyncio.run(run())
    assert queued == left
    assert burst == (20_000 if left else 0) + room(bytes(size))


def test_large_datagrams_are_paced_by_their_size() -> None:
    async def talk(subject: DaemonSubject) -> None:
        target = OverTheWire(subject.wire)
        lines = b"\n".join([target.bucket() + b":1|c"] * 3000)
        target.send(*[lines] * 40)
        assert (await target.flush()).count(target.bucket()) == 40 * 3000

    talking(talk)


def test_datagram_that_cannot_be_sent_makes_its_case_inconclusive_and_no_other() -> None:
    async def talk(subject: DaemonSubject) -> None:
        target, other = OverTheWire(subject.wire), OverTheWire(subject.wire)
        with pytest.raises(Inconclusive, match=r"sending to 127\.0\.0\.1:.*/udp failed: Message too long"):
            await target.after(b"x" * 65_508)
        assert (await other.after(other.bucket() + b":1|c")).count(other.bucket()) == 1

    talking(talk)


def test_closed_wire_leaves_nobody_waiting() -> None:
    async def talk(subject: DaemonSubject) -> None:
        waiting = [asyncio.ensure_future(subject.wire.fence())]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.append(asyncio.ensure_future(subject.wire.fence()))
        await asyncio.sleep(0)
        await subject.wire.disconnect()
        for one in waiting:
            with pytest.raises(Inconclusive, match="closed meanwhile"):
                await one

    talking(talk)


def test_settled_tells_that_all_was_read() -> None:
    read: list[bytes] = []

    def noting(server: Server) -> Server:
        def split(datagram: bytes) -> list[bytes]:
            read.append(datagram)
            return server.split(datagram)

        return replace(server, split=split)

    async def talk(subject: DaemonSubject) -> None:
        target = OverTheWire(subject.wire)
        target.send(*[target.bucket() + b":1|c"] * 200)
        assert await subject.wire.settled()
        assert len(read) == 200

    talking(talk, noting)


def test_target_that_does_not_read_is_not_settled() -> None:
    async def run(port: int) -> bool:
        wire = Wire("deaf", Address("udp", "127.0.0.1", port), replace(PROFILE, lag=0.0), 0.01, grace=0.05)
        await wire.open("127.0.0.1", 0)
        await wire.connect()
        wire.transmit(b"a:1|c")
        try:
            return await wire.settled()
        finally:
            await wire.close()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        assert not asyncio.run(run(deaf.getsockname()[1]))


def test_flush_that_was_not_looked_at_in_time_counts_where_something_was_sent_meanwhile() -> None:
    async def talk(subject: DaemonSubject) -> None:
        wire = subject.wire
        await wire.fence()
        for since, unseen in ((None, 0), (time.monotonic(), 0), (0.0, 1)):
            wire.sink.on_snapshot(Snapshot((), time.monotonic(), time.time(), since))  # type: ignore[attr-defined]  # the observer of Graphite has it
            assert wire.unseen == unseen

    talking(talk)


def test_interval_is_measured_where_it_is_not_known() -> None:
    async def talk(subject: DaemonSubject) -> None:
        subject.wire.known_interval = None
        assert subject.wire.interval == 10
        for _ in range(4):
            await subject.wire.fence()
        assert subject.wire.interval < 5

    talking(talk)


def test_lines_over_a_stream_are_read_as_over_datagrams() -> None:
    async def run() -> None:
        async with serving(right, "tcp") as subject:
            target = OverTheWire(subject.wire)
            flushed = await target.after(target.bucket() + b":1|c", target.bucket() + b":2|c")
            assert flushed.count(target.bucket()) == 3

    asyncio.run(run())


@pytest.mark.parametrize(
    ("interval", "silence"), [(1.0, 1 / 3), (10.0, 1.0), (None, 1 / 3)], ids=["short", "long", "not known yet"]
)
def test_silence_that_ends_a_flush_fits_into_the_interval(interval: float | None, silence: float) -> None:
    profile = replace(load_profile("statsd"), silence=1.0)
    wire = Wire("w", Address("udp", "127.0.0.1", 1), profile, interval)
    assert wire.silence == pytest.approx(silence)


def test_target_without_tcp_takes_no_stream() -> None:
    async def talk(subject: DaemonSubject) -> None:
        target = OverTheWire(subject.wire)
        with pytest.raises(Unsupported, match="no TCP"):
            await target.needs_stream()
        assert (await target.after(target.bucket() + b":1|c")).count(target.bucket()) == 1

    talking(talk)


def test_lines_go_over_tcp_in_order_and_survive_a_restart() -> None:
    async def run() -> None:
        async with serving(right, options={"tcp": True}) as subject:
            for _ in range(2):
                target = OverTheWire(subject.wire)
                await target.needs_stream()
                await target.needs_stream()
                target.send_over_stream(target.bucket() + b":1|g\n", target.bucket() + b":2|g\n")
                await target.flush()
                assert (await target.flush()).gauge(target.bucket()) == 2
                await subject.restart()

    asyncio.run(run())
