"""Lossless ingest: the highest rate of lines that a target takes without losing a datagram.

The target has one processor to itself, sender and suite share another one, where the system lets a program choose. A
rate counts as lossless when two of three trials lost nothing: a machine that stands still for some milliseconds loses
datagrams of any target, and a target that is too slow loses some each time.
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil
from load import COUNTER_SHARE, LINES

from statsd_conformance.session import Settings, Subject, TargetError, running

_SECONDS: Final = 2.0
_TRIALS: Final = 12
# As they were before the first target was measured; empty where the system does not let a program choose.
_PROCESSORS: Final = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
_LOAD: Final = Path(__file__).parent / "load.py"


@dataclass(frozen=True, slots=True)
class Ingest:
    """The best lossless rate found, and the rate actually reached by the sender there; lines a second."""

    target: str
    load: str
    lines_per_second: float


@dataclass(frozen=True, slots=True)
class _Trial:
    reached: float
    lost: int


async def lossless_rate(spec: str, load: str, first: float) -> Ingest | str:
    """Search the highest lossless rate of a target, beginning at `first` datagrams a second; or say why not."""
    try:
        with TemporaryDirectory() as directory:
            async with running(spec, Settings(Path(directory), interval=1.0)) as subject:
                await subject.wire.fence()
                _share_out_processors(subject)
                return Ingest(spec, load, await _search(subject, load, first))
    except TargetError as error:
        return str(error)
    finally:
        if _PROCESSORS:
            os.sched_setaffinity(0, _PROCESSORS)


async def _search(subject: Subject, load: str, rate: float) -> float:
    """Raise the rate until something is lost, then halve the gap; stop when it is 7 per cent wide."""
    best, kept, lost = 0.0, 0.0, 0.0
    for _ in range(_TRIALS):
        reached = await _lossless(subject, load, rate)
        if reached is None:
            lost = rate
        else:
            best, kept = max(best, reached), rate
        sender_is_the_limit = reached is not None and reached < 0.9 * rate * LINES
        if sender_is_the_limit or (lost and lost - kept < 0.07 * lost):
            break
        rate = (kept + lost) / 2 if lost else rate * 1.5
    return best


async def _lossless(subject: Subject, load: str, rate: float) -> float | None:
    """Return the lines a second that a rate amounted to when two of three trials lost nothing, else None."""
    whole: list[float] = []
    for number in range(3):
        if number - len(whole) < 2 and len(whole) < 2:
            trial = await _trial(subject, load, rate)
            whole += [trial.reached] if not trial.lost else []
    return min(whole) if len(whole) == 2 else None


def _share_out_processors(subject: Subject) -> None:
    """Give the target the last processor, and this process and the senders that it starts the first one."""
    if len(_PROCESSORS) < 2 or subject.process is None:
        return
    for thread in psutil.Process(subject.process.pid).threads():
        os.sched_setaffinity(thread.id, _PROCESSORS[-1:])
    os.sched_setaffinity(0, _PROCESSORS[:1])


async def _trial(subject: Subject, load: str, rate: float) -> _Trial:
    wire = subject.wire
    drops, start = wire.drops(), len(wire.snapshots)
    command = [sys.executable, str(_LOAD), wire.address.host, str(wire.address.port), load, str(rate), str(_SECONDS)]
    sender = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await sender.communicate()
    datagrams, seconds = output.split()
    end = await wire.fence()
    path = (wire.profile.path("counter", b"bench.counter.") or b"").lstrip(b"*")
    lines = [line for snapshot in wire.snapshots[start:end] for line in snapshot.lines]
    counted = sum(line.number or 0.0 for line in lines if path in line.path)
    missing = round(int(datagrams) * LINES * COUNTER_SHARE[load] - counted)
    # The kernel's count and the target's own sum have to agree that nothing is missing.
    return _Trial(int(datagrams) * LINES / float(seconds), (wire.drops() - drops) + max(missing, 0))
