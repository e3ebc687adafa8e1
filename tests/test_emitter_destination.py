"""The socket of an emitter: one for life, on every kind of address, and quiet when nobody listens."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from statsd_reference.emitter.destination import Destination, DestinationError, open_udp, open_unix

PATIENCE = 30.0


@contextmanager
def listening(family: socket.AddressFamily, address: str) -> Iterator[tuple[socket.socket, Destination]]:
    """Give a socket that listens, and a destination that sends to it."""
    with socket.socket(family, socket.SOCK_DGRAM) as receiver:
        receiver.settimeout(PATIENCE)
        receiver.bind(address if family == socket.AF_UNIX else (address, 0))
        unix = family == socket.AF_UNIX
        destination = open_unix(address) if unix else open_udp(address, receiver.getsockname()[1])
        try:
            yield receiver, destination
        finally:
            destination.close()


def free_port() -> int:
    """Return a UDP port that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_datagrams_come_whole_and_from_one_port(family: socket.AddressFamily, address: str) -> None:
    with listening(family, address) as (receiver, destination):
        assert [destination.send(one) for one in (b"a:1|g\nb:2|g", b"c:3|g")] == [True, True]
        first, second = receiver.recvfrom(2000), receiver.recvfrom(2000)
        assert (first[0], second[0]) == (b"a:1|g\nb:2|g", b"c:3|g")
        assert first[1] == second[1]
        assert (destination.failed, destination.error) == (0, "")


def test_unix_socket_may_come_late_and_come_again(tmp_path: Path) -> None:
    path = tmp_path / "s"
    late = open_unix(str(path))
    assert not late.send(b"a:1|g")
    assert (late.failed, late.error) == (1, "No such file or directory")
    for payload in (b"b:1|g", b"c:1|g"):
        with listening(socket.AF_UNIX, str(path)) as (receiver, _):
            assert late.send(payload)
            assert receiver.recv(2000) == payload
        assert not late.send(b"d:1|g")
        path.unlink()
    assert late.failed == 3
    late.close()


def test_answer_to_a_lost_datagram_is_counted_and_the_next_one_goes_out() -> None:
    port = free_port()
    destination = open_udp("127.0.0.1", port)
    # Over loopback the answer to the first is there before the second is sent.
    assert destination.send(b"lost:1|g")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.settimeout(PATIENCE)
        receiver.bind(("127.0.0.1", port))
        assert destination.send(b"a:1|g")
        assert receiver.recv(2000) == b"a:1|g"
    assert (destination.failed, destination.error) == (1, "Connection refused")
    destination.close()


def test_full_receiver_is_a_failure_and_not_a_wait(tmp_path: Path) -> None:
    with listening(socket.AF_UNIX, str(tmp_path / "s")) as (receiver, destination):
        went = 0
        while destination.send(b"a:1|g"):
            went += 1
        assert destination.failed == 1
        assert destination._socket.gettimeout() == 0
        assert receiver.recv(2000) == b"a:1|g"
        assert destination.send(b"a:1|g")


def test_datagram_that_is_too_long_for_the_system_is_a_failure() -> None:
    with listening(socket.AF_INET, "127.0.0.1") as (_, destination):
        assert not destination.send(b"x" * 70_000)
        assert destination.error == "Message too long"


@pytest.mark.parametrize("host", ["nobody.invalid", "a" * 300, "\udc80"])
def test_host_without_an_address_is_named(host: str) -> None:
    with pytest.raises(DestinationError, match=r"^cannot send to "):
        open_udp(host, 8125)


def test_address_that_the_system_does_not_send_to_is_named() -> None:
    with pytest.raises(DestinationError, match=r"cannot send to 255\.255\.255\.255 port 8125: Permission denied"):
        open_udp("255.255.255.255", 8125)


def test_path_that_is_too_long_for_a_socket_is_named() -> None:
    with pytest.raises(DestinationError, match="a path of a socket has at most 103 bytes"):
        open_unix("/" + "x" * 103)
