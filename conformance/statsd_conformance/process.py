"""Programs that the suite starts: guarded, so that none outlives it."""

import itertools
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import psutil

# Below the ports that Linux, from 32768 on, and macOS, from 49152 on, choose for clients.
_PORTS: Final = range(20_000, 32_768)
# Where this process is among them: it begins somewhere, for others may look for ports at the same time.
_NUMBERS: Final = itertools.count(secrets.randbelow(len(_PORTS)))
_GUARD: Final = Path(__file__).with_name("guard.py")


class StartError(Exception):
    """A program that could not be started; the message names it and says why."""


@dataclass
class Process:
    """A running program and its guard. `pid` is the program's own."""

    pid: int
    log: Path
    _guard: "subprocess.Popen[bytes]"
    _control: int
    _status: int
    _said: bytes = field(default=b"")

    def alive(self) -> bool:
        """Tell whether the program still runs."""
        return self.exit_status() is None

    def exit_status(self, within: float = 0.0) -> int | None:
        """Return the exit status, negative the number of the signal that ended it; None if it runs `within` s more."""
        while self._status >= 0 and not self._exits() and select.select([self._status], [], [], within)[0]:
            said = os.read(self._status, 4096)
            if not said:
                break
            self._said += said
        exits = self._exits()
        return int(exits[0].removeprefix(b"exit ")) if exits else None

    def _exits(self) -> list[bytes]:
        return [line for line in self._said.split(b"\n") if line.startswith(b"exit ")]

    def memory(self) -> int:
        """Return how many bytes of memory the program and what it started hold; 0 when it has ended."""
        # Its import costs more than a run that does not ask.
        import psutil

        try:
            program = psutil.Process(self.pid)
            family = [program, *program.children(recursive=True)]
            return sum(one.memory_info().rss for one in family)
        except psutil.NoSuchProcess:
            return 0

    def worked(self) -> float:
        """Return for how many seconds the program and what it started had a processor, 0 when it has ended.

        Where the system tells, those in which it waited for one count, too: so a busy loop is one on a busy machine.
        """
        return sum(self.shares())

    def shares(self) -> tuple[float, float]:
        """Return for how many seconds the program and what it started had a processor, and for how many it waited.

        Both are 0 when it has ended; what it waited is 0 where the system does not tell.
        """
        import psutil

        try:
            program = psutil.Process(self.pid)
            family = [_shares(one) for one in (program, *program.children(recursive=True))]
            return sum(ran for ran, _ in family), sum(waited for _, waited in family)
        except psutil.Error:
            return 0.0, 0.0

    def held(self) -> bool:
        """Tell whether the program is stopped by SIGSTOP or its like, so that it runs on when somebody lets it."""
        import psutil

        try:
            status: str = psutil.Process(self.pid).status()
        except psutil.Error:
            return False
        return status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)

    def family(self) -> tuple[int, int]:
        """Return the pids of the program and of its guard."""
        return self.pid, self._guard.pid

    def log_tail(self, lines: int = 10) -> str:
        """Return the last lines that the program wrote to its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, within: float | None = None) -> int | None:
        """End the program and what it started: SIGTERM, and SIGKILL `within` so many seconds, or after the grace.

        Return its exit status; harmless when it ended before.
        """
        if self._control >= 0:
            os.close(self._control)
            self._control = -1
            if within is not None and not self._ends(within):
                with suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)
            self._guard.wait()
            status = self.exit_status()
            os.close(self._status)
            self._status = -1
            return status
        return self.exit_status()

    def _ends(self, within: float) -> bool:
        """Wait so many seconds; tell whether the program and what it started have ended: then its guard has, too."""
        until = time.monotonic() + within
        self.exit_status(within)
        try:
            self._guard.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True


def start(
    command: Sequence[str],
    *,
    directory: Path,
    log: Path,
    environment: Mapping[str, str] | None = None,
    grace: float = 5.0,
) -> Process:
    """Start a program in `directory`, its output in the file `log`, with `environment` added to ours.

    It ends when the suite does, for whatever reason: then it gets SIGTERM, and SIGKILL `grace` seconds later.

    Raises:
        StartError: there is no such program, or it cannot be executed.
    """
    control_read, control = os.pipe()
    status, status_write = os.pipe()
    with log.open("wb") as output:
        guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), str(control_read), str(status_write), str(grace), *command],
            cwd=directory,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(control_read, status_write),
            # Ctrl-C in a terminal goes to the suite alone, which then ends the program in order.
            start_new_session=True,
        )
    os.close(control_read)
    os.close(status_write)
    first = _first_line(status)
    if not first.startswith(b"pid "):
        os.close(control)
        os.close(status)
        guard.wait()
        raise StartError(first.removeprefix(b"error ").decode() or f"{command[0]} could not be started, see {log}")
    return Process(int(first.removeprefix(b"pid ")), log, guard, control, status)


def _shares(program: "psutil.Process") -> tuple[float, float]:
    """Return for how many seconds one program had a processor, and waited for it; not of threads that have ended.

    Raises:
        psutil.Error: it has ended.
    """
    ran = waited = 0
    with suppress(OSError, ValueError):
        # Linux: Documentation/scheduler/sched-stats.rst, time on a processor and time spent waiting for one.
        for task in Path(f"/proc/{program.pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                of_task = [int(number) for number in (task / "schedstat").read_bytes().split()[:2]]
                ran, waited = ran + of_task[0], waited + of_task[1]
    if ran:
        return ran / 1e9, waited / 1e9
    times = program.cpu_times()
    return times.user + times.system, 0.0


def _first_line(status: int) -> bytes:
    """Return the first line that the guard says, without LF: the program's pid, or why there is none."""
    said = b""
    while not said.endswith(b"\n") and (byte := os.read(status, 1)):
        said += byte
    return said.rstrip(b"\n")


def free_port() -> int:
    """Return a port that is free for UDP and TCP on 127.0.0.1, for a program that cannot choose.

    It is none of those that systems give to clients, so nothing that this machine sends takes it before the program
    does, and none that was given before, until all have been.
    """
    return next(port for number in _NUMBERS if is_free(port := _PORTS[number % len(_PORTS)]))


def is_free(port: int) -> bool:
    """Tell whether a port is bound by nobody on 127.0.0.1, for UDP and for TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        try:
            udp.bind(("127.0.0.1", port))
            tcp.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
