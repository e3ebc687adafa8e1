"""The real carbon as a child process, and what whisper holds when it has written."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from statsd_conformance.process import Process, free_port, start

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
MAX_CREATES_PER_MINUTE = {creates}
ENABLE_TAGS = False
CARBON_METRIC_INTERVAL = {metrics}
WHISPER_AUTOFLUSH = True
"""


@dataclass(frozen=True)
class Carbon:
    """A carbon-cache with its storage below `root`."""

    command: Sequence[str]
    root: Path
    line: int
    pickle: int
    query: int

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
        read = subprocess.run([self.command[0], "-c", code], capture_output=True, text=True, check=False)
        if "CorruptWhisperFile" in read.stderr:
            # It is being written.
            return []
        assert read.returncode == 0, read.stderr
        return [value for value in json.loads(read.stdout)[1] if value is not None]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "carbon did not get there"
        time.sleep(0.02)  # between two looks at another program, not for it


def connects(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def make_carbon(command: Sequence[str], root: Path, *, creates: str = "inf", metrics: int = 0) -> Carbon:
    """Return a carbon that is configured below `root`: every second a point, `creates` files a minute.

    It tells of itself every `metrics` seconds, never with 0.
    """
    made = Carbon(command, root, free_port(), free_port(), free_port())
    (root / "log").mkdir()
    ports = {"line": made.line, "pickle": made.pickle, "query": made.query}
    text = CONFIGURATION.format(root=root, creates=creates, metrics=metrics, **ports)
    (root / "carbon.conf").write_text(text)
    (root / "storage-schemas.conf").write_text("[all]\npattern = .*\nretentions = 1s:1h\n")
    (root / "storage-aggregation.conf").write_text("[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = last\n")
    return made
