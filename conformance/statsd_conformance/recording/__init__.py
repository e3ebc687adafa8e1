"""Recordings of traffic, read as datagrams: captures of packets, text, and what comes to a socket."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from statsd_conformance.recording.datagram import Datagram, Endpoint

__all__ = ["DamagedRecording", "Datagram", "Endpoint", "read_recording"]


class DamagedRecording(Exception):
    """A recording goes on in no way that can be read; the message says at which byte, and why."""


def read_recording(recording: str | Path | BinaryIO, *, ports: Collection[int] = ()) -> Iterator[Datagram]:
    """Yield what a recording holds, in its order: of a text, each line with its LF as a piece of one stream.

    Raises:
        DamagedRecording: after all that could be read.
        OSError: the file cannot be opened or read.
    """
    if isinstance(recording, str | Path):
        with Path(recording).open("rb") as opened:
            yield from read_recording(opened, ports=ports)
        return
    for number, line in enumerate(recording, 1):
        yield Datagram(line.rstrip(b"\n") + b"\n", number, stream=True)
