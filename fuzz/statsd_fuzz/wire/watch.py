"""What a program that the suite started shows beside its output: memory, processor, and what it logs."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from statsd_conformance.process import Process
from statsd_conformance.wire import Wire
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.scenario import Scenario
from statsd_fuzz.wire.surviving import Surviving
from statsd_fuzz.wire.tokens import LENGTH

# What a target may hold more than at its start, in bytes: so much, and for each datagram that it was sent.
_ROOM: Final = 384 * 2**20
_OF_A_DATAGRAM: Final = 4096
# The part of a processor that nobody needs who has nothing to do, and for how many looks in a row.
BUSY: Final = 0.5
LOOKS: Final = 3
# Seconds of one look; several take longer than a flush does.
_LOOK: Final = 0.4
# Of a log line so much is told apart, and so many bytes of a log are read at a time.
_SHOWN: Final = 120
_CHUNK: Final = 256 * 1024
_MOST_LINES: Final = 2000
_CHANGING: Final = re.compile(rb"0x[0-9a-fA-F]+|[0-9]+|q[0-9a-z]{9}\S*|'[^']*'|\"[^\"]*\"")


class Watch:
    """Looks at one target from interval to interval; begin again behind each start of it.

    `part` is what it took of a processor between the last two looks.

    Args:
        wire: to the target.
        process: returns the program where the suite started one.
    """

    def __init__(self, wire: Wire, process: Callable[[], Process | None] = lambda: None) -> None:
        self._wire = wire
        self._process = process
        self._seen: set[bytes] = set()
        self._steps: dict[bytes, float] = {}
        self.begin()

    @property
    def sees(self) -> bool:
        """Whether there is a program to look at."""
        return self._process() is not None

    def begin(self) -> None:
        """Take what is now for how it is without any traffic."""
        self._memory = self.held()
        self._sent = self._wire.sent
        self._read = 0
        self._idle = 0
        self._worked, self._at = self._cpu(), time.monotonic()
        self.part = 0.0

    def fault(self, *, idle: bool = False) -> Fault | None:
        """Return what is wrong since the last look; `idle` says that nothing was sent in the meantime."""
        grown = self.held() - self._memory
        sent = self._wire.sent - self._sent
        if grown > self.room(sent):
            return Fault("memory-grows", f"it holds {grown / 2**20:,.0f} MiB more after {sent:,} datagrams")
        worked, now = self._cpu(), time.monotonic()
        self.part = (worked - self._worked) / (now - self._at) if now > self._at else 0.0
        self._worked, self._at = worked, now
        self._idle = self._idle + 1 if idle and self.part > BUSY else 0
        if self._idle >= LOOKS:
            told = f"it takes {100 * self.part:.0f} per cent of a processor with nothing to do"
            return Fault("burns-the-processor", told)
        return None

    async def idle_fault(self) -> Fault | None:
        """Return what is wrong while nothing is sent."""
        self.fault(idle=True)
        for _ in range(LOOKS):
            await asyncio.sleep(_LOOK)
            if fault := self.fault(idle=True):
                return fault
            if not self._idle:
                break
        return None

    def new_lines(self) -> Sequence[bytes]:
        """Return the lines of its log that are unlike all before, what changes from line to line aside."""
        process = self._process()
        if process is None or len(self._seen) > _MOST_LINES:
            return []
        new = []
        for line in self._log(process.log).splitlines():
            like = _CHANGING.sub(b"*", line[:_SHOWN])
            if like not in self._seen:
                self._seen.add(like)
                new.append(line)
        return new

    def new_steps(self, own: Mapping[bytes, float]) -> Sequence[bytes]:
        """Return which errors of its own it has counted twice as many of as ever before, or for the first time."""
        new = [path for path, number in own.items() if number >= 2 * self._steps.get(path, 0.0) and number > 0]
        self._steps |= {path: own[path] for path in new}
        return new

    def _log(self, path: Path) -> bytes:
        with suppress(OSError), path.open("rb") as log:
            log.seek(self._read)
            data = log.read(_CHUNK)
            # A line of which there is no end yet is read when there is; one without any is longer than a chunk.
            lines = data[: data.rfind(b"\n") + 1] or (data if len(data) == _CHUNK else b"")
            self._read += len(lines)
            return lines
        return b""

    def held(self) -> int:
        """Return how many bytes of memory it holds."""
        process = self._process()
        return process.memory() if process else 0

    def room(self, sent: int) -> int:
        """Return how many bytes more it may hold after so many datagrams, whatever was in them."""
        return _ROOM + sent * _OF_A_DATAGRAM

    def _cpu(self) -> float:
        process = self._process()
        return process.worked() if process else 0.0


@dataclass
class Watching:
    """A judge that looks at memory after each call, at the processor where `idle`; what it finds all scenarios have.

    The target is started again then.
    """

    surviving: Surviving
    watch: Watch
    idle: bool = False

    async def __call__(self, scenarios: Sequence[Scenario]) -> list[Fault | None]:
        """Return what is wrong with how the target took each.

        Raises:
            NoAnswer, Crashed: it stopped, and the suite did not start it.
        """
        restarts = self.surviving.restarts
        faults = await self.surviving(scenarios)
        if self.surviving.restarts != restarts:
            self.watch.begin()
            return faults
        fault = await self.watch.idle_fault() if self.idle else self.watch.fault()
        if fault is None:
            return faults
        await self.surviving.subject.restart()
        self.watch.begin()
        return [fault] * len(scenarios)


def tokens_in(lines: Sequence[bytes], prefix: bytes) -> set[bytes]:
    """Return the tokens with that beginning that lines hold."""
    places = [(line, line.find(prefix)) for line in lines]
    return {line[at : at + LENGTH] for line, at in places if at >= 0}
