"""Lines of StatsD as text: what `nc -l` printed, or an emitter that writes to a file."""

from collections.abc import Iterator
from typing import Final

from statsd_conformance.recording.damage import DamagedRecording, NoDatagrams
from statsd_conformance.recording.datagram import Datagram
from statsd_conformance.recording.source import Source

# More than any reader takes; the rest of such a line is the next piece.
_LINE: Final = 65536


def read_text(source: Source) -> Iterator[Datagram]:
    """Yield each line, with a LF at its end, as a piece of one stream: where datagrams ended the text does not say.

    Raises:
        NoDatagrams: there is no line.
        DamagedRecording: it is no text: its beginning has several NULs, as files for machines have.
    """
    begins = source.peek(16)
    if begins.count(0) > 1:
        shown = begins[:4].hex(" ")
        raise DamagedRecording(f"byte 0: {shown} begins no capture (pcap, pcapng, or gzip of either) and no text")
    if not begins:
        raise NoDatagrams("it is empty")
    number = 1
    for piece in _pieces(source):
        yield Datagram(piece, number, stream=True)
        number += piece.endswith(b"\n")


def _pieces(source: Source) -> Iterator[bytes]:
    """Yield the lines, each with its LF, those that are too long in pieces."""
    begun = b""
    try:
        for chunk in source.rest():
            *whole, begun = (begun + chunk).split(b"\n")
            yield from (line + b"\n" for line in whole)
            if len(begun) > _LINE:
                yield begun
                begun = b""
    except DamagedRecording:
        if begun:
            yield begun + b"\n"
        raise
    if begun:
        yield begun + b"\n"
