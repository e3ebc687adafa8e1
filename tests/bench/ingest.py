"""Lossless ingest: the highest rate of lines that a target takes without losing a datagram."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from load import COUNTER_SHARE, LINES

from statsd_conformance.session import Settings, Subject, TargetError, running

_SECONDS: Final = 2.0
_TRIALS: Final = 12
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
                return Ingest(spec, load, await _search(subject, load, first))
    except TargetError as error:
        return str(error)


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
    """Return the lines a second that a rate amounted to when two trials lost nothing, else None."""
    trials = [await _trial(subject, load, rate)]
    if not trials[0].lost:
        trials.append(await _trial(subject, load, rate))
    return min(trial.reached for trial in trials) if not any(trial.lost for trial in trials) else None


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
