"""How long a search over the wire takes to find a planted defect."""

import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Final

from defects import Defect
from statsd_conformance.session import Settings, running
from statsd_conformance.target import Crashed
from statsd_conformance.wire import NoAnswer
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.batch import cut
from statsd_fuzz.wire.campaign import Campaign, Plan
from statsd_fuzz.wire.collected import Again, Collected, Told
from statsd_fuzz.wire.display import Progress
from statsd_fuzz.wire.finding import Finding, Origin
from statsd_fuzz.wire.naming import is_fatal, what_broke
from statsd_fuzz.wire.relations import other_way
from statsd_fuzz.wire.scenario import STREAMED, Judge, Scenario
from statsd_reference import Options, Server, make_server
from statsd_reference.stream import Stream

# Short, so that a second has several flushes, and long enough for Python to publish what one comes to.
INTERVAL: Final = 0.2
# Seconds until a server that does not answer counts as silent, beside its flushes: shrinking waits for many of these.
_GRACE: Final = 1.5
# Flushes that a gauge lasts: more than a scenario takes, however slow the machine is.
_REMEMBERED: Final = 50
# A defect of a dialect shows in a server that speaks it.
_SPEAKING: Final = ("H",)
# What C04 loses is lost of a flush with many names, as it has in the midst of a search.
_BUSY: Final = ("C04",)
_OTHERS: Final = tuple(b"other%d:1|c" % number for number in range(600))


@dataclass(frozen=True, slots=True)
class Timed:
    """What a search came to: seconds from its first datagram to the fault, None for none, and what it found.

    `wrong` is what it called a finding although the defect has nothing to do with it.
    """

    defect: Defect
    seed: int
    seconds: float | None
    found: str = ""
    wrong: tuple[str, ...] = ()


class _Found(Exception):
    """A finding was told, which is all that was looked for."""


class _Clocked(Collected):
    """Notes when what became the last finding was first seen; what stopped the target it tries once more as it is.

    To shrink that takes a start for each step, and tells nothing about how long it took to find.
    """

    seen: float = 0.0

    async def take(self, scenario: Scenario, fault: Fault, judge: Judge, again: Again | None = None) -> Told | None:
        begun = time.monotonic()
        try:
            if not is_fatal(fault):
                return await super().take(scenario, fault, judge, again)
            (seen,) = await judge([scenario])
            if seen is None or what_broke(seen) != what_broke(fault):
                return None
            # What is special about all that was sent is no part of its name.
            return self._told(Finding(what_broke(seen), seen, scenario, self.origin))
        except _Found:
            # Others are looked at meanwhile.
            self.seen = begun
            raise


async def timed(defect: Defect, seed: int, seconds: float, *, strict: bool) -> Timed:
    """Search a server with a defect planted, a program of its own, until the first finding that the defect explains."""
    wrong: list[str] = []

    def tell(told: Told) -> None:
        if shows(defect, told.finding.scenario):
            raise _Found(told.finding.name)
        wrong.append(told.finding.name)

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder), profile_of(defect, Path(folder)), interval=INTERVAL)
        async with running(f"exec:{command_of(defect)}", settings) as subject:
            subject.wire.grace = _GRACE
            collected = _Clocked(Origin(defect.id, subject.wire.address, INTERVAL, seed, strict), tell=tell)
            model = options_of(defect) if strict else None
            campaign = Campaign(subject, Plan(seconds, seed, model), collected, Progress(defect.id, seconds))
            # To hear a flush first is no search yet.
            with suppress(NoAnswer, Crashed):
                await campaign.judge.learn()
            begun = time.monotonic()
            try:
                await campaign.run()
            except _Found as found:
                return Timed(defect, seed, collected.seen - begun, str(found), tuple(wrong))
    return Timed(defect, seed, None, "", tuple(wrong))


def profile_of(defect: Defect, folder: Path) -> str:
    """Return the profile of that program: the reference's, which says so where it speaks a dialect."""
    if not defect.id.startswith(_SPEAKING):
        return "reference"
    text = files("statsd_conformance").joinpath("profiles/reference.toml").read_text(encoding="utf-8")
    file = folder / "speaking.toml"
    file.write_text(text.replace("extensions = [", 'extensions = ["dogstatsd", '), encoding="utf-8")
    return str(file)


def command_of(defect: Defect) -> str:
    """Return the command of a program that has the defect, with places to fill in.

    It forgets what is idle, as the targets do that the suite starts for a search: there is no end of names.
    """
    options = [
        "--address=127.0.0.1",
        "--mgmt_port=0",
        "--port={port}",
        "--flushInterval=" + str(round(1000 * INTERVAL)),
    ]
    options += ["--graphiteHost={graphite_host}", "--graphitePort={graphite_port}"]
    options += ["--tcp=true"]
    options += ["--deleteIdleStats=true", f"--gaugesMaxTTL={_REMEMBERED}"]
    options += ["--extensions=dogstatsd"] if defect.id.startswith(_SPEAKING) else []
    path = os.pathsep.join(part for part in sys.path if part)
    return shlex.join(["env", f"PYTHONPATH={path}", sys.executable, "-m", "defects.serve", defect.id, *options])


def options_of(defect: Defect) -> Options:
    """Return the options of that program, of those that make a difference to what it publishes."""
    extensions = ("dogstatsd",) if defect.id.startswith(_SPEAKING) else ()
    interval = round(1000 * INTERVAL)
    return Options(flush_interval=interval, delete_idle_stats=True, gauges_max_ttl=_REMEMBERED, extensions=extensions)


def shows(defect: Defect, scenario: Scenario) -> bool:
    """Tell whether a scenario or its other way comes to something else with the defect than on a right server."""
    right = make_server(options_of(defect))
    if defect.id in _BUSY:
        intervals = tuple((*some, *_OTHERS) for some in scenario.intervals)
        scenario = replace(scenario, intervals=intervals)
    other = other_way(scenario)
    ways = [scenario, replace(scenario, intervals=other)] if other else [scenario]
    return any(_published(defect.plant(right), way) != _published(right, way) for way in ways)


def _published(server: Server, scenario: Scenario) -> list[bytes]:
    """Return what a server writes in each flush, of the scenario and of a counter behind it, or what it stops with."""
    receive, window = server.make_receive(), server.first_window()
    texts = []
    try:
        for number, some in enumerate((*scenario.intervals, (b"after:1|c",), ()), start=1):
            for given in _given(server, some, streamed=STREAMED in scenario.features):
                for received in receive(given):
                    window = server.accumulate(window, server.read(received))
            flush, window = server.flush(window, number)
            texts.append(b"".join(map(server.write, server.points(flush))))
    except Exception as error:
        return [repr(error).encode()]
    return texts


def _given(server: Server, datagrams: Sequence[bytes], *, streamed: bool) -> Iterator[bytes]:
    """Yield what a server is given of the datagrams of an interval: over TCP lines, of the pieces that they come in."""
    if not streamed:
        yield from datagrams
        return
    stream = Stream()
    for piece in cut(b"".join(one + b"\n" for one in datagrams)):
        done = server.cut(stream, piece, server.options.max_line)
        stream = done.stream
        if done.lines:
            yield done.lines
