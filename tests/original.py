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

# A limit against hanging for ever; a slow machine is waited for.
PATIENCE_SECONDS = 300


class Died(Exception):
    """The original ended; the message is what it wrote to standard error."""


class Original:
    """A running original, driven by commands."""

    def __init__(self, process: "subprocess.Popen[bytes]", graphite: socket.socket) -> None:
        self._process = process
        self._graphite = graphite
        self._errors = b""

    def send(self, *datagrams: bytes) -> None:
        """Let it receive datagrams, in order."""
        self._command(*(datagram.hex() for datagram in datagrams))

    def flush(self) -> bytes:
        """Let the flush timer fire; return what it sends to Graphite.

        Raises:
            Died: it has ended.
        """
        self._command("flush")
        return self._next_flush()

    def _next_flush(self) -> bytes:
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


class WiredOriginal(Original):
    """A running original behind its own UDP socket and on its own clock."""

    def __init__(self, process: "subprocess.Popen[bytes]", graphite: socket.socket, port: int) -> None:
        super().__init__(process, graphite)
        self._port = port
        self.flushed = b""

    def send(self, *datagrams: bytes) -> None:
        """Send datagrams from one socket; more than 64 at a time would overrun its buffer."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for datagram in datagrams:
                sender.sendto(datagram, ("127.0.0.1", self._port))

    def flush(self) -> bytes:
        """Wait for the next flush and return it; `flushed` is the last one."""
        self.flushed = self._next_flush()
        return self.flushed


def _read_all(connection: socket.socket) -> bytes:
    with closing(connection):
        return b"".join(iter(lambda: connection.recv(1 << 20), b""))


@contextmanager
def original(command: Sequence[str], options: Mapping[str, Any]) -> Iterator[Original]:
    """Run the original under `options` (its own names, nested), driven by commands; kill it at the end.

    Args:
        command: what starts it, without the configuration file; the fixture `program` has it.
        options: as in its configuration file, without those for input and output.
    """
    with _started(command, {**options, "servers": [_SERVER]}) as (process, graphite):
        yield Original(process, graphite)


@contextmanager
def wired_original(command: Sequence[str], options: Mapping[str, Any]) -> Iterator[WiredOriginal]:
    """Run the original behind a UDP port; it listens when it has flushed once. Otherwise as `original`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    udp = {"server": "./servers/udp", "address": "127.0.0.1", "port": port}
    with _started(command, {**options, "servers": [udp, {**_SERVER, "ownClock": True}]}) as (process, graphite):
        yield WiredOriginal(process, graphite, port)


_SERVER = {"server": str(Path(__file__).with_name("original_server.js"))}


@contextmanager
def _started(
    command: Sequence[str], config: Mapping[str, Any]
) -> Iterator[tuple["subprocess.Popen[bytes]", socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as graphite, TemporaryDirectory() as folder:
        port = graphite.getsockname()[1]
        output = {"graphiteHost": "127.0.0.1", "graphitePort": port, "graphitePicklePort": port}
        # A number 0 would mean the default port; who uses the console gives a port.
        console = {"mgmt_port": "0", "mgmt_address": "127.0.0.1"}
        file = Path(folder, "config.js")
        file.write_text(json.dumps({**console, **config, **output, "automaticConfigReload": False}))
        pipe = subprocess.PIPE
        process = subprocess.Popen([*command, str(file)], stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe)
        try:
            yield process, graphite
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
