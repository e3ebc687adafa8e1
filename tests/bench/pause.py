"""The pause of a flush: how long a target with many names does not look at its socket while it flushes."""

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from memory import _send  # the same names, sent the same way

from statsd_conformance.kernel import queue_and_drops
from statsd_conformance.session import Settings, TargetError, running
from statsd_conformance.wire import NoAnswer

_LOAD: Final = Path(__file__).parent / "load.py"
_SECONDS: Final = 6.0


@dataclass(frozen=True, slots=True)
class Pause:
    """The longest time that a target's socket was never empty, in seconds, and what was lost meanwhile."""

    target: str
    names: int
    datagrams_per_second: float
    longest: float
    lost: int


async def flush_pause(spec: str, names: int, rate: float, profile: str | None = None) -> Pause | str:
    """Return the pause of a target that flushes `names` counters every second under `rate` datagrams a second."""
    try:
        with TemporaryDirectory() as directory:
            async with running(spec, Settings(Path(directory), profile, interval=1.0)) as subject:
                port = subject.wire.address.port
                await asyncio.to_thread(_send, port, "c", names)
                await subject.wire.fence()
                drops = subject.wire.drops()
                command = [sys.executable, str(_LOAD), "127.0.0.1", str(port), "counters", str(rate), str(_SECONDS)]
                sender = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
                longest = await asyncio.to_thread(_longest_queue, port, sender)
                return Pause(spec, names, rate, longest, subject.wire.drops() - drops)
    except (TargetError, NoAnswer) as error:
        return str(error)


def _longest_queue(port: int, sender: asyncio.subprocess.Process) -> float:
    longest, empty = 0.0, time.perf_counter()
    while sender.returncode is None:
        state = queue_and_drops(port)
        now = time.perf_counter()
        if state is None or not state.queued_bytes:
            empty = now
        longest = max(longest, now - empty)
        time.sleep(0.0005)
    return longest
