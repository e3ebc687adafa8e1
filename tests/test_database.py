"""Where failing examples are kept; Redis for real."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import settings
from hypothesis.database import (
    DirectoryBasedExampleDatabase,
    GitHubArtifactDatabase,
    MultiplexedDatabase,
    ReadOnlyDatabase,
)

from needed_programs import tool
from statsd_conformance.process import free_port
from statsd_fuzz.database import DatabaseError, choose_database
from statsd_fuzz.remote_database import RemoteDatabase
from statsd_fuzz.search import PROFILES, load_profile

# Looks for an example, or only tries those that are kept.
SEARCH = """\
import os, sys
from unittest import SkipTest
from hypothesis import Phase, given, settings, strategies as st
from statsd_fuzz.database import choose_database
from statsd_fuzz.search import load_profile

load_profile("ci", choose_database(os.environ))

@settings(phases=[Phase[name] for name in sys.argv[1:]])
@given(st.integers())
def search(number):
    assert number < 1000

try:
    search()
    print("passes")
except AssertionError:
    print("fails")
except SkipTest:
    print("has no example")
"""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """Give the address of a Redis server that is there for this test."""
    pytest.importorskip("redis", reason="the client of Redis is not installed: pip install 'statsd-conformance[redis]'")
    port = free_port()
    command = [*tool("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout
    with server:
        said = next((line for line in server.stdout if "Ready to accept connections" in line), "")
        try:
            assert said, "redis-server ended"
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()


def searched(folder: Path, database: str, *phases: str) -> str:
    """Return what a process of its own says, in a folder of its own."""
    folder.mkdir()
    script = folder.parent / "search.py"
    script.write_text(SEARCH)
    environment = os.environ | {"HYPOTHESIS_DATABASE": database}
    command = [sys.executable, str(script), *phases]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# Slow, because three processes import Hypothesis.
def test_two_processes_share_a_failing_example_through_redis(redis: str, tmp_path: Path) -> None:
    assert searched(tmp_path / "before", redis, "reuse") == "has no example"
    assert searched(tmp_path / "finder", redis, "generate", "shrink") == "fails"
    assert searched(tmp_path / "other", redis, "reuse") == "fails"


def test_a_redis_that_is_read_only_is_not_written(redis: str) -> None:
    writes, reads = (
        choose_database({"HYPOTHESIS_DATABASE": redis}),
        choose_database({"HYPOTHESIS_DATABASE": f"read-only:{redis}"}),
    )
    assert writes is not None
    assert reads is not None
    reads.save(b"key", b"mine")
    assert list(writes.fetch(b"key")) == []
    writes.save(b"key", b"theirs")
    assert set(reads.fetch(b"key")) == {b"mine", b"theirs"}


def test_without_a_place_the_profile_decides() -> None:
    assert choose_database({}) is None
    assert choose_database({"HYPOTHESIS_DATABASE": " "}) is None


def test_a_folder_is_a_database(tmp_path: Path) -> None:
    database = choose_database({"HYPOTHESIS_DATABASE": str(tmp_path / "new")})
    assert isinstance(database, DirectoryBasedExampleDatabase)
    database.save(b"key", b"value")
    assert list(DirectoryBasedExampleDatabase(tmp_path / "new").fetch(b"key")) == [b"value"]


def test_a_folder_that_is_only_read_need_not_be_there(tmp_path: Path) -> None:
    database = choose_database({"HYPOTHESIS_DATABASE": f"{tmp_path / 'mine'} read-only:{tmp_path / 'theirs'}"})
    assert database is not None
    assert list(database.fetch(b"key")) == []
    assert {path.name for path in tmp_path.iterdir()} == {"mine"}


def test_artifacts_of_github_are_read_and_what_is_found_is_kept_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = choose_database({"HYPOTHESIS_DATABASE": "github:owner/repository"})
    assert isinstance(database, MultiplexedDatabase)
    local, remote = database._wrapped
    assert isinstance(local, DirectoryBasedExampleDatabase)
    assert isinstance(remote, ReadOnlyDatabase)
    assert isinstance(remote._wrapped, RemoteDatabase)
    artifacts = remote._wrapped.database
    assert isinstance(artifacts, GitHubArtifactDatabase)
    assert (artifacts.owner, artifacts.repo) == ("owner", "repository")


def test_each_repository_at_github_has_its_own_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ours", "theirs"):
        # What a workflow uploads of .hypothesis/examples there, fetched just now.
        examples = DirectoryBasedExampleDatabase(tmp_path / name)
        examples.save(b"key", name.encode())
        fetched = tmp_path / ".hypothesis/github-artifacts/owner" / name
        fetched.mkdir(parents=True)
        with ZipFile(fetched / f"{datetime.now(UTC).isoformat().replace(':', '_')}.zip", "w") as archive:
            for file in (tmp_path / name).rglob("*"):
                archive.write(file, file.relative_to(tmp_path / name))
    for name in ("ours", "theirs"):
        database = choose_database({"HYPOTHESIS_DATABASE": f"github:owner/{name}"})
        assert database is not None
        assert list(database.fetch(b"key")) == [name.encode()]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("github:owner", "=github:owner names no repository; say github:OWNER/REPOSITORY"),
        ("https://host/", "=https://host/ is none that is known; say redis://HOST:PORT, github:… or a folder"),
        ("redis://127.0.0.1:1/0", "=redis://127.0.0.1:1/0: .*refused.*; start that server, or name another place"),
        ("redis://[::1", r"=redis://\[::1: Invalid IPv6 URL; say redis://HOST:PORT/NUMBER"),
        ("redis://127.0.0.1:port/0", "start that server, or name another place"),
        ("redis://127.0.0.1:1/one", "=redis://127.0.0.1:1/one: 'one' is no number of a database; say redis://"),
        ("redis:127.0.0.1", "=redis:127.0.0.1 is none that is known; say redis://HOST:PORT, github:… or a folder"),
        ("read-only:", "=read-only: names no place; say read-only:PLACE"),
        (__file__, f"={re.escape(__file__)}: File exists; name a folder, or one that can be made"),
        (f"{__file__}/below", f"={re.escape(__file__)}/below: Not a directory; name a folder"),
    ],
    ids=[
        "no repository",
        "unknown",
        "nobody there",
        "half an address",
        "no port",
        "no number",
        "no slashes",
        "no place",
        "file",
        "below",
    ],
)
def test_a_database_that_cannot_be_had_is_refused_by_name(place: str, words: str) -> None:
    if "redis" in place:
        pytest.importorskip("redis", reason="the client of Redis is not installed")
    with pytest.raises(DatabaseError, match=words):
        choose_database({"HYPOTHESIS_DATABASE": place})


def test_without_the_client_of_redis_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.delitem(sys.modules, "hypothesis.extra.redis", raising=False)
    with pytest.raises(DatabaseError, match=r"needs a client: pip install 'statsd-conformance\[redis\]'"):
        choose_database({"HYPOTHESIS_DATABASE": "redis://127.0.0.1:1/0"})


@pytest.mark.parametrize("name", PROFILES)
def test_a_database_holds_for_every_profile(name: str, tmp_path: Path) -> None:
    before = settings.get_current_profile_name()
    database = DirectoryBasedExampleDatabase(tmp_path)
    try:
        load_profile(name, database)
        assert settings.default is not None
        assert settings.default.database == database
        assert not settings.default.derandomize
        assert settings.default.max_examples == PROFILES[name].max_examples
    finally:
        load_profile(before)
