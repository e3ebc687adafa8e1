"""The reference into the real carbon, read back from whisper; carbon restarted in between."""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from statsd_conformance.process import Process, free_port, start
from statsd_reference import Options, make_server
from statsd_reference.daemon import Daemon

PATIENCE = 60.0
CONFIGURATION = """\
[cache]
STORAGE_DIR = {root}/
CONF_DIR = {root}/
LOG_DIR = {root}/log/
PID_DIR = {root}/
LOCAL_DATA_DIR = {root}/whisper/
DATABASE = whisper
USER =
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {line}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickle}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {query}
ENABLE_UDP_LISTENER = False
MAX_CACHE_SIZE = inf
MAX_UPDATES_PER_SECOND = 10000
MAX_CREATES_PER_MINUTE = inf
ENABLE_TAGS = False
CARBON_METRIC_INTERVAL = 0
WHISPER_AUTOFLUSH = True
"""


@dataclass(frozen=True)
class Carbon:
    """A carbon-cache with its storage below `root`."""

    command: Sequence[str]
    root: Path
    line: int
    pickle: int

    def start(self, number: int) -> Process:
        """Start it, and wait until it listens."""
        command = [*self.command, "--nodaemon", f"--config={self.root}/carbon.conf", "start"]
        process = start(command, directory=self.root, log=self.root / f"log-{number}.txt")
        until(lambda: not process.alive() or connects(self.line))
        assert process.alive(), process.log_tail(20)
        return process

    def values(self, path: str) -> list[float]:
        """Return the values that whisper holds for a path, oldest first."""
        file = self.root / "whisper" / (path.replace(".", "/") + ".wsp")
        if not file.exists():
            return []
        code = f"import json, whisper; print(json.dumps(whisper.fetch({str(file)!r}, 0)))"
        read = subprocess.run([self.command[0], "-c", code], capture_output=True, text=True, check=True)
        return [value for value in json.loads(read.stdout)[1] if value is not None]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "carbon did not get there"
        time.sleep(0.02)  # between two looks at another program, not for it


def connects(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def carbon(program: Callable[[str], tuple[str, ...]], tmp_path: Path) -> Carbon:
    made = Carbon(program("carbon-cache"), tmp_path, free_port(), free_port())
    (tmp_path / "log").mkdir()
    ports = {"line": made.line, "pickle": made.pickle, "query": free_port()}
    (tmp_path / "carbon.conf").write_text(CONFIGURATION.format(root=tmp_path, **ports))
    (tmp_path / "storage-schemas.conf").write_text("[all]\npattern = .*\nretentions = 1s:1h\n")
    (tmp_path / "storage-aggregation.conf").write_text(
        "[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = last\n"
    )
    return made


async def flushed(running: Daemon, port: int, line: bytes, bucket: bytes) -> None:
    """Send a line, wait until it was read, and flush."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(line, ("127.0.0.1", port))
    while bucket not in running.receiver.window.counters:
        await asyncio.sleep(0.005)
    await running.flush_now()


@pytest.mark.parametrize("protocol", ["text", "pickle"])
def test_values_arrive_in_whisper_also_after_a_restart(carbon: Carbon, protocol: str) -> None:
    options: dict[str, Any] = {
        "address": "127.0.0.1",
        "port": 0,
        "mgmt_port": 0,
        "flush_interval": 600_000,
        "graphite_host": "127.0.0.1",
        "graphite_port": carbon.line,
        "graphite_pickle_port": carbon.pickle,
        "graphite_protocol": protocol,
    }

    async def scene() -> None:
        first = carbon.start(1)
        try:
            async with Daemon(make_server(Options(**options))) as running:
                await flushed(running, running.port, b"before:3|c\nlevel:1.5|g", b"before")
                await asyncio.to_thread(until, lambda: carbon.values("stats_counts.before") == [3.0])
                assert carbon.values("stats.gauges.level") == [1.5]
                await asyncio.to_thread(first.stop)
                second = await asyncio.to_thread(carbon.start, 2)
                try:
                    await flushed(running, running.port, b"after:4|c", b"after")
                    await asyncio.to_thread(until, lambda: carbon.values("stats_counts.after") == [4.0])
                finally:
                    await asyncio.to_thread(second.stop)
        finally:
            first.stop()

    asyncio.run(scene())
