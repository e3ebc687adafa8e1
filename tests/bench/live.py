"""How many datagrams a second a search over the wire sends and judges, and how many boofuzz sends."""

import asyncio
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psutil

from statsd_conformance.session import Settings, running
from statsd_conformance.targets.named import REMEMBERED
from statsd_fuzz.wire.campaign import Campaign, Plan
from statsd_fuzz.wire.collected import Collected
from statsd_fuzz.wire.display import Progress
from statsd_fuzz.wire.finding import Origin
from statsd_reference import Options

_SESSION: Final = Path(__file__).with_name("boofuzz_session.py")
_BOOFUZZ: Final = "boofuzz==0.4.2"


@dataclass(frozen=True)
class Searched:
    """Datagrams a second by the clock, and by the processor's time of the side that sends and judges."""

    by_clock: float
    by_processor: float
    findings: int = 0


def searched(seconds: float) -> Searched:
    """Search the reference twice so long; the first half, in which it finds out how much fits, is not counted."""
    return asyncio.run(_searched(seconds))


async def _searched(seconds: float) -> Searched:
    with tempfile.TemporaryDirectory() as directory:
        async with running("reference", Settings(Path(directory), forgets=True)) as subject:
            options = Options(flush_interval=1000, delete_idle_stats=True, gauges_max_ttl=REMEMBERED)
            plan = Plan(2 * seconds, 1, options, first=1000)
            origin = Origin("reference", subject.wire.address, 1.0, 1, strict=True)
            campaign = Campaign(subject, plan, Collected(origin), Progress("reference", seconds))
            task = asyncio.create_task(campaign.run())
            await asyncio.sleep(seconds)
            process = psutil.Process()
            before, worked = campaign.progress.datagrams, sum(process.cpu_times()[:2])
            await asyncio.sleep(seconds)
            judged, worked = campaign.progress.datagrams - before, sum(process.cpu_times()[:2]) - worked
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return Searched(judged / seconds, judged / worked, len(campaign.collected.findings))


def sent_by_boofuzz(seconds: float) -> float | str:
    """Return how many cases a second boofuzz sends to the reference, or why there is no such number."""
    if find_spec("boofuzz") is None:
        return f"pip install {_BOOFUZZ}"
    return asyncio.run(_sent_by_boofuzz(seconds))


async def _sent_by_boofuzz(seconds: float) -> float | str:
    with tempfile.TemporaryDirectory() as directory:
        async with running("reference", Settings(Path(directory), forgets=True)) as subject:
            port = str(subject.wire.address.port)
            command = [sys.executable, str(_SESSION), port, str(seconds)]
            done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, cwd=directory)
    if done.returncode or not done.stdout.strip():
        return done.stderr.strip().rpartition("\n")[2] or "it said nothing"
    cases, elapsed = map(float, done.stdout.split())
    return cases / elapsed
