import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from statsd_conformance.graphite import Snapshot
from statsd_conformance.observers import GraphiteObserver
from statsd_conformance.profile import Profile, load_profile

CLOSE = replace(load_profile("statsd"), silence=60.0)
MARKER = replace(load_profile("reference"), silence=60.0)
SILENCE = replace(load_profile("collectd"), silence=0.05)
TIMESTAMP = replace(load_profile("gostatsd"), silence=0.05)
END = b"stats.statsd.graphiteStats.flush_length 0 100\n"


class Heard:
    """The snapshots of a sink, to be waited for."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Snapshot] = asyncio.Queue()

    async def next(self) -> list[bytes]:
        """Return the lines of the next snapshot, as they came."""
        snapshot = await asyncio.wait_for(self.queue.get(), 10)
        return [line.raw for line in snapshot.lines]


Say = Callable[[], Awaitable[asyncio.StreamWriter]]


def listening(
    profile: Profile, conversation: Callable[[Say, Heard], Awaitable[None]], made: list[GraphiteObserver] | None = None
) -> GraphiteObserver:
    """Run a conversation with a sink, which is put into `made`; `say` opens a connection to it."""

    async def run() -> GraphiteObserver:
        heard = Heard()
        sink = GraphiteObserver(profile, heard.queue.put_nowait, lambda: profile.silence)
        port = await sink.open()
        if made is not None:
            made.append(sink)
        writers: list[asyncio.StreamWriter] = []

        async def say() -> asyncio.StreamWriter:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writers.append(writer)
            return writer

        try:
            await conversation(say, heard)
        finally:
            for writer in writers:
                writer.close()
            await sink.close()
        assert heard.queue.empty()
        return sink

    return asyncio.run(run())


async def send(writer: asyncio.StreamWriter, *chunks: bytes) -> None:
    for chunk in chunks:
        writer.write(chunk)
        await writer.drain()
        # So that the sink reads one chunk at a time.
        await asyncio.sleep(0.001)


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


def test_flush_ends_with_its_connection() -> None:
    async def conversation(say: Say, heard: Heard) -> None:
        for value in (b"1", b"2"):
            writer = await say()
            await send(writer, b"a " + value + b" 100\nb 1 100\n")
            await closed(writer)
            assert await heard.next() == [b"a " + value + b" 100", b"b 1 100"]

    assert listening(CLOSE, conversation).connections == 2


def test_flush_ends_with_its_marker_and_the_connection_lasts() -> None:
    async def conversation(say: Say, heard: Heard) -> None:
        writer = await say()
        await send(writer, b"a 1 100\n" + END + b"b 2 101\n", END)
        assert await heard.next() == [b"a 1 100", END[:-1]]
        assert await heard.next() == [b"b 2 101", END[:-1]]

    assert listening(MARKER, conversation).connections == 1


def test_second_program_that_publishes_beside_the_target_is_noticed() -> None:
    ends: list[str] = []

    async def conversation(say: Say, heard: Heard) -> None:
        target, other = await say(), await say()
        for writer in (target, other):
            ends.append("{}:{}".format(*writer.get_extra_info("sockname")))
        for _ in range(4):
            for writer, bucket in ((target, b"qabcde0001.a"), (other, b"orders")):
                await send(writer, bucket + b" 1 100\n" + END)
                await heard.next()

    sink = listening(MARKER, conversation)
    assert sink.peers.two == (ends[0], ends[1])
    assert sink.peers.alive == []


def test_flush_ends_before_another_timestamp_and_with_silence() -> None:
    async def conversation(say: Say, heard: Heard) -> None:
        await send(await say(), b"a 1 100\nb 2 100\nwrong\nc 3 100\na 4 101\nb 5 10", b"1\na 6 102\n")
        assert await heard.next() == [b"a 1 100", b"b 2 100", b"wrong", b"c 3 100"]
        assert await heard.next() == [b"a 4 101", b"b 5 101"]
        assert await heard.next() == [b"a 6 102"]

    listening(TIMESTAMP, conversation)


def test_flush_ends_with_silence() -> None:
    async def conversation(say: Say, heard: Heard) -> None:
        writer = await say()
        await send(writer, b"a 1 100\nb 1 100\n")
        assert await heard.next() == [b"a 1 100", b"b 1 100"]
        await send(writer, b"c 1 100\n")
        assert await heard.next() == [b"c 1 100"]

    listening(SILENCE, conversation)


def test_flush_ends_before_a_path_of_it_comes_with_another_time_where_no_silence_was_heard() -> None:
    async def conversation(say: Say, heard: Heard) -> None:
        writer = await say()
        # Within one, times may differ, and a path may stand twice.
        await send(writer, b"a 1 100\nb 1 101\na 2 100\na 3 102\nb 1 102\na 4 103\n")
        assert await heard.next() == [b"a 1 100", b"b 1 101", b"a 2 100"]
        assert await heard.next() == [b"a 3 102", b"b 1 102"]
        assert await heard.next() == [b"a 4 103"]

    listening(SILENCE, conversation)


def test_a_time_in_which_nothing_ran_is_no_silence() -> None:
    async def conversation(say: Say, heard: Heard) -> None:
        writer = await say()
        await send(writer, b"a 1 100\n")
        async with asyncio.timeout(10):
            while not sink[0].lines:
                await asyncio.sleep(0)
        time.sleep(3 * SILENCE.silence)  # the loop stands still, as on a machine with other work
        await send(writer, b"b 1 100\n")
        assert await heard.next() == [b"a 1 100", b"b 1 100"]

    sink: list[GraphiteObserver] = []
    listening(SILENCE, conversation, sink)


def test_silence_is_longer_where_markers_end_flushes() -> None:
    async def run() -> None:
        heard = Heard()
        sinks = [GraphiteObserver(MARKER, heard.queue.put_nowait, lambda: 0.02) for _ in range(2)]
        ways = [(await asyncio.open_connection("127.0.0.1", await sink.open()))[1] for sink in sinks]
        await send(ways[0], END)
        assert await heard.next() == [END.rstrip()]
        await send(ways[0], b"marked 1 100\n")
        await send(ways[1], b"unmarked 1 100\n")
        assert [await heard.next(), await heard.next()] == [[b"unmarked 1 100"], [b"marked 1 100"]]
        for way in ways:
            await closed(way)
        for sink in sinks:
            await sink.close()

    asyncio.run(run())


def test_lines_are_whole_wherever_chunks_are_cut() -> None:
    text = b"stats.a 1.5 100\nstats.b 2 100\n" + END

    async def conversation(say: Say, heard: Heard) -> None:
        writer = await say()
        for cut in (1, 15, 16, 17, len(text) - 1):
            await send(writer, text[:cut], text[cut:])
            assert await heard.next() == text[:-1].split(b"\n")

    listening(MARKER, conversation)


def test_last_line_counts_without_a_line_feed() -> None:
    async def conversation(say: Say, heard: Heard) -> None:
        writer = await say()
        await send(writer, b"a 1 100\nb 1")
        await closed(writer)
        assert await heard.next() == [b"a 1 100", b"b 1"]

    listening(CLOSE, conversation)


def test_flush_that_overtakes_another_waits_for_it() -> None:
    async def conversation(say: Say, heard: Heard) -> None:
        first, second, third = await say(), await say(), await say()
        await send(first, b"a 1 100\n")
        await send(third, b"a 3 102\n")
        await closed(third)
        await send(second, b"a 2 101\n")
        await closed(second)
        await send(first, b"b 1 100\n")
        await closed(first)
        assert await heard.next() == [b"a 1 100", b"b 1 100"]
        assert await heard.next() == [b"a 2 101"]
        assert await heard.next() == [b"a 3 102"]

    listening(CLOSE, conversation)


def test_flush_waits_for_no_connection_that_is_silent() -> None:
    async def conversation(say: Say, heard: Heard) -> None:
        idle, open_still, second, third = [await say() for _ in range(4)]
        await send(open_still, b"a 1 100\n")
        await send(third, b"a 3 102\n")
        await send(second, b"a 2 101\n")
        assert await heard.next() == [b"a 1 100"]
        await closed(second)
        assert await heard.next() == [b"a 2 101"]
        await closed(third)
        assert await heard.next() == [b"a 3 102"]
        await closed(idle)

    listening(replace(CLOSE, silence=0.2), conversation)


def test_connection_without_a_line_is_no_flush() -> None:
    async def conversation(say: Say, heard: Heard) -> None:
        await closed(await say())
        writer = await say()
        await send(writer, b"a 1 100\n")
        await closed(writer)
        assert await heard.next() == [b"a 1 100"]

    assert listening(CLOSE, conversation).connections == 2


def test_line_without_an_end_is_not_kept_for_ever() -> None:
    megabyte = b"x" * (1 << 20)

    async def conversation(say: Say, heard: Heard) -> None:
        writer = await say()
        await send(writer, *[megabyte] * 4)
        await closed(writer)
        [kept] = await heard.next()
        assert kept == megabyte

    listening(CLOSE, conversation)


def test_broken_connection_leaves_the_sink_listening() -> None:
    async def conversation(say: Say, heard: Heard) -> None:
        broken = await say()
        await send(broken, b"a 1 100\nb")
        broken.transport.abort()
        writer = await say()
        await send(writer, END)
        assert (await heard.next())[-1] == END[:-1]

    listening(MARKER, conversation)


def test_closed_sink_drops_its_connections() -> None:
    async def run() -> bytes:
        sink = GraphiteObserver(MARKER, lambda snapshot: None, lambda: MARKER.silence)
        reader, writer = await asyncio.open_connection("127.0.0.1", await sink.open())
        await send(writer, b"a 1 100\n")
        await sink.close()
        left = await asyncio.wait_for(reader.read(), 10)
        await closed(writer)
        return left

    assert asyncio.run(run()) == b""


def test_snapshot_tells_when_it_ended() -> None:
    times: list[Sequence[float]] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        heard = Heard()
        sink = GraphiteObserver(MARKER, heard.queue.put_nowait, lambda: MARKER.silence)
        _, writer = await asyncio.open_connection("127.0.0.1", await sink.open())
        before = loop.time()
        await send(writer, END)
        snapshot = await asyncio.wait_for(heard.queue.get(), 10)
        times.append((before, snapshot.arrived, loop.time()))
        await closed(writer)
        await sink.close()

    asyncio.run(run())
    assert list(times[0]) == sorted(times[0])


def test_sink_that_is_away_refuses_and_comes_back_at_its_port() -> None:
    async def conversation(say: Say, heard: Heard) -> None:
        before = await say()
        await send(before, b"a 1 100\nhalf of a flush 2 100\n")
        async with asyncio.timeout(10):
            while not sink[0].lines:
                await asyncio.sleep(0)
        async with sink[0].away():
            with pytest.raises(ConnectionRefusedError):
                await say()
        await send(await say(), b"b 1 200\n" + END)
        assert await heard.next() == [b"b 1 200", END.rstrip()]

    sink: list[GraphiteObserver] = []
    listening(MARKER, conversation, sink)


def test_place_of_a_sink_that_is_away_is_nobody_elses() -> None:
    async def run() -> None:
        sink = GraphiteObserver(MARKER, Heard().queue.put_nowait, lambda: 1.0)
        port = await sink.open()
        async with sink.away():
            with socket.socket() as other, pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", port))
        await sink.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("host", "place", "contained"),
    [
        ("127.0.0.1", "127.0.0.1:2003", True),
        ("", "port 2003 of every address", False),
        ("10.0.0.1", "10.0.0.1:2003", False),
    ],
)
def test_who_heard_nothing_says_where_it_listened(host: str, place: str, contained: bool) -> None:
    said = GraphiteObserver(SILENCE, lambda snapshot: None, lambda: 1.0, host, 2003).heard()
    assert f"no connection came in at {place}" in said
    assert ("in a container needs one at 0.0.0.0" in said) is contained


def test_who_heard_no_whole_line_says_who_holds_lines_back() -> None:
    observer = GraphiteObserver(SILENCE, lambda snapshot: None, lambda: 1.0, "127.0.0.1", 2003)
    assert "FlushInterval" not in observer.heard()
    observer.connections = 1
    said = observer.heard()
    assert "1 connection came in at 127.0.0.1:2003, but no whole line" in said
    assert "<LoadPlugin write_graphite> has FlushInterval 1" in said
