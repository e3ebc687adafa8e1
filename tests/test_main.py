"""The daemon as a command: signals, and what it says of a user's mistakes."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 30.0
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
COMMAND = [sys.executable, "-m", "statsd_reference"]
HERE = ["--address", "127.0.0.1", "--mgmt_port", "0", "--flushInterval", "600000"]


@contextmanager
def listening() -> Iterator[socket.socket]:
    """Give a Graphite that only waits for connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        yield server


@contextmanager
def serving(graphite: socket.socket) -> Iterator[tuple["subprocess.Popen[str]", socket.socket]]:
    """Give the running daemon, and a socket connected to its port."""
    flags = ["--port", "0", "--graphiteHost", "127.0.0.1", "--graphitePort", str(graphite.getsockname()[1])]
    daemon = subprocess.Popen(
        [*COMMAND, *HERE, *flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT, text=True
    )
    try:
        assert daemon.stdout is not None
        port = int(daemon.stdout.readline().split("port ")[1].split(",")[0])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect(("127.0.0.1", port))
            yield daemon, sender
    finally:
        daemon.kill()
        daemon.communicate()


def flushed(graphite: socket.socket) -> bytes:
    """Return everything that comes over the next connection, up to its end."""
    connection, _ = graphite.accept()
    connection.settimeout(PATIENCE)
    with connection:
        received = b""
        while data := connection.recv(65536):
            received += data
        return received


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["sigterm", "sigint"])
def test_signal_flushes_and_ends_with_0(number: signal.Signals) -> None:
    with listening() as graphite, serving(graphite) as (daemon, sender):
        sender.send(b"a:3|c")
        daemon.send_signal(number)
        assert b"stats_counts.a 3 " in flushed(graphite)
        assert daemon.wait(PATIENCE) == 0


def test_sighup_loses_nothing() -> None:
    with listening() as graphite, serving(graphite) as (daemon, sender):
        sender.send(b"a:3|c")
        daemon.send_signal(signal.SIGHUP)
        sender.send(b"a:4|c")
        daemon.send_signal(signal.SIGTERM)
        assert b"stats_counts.a 7 " in flushed(graphite)
        assert daemon.wait(PATIENCE) == 0


def refused(*arguments: str) -> str:
    """Run the command, which has to refuse; return its last line."""
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, env=ENVIRONMENT, timeout=PATIENCE)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_unknown_option_is_named() -> None:
    assert "--flushIntervall" in refused("--flushIntervall", "3")


def test_wrong_value_is_named_with_its_option() -> None:
    said = refused("--flushInterval", "soon")
    assert "flushInterval" in said
    assert "'soon'" in said


def test_missing_file_is_named(tmp_path: Path) -> None:
    assert "none.toml" in refused(str(tmp_path / "none.toml"))


def test_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("port = = 3")
    assert "bad.toml is not TOML" in refused(str(tmp_path / "bad.toml"))


def test_unknown_option_in_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[graphite]\nlegacyNamespac = true")
    assert "graphite.legacyNamespac" in refused(str(tmp_path / "c.toml"))


def test_flag_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("flushInterval = 'nonsense'\nport = 'nonsense'")
    assert "option port" in refused(str(tmp_path / "c.toml"), "--flushInterval", "1000")


def test_taken_port_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        assert f"127.0.0.1:{port}" in refused(*HERE, "--port", port)
