"""How many inputs a fuzz target takes in a second under Atheris, of a clock and of the processor."""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

TARGETS = ("parse_datagram", "split_anywhere", "receive_like_the_model", "publish_graphite", "lint_datagrams")
EMPTY = Path(__file__).with_name("empty_target.py")
_DONE = re.compile(rb"Done (\d+) runs in (\d+) second")


@dataclass(frozen=True)
class Executions:
    """Inputs a second of a clock, and a second of the processor's time, which a busy machine does not change."""

    by_clock: float
    by_processor: float


def executions(target: str, seconds: int) -> Executions | str:
    """Run a target, empty for the one that does nothing, on one processor; return its rates, or why there are none."""
    if find_spec("atheris") is None:
        return "pip install 'statsd-conformance[fuzz]'"
    program = ["-m", f"statsd_fuzz.{target}"] if target else [str(EMPTY)]
    command = [sys.executable, *program, f"-max_total_time={seconds}", "-seed=1"]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert process.stderr
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
    found = _DONE.search(said)
    if process.returncode or not found:
        return said.decode("utf-8", "replace").strip().rpartition("\n")[2]
    number = int(found[1])
    return Executions(number / int(found[2]), number / (usage.ru_utime + usage.ru_stime))
