"""The flush interval of a target, told by when its flushes arrive and by the seconds in them."""

from collections.abc import Iterable, Sequence

import pytest

from statsd_conformance.graphite import Snapshot, read_line
from statsd_conformance.rhythm import Rhythm

# When it arrived, the seconds in it, and the names for each of them.
Heard = tuple[float, Iterable[int | str], str]
_KEPT: Sequence[Heard] = [(0.0, range(20, 50), "ab"), (0.6, [50], "ab"), (1.6, [51], "ab"), (2.6, [52], "ab")]


def _interval(heard: Sequence[Heard]) -> float | None:
    rhythm = Rhythm()
    for arrived, stamps, names in heard:
        lines = (read_line(f"{name} 1 {stamp}".encode()) for stamp in stamps for name in names)
        rhythm.take(Snapshot(tuple(lines), arrived, arrived))
    return rhythm.interval


@pytest.mark.parametrize(
    ("heard", "interval"),
    [
        ([], None),
        ([(0.0, [20], "ab")], None),
        ([(0.0, [20], "ab"), (0.7, [30], "ab")], 10),
        (_KEPT[:2], 1),
        (_KEPT, 1),
        ([(0.0, [20], "ab"), (1.2, [21], "ab"), (6.0, range(22, 27), "ab"), (6.3, [27], "ab")], 1),
        ([(0.0, [20], "a"), (0.4, [20], "b"), (1.0, [21], "a"), (1.4, [21], "b"), (2.4, [22], "ab")], 1),
        ([(0.0, [20], "ab"), (1.0, [21], "ab"), (2.12, [22], "ab")], 1),
        ([(0.0, [20], "ab"), (0.4, [20], "ab"), (0.8, [21], "ab"), (1.2, [21], "ab")], 0.4),
        ([(0.0, [20], "ab"), (2.5, [22], "ab"), (5.0, [25], "ab"), (7.5, [27], "ab")], 2.5),
        ([(0.0, ["x"], "ab"), (3.0, ["x"], "ab"), (6.0, ["x"], "ab")], 3),
        ([(0.0, [20, 23], "ab"), (10.0, [30, 33], "ab"), (20.0, [40, 43], "ab")], 10),
    ],
    ids=[
        *("nothing", "one flush", "first one late", "many kept, then one", "many kept", "stalls"),
        *("in parts", "late once", "less than a second", "no whole seconds", "no stamps", "stamps of several sources"),
    ],
)
def test_interval_is_that_of_the_target_however_its_flushes_arrive(
    heard: Sequence[Heard], interval: float | None
) -> None:
    assert _interval(heard) == interval
