"""Recordings are sent again, one socket a source, and what came of it is told."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from clocks import FakeClock
from statsd_conformance.address import Address
from statsd_conformance.kernel import Queue, visible
from statsd_conformance.recording import DamagedRecording, Datagram, Endpoint
from statsd_conformance.replay import (
    Names,
    Plan,
    Played,
    Player,
    Reading,
    Receiver,
    Sockets,
    Unreachable,
    recorded,
    wanted,
)
from statsd_conformance.replay.pieces import Piece
from statsd_conformance.replay.told import told

SOURCES: Final = tuple(Endpoint("192.0.2.7", 40_000 + number) for number in range(3))
PIECES: Final = [Piece(0.0, number % 3, b"a%d:1|c" % number) for number in range(9)]
PLAYED: Final = Played(sent=3, size=15, sources=2, opened=2, seconds=1.5, dropped=0, highest=0, left=0)


@pytest.fixture(autouse=True)
def _nobody_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no replay wait until a target has read all: these read when it is over."""
    monkeypatch.setattr("statsd_conformance.replay.player._SETTLE", 0.0)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Give what closes all that a test opens."""
    with ExitStack() as stack:
        yield stack


def sink(stack: ExitStack) -> tuple[socket.socket, Address]:
    """Return a UDP socket of this machine, and its address."""
    bound = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    bound.bind(("127.0.0.1", 0))
    bound.settimeout(10)
    return bound, Address("udp", "127.0.0.1", bound.getsockname()[1])


def listener(stack: ExitStack, scheme: str, directory: Path) -> tuple[socket.socket, Address]:
    """Return a socket that takes connections, and its address."""
    if scheme == "tcp":
        bound = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        bound.settimeout(10)
        return bound, Address("tcp", "127.0.0.1", bound.getsockname()[1])
    bound = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    bound.bind(str(directory / "s"))
    bound.listen()
    bound.settimeout(10)
    return bound, Address("unixstream", path=str(directory / "s"))


def received(bound: socket.socket, number: int) -> list[tuple[bytes, Any]]:
    return [bound.recvfrom(70_000) for _ in range(number)]


def rest(bound: socket.socket) -> list[bytes]:
    """Return what waits at a socket."""
    bound.setblocking(False)
    found = []
    with suppress(BlockingIOError):
        while True:
            found.append(bound.recv(70_000))
    return found


def stream_of(bound: socket.socket) -> bytes:
    """Return all that came over the next connection, up to its end."""
    accepted, _ = bound.accept()
    with accepted:
        accepted.settimeout(10)
        return b"".join(iter(lambda: accepted.recv(70_000), b""))


def recording(*payloads: bytes, step: float = 0.0, time: float = 5.0) -> Reading:
    """Return a recording of datagrams whose sources take turns."""
    datagrams = [
        Datagram(payload, number, time + step * number, SOURCES[number % 3], SOURCES[0])
        for number, payload in enumerate(payloads)
    ]
    return "made", lambda: iter(datagrams)


def play(readings: Sequence[Reading], plan: Plan, address: Address) -> Played:
    clock = FakeClock()
    with Sockets(address) as sockets:
        return Player(readings, plan, sockets, Receiver(address, clock, lambda port: None), clock).play()


def test_each_source_has_a_socket_of_its_own_and_its_order(stack: ExitStack) -> None:
    bound, address = sink(stack)
    with Sockets(address) as sockets:
        for piece in PIECES:
            sockets.send(piece)
        came = received(bound, 9)
    ports = list(dict.fromkeys(peer for _, peer in came))
    assert len(ports) == sockets.sources == sockets.opened == 3
    assert [payload for payload, peer in came if peer == ports[1]] == [b"a1:1|c", b"a4:1|c", b"a7:1|c"]
    assert (sockets.sent, sockets.size) == (9, 54)


def test_more_sources_than_sockets_take_turns(stack: ExitStack) -> None:
    bound, address = sink(stack)
    with Sockets(address, most=2) as sockets:
        for piece in PIECES:
            sockets.send(piece)
    assert [payload for payload, _ in received(bound, 9)] == [piece.payload for piece in PIECES]
    assert (sockets.sources, sockets.opened) == (3, 9)


def test_an_empty_datagram_is_one(stack: ExitStack) -> None:
    bound, address = sink(stack)
    with Sockets(address) as sockets:
        sockets.send(Piece(0.0, 0, b""))
    assert received(bound, 1)[0][0] == b""


def test_what_is_refused_is_counted_and_what_it_kept_back_is_sent(stack: ExitStack) -> None:
    bound, address = sink(stack)
    with Sockets(address) as sockets:
        sockets.send(PIECES[0])
        assert received(bound, 1)
        bound.close()
        for _ in range(3):
            sockets.send(PIECES[0])
        assert (sockets.sent, sockets.unsent) == (4, {})
        counted = sockets.refused
        sockets.finish()
    # Each but the last is told by the datagram behind it.
    assert (counted, sockets.refused) == (2, 3)


def test_a_datagram_that_is_too_long_is_counted_by_its_reason(stack: ExitStack) -> None:
    _, address = sink(stack)
    with Sockets(address) as sockets:
        sockets.send(Piece(0.0, 0, b"a" * 65_508))
        sockets.send(PIECES[0])
    assert sockets.unsent == {"Message too long": 1}
    assert sockets.sent == 1


def test_a_datagram_that_is_too_long_hides_no_refusal_of_the_one_before(stack: ExitStack) -> None:
    bound, address = sink(stack)
    bound.close()
    with Sockets(address) as sockets:
        sockets.send(PIECES[0])
        sockets.send(Piece(0.0, 0, b"a" * 65_508))
        sockets.finish()
    assert (sockets.refused, sockets.unsent) == (1, {"Message too long": 1})


@pytest.mark.parametrize("scheme", ["tcp", "unixstream"])
def test_each_source_has_a_stream_of_its_own(scheme: str, stack: ExitStack, tmp_path: Path) -> None:
    bound, address = listener(stack, scheme, tmp_path)
    with Sockets(address) as sockets:
        for piece in [Piece(0.0, 0, b"a:1|c\n"), Piece(0.0, 1, b"b:1|c\n"), Piece(0.0, 0, b"a:2|c\n")]:
            sockets.send(piece)
    assert [stream_of(bound), stream_of(bound)] == [b"a:1|c\na:2|c\n", b"b:1|c\n"]


def test_a_stream_that_has_ended_is_another_one_later(stack: ExitStack, tmp_path: Path) -> None:
    bound, address = listener(stack, "tcp", tmp_path)
    with Sockets(address) as sockets:
        for payload in (b"a:1|c\n", b"", b"a:2|c\n"):
            sockets.send(Piece(0.0, 0, payload))
    assert [stream_of(bound), stream_of(bound)] == [b"a:1|c\n", b"a:2|c\n"]
    assert (sockets.sent, sockets.sources, sockets.opened) == (2, 1, 2)


def test_a_stream_that_the_target_closes_is_opened_again(stack: ExitStack, tmp_path: Path) -> None:
    bound, address = listener(stack, "unixstream", tmp_path)
    with Sockets(address) as sockets:
        sockets.send(Piece(0.0, 0, b"a:1|c\n"))
        bound.accept()[0].close()
        sockets.send(Piece(0.0, 0, b"a:2|c\n"))
        sockets.send(Piece(0.0, 0, b"a:3|c\n"))
    assert stream_of(bound) == b"a:3|c\n"
    assert (sockets.sent, sockets.unsent) == (2, {"Broken pipe": 1})


def test_what_a_target_has_not_read_of_its_streams_is_known_on_linux(stack: ExitStack, tmp_path: Path) -> None:
    bound, address = listener(stack, "tcp", tmp_path)
    with Sockets(address) as sockets:
        sockets.send(Piece(0.0, 0, b"a:1|c\n"))
        accepted = stack.enter_context(bound.accept()[0])
        while not accepted.recv(6, socket.MSG_PEEK):
            """It is on its way."""
        if sockets.unread() is None:
            pytest.skip("the kernel of this machine does not tell")
        assert sockets.unread() == 6
        assert accepted.recv(6) == b"a:1|c\n"
        assert sockets.unread() == 0


def test_a_replay_over_streams_waits_for_the_target_and_tells_what_it_left(
    stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statsd_conformance.replay.player._SETTLE", 1.0)
    _, address = listener(stack, "tcp", tmp_path)
    clock = FakeClock()
    with Sockets(address) as sockets:
        reading = recording(b"a:1|c")
        played = Player([reading], Plan(), sockets, Receiver(address, clock), clock).play()
    if played.left is None or not visible():
        pytest.skip("the kernel of this machine does not tell")
    assert played.left == len(b"a:1|c\n")
    assert clock.now == pytest.approx(101, abs=0.01)


def test_datagrams_have_nothing_unread_and_none_refused_where_somebody_listens(stack: ExitStack) -> None:
    bound, address = sink(stack)
    with Sockets(address) as sockets:
        assert sockets.unread() is None
        sockets.send(PIECES[0])
        sockets.finish()
    assert (sockets.refused, received(bound, 1)[0][0]) == (0, b"a0:1|c")


def test_unix_datagrams_go_out_too(stack: ExitStack, tmp_path: Path) -> None:
    bound = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    bound.bind(str(tmp_path / "s"))
    with Sockets(Address("unix", path=str(tmp_path / "s"))) as sockets:
        sockets.send(PIECES[0])
        assert bound.recv(100) == b"a0:1|c"
        bound.close()
        sockets.send(PIECES[0])
    assert (sockets.sent, sockets.refused, list(sockets.unsent.values())) == (1, 0, [1])


@pytest.mark.parametrize(
    "address",
    [Address("udp", "nowhere.invalid", 8125), Address("unix", path="/nowhere"), Address("tcp", "::1", 1)],
    ids=str,
)
def test_an_address_that_cannot_be_reached_is_told(address: Address) -> None:
    with pytest.raises(Unreachable), Sockets(address) as sockets:
        sockets.send(PIECES[0])


def test_recordings_follow_one_another_in_every_turn(stack: ExitStack) -> None:
    bound, address = sink(stack)
    played = play([recording(b"a:1|c"), recording(b"b:1|c")], Plan(loop=2), address)
    assert rest(bound) == [b"a:1|c", b"b:1|c"] * 2
    assert (played.sent, played.size, played.sources) == (4, 20, 1)


@pytest.mark.parametrize("ahead", [0, 1, 3, 4])
@pytest.mark.parametrize(("count", "loop", "number"), [(None, 2, 6), (2, 1, 2), (5, None, 5), (9, 2, 6)])
def test_count_and_loop_end_a_replay_however_much_is_read_ahead(
    ahead: int, count: int | None, loop: int | None, number: int, stack: ExitStack
) -> None:
    bound, address = sink(stack)
    play([recording(b"a:1|c", b"b:1|c", b"c:1|c")], Plan(count=count, loop=loop, ahead=ahead), address)
    assert rest(bound) == ([b"a:1|c", b"b:1|c", b"c:1|c"] * 3)[:number]


@pytest.mark.parametrize("ahead", [0, 3])
def test_a_recording_of_which_nothing_is_wanted_ends_an_endless_replay(ahead: int, stack: ExitStack) -> None:
    _, address = sink(stack)
    names = Names(wanted=wanted(["nobody"]))
    assert play([recording(b"a:1|c")], Plan(names, loop=None, ahead=ahead), address).sent == 0


def test_each_turn_takes_the_recorded_time(stack: ExitStack) -> None:
    _, address = sink(stack)
    both = [recording(b"a:1|c", b"b:1|c", step=2.0), recording(b"c:1|c", b"d:1|c", step=1.0)]
    assert play(both, Plan(due=recorded(0.5), loop=2), address).seconds == pytest.approx(2 * (4 + 2))


@pytest.mark.parametrize(
    ("error", "said"),
    [(DamagedRecording("byte 7: torn"), "byte 7: torn"), (OSError(5, "gone"), "cannot be read: gone")],
)
def test_a_damaged_recording_is_sent_as_far_as_it_goes_and_those_behind_it(
    error: Exception, said: str, stack: ExitStack
) -> None:
    bound, address = sink(stack)

    def torn() -> Iterator[Datagram]:
        yield Datagram(b"a:1|c", 1)
        raise error

    played = play([("torn", torn), recording(b"b:1|c")], Plan(loop=2, ahead=1), address)
    assert rest(bound) == [b"a:1|c", b"b:1|c"] * 2
    assert played.damaged == (f"torn: {said}",)


def test_recorded_pace_is_not_made_up_for_a_text(stack: ExitStack) -> None:
    bound, address = sink(stack)
    text: Reading = "lines.txt", lambda: iter([Datagram(b"a:1|c\n", 1, stream=True)])
    played = play([text], Plan(due=recorded(1), needs_times=True), address)
    assert played.problem == "lines.txt has no times to keep to; give --rate N or --speed max"
    assert rest(bound) == []
    assert not play([text], Plan(), address).problem


def test_an_unreachable_target_ends_a_replay_and_is_told(stack: ExitStack, tmp_path: Path) -> None:
    played = play([recording(b"a:1|c")], Plan(), Address("unix", path=str(tmp_path / "nobody")))
    assert played.problem.endswith("No such file or directory; is the target there?")


def test_an_interrupt_ends_a_replay_and_leaves_its_account(stack: ExitStack) -> None:
    bound, address = sink(stack)

    def interrupted() -> Iterator[Datagram]:
        yield Datagram(b"a:1|c", 1)
        raise KeyboardInterrupt

    played = play([("", interrupted)], Plan(ahead=1), address)
    assert (played.interrupted, played.sent, rest(bound)) == (True, 1, [b"a:1|c"])


def test_the_queue_of_a_local_target_is_watched_until_it_is_empty() -> None:
    states = [Queue(0, 5), Queue(700, 5), Queue(900, 9), Queue(300, 9), Queue(0, 9)]
    receiver = Receiver(Address("udp", "127.0.0.1", 8125), FakeClock(), lambda port: states.pop(0))
    receiver.look()
    receiver.look()
    assert len(states) == 3
    assert receiver.settle(1.0) == 0
    assert (receiver.seen, receiver.highest, receiver.dropped) == (True, 900, 4)


def test_a_queue_that_nobody_empties_is_waited_for_no_longer_than_the_limit() -> None:
    clock = FakeClock()
    receiver = Receiver(Address("udp", "127.0.0.1", 8125), clock, lambda port: Queue(700, 0))
    assert receiver.settle(1.0) == 700
    assert 101.0 <= clock.now < 101.1


@pytest.mark.parametrize(("after", "dropped"), [(Queue(0, 2), 0), (None, None)])
def test_a_socket_that_is_another_one_in_the_end_counts_no_drops(after: Queue | None, dropped: int | None) -> None:
    states = [Queue(0, 5), after]
    receiver = Receiver(Address("udp", "127.0.0.1", 8125), FakeClock(), lambda port: states.pop(0))
    receiver.settle(1.0)
    assert receiver.dropped == dropped


def test_a_target_elsewhere_is_not_watched() -> None:
    receiver = Receiver(Address("udp", "192.0.2.1", 8125), FakeClock(), lambda port: Queue(1, 1))
    receiver.look()
    assert (receiver.seen, receiver.absent, receiver.dropped, receiver.settle(1.0)) == (False, False, None, None)


@pytest.mark.parametrize(
    ("changes", "streamed", "lines"),
    [
        (
            {},
            False,
            [
                "sent      3 datagrams, 15 bytes from 2 sources to T in 1.50 s, 2 a second",
                "refused   0",
                "dropped   0 by the kernel, before the target's socket",
                "queue     0 bytes at the most, as often as it was looked at; all read in the end",
            ],
        ),
        ({"refused": 1200}, False, ["refused   1,200 or more: nobody listened there"]),
        ({"unsent": {"Message too long": 1}}, False, ["not sent  1 datagram: Message too long"]),
        ({"late": 0.5}, False, ["late      by 0.50 s in all: they were not there, or not sent, in time"]),
        ({"late": 0.01}, True, []),
        ({"opened": 3}, True, ["sockets   3 in turn, for there cannot be as many at once as there are sources"]),
        ({"dropped": None}, False, ["dropped   unknown: the socket of the target was closed meanwhile"]),
        ({"highest": None}, False, ["dropped   unknown: only of a UDP socket on this machine the kernel tells"]),
        (
            {"highest": 9000, "left": 768},
            False,
            ["queue     9,000 bytes at the most, as often as it was looked at; 768 bytes not read in the end"],
        ),
        ({"left": 6}, True, ["queue     6 bytes that the target had not read at the end"]),
    ],
)
def test_a_report_tells_what_came_of_it(changes: dict[str, Any], streamed: bool, lines: list[str]) -> None:
    found = list(told(replace(PLAYED, **changes), "T", streamed=streamed))
    plain = list(told(PLAYED, "T", streamed=streamed))
    assert [line for line in found if not changes or line not in plain] == lines
