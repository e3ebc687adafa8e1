"""Graphite as it answers: whisper's files, carbon's cache, a render URL."""

import json
import pickle
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import whisper

from carbon import make_carbon, until
from statsd_conformance.tracing.seen import Store, Stored
from statsd_conformance.tracing.stores import CarbonCache, Render, Several, StoreError, WhisperFiles


def write(root: Path, name: str, points: list[tuple[int, float]], retentions: list[tuple[int, int]]) -> None:
    path = root / f"{name}.wsp"
    path.parent.mkdir(parents=True, exist_ok=True)
    whisper.create(str(path), retentions, xFilesFactor=0.0, aggregationMethod="last")
    for stamp, value in points:
        whisper.update(str(path), value, stamp)


def test_files_tell_exact_names_and_the_points_since_a_time(tmp_path: Path) -> None:
    now = int(time.time()) // 10 * 10
    write(tmp_path, "a/b", [(now - 30, 1.0), (now - 20, 2.0), (now - 10, 4.0)], [(10, 60)])
    write(tmp_path, "\t a/b c", [(now - 30, 5.0)], [(10, 60)])
    found = WhisperFiles(tmp_path).read([], now - 15.0).stored
    assert found == {
        b"a.b": Stored(b"a.b", 2, 4.0, 6.0, now - 10, 10.0),
        b"\t a.b c": Stored(b"\t a.b c", 0, 5.0, 0, now - 30, 10.0),
    }


def test_points_of_the_finest_archive_count_and_older_ones_still_show(tmp_path: Path) -> None:
    now = int(time.time())
    write(tmp_path, "fresh", [(now - 2, 1.0), (now - 1, 3.0)], [(1, 60), (60, 60)])
    write(tmp_path, "old", [(now - 1800, 7.0)], [(1, 60), (60, 60)])
    found = WhisperFiles(tmp_path).read([], now - 30.0).stored
    assert (found[b"fresh"].points, found[b"fresh"].total) == (2, 4.0)
    assert (found[b"old"].points, found[b"old"].value) == (0, 7.0)


def test_a_file_that_is_none_is_there_with_nothing_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.wsp").write_bytes(b"no whisper")
    (tmp_path / "a.txt").write_bytes(b"no whisper")
    assert WhisperFiles(tmp_path).read([], 0.0).stored == {b"a": Stored(b"a", 0)}


def test_what_carbon_counts_of_itself_is_read_and_is_no_series(tmp_path: Path) -> None:
    now = int(time.time())
    for name, value in (("droppedCreates", 3.0), ("blacklistMatches", 5.0), ("whitelistRejects", 7.0), ("cpu", 9.0)):
        write(tmp_path, f"carbon/agents/host-a/{name}", [(now - 1, value)], [(1, 60)])
    store = WhisperFiles(tmp_path).read([], now - 10.0)
    assert (store.dropped, store.rejected, dict(store.stored)) == (3.0, 12.0, {})


def test_without_whisper_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "whisper", None)
    with pytest.raises(StoreError, match=r"pip install 'statsd-conformance\[trace\]'"):
        WhisperFiles(tmp_path).read([], 0.0)


@contextmanager
def answering(answers: Callable[[dict[str, Any]], bytes]) -> Iterator[int]:
    """Serve as carbon's query port does; give the port."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while head := self.rfile.read(4):
                question = pickle.loads(self.rfile.read(struct.unpack(">L", head)[0]))
                body = answers(question)
                self.wfile.write(struct.pack(">L", len(body)) + body)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_the_cache_is_asked_for_each_path_and_for_it_without_blanks() -> None:
    held = {"a": [(100.0, 1.0), (110.0, 2.0)], "\ta": [], "b": []}

    def answer(question: dict[str, Any]) -> bytes:
        assert question["type"] == "cache-query"
        return pickle.dumps({"datapoints": held[question["metric"]]}, protocol=2)

    with answering(answer) as port:
        store = CarbonCache("127.0.0.1", port).read([b"\ta", b"b", b"\xff"], 105.0)
    assert dict(store.stored) == {b"a": Stored(b"a", 1, 2.0, 2.0, 110.0)}


class Harmful:
    """Raises when it is unpickled by one who trusts."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("it was trusted",)


@pytest.mark.parametrize(
    "answer",
    [pickle.dumps({"datapoints": [Harmful()]}), pickle.dumps({"error": "no"}), pickle.dumps([1]), b"junk"],
    ids=["harmful", "no-points", "no-dictionary", "no-pickle"],
)
def test_an_answer_that_is_none_is_refused_and_never_trusted(answer: bytes) -> None:
    with answering(lambda question: answer) as port, pytest.raises(StoreError, match="cannot ask the cache of carbon"):
        CarbonCache("127.0.0.1", port).read([b"a"], 0.0)


@pytest.mark.parametrize("asks", [CarbonCache("127.0.0.1", 1), Render("http://127.0.0.1:1")])
def test_a_store_that_is_not_there_is_named_with_the_option(asks: CarbonCache | Render) -> None:
    with pytest.raises(StoreError, match=r"cannot ask .*127\.0\.0\.1:1.* --(carbon-query|render)"):
        asks.read([b"a"], 0.0)


@contextmanager
def rendering(series: dict[str, list[tuple[float | None, int]]], status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """Serve as graphite-web does; give the URL, and what was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            asked.extend(query["target"])
            found = [{"target": name, "datapoints": series[name]} for name in query["target"] if name in series]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/", asked
        finally:
            server.shutdown()
            thread.join()


def test_a_render_url_is_asked_for_every_path_with_its_bytes_escaped() -> None:
    with rendering({"a&b": [(1.0, 100), (None, 110), (3.0, 120)], "never": [(None, 100)]}) as (url, asked):
        store = Render(url).read([b"a&b", b"never", b"gone"], 115.0)
    assert dict(store.stored) == {b"a&b": Stored(b"a&b", 1, 3.0, 3.0, 120.0, 10.0)}
    assert asked[:3] == ["a&b", "never", "gone"]
    assert "*.agents.*.droppedCreates" in asked


def test_a_render_url_that_answers_otherwise_is_an_error() -> None:
    with rendering({}, status=500) as (url, _), pytest.raises(StoreError, match="before /render"):
        Render(url).read([b"a"], 0.0)


def test_several_ways_are_one_store_with_the_latest_points() -> None:
    class Fixed:
        def __init__(self, store: Store) -> None:
            self.store = store

        def read(self, paths: object, since: float) -> Store:
            return self.store

    old, new, other = (Stored(path, 1, 1.0, 1.0, last) for path, last in ((b"a", 100.0), (b"a", 110.0), (b"b", 100.0)))
    first, second = Store({b"a": new}, "one", dropped=1.0), Store({b"a": old, b"b": other}, "two", rejected=2.0)
    together = Several([Fixed(first), Fixed(second)]).read([], 0.0)
    assert together == Store({b"a": new, b"b": other}, "one and two", 1.0, 2.0)


@pytest.mark.xdist_group("trace")
def test_the_real_cache_answers_before_the_files_do(program: Callable[[str], tuple[str, ...]], tmp_path: Path) -> None:
    carbon = make_carbon(program("carbon-cache"), tmp_path)
    # It writes nothing, so that all stays in the cache.
    settings = tmp_path / "carbon.conf"
    settings.write_text(settings.read_text().replace("MAX_CREATES_PER_MINUTE = inf", "MAX_CREATES_PER_MINUTE = 1"))
    running = carbon.start(1)
    try:
        now = int(time.time())
        with socket.create_connection(("127.0.0.1", carbon.line)) as graphite:
            graphite.sendall(b"\ta.b 3 %d\n" % now)
        files, cache = WhisperFiles(tmp_path / "whisper"), CarbonCache("127.0.0.1", carbon.query)
        either = Several([files, cache])
        until(lambda: b"a.b" in either.read([b"\ta.b"], now - 10.0).stored)
        assert either.read([b"\ta.b"], now - 10.0).stored[b"a.b"].value == 3.0
    finally:
        running.stop()
