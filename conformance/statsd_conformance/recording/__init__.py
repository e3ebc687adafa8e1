"""Recordings of traffic, read as datagrams: captures of packets, text, and what comes to a socket."""

from collections.abc import Collection, Iterator
from pathlib import Path

from statsd_conformance.recording.capture import datagrams
from statsd_conformance.recording.damage import DamagedRecording, NoDatagrams
from statsd_conformance.recording.datagram import Datagram, Endpoint
from statsd_conformance.recording.pcap import MAGICS, read_pcap
from statsd_conformance.recording.pcapng import SECTION_MAGIC, read_pcapng
from statsd_conformance.recording.source import GZIP_MAGIC, Readable, Source, chunks_of, gunzipped
from statsd_conformance.recording.text import read_text

__all__ = ["DamagedRecording", "Datagram", "Endpoint", "NoDatagrams", "Readable", "read_recording"]


def read_recording(recording: str | Path | Readable, *, ports: Collection[int] = ()) -> Iterator[Datagram]:
    """Yield what a recording holds, in its order; a capture or a text, compressed or not, from a file or a pipe.

    Of a capture (pcap, pcapng) it is what went to `ports`: by default UDP to 8125 and 8126, and TCP to 8125. Of a text,
    each line with its LF as a piece of one stream.

    Raises:
        DamagedRecording: after all that could be read, where not everything could.
        NoDatagrams: there was nothing.
        OSError: the file cannot be opened or read.
    """
    if isinstance(recording, str | Path):
        with Path(recording).open("rb") as opened:
            yield from read_recording(opened, ports=ports)
        return
    source = Source(chunks_of(recording))
    if source.peek(2) == GZIP_MAGIC:
        source = Source(gunzipped(source.rest()))
    magic = source.peek(4)
    if magic in MAGICS:
        yield from datagrams(read_pcap(source), ports)
    elif magic == SECTION_MAGIC:
        yield from datagrams(read_pcapng(source), ports)
    else:
        yield from read_text(source)
