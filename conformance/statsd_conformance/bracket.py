"""The largest size that is taken, found between two sizes, by trying many at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from statsd_conformance.requirement import Inconclusive


@dataclass(frozen=True, slots=True)
class Bracket:
    """What is known: a size of `low` is taken, one of `high` is not; the end lies in `near`, if that holds any.

    `low` is 0 as long as nothing was taken, `high` one more than the largest there is as long as all was.
    """

    low: int
    high: int
    near: range = range(0)

    def after(self, tried: Iterable[tuple[int, bool]]) -> "Bracket":
        """Return what is known after sizes were tried, each with whether it was taken.

        Raises:
            Inconclusive: one was not taken, but a larger one was.
        """
        known = list(tried)
        low = max([self.low, *(size for size, taken in known if taken)])
        high = min([self.high, *(size for size, taken in known if not taken)])
        if low > high:
            raise Inconclusive(f"{high} bytes were not taken whole, and {low} bytes were")
        return Bracket(low, high, self.near)

    def between(self, number: int) -> list[int]:
        """Return about `number` sizes to try next, and those in `near`; none when it is known where the end is."""
        if not self.low:
            return []
        room = range(self.low + 1, self.high)
        step = max(len(room) // number, 1)
        return sorted({*room[::step], *(size for size in self.near if size in room)})
