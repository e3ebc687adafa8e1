"""What one case sent and saw."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from statsd_conformance.address import Address
from statsd_conformance.connection import Sent
from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import GraphiteLine
from statsd_conformance.measured import Measured

# What compares a replay reads what targets publish.
if TYPE_CHECKING:
    from statsd_conformance.replayed.compared import Comparison


@dataclass
class Trace:
    """What one case sent and saw, for its evidence: datagrams in order, what each `flush` returned, what it measured.

    Of a case that looks at an emitter they are what that sent, and `again` is a shell line that has it send once more.
    `replayed` is how a recording came out, of a case that played one.
    """

    datagrams: list[bytes] = field(default_factory=list)
    flushes: list[Flushed] = field(default_factory=list)
    again: str = ""
    measured: list[Measured] = field(default_factory=list)
    replayed: "Comparison | None" = None

    def published(self) -> list[GraphiteLine]:
        """Return the Graphite lines that came back with the case's own prefix."""
        return [line for flushed in self.flushes for line in flushed.own]


def note(trace: Trace, address: Address, connection: int, segment: bytes) -> None:
    """Put a segment into the trace of its case."""
    trace.datagrams.append(Sent(segment, address, connection))


def note_reset(trace: Trace, address: Address, connection: int) -> None:
    """Put into the trace of its case that a connection was broken off behind its last segment, if it had any."""
    for number, sent in reversed(list(enumerate(trace.datagrams))):
        if isinstance(sent, Sent) and (sent.address, sent.connection) == (address, connection):
            trace.datagrams[number] = Sent(sent, address, connection, reset=True)
            return
