"""The record of a relay: a capture (pcapng) of what came and what went, each packet with a comment that says it all.

`came 7: twice, cut to 34 of 60 bytes` and later `went 7/1` and `went 7/2`: packets stand in the order in which they
came and went. Wireshark shows them, `lint` and `replay` read them. The comment of the file holds the options.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from statsd_conformance.recording.damage import DamagedRecording
from statsd_conformance.recording.datagram import NOWHERE, Endpoint
from statsd_conformance.recording.pcapng import SECTION_MAGIC, read_comments
from statsd_conformance.recording.source import Source, chunks_of
from statsd_conformance.relay.impairment import Fate, Impairment, told
from statsd_conformance.relay.under_way import Leaving
from statsd_conformance.report.pcapng import LONGEST, Packet, beginning, packet_block, udp

CAME, WENT, FAILED = "came", "went", "failed"
# A capture of packets knows no Unix sockets: this stands for where datagrams came, and where they went.
UNIX_CAME: Final = Endpoint("127.0.0.1", 8126)
UNIX_WENT: Final = Endpoint("127.0.0.1", 8125)
_TITLE: Final = "statsd-conformance relay "
_ENTRY: Final = re.compile(r"(came|went|failed) (\d+)(?:/(\d+))?(?:: (.*))?", re.DOTALL)
_OPTION: Final = re.compile(r"--(\w+) ([^\s±]+)(?:±(\S+))?")


class RecordError(Exception):
    """A record that cannot be written; the message says where, and why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One packet of a record.

    Attributes:
        what: CAME, WENT, or FAILED for one that was to go and did not leave.
        number: of the datagram, from 1 in the order in which they came.
        copy: which of its copies went, from 1; 0 for one that came.
        payload: as it came, or as it went.
        time: in seconds since 1970.
        said: what became of it, or nothing.
    """

    what: str
    number: int
    copy: int
    payload: bytes
    time: float
    said: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """All that a relay did, in order."""

    impairment: Impairment
    entries: tuple[Entry, ...]

    @property
    def came(self) -> list[bytes]:
        """What came to the relay."""
        return [one.payload for one in self.entries if one.what == CAME]

    @property
    def let_through(self) -> list[bytes]:
        """What left the relay, in the order in which it did."""
        return [one.payload for one in self.entries if one.what == WENT]


def decided(fate: Fate, payload: bytes) -> str:
    """Return what becomes of a datagram, in words."""
    if not fate.delays:
        return "lost"
    left = len(fate.cut(payload))
    parts = ["twice"] if len(fate.delays) > 1 else []
    parts += [f"lets {fate.behind} pass"] if fate.behind else []
    parts += [f"cut to {left} of {len(payload)} bytes"] if left < len(payload) else []
    parts += [f"late by {' and '.join(f'{delay:.6f}' for delay in fate.delays)} s"] if any(fate.delays) else []
    return ", ".join(parts) or "passed"


@dataclass
class Recorder:
    """Writes a record to `path` while the relay works. `problem` says why it ended early, where it did."""

    path: Path
    problem: str = field(default="", init=False)
    _file: BinaryIO | None = field(default=None, init=False)
    _came_to: Endpoint = field(default=NOWHERE, init=False)
    _from: Endpoint = field(default=NOWHERE, init=False)
    _to: Endpoint = field(default=NOWHERE, init=False)

    def begin(self, impairment: Impairment, came_to: Endpoint, goes_from: Endpoint, to: Endpoint) -> None:
        """Begin to write; the ends are where datagrams come, and from and to where they go on.

        Raises:
            RecordError: the file cannot be written.
        """
        try:
            self._file = self.path.open("wb")
        except OSError as error:
            raise RecordError(f"{self.path}: {error.strerror}") from None
        self._came_to, self._from, self._to = came_to, goes_from, to
        if came_to == NOWHERE:
            self._came_to = UNIX_CAME
        if to == NOWHERE:
            self._to = UNIX_WENT
        self._write(beginning(_TITLE + told(impairment)))

    def came(self, number: int, payload: bytes, sender: Endpoint, fate: Fate) -> None:
        """Write a datagram that came, and what becomes of it."""
        self._packet(sender, self._came_to, payload, f"{CAME} {number}", decided(fate, payload))

    def went(self, leaving: Leaving, failed: str = "", *, early: bool = False) -> None:
        """Write a datagram that went on, or why it could not."""
        left = len(leaving.payload)
        cut = f"cut to {left} of {leaving.size} bytes" if left < leaving.size else ""
        what = f"{FAILED if failed else WENT} {leaving.number}/{leaving.copy}"
        self._packet(self._from, self._to, leaving.payload, what, failed, cut, "early" if early else "")

    def close(self) -> None:
        """End the file."""
        try:
            if self._file:
                self._file.close()
        except OSError as error:
            self._end(error)

    def _packet(self, source: Endpoint, to: Endpoint, payload: bytes, what: str, *said: str) -> None:
        missing = max(0, len(payload) - LONGEST)
        # Of a Unix socket.
        short = f"recorded without its last {missing} bytes" if missing else ""
        words = ", ".join(filter(None, (*said, short)))
        comment = f"{what}: {words}" if words else what
        self._write(packet_block(Packet(udp(_like(source, to), to, payload[:LONGEST]), time.time(), comment)))

    def _write(self, block: bytes) -> None:
        if self.problem:
            return
        assert self._file
        try:
            self._file.write(block)
        except OSError as error:
            self._end(error)

    def _end(self, error: OSError) -> None:
        self.problem = error.strerror or str(error)


def _like(source: Endpoint, to: Endpoint) -> Endpoint:
    """Return a source that a packet to `to` can have; Unix sockets have none."""
    if source == NOWHERE or source.ip.version != to.ip.version:
        return Endpoint("127.0.0.1" if to.ip.version == 4 else "::1", source.port)
    return source


def read_record(path: Path) -> Record:
    """Return what a relay wrote.

    Raises:
        DamagedRecording: it is no record of a relay, or is not whole.
        OSError: it cannot be read.
    """
    with path.open("rb") as opened:
        source = Source(chunks_of(opened))
        if source.peek(4) != SECTION_MAGIC:
            raise DamagedRecording("no capture in pcapng, which every record of a relay is")
        commented = list(read_comments(source))
    title = commented[0][1]
    if not title.startswith(_TITLE):
        raise DamagedRecording("a capture, but no record of a relay: it does not say how the path was impaired")
    return Record(_impairment(title), tuple(_entries(commented[1:])))


def _entries(commented: list[tuple[tuple[int, float, int, bytes] | None, str]]) -> Iterator[Entry]:
    for frame, comment in commented:
        found = _ENTRY.fullmatch(comment)
        if frame is None or found is None:
            raise DamagedRecording(f"a packet whose comment says {comment!r}, as those of a relay do not")
        what, number, copy, said = found.groups()
        packet = frame[3]
        # As they are written here: IP without options, UDP.
        header = 48 if packet[:1] >= b"\x60" else 28
        if len(packet) < header:
            raise DamagedRecording(f"a packet of {len(packet)} bytes, which has no room for its headers")
        yield Entry(what, int(number), int(copy or 0), packet[header:], frame[1], said or "")


def _impairment(title: str) -> Impairment:
    values: dict[str, float] = {}
    try:
        for name, value, jitter in _OPTION.findall(title):
            values[name] = float(value)
            if jitter:
                values["jitter"] = float(jitter)
        return Impairment(int(values.pop("seed", 0)), **values)
    except (ValueError, TypeError):
        raise DamagedRecording(f"a record of a relay whose options cannot be read: {title!r}") from None
