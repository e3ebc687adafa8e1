import socket
import sys
from pathlib import Path

import pytest

from statsd_conformance.kernel import Queue, backlog_drops, dropped, mtu_of, queue_and_drops, read_queue, visible

ROWS = [
    " 1290: 0100007F:1FBD 00000000:0000 07 00000000:00000340 00:00000000 00000000 0 0 1 2 0000 0",
    " 1291: 00000000:1FBD 00000000:0000 07 00000000:00000100 00:00000000 00000000 0 0 1 2 0000 17",
    " 1292: 0100007F:0035 0100007F:1FBD 07 00000000:00000999 00:00000000 00000000 0 0 1 2 0000 99",
]


def test_sockets_of_a_port_are_added_up() -> None:
    assert read_queue(ROWS, 8125) == Queue(queued_bytes=0x440, drops=17)


def test_port_of_the_other_side_does_not_count() -> None:
    assert read_queue(ROWS[2:], 8125) is None


def test_a_socket_that_one_look_misses_is_looked_for_again() -> None:
    looks = iter([ROWS[2:], ROWS])
    assert queue_and_drops(8125, lambda: next(looks)) == Queue(queued_bytes=0x440, drops=17)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux shows its sockets in /proc")
def test_overflow_of_a_real_socket_shows() -> None:
    assert visible()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out,
    ):
        target.bind(("127.0.0.1", 0))
        port = target.getsockname()[1]
        assert queue_and_drops(port) == Queue(0, 0)
        for _ in range(2000):
            out.sendto(b"a:1|c", ("127.0.0.1", port))
        state = queue_and_drops(port)
        assert state is not None
        assert state.queued_bytes > 0
        assert 0 < state.drops < 2000
    assert queue_and_drops(port) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what it dropped at a socket")
def test_drops_at_our_own_socket_are_told() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out,
    ):
        target.bind(("127.0.0.1", 0))
        assert dropped(target) == 0
        for _ in range(2000):
            out.sendto(b"a:1|c", target.getsockname())
        state = queue_and_drops(target.getsockname()[1])
        assert state
        assert dropped(target) == state.drops > 0


def test_other_systems_tell_of_no_drops_at_our_own_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target:
        assert dropped(target) == 0


def test_mtu_is_unknown_of_a_socket_that_has_none_and_on_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = socket.socketpair()
    with one, other, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        assert mtu_of(one) is None
        monkeypatch.setattr(sys, "platform", "darwin")
        assert mtu_of(udp) is None


def test_packets_that_no_processor_had_room_for_are_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "softnet_stat"
    monkeypatch.setattr("statsd_conformance.kernel._PROCESSORS", table)
    assert backlog_drops() == 0
    table.write_text("0244bcef 0000000a 00000003\n017ee444 00000001 00000004\n")
    assert backlog_drops() == 11
