"""The recordings of traffic, and what is known of each: `traffic/index.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

TRAFFIC: Final = Path(str(files(__package__))) / "traffic"
# What a reader of each dialect reads beside the original's types, in the words of the reference's option `extensions`.
EXTENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "etsy": (),
    "dogstatsd": ("dogstatsd", "packing", "h", "d"),
    "influx": ("influx", "h", "d"),
    "signalfx": ("signalfx", "h", "d"),
}


@dataclass(frozen=True, slots=True)
class Recording:
    """A capture of StatsD traffic: UDP to port 8125 of 127.0.0.1, one emitter a source port.

    Attributes:
        file: its name in the folder `traffic`.
        title: what is in it.
        source: who spoke.
        made: how the file was made.
        dialect: in which its lines are meant to be read: etsy, dogstatsd, influx or signalfx.
        client: the library that has to be installed to make it anew; empty where none has to.
        datagrams: how many it holds.
        lines: how many lines these have, blank ones not counted.
        refused: how many samples of those lines the reference refuses, with its `extensions`.
        largest: bytes of the largest datagram.
        lint: how often `statsd-conformance lint` finds each of its rules broken, by code.
    """

    file: str
    title: str
    source: str
    made: str
    dialect: str
    client: str
    datagrams: int
    lines: int
    refused: int
    largest: int
    lint: Mapping[str, int]

    @property
    def path(self) -> Path:
        """Where the file is."""
        return TRAFFIC / self.file

    @property
    def extensions(self) -> tuple[str, ...]:
        """What the reference has to read beside the original's, as its option `extensions` takes it."""
        return EXTENSIONS[self.dialect]


def recordings_of_traffic() -> list[Recording]:
    """Return the recordings that come with the suite, in the order of the index.

    >>> recordings_of_traffic()[0].file
    'framing.pcap'
    """
    index = tomllib.loads((TRAFFIC / "index.toml").read_text(encoding="utf-8"))
    return [Recording(**row) for row in index.get("recording", ())]
