"""What is wrong with a recording, and what of it could not be read."""

from collections import Counter
from collections.abc import Collection, Iterator

from statsd_conformance.progress import counted


class DamagedRecording(Exception):
    """A recording, or a part of it, cannot be read; the message says at which byte or packet, and why."""


class NoDatagrams(DamagedRecording):
    """There is nothing to judge in a recording; the message says what there is instead."""


class Losses:
    """What was left out of a capture, counted while it is read."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], int] = {}
        self._number: Counter[tuple[str, str]] = Counter()
        self.ports: Counter[int] = Counter()

    def add(self, noun: str, which: str, number: int) -> None:
        """Count something that was left out, at a packet: `datagram`, `without all fragments`."""
        self._first.setdefault((noun, which), number)
        self._number[noun, which] += 1

    def told(self) -> Iterator[str]:
        """Yield a clause for each sort of thing that was left out."""
        for what, number in self._number.items():
            noun, which = what
            yield f"{counted(number, noun)} {which}, the first at packet {self._first[what]}"


def nothing(losses: Losses, ports: Collection[int]) -> NoDatagrams:
    """Return the exception for a capture in which nothing went to `ports`."""
    wanted = " or ".join(map(str, sorted(ports)))
    if not losses.ports:
        return NoDatagrams(f"nothing in it went to port {wanted}, or to any other")
    port, number = losses.ports.most_common(1)[0]
    return NoDatagrams(
        f"nothing in it went to port {wanted}, but {counted(number, 'packet')} to port {port}: --port {port}"
    )
