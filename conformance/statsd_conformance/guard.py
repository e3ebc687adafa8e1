"""Runs one program, and ends it when the suite is gone, however the suite went.

    python guard.py CONTROL STATUS GRACE COMMAND…

CONTROL is a pipe whose other end only the suite holds: its end of file says that the suite is done, was interrupted, or
was killed. STATUS is a pipe to the suite: `PID` on a line when the program runs, its exit status on a second one when
it ended. GRACE is how many seconds lie between SIGTERM and SIGKILL, also for what the program started: it may be only a
shell around the one that is meant, or the front of one in the background. Standard library only, and little of it: this
starts often.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

# Seconds between two looks for what the program has started.
POLL = 0.01


def main(control: int, status: int, grace: float, command: list[str]) -> None:
    """Start the command in a process group of its own and wait for its end or the suite's."""
    try:
        program = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)
    except OSError as error:
        os.write(status, f"error {error.strerror}: {command[0]}\n".encode())
        return
    os.write(status, f"pid {program.pid}\n".encode())
    watcher = threading.Thread(target=end_with_suite, args=(control, grace, program), daemon=True)
    watcher.start()
    code = program.wait()
    left = signal_group(program.pid, 0)
    # The suite may be gone.
    with suppress(BrokenPipeError):
        os.write(status, f"exit {code}\n".encode())
    if left:
        # What the program started outlives it until the suite is done, for it may be the program in the background.
        watcher.join()
        signal_group(program.pid, signal.SIGKILL)


def end_with_suite(control: int, grace: float, program: "subprocess.Popen[bytes]") -> None:
    """End the program's process group once the control pipe is at its end."""
    while os.read(control, 1):
        pass
    until = time.monotonic() + grace
    signal_group(program.pid, signal.SIGTERM)
    try:
        program.wait(grace)
        while lives(program.pid) and time.monotonic() < until:
            time.sleep(POLL)
    except subprocess.TimeoutExpired:
        signal_group(program.pid, signal.SIGKILL)


def lives(group: int) -> bool:
    """Tell whether something in a process group runs; what has ended stays there until somebody collects it."""
    if not signal_group(group, 0):
        return False
    try:
        processes = [one.name for one in os.scandir("/proc") if one.name.isdecimal()]
    except OSError:
        return True
    return any(state not in b"ZX" for state, of in map(state_and_group, processes) if of == group)


def state_and_group(pid: str) -> tuple[bytes, int]:
    """Return the state of a process and its group, as proc(5) has them; of what has gone "X" and 0."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:  # noqa: PTH123  # pathlib takes a while to import
            fields = stat.read().rpartition(b")")[2].split()
    except OSError:
        return b"X", 0
    return fields[0], int(fields[2])


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; tell whether there is one."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
