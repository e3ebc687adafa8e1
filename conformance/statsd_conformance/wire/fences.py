"""Fences: counters of names never used before, by which a snapshot tells that it holds all that was sent before them.

Only the name matters, never the value, so that a target which gets every number wrong can still be waited for.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from statsd_conformance.graphite import Snapshot
from statsd_conformance.wire.queued import Signal


class NoAnswer(Exception):
    """No flush came back; the message says what was listened to and for how long."""


@dataclass(frozen=True, slots=True)
class FenceRequest:
    """Somebody waits for a fence behind all that is queued so far; the number of snapshots up to it is what comes."""

    done: "asyncio.Future[int]"


@dataclass
class Fence:
    """A fence under way: the calls that wait for it, a name for each sending, and how many snapshots it was seen in.

    `raised` and `sent`, when that was first and last done, are monotonic seconds.
    """

    raised: float
    waiting: list["asyncio.Future[int]"]
    names: set[bytes] = field(default_factory=set)
    sent: float = 0.0
    seen: int = 0

    def __post_init__(self) -> None:
        self.sent = self.raised


@dataclass
class Fences:
    """The fences of one run, the oldest first; nothing here sends any."""

    run: str
    under_way: list[Fence] = field(default_factory=list)
    _named: int = 0

    def __post_init__(self) -> None:
        self._name = re.compile(rb"q%bfence[0-9]+z" % self.run.encode())

    def line(self, fence: Fence) -> tuple[bytes, Signal]:
        """Return one more name for a fence, so that a snapshot tells which of its datagrams it holds, and its line."""
        self._named += 1
        name = b"q%bfence%dz" % (self.run.encode(), self._named)
        fence.names.add(name)
        return name, fence_line(name)

    def names_in(self, snapshot: Snapshot) -> set[bytes]:
        """Return the names of fences that a snapshot holds."""
        # All at once: a flush may have a hundred thousand lines.
        return set(self._name.findall(b"\n".join([line.path for line in snapshot.lines]).lower()))

    def passed(self, names: set[bytes], rounds: int) -> list[Fence]:
        """Take the names in one snapshot; return the fences that were seen in enough of them, which end by that."""
        passed = 0
        for number, fence in enumerate(self.under_way, start=1):
            fence.seen += not fence.names.isdisjoint(names)
            if fence.seen >= rounds:
                # What an earlier fence waited for was sent before, on the same socket.
                passed = number
        done, self.under_way = self.under_way[:passed], self.under_way[passed:]
        return done

    def seen_in(self, names: set[bytes]) -> list[Fence]:
        """Return those under way that have one of the names."""
        return [fence for fence in self.under_way if not fence.names.isdisjoint(names)]

    def take_back(self, waiting: list["asyncio.Future[int]"]) -> None:
        """Forget the fence that was raised for these calls, if it was."""
        self.under_way = [fence for fence in self.under_way if fence.waiting is not waiting]

    def fail(self, error: Exception) -> bool:
        """Let everybody who waits see `error`; tell whether a fence was under way."""
        failed, self.under_way = self.under_way, []
        for fence in failed:
            refuse(fence.waiting, error)
        return bool(failed)


def fence_line(name: bytes) -> Signal:
    """Return the datagram that raises a fence; it ends in LF, for targets that lose a line which does not."""
    return Signal(name + b":1|c\n")


def refuse(waiting: Sequence["asyncio.Future[int]"], error: Exception) -> None:
    """Let everybody who still waits see `error`."""
    for future in waiting:
        if not future.done():
            future.set_exception(error)
