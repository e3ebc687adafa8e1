"""What the suite starts, it also ends."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from statsd_conformance import process
from statsd_conformance.process import Process, StartError, free_port, start

PATIENCE = 30.0


def started(tmp_path: Path, code: str, grace: float = 5.0) -> Process:
    """Start a Python program that prints `ready` when it runs."""
    program = [sys.executable, "-u", "-c", textwrap.dedent(code)]
    return start(program, directory=tmp_path, log=tmp_path / "log.txt", grace=grace)


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, which it has to within the patience."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"{holds} does not hold"
        time.sleep(0.01)


WAITING = "import signal\nprint('ready')\nsignal.pause()"


def gone(pid: int) -> bool:
    """Wait until a process is gone, or a zombie that nobody has collected yet; tell whether it is."""
    try:
        process = psutil.Process(pid)
        process.wait(PATIENCE)
    except (psutil.NoSuchProcess, ChildProcessError):
        return True
    except psutil.TimeoutExpired:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def ended(process: Process) -> int:
    """Wait until a program has ended by itself; return its exit status."""
    gone(process.pid)
    process._guard.wait(PATIENCE)
    status = process.exit_status()
    assert status is not None
    return status


def test_running_program_is_alive_until_it_is_stopped(tmp_path: Path) -> None:
    process = started(tmp_path, WAITING)
    assert process.alive()
    assert psutil.Process(process.pid).cwd() == str(tmp_path)
    assert process.stop() == -signal.SIGTERM
    assert not process.alive()
    assert process.stop() == -signal.SIGTERM


def test_exit_status_may_be_waited_for(tmp_path: Path) -> None:
    process = started(tmp_path, "import sys\nsys.exit(3)")
    assert process.exit_status(PATIENCE) == 3
    process.stop()


def test_exit_status_and_last_words_are_kept(tmp_path: Path) -> None:
    process = started(tmp_path, "for number in range(20): print('line', number)\nraise SystemExit(7)")
    assert ended(process) == 7
    assert process.log_tail(2) == "line 18\nline 19"
    assert process.stop() == 7


def test_signal_that_ended_a_program_is_told(tmp_path: Path) -> None:
    process = started(tmp_path, WAITING)
    os.kill(process.pid, signal.SIGSEGV)
    assert ended(process) == -signal.SIGSEGV
    process.stop()


def test_program_that_is_held_is_told_from_one_that_waits(tmp_path: Path) -> None:
    process = started(tmp_path, WAITING)
    assert not process.held()
    os.kill(process.pid, signal.SIGSTOP)
    until(process.held)
    os.kill(process.pid, signal.SIGCONT)
    process.stop()
    assert not process.held()


def test_what_a_program_ran_and_what_it_waited_are_told_apart(tmp_path: Path) -> None:
    process = started(tmp_path, "print('ready')\nwhile True: pass")
    until(lambda: process.shares()[0] > 0.05)
    ran, waited = process.shares()
    assert process.worked() >= ran + waited
    process.stop()
    assert process.shares() == (0, 0)


@pytest.mark.parametrize(("grace", "within"), [(0.2, None), (3600.0, 0.2)], ids=["the grace", "less than the grace"])
def test_program_that_ignores_sigterm_is_killed(tmp_path: Path, grace: float, within: float | None) -> None:
    code = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nopen('deaf', 'w').close()\nsignal.pause()"
    )
    process = started(tmp_path, code, grace=grace)
    while not (tmp_path / "deaf").exists():
        assert process.alive(), process.log_tail()
    assert process.stop(within) == -signal.SIGKILL


def test_program_that_hears_sigterm_ends_in_order_within_its_time(tmp_path: Path) -> None:
    code = """
        import signal, sys
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
        open('ready', 'w').close()
        signal.pause()
        """
    process = started(tmp_path, code)
    while not (tmp_path / "ready").exists():
        assert process.alive(), process.log_tail()
    assert process.stop(within=60) == 3


def test_children_of_a_program_end_with_it(tmp_path: Path) -> None:
    process = started(
        tmp_path,
        """
        import pathlib, signal, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        pathlib.Path("half").write_text(str(child.pid))
        pathlib.Path("half").rename("child")
        signal.pause()
        """,
    )
    while not (tmp_path / "child").exists():
        assert process.alive(), process.log_tail()
    child = int((tmp_path / "child").read_text())
    process.stop()
    assert gone(child)


def wrapped(tmp_path: Path, child: str, grace: float = 60.0) -> Process:
    """Start a program around another one, which says in a file when it runs; the outer one ends at once by SIGTERM."""
    (tmp_path / "child.py").write_text(textwrap.dedent(child))
    code = "import signal, subprocess, sys\nsubprocess.Popen([sys.executable, 'child.py'])\nsignal.pause()"
    process = started(tmp_path, code, grace)
    while not (tmp_path / "ready").exists():
        assert process.alive(), process.log_tail()
    return process


def test_program_inside_another_has_its_time_to_end_in_order(tmp_path: Path) -> None:
    child = """
        import pathlib, signal, sys, time
        def end(*_):
            time.sleep(0.2)
            pathlib.Path("last words").touch()
            sys.exit()
        signal.signal(signal.SIGTERM, end)
        pathlib.Path("ready").touch()
        signal.pause()
        """
    assert wrapped(tmp_path, child).stop() == -signal.SIGTERM
    assert (tmp_path / "last words").exists()


def test_program_inside_another_that_ignores_sigterm_is_killed_within_its_time(tmp_path: Path) -> None:
    child = """
        import os, pathlib, signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path("half").write_text(str(os.getpid()))
        pathlib.Path("half").rename("ready")
        signal.pause()
        """
    process = wrapped(tmp_path, child, grace=3600)
    pid = int((tmp_path / "ready").read_text())
    process.stop(within=0.2)
    assert all(one.status() == psutil.STATUS_ZOMBIE for one in psutil.process_iter() if one.pid == pid)


def test_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no-such-program"):
        start(["no-such-program"], directory=tmp_path, log=tmp_path / "log.txt")


SUITE = """
import pathlib, signal, sys
from statsd_conformance.process import start
here = pathlib.Path(sys.argv[1])
program = [sys.executable, "-c", "import signal; signal.pause()"]
process = start(program, directory=here, log=here / "log.txt")
print(process.pid, flush=True)
signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=["killed", "ctrl-c", "ended"])
def test_nothing_outlives_the_suite(tmp_path: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    suite = subprocess.Popen(
        [sys.executable, "-c", SUITE, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    )
    assert suite.stdout is not None
    pid = int(suite.stdout.readline())
    assert psutil.pid_exists(pid)
    suite.send_signal(number)
    suite.wait(PATIENCE)
    suite.stdout.close()
    assert gone(pid)


def test_free_ports_that_are_asked_for_one_after_the_other_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_PORTS", range(20_000, 20_200))
    assert len({free_port() for _ in range(100)}) == 100


def test_free_ports_of_processes_differ() -> None:
    code = "from statsd_conformance.process import free_port; print(free_port())"
    found = [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in range(3)]
    assert len({ran.stdout for ran in found}) > 1


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["udp", "tcp"])
def test_free_port_is_none_that_is_taken(kind: socket.SocketKind, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        port = free_port()
        taken.bind(("127.0.0.1", port))
        monkeypatch.setattr(process, "_PORTS", range(port, port + 30))
        assert port not in {free_port() for _ in range(40)}


def test_free_port_is_none_that_the_system_gives_to_clients() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", 9))
        assert free_port() < client.getsockname()[1]
