"""Few inputs that together show all that many show."""

import heapq
from collections import Counter
from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet


def covering(shown: Sequence[AbstractSet[Hashable]], sizes: Sequence[int]) -> list[int]:
    """Return the places of inputs that show what all show, in order: few, and short ones.

    The fewest would take for ever to find. Taken again and again is what shows most that is missing, of equals the
    shortest; then what the later ones made needless is given up, the longest first.

    >>> covering([{1, 2}, {3, 4}, {1, 2, 3}, {4}, {1}], [9, 9, 9, 1, 1])
    [2, 3]
    >>> covering([{1, 2, 3, 4}, {1, 2, 5}, {3, 4, 6}], [1, 1, 1])
    [1, 2]
    """
    taken = _taken(shown, sizes)
    times = Counter(feature for place in taken for feature in shown[place])
    kept = set(taken)
    for place in sorted(taken, key=lambda one: (-sizes[one], one)):
        if all(times[feature] > 1 for feature in shown[place]):
            kept.remove(place)
            times.subtract(shown[place])
    return sorted(kept)


def _taken(shown: Sequence[AbstractSet[Hashable]], sizes: Sequence[int]) -> list[int]:
    missing = set().union(*shown)
    # What an input adds only ever becomes less, so only the first of the heap has to be counted anew.
    heap = [(-len(features), sizes[place], place) for place, features in enumerate(shown)]
    heapq.heapify(heap)
    taken = []
    while missing:
        believed, size, place = heapq.heappop(heap)
        adds = len(shown[place] & missing)
        if adds == -believed:
            taken.append(place)
            missing -= shown[place]
        elif adds:
            heapq.heappush(heap, (-adds, size, place))
    return taken
