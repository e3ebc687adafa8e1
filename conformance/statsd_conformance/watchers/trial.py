"""One trial: the processes are started, let go together, and asked what they saw."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from typing import IO, Final

from statsd_conformance.watchers.measure import Emitted, Load, Trial

# Seconds behind the offer in which nothing comes: what a watcher has not told of by then waits for the end.
_QUIET: Final = 0.25


class TrialFailed(Exception):
    """A process of a trial ended without a result; the message says which, and its last words."""


class _Process:
    """A part of a trial: says one line when it is ready, starts at a line, and says one line at the end."""

    def __init__(self, part: str, *arguments: object) -> None:
        command = [sys.executable, "-m", f"statsd_conformance.watchers.{part}", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self._process = subprocess.Popen(command, env=environment, text=True, **pipes)  # type: ignore[call-overload]
        self._part = part

    def line(self) -> str:
        output: IO[str] = self._process.stdout
        line = output.readline().strip()
        if not line:
            words = self._process.stderr.read().strip().splitlines()
            raise TrialFailed(f"the process {self._part} ended: {words[-1] if words else 'without a word'}")
        return line

    def go(self) -> None:
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


def try_watcher(watcher: str, load: Load, seconds: float) -> Trial:
    """Return what came of one watcher under one load that lasts so many seconds.

    Where nothing is offered and the system lets a program choose its processor, another program works on the
    emitter's.

    Raises:
        TrialFailed: a process ended early.
    """
    shared = max(os.sched_getaffinity(0)) if not load.rate and hasattr(os, "sched_getaffinity") else -1
    with ExitStack() as stack:

        def start(part: str, *arguments: object) -> _Process:
            process = _Process(part, *arguments)
            stack.callback(process.end)
            return process

        receiver = start("receiving", seconds)
        emitter = start("emitting", watcher, receiver.line(), seconds + _QUIET, shared)
        loader = start("loading", emitter.line(), load.rate, load.burst, seconds)
        others = [loader] + ([start("working", shared, seconds)] if shared >= 0 else [])
        for process in others:
            process.line()
        for process in (receiver, emitter, *others):
            process.go()
        offered, *beside = (process.line() for process in others)
        emitted, received = json.loads(emitter.line()), json.loads(receiver.line())
    if received["wrong"]:
        raise TrialFailed(f"{received['wrong']} of {received['received']} datagrams were no snapshots")
    worked = float(beside[0]) if beside else 0.0
    return Trial(watcher, load.name, seconds, int(offered), Emitted(**emitted), tuple(received["curve"]), worked)
