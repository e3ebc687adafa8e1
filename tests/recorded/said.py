"""What goes into a recording: datagrams, when they were sent, and by which emitter."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from statsd_conformance.recording import Endpoint
from statsd_conformance.report.pcap import pcap
from statsd_conformance.report.pcapng import Packet, udp

# All recordings begin at the first second of 2026, so that one that is made anew is the same.
BEGIN: Final = 1_767_225_600.0
# Seconds from one datagram to the next where nothing says otherwise.
STEP: Final = 0.001
_HOST: Final = "127.0.0.1"
_TO: Final = Endpoint(_HOST, 8125)
_FIRST_PORT: Final = 40_000


@dataclass(frozen=True, slots=True)
class Said:
    """One datagram, so many seconds after the beginning; emitters are numbered from 0, each has a port of its own."""

    payload: bytes
    at: float
    emitter: int = 0


def in_turn(payloads: Iterable[bytes], step: float = STEP) -> tuple[Said, ...]:
    """Return datagrams of one emitter, one every `step` seconds."""
    return tuple(Said(payload, number * step) for number, payload in enumerate(payloads))


def capture(said: Iterable[Said]) -> bytes:
    """Return a capture of datagrams over loopback."""
    return pcap(
        Packet(udp(Endpoint(_HOST, _FIRST_PORT + one.emitter), _TO, one.payload), BEGIN + one.at) for one in said
    )
