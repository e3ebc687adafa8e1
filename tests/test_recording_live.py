"""Sockets of our own: what comes to them is read, with where it came from."""

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from statsd_conformance.address import Address
from statsd_conformance.recording.live import Listener

Send = Callable[[Address], None]


def over_udp(address: Address) -> None:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as sender:
        sender.sendto(b"a:1|c|@0", (address.host, address.port))
        sender.sendto(b"", (address.host, address.port))


def over_unix(address: Address) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as sender:
        sender.sendto(b"a:1|c|@0", address.path)
        sender.sendto(b"", address.path)


def over_a_stream(address: Address) -> None:
    kind = (socket.AF_UNIX, address.path) if address.path else (socket.AF_INET, (address.host, address.port))
    with closing(socket.socket(kind[0], socket.SOCK_STREAM)) as sender:
        sender.connect(kind[1])
        sender.sendall(b"a:1|c|@0")


@pytest.mark.parametrize(
    ("address", "send"),
    [
        (Address("udp", "127.0.0.1", 0), over_udp),
        (Address("udp", "::1", 0), over_udp),
        (Address("tcp", "127.0.0.1", 0), over_a_stream),
        (Address("unix", path="socket"), over_unix),
        (Address("unixstream", path="socket"), over_a_stream),
    ],
    ids=["udp", "udp6", "tcp", "unix", "unixstream"],
)
def test_what_comes_to_a_socket_is_read(
    address: Address, send: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Listener(address) as listener:
        send(listener.address)
        datagrams = listener.datagrams()
        first, second = next(datagrams), next(datagrams)
    assert (first.payload, first.number, first.stream) == (b"a:1|c|@0", 1, send is over_a_stream)
    assert (second.payload, second.number) == (b"", 2)
    assert first.source == second.source
    assert not (tmp_path / "socket").exists()


def test_listening_ends_after_its_time() -> None:
    with Listener(Address("udp", "127.0.0.1", 0)) as listener:
        assert list(listener.datagrams(seconds=0.01)) == []


def test_connection_that_is_reset_ends(tmp_path: Path) -> None:
    with Listener(Address("tcp", "127.0.0.1", 0)) as listener:
        sender = socket.create_connection((listener.address.host, listener.address.port))
        sender.sendall(b"a:1|c\n")
        datagrams = listener.datagrams()
        assert next(datagrams).payload == b"a:1|c\n"
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sender.close()
        assert next(datagrams).payload == b""


def test_listening_stops_when_told() -> None:
    with Listener(Address("udp", "127.0.0.1", 0)) as listener:
        over_udp(listener.address)
        listener.stop()
        assert list(listener.datagrams()) == []
