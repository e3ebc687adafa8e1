"""Recordings as cases: those of the corpora, and those that a user names; and their datagrams, under other names."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from statsd_conformance.recording import read_recording
from statsd_conformance.replay.names import Names
from statsd_conformance.replay.pieces import pieces
from statsd_corpora import recordings_of_traffic

# What every known server reads in one datagram: a prefix may make a shorter one longer up to this.
_READ_BY_ALL: Final = 512
# The form of a line with tags, by dialect.
_TAGGED: Final = {
    "dogstatsd": re.compile(rb"[^:|]+:[^|]*\|[a-z]+(?:\|@[^|]*)?\|#[^|]"),
    "influx": re.compile(rb"[^:|,\[]+,[^:|=]+=[^:|]*:"),
    "signalfx": re.compile(rb"[^:|\[]+\[[^:|=]+=[^:|]*\][^:|]*:"),
}


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that is played to targets.

    Attributes:
        name: by which a report calls it.
        path: of the file.
        dialect: in which its lines are meant to be read: etsy, dogstatsd, influx or signalfx; empty to find out.
        ports: those that its lines went to, empty for the usual ones.
        own: whether a user named it.
    """

    name: str
    path: Path
    dialect: str = ""
    ports: tuple[int, ...] = ()
    own: bool = False


def recordings_of_corpora() -> list[Recording]:
    """Return the recordings that come with the suite."""
    return [Recording(row.file.partition(".")[0], row.path, row.dialect) for row in recordings_of_traffic()]


def own_recordings(paths: Sequence[Path], ports: Collection[int] = (), folder: Path = Path()) -> list[Recording]:
    """Return the recordings in files that a user named, relative to a folder, each once.

    >>> own_recordings([Path("a.pcap"), Path("a.pcap")])[0].name
    'a.pcap'
    """
    return [Recording(str(path), folder / path, "", tuple(ports), own=True) for path in dict.fromkeys(paths)]


def payloads_of(recording: Recording) -> list[bytes]:
    """Return the datagrams of a recording in its order; what was a stream is cut into some at the ends of lines.

    Raises:
        DamagedRecording, NoDatagrams: it cannot be read to its end, or holds none.
        OSError: the file cannot be opened or read.
    """
    read = read_recording(recording.path, ports=recording.ports)
    return [piece.payload for piece in pieces(read, Names(), {}, streamed=False)]


def dialect_of(payloads: Sequence[bytes]) -> str:
    r"""Return the dialect whose tags most lines have, etsy where none has any.

    >>> dialect_of([b"a:1|c\nb:1|c|#env:x", b"c:2|g"])
    'dogstatsd'
    """
    seen = dict.fromkeys(_TAGGED, 0)
    for line in {line for payload in payloads for line in payload.split(b"\n")}:
        for dialect, form in _TAGGED.items():
            seen[dialect] += form.match(line) is not None
    most = max(seen, key=lambda dialect: seen[dialect])
    return most if seen[most] else "etsy"


def renamed(payloads: Sequence[bytes], prefix: bytes) -> list[bytes]:
    """Return the datagrams with every name behind a prefix; one that grew beyond its size is cut at the ends of lines.

    So none is longer than it was recorded, as far as lines allow, or than what every server reads.
    """
    names = Names(prefix)
    return [part for payload in payloads for part in _cut(names.rewritten(payload) or b"", len(payload))]


def _cut(payload: bytes, recorded: int) -> Iterator[bytes]:
    limit = max(recorded, _READ_BY_ALL)
    start = 0
    while len(payload) - start > limit:
        # The LF that a datagram is cut at may be beyond the limit: no line lacks it.
        end = payload.rfind(b"\n", start, start + limit + 1)
        end = end if end > start else payload.find(b"\n", start + limit + 1)
        if end < 0:
            break
        yield payload[start:end]
        start = end + 1
    if start < len(payload) or not payload:
        yield payload[start:]


def windows_of(datagrams: Sequence[bytes], size: int) -> list[Sequence[bytes]]:
    """Return the datagrams in windows of at most `size`, of equal length but for the last; at least one window.

    >>> [len(one) for one in windows_of([b""] * 10, 4)]
    [4, 4, 2]
    """
    return [datagrams[start : start + size] for start in range(0, len(datagrams), size)] or [()]
