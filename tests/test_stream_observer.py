import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from statsd_conformance.graphite import Snapshot
from statsd_conformance.observers import as_graphite, stream
from statsd_conformance.profile import load_profile

PROFILE = replace(load_profile("statsite"), silence=0.05)
Heard = Callable[[], Awaitable[list[bytes]]]


def reading(path: Path, conversation: Callable[[Heard], Awaitable[None]]) -> None:
    """Run a conversation while the stream at `path` is read; `heard` gives the paths and values of the next flush."""

    async def run() -> None:
        queue: asyncio.Queue[Snapshot] = asyncio.Queue()
        observer = stream(path, as_graphite)(PROFILE, queue.put_nowait, lambda: PROFILE.silence)
        assert await observer.open() == 0

        async def heard() -> list[bytes]:
            snapshot = await asyncio.wait_for(queue.get(), 10)
            return [line.path + b"=" + line.value for line in snapshot.lines]

        try:
            await conversation(heard)
        finally:
            await observer.close()

    asyncio.run(run())


def append(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


def test_file_that_begins_to_exist_is_read_from_its_begin(tmp_path: Path) -> None:
    path = tmp_path / "stream"

    async def conversation(heard: Heard) -> None:
        append(path, b"counts.a|1.000000|100\ncounts.b|2.5|100\n")
        assert await heard() == [b"counts.a=1.000000", b"counts.b=2.5"]

    reading(path, conversation)


def test_each_silence_ends_a_flush(tmp_path: Path) -> None:
    path = tmp_path / "stream"

    async def conversation(heard: Heard) -> None:
        append(path, b"a|1|100\n")
        assert await heard() == [b"a=1"]
        append(path, b"a|2|101\n")
        assert await heard() == [b"a=2"]

    reading(path, conversation)


def test_what_a_file_held_before_is_not_of_this_run(tmp_path: Path) -> None:
    path = tmp_path / "stream"
    append(path, b"old|1|100\n")

    async def conversation(heard: Heard) -> None:
        append(path, b"new|1|100\n")
        assert await heard() == [b"new=1"]

    reading(path, conversation)


def test_line_is_whole_only_with_its_end(tmp_path: Path) -> None:
    path = tmp_path / "stream"

    async def conversation(heard: Heard) -> None:
        append(path, b"a|1|100\nb|")
        assert await heard() == [b"a=1"]
        append(path, b"2|100\n")
        assert await heard() == [b"b=2"]

    reading(path, conversation)


def test_pipe_outlives_its_writers(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)

    async def conversation(heard: Heard) -> None:
        for value in (b"1", b"2"):
            append(path, b"a|" + value + b"|100\n")
            assert await heard() == [b"a=" + value]

    reading(path, conversation)


@pytest.mark.parametrize(
    ("raw", "line"),
    [(b"counts.a|1.0|100", b"counts.a 1.0 100"), (b"counts.a|b|1.0|100", b"counts.a|b 1.0 100"), (b"junk", b"junk")],
)
def test_line_of_statsite_becomes_one_of_graphite(raw: bytes, line: bytes) -> None:
    assert as_graphite(raw) == line
