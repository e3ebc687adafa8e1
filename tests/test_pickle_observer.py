import asyncio
import os
import pickle
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statsd_conformance.graphite import Snapshot
from statsd_conformance.observers import pickled
from statsd_conformance.observers.pickled import LONGEST, BadPickle, read_message
from statsd_conformance.profile import load_profile

CLOSE = replace(load_profile("statsd"), silence=60.0)
POINTS = [("stats.a", (100, 1.5)), ("stats.b", (100, "2"))]


class Harmful:
    """Makes a directory when it is unpickled by one who trusts."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def message(payload: bytes) -> bytes:
    return struct.pack(">L", len(payload)) + payload


def heard_of(*conversations: bytes) -> list[bytes]:
    """Return the lines of the first flush after each of the conversations was a connection of its own."""

    async def run() -> list[bytes]:
        queue: asyncio.Queue[Snapshot] = asyncio.Queue()
        observer = pickled("127.0.0.1", 0)(CLOSE, queue.put_nowait, lambda: CLOSE.silence)
        port = await observer.open()
        try:
            for sent in conversations:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(sent)
                writer.write_eof()
                assert await asyncio.wait_for(reader.read(), 10) == b""
                writer.close()
            snapshot = await asyncio.wait_for(queue.get(), 10)
        finally:
            await observer.close()
        return [line.raw for line in snapshot.lines]

    return asyncio.run(run())


def test_text_of_python_2_keeps_its_bytes_whether_they_are_utf_8_or_not() -> None:
    written_by_brubeck = b"\x80\x02]U\x03a\xffbK\x64U\x011\x86\x86a."
    assert [line.raw for line in read_message(written_by_brubeck)] == [b"a\xffb 1 100"]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_points_of_every_protocol_become_lines(protocol: int) -> None:
    lines = read_message(pickle.dumps(POINTS, protocol))
    assert [line.raw for line in lines] == [b"stats.a 1.5 100", b"stats.b 2 100"]


def test_messages_of_one_connection_are_one_flush() -> None:
    sent = b"".join(message(pickle.dumps([point])) for point in POINTS)
    assert heard_of(sent) == [b"stats.a 1.5 100", b"stats.b 2 100"]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_hostile_pickle_runs_nothing(protocol: int, tmp_path: Path) -> None:
    made = tmp_path / "made"
    with pytest.raises(BadPickle, match="holds the opcode"):
        read_message(pickle.dumps(Harmful(str(made)), protocol))
    assert not made.exists()


@pytest.mark.parametrize(
    "hostile",
    [
        message(pickle.dumps(Harmful("/nonexistent/made"))),
        message(b"junk"),
        struct.pack(">L", LONGEST + 1),
    ],
    ids=["code", "junk", "length"],
)
def test_observer_listens_on_after_a_bad_message(hostile: bytes) -> None:
    assert heard_of(hostile, message(pickle.dumps(POINTS))) == [b"stats.a 1.5 100", b"stats.b 2 100"]


@pytest.mark.parametrize(
    ("points", "words"),
    [({}, "opcode EMPTY_DICT"), ("a", "not a list"), ([("a", 1)], "not \\(path"), ([None], "not \\(path")],
)
def test_other_shape_is_refused_in_words(points: object, words: str) -> None:
    with pytest.raises(BadPickle, match=words):
        read_message(pickle.dumps(points))


def test_pickle_makes_no_room_for_what_it_does_not_hold() -> None:
    with pytest.raises(BadPickle, match="puts something at"):
        read_message(b"]r\xff\xff\xff\x7f.")


@given(st.binary(max_size=80))
def test_any_bytes_are_lines_or_refused(payload: bytes) -> None:
    try:
        lines = read_message(payload)
    except BadPickle:
        return
    assert isinstance(lines, list)
