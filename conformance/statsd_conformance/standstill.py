"""What a silent target had of its machine: whether it has stopped, or was only kept from its work.

A busy loop shows by the processor that it takes. A target that takes none may have stopped for good or may wait for a
processor; a machine on which one was free all the while would have given it that.
"""

import time
from dataclasses import dataclass
from typing import Final

from statsd_conformance.process import Process

# Part of the time in which a process that had a processor did something of its own accord.
_BUSY: Final = 0.5
# Part of the time in which a process may have waited for a processor, and processors that have to have been free.
_WAITED: Final = 0.1
_FREE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Spent:
    """What a target and its machine spent up to a moment, in seconds.

    Attributes:
        at: the moment, monotonic.
        ran: how long its process had a processor; 0 where that cannot be seen.
        waited: how long it was ready to run and had none; 0 where that cannot be seen.
        free: how long processors of this machine had nothing to do, all of them together.
        held: whether its process is held by SIGSTOP or a debugger.
    """

    at: float
    ran: float = 0.0
    waited: float = 0.0
    free: float = 0.0
    held: bool = False


def spent(process: Process | None) -> Spent:
    """Return what the process of a target spent so far, as far as it can be seen; of None only its machine."""
    # Its import costs more than a run that does not ask.
    import psutil

    machine = psutil.cpu_times()
    free = machine.idle + getattr(machine, "iowait", 0.0)
    if process is None:
        return Spent(time.monotonic(), free=free)
    ran, waited = process.shares()
    return Spent(time.monotonic(), ran, waited, free, process.held())


def busy(before: Spent, after: Spent) -> bool:
    """Tell whether a target had a processor for most of the time between two moments."""
    return after.ran - before.ran > _BUSY * (after.at - before.at)


def kept(before: Spent, after: Spent) -> str:
    """Return what kept a target from its work between two moments, as a clause; empty where nothing is seen to have."""
    seconds = after.at - before.at
    if after.held:
        return "its process was held by SIGSTOP or a debugger"
    if (waited := after.waited - before.waited) > _WAITED * seconds:
        return f"its process waited {waited:.0f} s of these for a processor"
    if after.free - before.free < _FREE * seconds:
        return "the machine had other work for all of its processors"
    return ""
