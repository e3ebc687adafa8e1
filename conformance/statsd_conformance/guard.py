"""Runs one program, and ends it when the suite is gone, however the suite went.

    python guard.py CONTROL STATUS GRACE COMMAND…

CONTROL is a pipe whose other end only the suite holds: its end of file says that the suite is done, was interrupted, or
was killed. STATUS is a pipe to the suite: `PID` on a line when the program runs, its exit status on a second one when
it ended. GRACE is how many seconds lie between SIGTERM and SIGKILL. Standard library only, and little of it: this
starts often.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress


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
    signal_group(program.pid, signal.SIGTERM)
    try:
        program.wait(grace)
    except subprocess.TimeoutExpired:
        signal_group(program.pid, signal.SIGKILL)


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; tell whether there is one."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
