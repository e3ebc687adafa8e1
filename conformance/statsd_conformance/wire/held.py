"""Which of the datagrams that were sent a snapshot holds, where that is certain."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from statsd_conformance.wire.queued import By, Piece, Signal, Streamed


@dataclass
class Held:
    """How much of the log of a run its snapshots hold, by what fences tell."""

    # By number of snapshots, how much of the log they hold; and by name of a fence, where in the log it ends.
    _held: dict[int, int] = field(default_factory=dict)
    _ends: dict[bytes, int] = field(default_factory=dict)

    def ends(self, fence: bytes, sent: int) -> None:
        """Note that a fence of that name was the last of so many datagrams sent."""
        self._ends[fence] = sent

    def take(self, fences: set[bytes], snapshots: int, log: Sequence[bytes]) -> None:
        """Note which fences stand in the last of so many snapshots."""
        held = max((self._ends[name] for name in fences if name in self._ends), default=0)
        # A fence that is not in it tells that nothing behind is, either.
        if held and all(isinstance(one, Signal) for one in log[held : held + 1]):
            self._held[snapshots] = held

    def between(self, first: int, last: int, log: Sequence[bytes]) -> list[bytes] | None:
        """Return the datagrams that snapshots from number `first` on, up to `last` without it, hold.

        None where it is not certain which they are, or where not all of it were plain datagrams.
        """
        if first not in self._held or last not in self._held:
            return None
        sent = log[self._held[first] : self._held[last]]
        return None if any(isinstance(one, Streamed | Piece | By) for one in sent) else list(sent)

    def forget(self) -> None:
        """Begin anew, with an empty log."""
        self._held.clear()
        self._ends.clear()
