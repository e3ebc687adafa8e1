import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from statsd_conformance.graphite import Snapshot
from statsd_conformance.observers.polling import PollingObserver, Unreadable, fetch
from statsd_conformance.process import free_port
from statsd_conformance.profile import load_profile

PROFILE = load_profile("statsd")
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Looking(PollingObserver):
    """Reads one line a look; `lost` counts how often it had to let go."""

    output = "lines"
    remedy = "Do something"
    lines: list[bytes] = field(default_factory=list)
    lost: int = 0

    async def look(self) -> None:
        """Read a line."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            line = await reader.readuntil(b"\n")
        finally:
            writer.close()
        if line == b"junk\n":
            raise Unreadable("junk")
        self.lines.append(line)

    def lose(self) -> None:
        """Count."""
        self.lost += 1


def ignored(snapshot: Snapshot) -> None:
    raise AssertionError("nothing here tells of a flush")


async def until(met: Callable[[], bool]) -> None:
    while not met():
        await asyncio.sleep(0.001)


def answered(*answers: bytes, looks: int = 0) -> Looking:
    """Let an observer look until so many looks succeeded and every answer was given; an answer is a connection's."""

    async def run() -> Looking:
        left = list(answers)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(left.pop(0) if left else b"more\n")
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            observer = Looking(PROFILE, ignored, "127.0.0.1", server.sockets[0].getsockname()[1])
            assert await observer.open() == 0
            await until(lambda: not left and observer.connections >= looks)
            await observer.close()
        return observer

    return asyncio.run(run())


def test_it_is_asked_again_and_again() -> None:
    assert answered(b"a\n", b"b\n", looks=3).lines[:3] == [b"a\n", b"b\n", b"more\n"]


@pytest.mark.parametrize("bad", [b"junk\n", b"cut short", b""], ids=["unreadable", "cut short", "closed"])
def test_answer_that_cannot_be_used_is_let_go_and_asked_for_again(bad: bytes) -> None:
    observer = answered(b"a\n", bad, b"b\n", looks=2)
    assert observer.lines[:2] == [b"a\n", b"b\n"]
    assert observer.lost == 1


def test_place_where_nobody_answers_yet_is_asked_until_somebody_does() -> None:
    async def run() -> None:
        port = free_port()
        observer = Looking(PROFILE, ignored, "127.0.0.1", port)
        await observer.open()
        await until(lambda: observer.lost > 0)
        assert f"127.0.0.1:{port} gave no answer that can be used" in observer.heard()
        assert observer.heard().endswith(". Do something")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"a\n")
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", port):
            await until(lambda: bool(observer.lines))
        await observer.close()
        assert observer.heard().startswith(f"{observer.connections} answers came in, but nothing that was sent")

    asyncio.run(run())


def test_mistake_of_an_observer_comes_out_when_it_is_closed() -> None:
    @dataclass
    class Mistaken(Looking):
        async def look(self) -> None:
            raise LookupError("no such line")

    async def run() -> None:
        observer = Mistaken(PROFILE, ignored, "127.0.0.1", 1)
        await observer.open()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await observer.close()

    with pytest.raises(LookupError, match="no such line"):
        asyncio.run(run())


def paged(status: bytes, path: str = "/page") -> bytes:
    """Return what `fetch` returns of a server that answers with this status and a body of two bytes."""

    async def run() -> bytes:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 %b\r\nContent-Length: 2\r\n\r\n" % status + request.split()[1][1:3])
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            return await fetch("127.0.0.1", server.sockets[0].getsockname()[1], path)

    return asyncio.run(run())


def test_page_is_fetched() -> None:
    assert paged(b"200 OK") == b"pa"


def test_page_that_is_not_there_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="/page is answered with 404 Not Found"):
        paged(b"404 Not Found")
