"""Memory: the resident size of a target that holds many distinct names of one type."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil

from statsd_conformance.kernel import queue_and_drops
from statsd_conformance.session import Settings, Subject, TargetError, running

_LINES: Final = 40
# Long enough that no flush falls into the measurement: what is compared is the holding of names.
_INTERVAL: Final = 600.0
VALUES: Final = {"c": b"1|c", "g": b"17|g", "ms": b"320|ms", "s": b"765|s"}


@dataclass(frozen=True, slots=True)
class Resident:
    """The resident size of a target, in bytes, before any name and with all of them."""

    target: str
    type: str
    names: int
    before: int
    after: int


async def resident(spec: str, type: str, names: int) -> Resident | str:
    """Return the memory that `names` distinct names of a type take; or why it cannot be said."""
    try:
        with TemporaryDirectory() as directory:
            async with running(spec, Settings(Path(directory), interval=_INTERVAL)) as subject:
                return await _measure(subject, spec, type, names)
    except TargetError as error:
        return str(error)


async def _measure(subject: Subject, spec: str, type: str, names: int) -> Resident | str:
    assert subject.process is not None
    process = psutil.Process(subject.process.pid)
    before = process.memory_info().rss
    drops = subject.wire.drops()
    try:
        await asyncio.to_thread(_send, subject.wire.address.port, type, names)
    except ConnectionRefusedError:
        return f"{spec} ended before it had them all, {subject.last_words().partition(';')[0]}"
    if subject.wire.drops() != drops:
        return f"{spec} lost datagrams while the names were sent"
    return Resident(spec, type, names, before, process.memory_info().rss)


def _send(port: int, type: str, names: int) -> None:
    """Send every name once, never more than the socket's queue holds, and wait until all was read."""
    outgoing = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    outgoing.connect(("127.0.0.1", port))
    lines = (b"bench.service%03d.requests.%07d:" % (number % 100, number) + VALUES[type] for number in range(names))
    for datagram in _datagrams(lines):
        outgoing.send(datagram)
        _wait_for_room(port, 65536)
    _wait_for_room(port, 0)


def _datagrams(lines: Iterator[bytes]) -> Iterator[bytes]:
    while batch := list(islice(lines, _LINES)):
        yield b"\n".join(batch)


def _wait_for_room(port: int, queued: int) -> None:
    while (state := queue_and_drops(port)) and state.queued_bytes > queued:
        pass
