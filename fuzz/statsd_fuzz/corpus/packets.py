"""Inputs as a capture of packets, and captures as inputs.

In a capture that is written here each input has a source of its own, its datagrams go to port 8125, and an interval is
as long as that of the original. An interval without any bytes is an empty datagram, so that nothing is lost.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from statsd_conformance.recording import DamagedRecording, Datagram, Endpoint, read_recording
from statsd_conformance.report.pcapng import LONGEST, Packet, pcapng, udp
from statsd_fuzz.corpus.entry import CorpusError, Input
from statsd_fuzz.corpus.whole import write_whole
from statsd_fuzz.inputs import BETWEEN_DATAGRAMS, BETWEEN_INTERVALS, intervals_of, written

INTERVAL: Final = 10.0
_TO: Final = Endpoint("127.0.0.1", 8125)
# 2001-09-09: any day will do, and with a fixed one the same inputs make the same file.
_BEGIN: Final = 1_000_000_000.0
_FIRST_PORT: Final = 1024
_PORTS: Final = 65536 - _FIRST_PORT
# Of a time in seconds since 1970 a float keeps less than a microsecond.
_ROUNDING: Final = 1e-6


def write_capture(file: Path, inputs: Sequence[Input]) -> None:
    """Write a pcapng file with the datagrams of all inputs, their names as comments.

    Raises:
        CorpusError: the file is there already or cannot be written, or an input is no datagrams.
    """
    packets = [packet for number, one in enumerate(inputs) for packet in _packets(number, one)]
    try:
        write_whole(file, pcapng(packets))
    except FileExistsError:
        raise CorpusError(f"{file}: is there already; name a new file") from None
    except OSError as error:
        raise CorpusError(f"{file}: cannot be written: {error.strerror}") from None


def is_sendable(data: bytes) -> bool:
    """Tell whether each datagram of an input can be one of UDP; what fuzzers made longer cannot."""
    return all(len(datagram) <= LONGEST for datagrams in intervals_of(data) for datagram in datagrams)


def _packets(number: int, one: Input) -> Iterator[Packet]:
    source = _source(number)
    comment = one.name
    for interval, datagrams in enumerate(intervals_of(one.data)):
        step = INTERVAL / 2 / max(1, len(datagrams))
        for place, datagram in enumerate(datagrams or [b""]):
            try:
                raw = udp(source, _TO, datagram)
            except ValueError as error:
                raise CorpusError(f"input {one.name or number}: {error}; leave it out of a capture") from None
            yield Packet(raw, _BEGIN + interval * INTERVAL + place * step, comment)
            comment = ""


def _source(number: int) -> Endpoint:
    host, port = divmod(number, _PORTS)
    return Endpoint(f"127.1.{host >> 8 & 255}.{host & 255}", _FIRST_PORT + port)


def read_capture(file: Path, ports: Collection[int] = (), interval: float | None = None) -> list[Input]:
    """Return what a recording holds: a datagram an input; with an interval, in seconds, what each source sent is one.

    Raises:
        CorpusError: it cannot be read whole.
    """
    try:
        # A stream ends in a piece without any bytes; only of a datagram that is something that was sent.
        datagrams = [one for one in read_recording(file, ports=ports) if one.payload or not one.stream]
    except DamagedRecording as error:
        raise CorpusError(f"{file}: {error}") from None
    except OSError as error:
        raise CorpusError(f"{file}: cannot be read: {error.strerror}") from None
    if not interval:
        return [Input("", one.payload) for one in datagrams]
    return [Input("", _sequence(some, interval)) for some in _by_source(datagrams)]


def _by_source(datagrams: Sequence[Datagram]) -> list[list[Datagram]]:
    sources: dict[Endpoint, list[Datagram]] = {}
    for one in datagrams:
        sources.setdefault(one.source, []).append(one)
    return list(sources.values())


def _sequence(datagrams: Sequence[Datagram], interval: float) -> bytes:
    """Return what one source sent as an input; its first interval begins with its first datagram."""
    first = datagrams[0].time
    numbers = [max(0, int((one.time - first) / interval + _ROUNDING)) for one in datagrams]
    intervals: list[list[bytes]] = [[] for _ in range(max(numbers) + 1)]
    for number, one in zip(numbers, datagrams, strict=True):
        intervals[number].append(one.payload)
    return written(intervals)


def fits(data: bytes) -> bool:
    """Tell whether a datagram can stand in a corpus as it is: it has nothing that would divide it."""
    return BETWEEN_DATAGRAMS not in data and BETWEEN_INTERVALS not in data
