"""What is wrong with a recording, and what of it could not be read."""

from collections import Counter
from collections.abc import Collection, Iterator


class DamagedRecording(Exception):
    """A recording, or a part of it, cannot be read; the message says at which byte or packet, and why."""


class NoDatagrams(DamagedRecording):
    """There is nothing to judge in a recording; the message says what there is instead."""


class Losses:
    """What was left out of a capture, counted while it is read."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._number: Counter[str] = Counter()
        self.ports: Counter[int] = Counter()

    def add(self, what: str, number: int) -> None:
        """Count something that was left out, by its name in the plural, at a packet."""
        self._first.setdefault(what, number)
        self._number[what] += 1

    def told(self) -> Iterator[str]:
        """Yield a clause for each sort of thing that was left out."""
        for what, number in self._number.items():
            yield f"{number:,} {what}, the first at packet {self._first[what]}"


def nothing(losses: Losses, ports: Collection[int]) -> NoDatagrams:
    """Return the exception for a capture in which nothing went to `ports`."""
    wanted = " or ".join(map(str, sorted(ports)))
    if not losses.ports:
        return NoDatagrams(f"nothing in it went to port {wanted}, or to any other")
    port, number = losses.ports.most_common(1)[0]
    return NoDatagrams(f"nothing in it went to port {wanted}, but {number:,} packets to port {port}: --port {port}")
