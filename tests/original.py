"""The original StatsD (npm `statsd`) as a child process under a test's command: datagrams in, flushes out.

stats.js runs unchanged. Its option `servers` gives it a server module that reads datagrams from standard input and
fires the flush timer on command, so a test decides what an interval holds and waits for nothing; its own Graphite
backend sends each flush to a listener of the test.
"""

import json
import os
import re
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from typing import Any

from statsd_reference import Point, make_server, read_options

SERVER_MODULE = Path(__file__).with_name("original_server.js")
# A limit against hanging for ever; a slow machine is waited for.
PATIENCE_SECONDS = 300


class Died(Exception):
    """The original ended; the message is what it wrote to standard error."""


class Original:
    """A running original. `send` and `flush` raise Died when it has ended."""

    def __init__(self, process: "subprocess.Popen[bytes]", graphite: socket.socket) -> None:
        self._process = process
        self._graphite = graphite
        self._errors = b""

    def send(self, *datagrams: bytes) -> None:
        """Let it receive datagrams, in order."""
        self._command(*(datagram.hex() for datagram in datagrams))

    def flush(self) -> bytes:
        """Let the flush timer fire; return what it sends to Graphite."""
        self._command("flush")
        errors = self._process.stderr
        assert errors
        while True:
            ready, _, _ = select([self._graphite.fileno(), errors.fileno()], [], [], PATIENCE_SECONDS)
            assert ready, "the original neither flushes nor ends"
            if self._graphite.fileno() in ready:
                return _read_all(self._graphite.accept()[0])
            chunk = os.read(errors.fileno(), 65536)
            self._errors += chunk
            if not chunk:
                raise Died(self._errors.decode())

    def _command(self, *commands: str) -> None:
        assert self._process.stdin
        # A dead process shows in the flush that follows.
        with suppress(BrokenPipeError):
            self._process.stdin.write("".join(f"{command}\n" for command in commands).encode())
            self._process.stdin.flush()


def _read_all(connection: socket.socket) -> bytes:
    with closing(connection):
        return b"".join(iter(lambda: connection.recv(1 << 20), b""))


@contextmanager
def original(command: Sequence[str], options: Mapping[str, Any]) -> Iterator[Original]:
    """Run the original under `options` (its own names, nested); kill it at the end.

    Args:
        command: what starts it, without the configuration file; the fixture `program` has it.
        options: as in its configuration file, without those for input and output.
    """
    with socket.create_server(("127.0.0.1", 0)) as graphite, TemporaryDirectory() as folder:
        port = graphite.getsockname()[1]
        config = {
            **options,
            "servers": [{"server": str(SERVER_MODULE)}],
            # A number 0 would mean the default port; the console is not used.
            **{"mgmt_port": "0", "mgmt_address": "127.0.0.1", "automaticConfigReload": False},
            **{"graphiteHost": "127.0.0.1", "graphitePort": port, "graphitePicklePort": port},
        }
        file = Path(folder, "config.js")
        file.write_text(json.dumps(config))
        pipe = subprocess.PIPE
        process = subprocess.Popen([*command, str(file)], stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe)
        try:
            yield Original(process, graphite)
        finally:
            process.kill()
            process.communicate()


# What the process measures of itself, which no two processes have in common: durations, and times of the flush before.
OF_THE_PROCESS = re.compile(
    rb"\.(processing_time|graphiteStats\.(calculationtime|last_exception|last_flush|flush_time|flush_length))(\.\S+)? "
)
_LAG = re.compile(rb"\.timestamp_lag(?:\.\S+)? (\S+) ")
_TIMESTAMP = re.compile(rb"\.numStats(?:\.\S+)? \d+ (\d+)\n")


class Comparison:
    """The original's flushes held against those of the reference's pure core under the same options."""

    def __init__(self, options: Mapping[str, Any], original: Original) -> None:
        self._original = original
        self._server = make_server(read_options(options))
        self._window = self._server.first_window()

    def send(self, *datagrams: bytes) -> None:
        """Give both the same datagrams."""
        self._original.send(*datagrams)
        for datagram in datagrams:
            self._window = self._server.accumulate(self._window, self._server.read(datagram))

    def flush(self) -> tuple[Counter[bytes], Counter[bytes]]:
        """Flush both; return the Graphite lines that only the original has, and those that only the reference has."""
        text = self._original.flush()
        lines = text.splitlines(keepends=True)
        theirs = Counter(line for line in lines if not OF_THE_PROCESS.search(line))
        ours = Counter(self._lines(text))
        return theirs - ours, ours - theirs

    def _lines(self, text: bytes) -> list[bytes]:
        """Return the reference's lines, at the time of the original's flush and with its lag, which is a gauge."""
        found = _TIMESTAMP.search(text)
        assert found, text
        if lag := _LAG.search(text):
            name = self._server.options.prefix_stats.encode() + b".timestamp_lag"
            self._window = replace(self._window, gauges={**self._window.gauges, name: float(lag[1])})
        flush, self._window = self._server.flush(self._window, int(found[1]))
        return [self._server.write(Point(*point)) for point in self._server.points(flush)]
