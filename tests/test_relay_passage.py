"""A passage takes datagrams at one address and sends to another, and refuses places where that cannot be."""

import asyncio
import socket
from pathlib import Path

import pytest

from statsd_conformance.address import Address
from statsd_conformance.relay.passage import Passage, PassageError
from wire_trials import ipv6_loopback

LOCAL = "127.0.0.1"


def opened(listen: Address, forward: Address) -> None:
    """Open a passage, and close it."""

    async def scene() -> None:
        passage = Passage(listen, forward, lambda payload, sender: None)
        await passage.open()
        passage.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("here", "there"),
    [(LOCAL, LOCAL), ("localhost", LOCAL), ("0.0.0.0", LOCAL), ("0.0.0.0", "127.0.0.2"), ("::", LOCAL), ("::", "::1")],
)
def test_a_passage_to_itself_is_refused_by_whatever_name(here: str, there: str) -> None:
    if "::" in (here, there) and not ipv6_loopback():
        pytest.skip("this machine has no IPv6 loopback")
    family = socket.AF_INET6 if here == "::" else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as free:
        free.bind((LOCAL if here == "localhost" else here, 0))
        port = free.getsockname()[1]
    with pytest.raises(PassageError, match="to itself"):
        opened(Address("udp", here, port), Address("udp", there, port))


def test_a_passage_from_all_addresses_to_the_same_port_of_another_machine_is_none_to_itself() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("0.0.0.0", 0))
        port = free.getsockname()[1]
    opened(Address("udp", "0.0.0.0", port), Address("udp", "192.0.2.1", port))


def test_a_unix_passage_to_itself_is_refused_by_whatever_name(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(PassageError, match="to itself"):
        opened(Address("unix", path=str(tmp_path / "s")), Address("unix", path=str(tmp_path / "link" / "s")))


def test_a_unix_socket_with_a_short_name_is_no_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as target:
        target.bind("s")
        opened(Address("udp", LOCAL, 0), Address("unix", path="s"))


def test_a_passage_to_the_same_port_of_another_address_is_none_to_itself() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target:
        target.bind(("127.0.0.3", 0))
        port = target.getsockname()[1]
        opened(Address("udp", "127.0.0.2", port), Address("udp", "127.0.0.3", port))


def test_a_unix_socket_that_somebody_reads_is_left_to_him(tmp_path: Path) -> None:
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reading,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as target,
    ):
        reading.bind(here)
        target.bind(there)
        with pytest.raises(OSError, match="in use"):
            opened(Address("unix", path=here), Address("unix", path=there))
        assert Path(here).is_socket()


def test_a_unix_socket_that_is_left_over_is_replaced(tmp_path: Path) -> None:
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as target:
        target.bind(there)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ended:
            ended.bind(here)
        opened(Address("unix", path=here), Address("unix", path=there))
    assert not Path(here).exists()


def test_a_path_that_cannot_be_had_is_an_error_with_a_reason(tmp_path: Path) -> None:
    there = str(tmp_path / "there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as target:
        target.bind(there)
        with pytest.raises(OSError, match="No such file"):
            opened(Address("unix", path=str(tmp_path / "no" / "here")), Address("unix", path=there))


def test_what_nobody_takes_at_a_unix_socket_is_told_with_the_reason(tmp_path: Path) -> None:
    async def scene() -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as target:
            target.bind(str(tmp_path / "there"))
            passage = Passage(
                Address("udp", LOCAL, 0), Address("unix", path=str(tmp_path / "there")), lambda payload, sender: None
            )
            await passage.open()
        why = passage.send(b"a:1|c")
        passage.close()
        return why

    assert asyncio.run(scene()) == "Connection refused"
