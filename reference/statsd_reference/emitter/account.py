"""What an emitter did: what went out, what did not, and why."""

from dataclasses import dataclass

from statsd_reference.emitter.lines import Refused


@dataclass(slots=True)
class Account:
    """Counts over the life of an emitter.

    Attributes:
        datagrams: that went out.
        lines: in them.
        failed: datagrams that the socket did not take.
        refused: lines that were not made, and names and values that were not taken.
        last_refusal: the last of these.
    """

    datagrams: int = 0
    lines: int = 0
    failed: int = 0
    refused: int = 0
    last_refusal: Refused | None = None

    def sent(self, lines: int) -> None:
        """Count one datagram of so many lines."""
        self.datagrams += 1
        self.lines += lines

    def refuse(self, refused: Refused) -> Refused:
        """Count and return a refusal."""
        self.refused += 1
        self.last_refusal = refused
        return refused
