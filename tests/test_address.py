import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from statsd_conformance.address import Address, AddressError, read_address

READ = {
    "127.0.0.1:8125": Address("udp", "127.0.0.1", 8125),
    "localhost:8125": Address("udp", "localhost", 8125),
    "udp://stats.example:1": Address("udp", "stats.example", 1),
    "tcp://[::1]:65535": Address("tcp", "::1", 65535),
    "[::1]:8125": Address("udp", "::1", 8125),
    "unix:///run/statsd.sock": Address("unix", path="/run/statsd.sock"),
    "unix:///run/a?b#c": Address("unix", path="/run/a?b#c"),
    "unixstream:///run/s": Address("unixstream", path="/run/s"),
}
SHOWN = ["127.0.0.1:8125/udp", "localhost:8125/udp", "stats.example:1/udp", "[::1]:65535/tcp", "[::1]:8125/udp"]

REFUSED = {
    "8125": "no host or no port",
    "localhost": "no host or no port",
    ":8125": "no host or no port",
    "": "no host or no port",
    "localhost:0": "no host or no port",
    "localhost:65536": "no number from 1 to 65535",
    "localhost:http": "no number from 1 to 65535",
    "[::1:8125": "no IPv6 address",
    "http://localhost:80": "unknown scheme 'http'",
    "UDP://localhost:80": "unknown scheme 'UDP'",
    "://localhost:80": "unknown scheme ''",
    "localhost:8125/tcp": "more than a host and a port",
    "me@localhost:8125": "more than a host and a port",
    "unix://": "no absolute path",
    "unix://run/statsd.sock": "no absolute path",
}


@pytest.mark.parametrize(("text", "address"), READ.items(), ids=READ)
def test_address_is_read(text: str, address: Address) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize(("text", "words"), REFUSED.items(), ids=REFUSED)
def test_what_is_no_address_is_refused_with_the_forms_that_are(text: str, words: str) -> None:
    with pytest.raises(AddressError) as caught:
        read_address(text)
    assert words in str(caught.value)
    assert str(caught.value).startswith(repr(text))
    assert "give host:port, udp://host:port, tcp://host:port, unix:///path or unixstream:///path" in str(caught.value)


def test_address_is_shown_with_its_transport() -> None:
    assert [str(read_address(text)) for text in READ][:5] == SHOWN
    assert str(read_address("unix:///a")) == "unix:///a"
    assert str(read_address("unixstream:///a")) == "unixstream:///a"


@pytest.mark.parametrize(
    ("text", "loopback", "port"),
    [
        ("127.9.9.9:1", True, 1),
        ("[::1]:1", True, 1),
        ("localhost:1", True, 1),
        ("tcp://127.0.0.1:1", True, None),
        ("unix:///a", True, None),
        ("192.0.2.1:1", False, None),
        ("stats.example:1", False, None),
    ],
)
def test_only_a_local_udp_port_has_a_queue_to_look_at(text: str, loopback: bool, port: int | None) -> None:
    address = read_address(text)
    assert (address.loopback, address.local_udp_port) == (loopback, port)


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(5)
        yield made


async def sent(address: Address, *datagrams: bytes) -> None:
    sender = await address.connect()
    try:
        for datagram in datagrams:
            await sender.send(datagram)
    finally:
        sender.close()


def test_each_datagram_goes_out_as_it_is_an_empty_one_too(receiver: socket.socket) -> None:
    address = Address("udp", *receiver.getsockname())
    asyncio.run(sent(address, b"a:1|c", b"", b"b:1|c\n"))
    assert [receiver.recv(100) for _ in range(3)] == [b"a:1|c", b"", b"b:1|c\n"]


def test_datagrams_go_to_a_unix_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "s"))
        made.settimeout(5)
        asyncio.run(sent(Address("unix", path=str(tmp_path / "s")), b"a:1|c"))
        assert made.recv(100) == b"a:1|c"


def test_on_a_stream_each_datagram_ends_in_one_line_feed() -> None:
    async def received() -> bytes:
        got = asyncio.get_running_loop().create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            got.set_result(await reader.read(-1))
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            await sent(Address("tcp", *server.sockets[0].getsockname()), b"a:1|c", b"b:1|c\n", b"")
            text: bytes = await got
            return text

    assert asyncio.run(received()) == b"a:1|c\nb:1|c\n\n"


def test_stream_that_nobody_takes_is_an_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            asyncio.run(sent(Address("tcp", *unused.getsockname()), b"a"))
