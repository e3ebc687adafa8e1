"""The values that pass through the four steps: frozen, without logic.

    datagram ─split, parse→ Reading ─accumulate→ Window ─flush→ Flush ─points, write→ Graphite lines

Buckets, set members and lines are bytes, as they came off the wire. Timer values are milliseconds, intervals and
timestamps seconds.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """What a sample is; the value is the type as it stands on the wire."""

    COUNTER = b"c"
    GAUGE = b"g"
    TIMER = b"ms"
    SET = b"s"
    TOTAL = b"C"
    METER = b"m"
    KEY_VALUE = b"kv"


@dataclass(frozen=True, slots=True)
class Sample:
    """One parsed sample.

    `value` is the number as sent (0 for a set, whose `member` counts). `rate` is the sample rate, above 0. `signed`
    says that a gauge's text began with a sign, so the value is a delta.
    """

    bucket: bytes
    value: float
    kind: Kind
    rate: float = 1.0
    signed: bool = False
    member: bytes = b""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A sample that was refused: the line it stood in, and the reason in a few words."""

    line: bytes
    reason: str


Outcome = Sample | BadLine


@dataclass(frozen=True, slots=True)
class Reading:
    """What one datagram said: the number of its non-empty lines, and an outcome for each sample in them, in order.

    A line may hold several samples, or none (an event of DogStatsD is read and set aside).
    """

    lines: int
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """What an interval has gathered so far, by bucket.

    `timer_counts` are the numbers of events behind the timer values, each value weighted by 1/rate. `gauge_ages` says
    how many more idle flushes a gauge survives; empty unless gauges are deleted. `totals` holds the last running total
    of each bucket of type `C`. `pairs` are the key/value samples, oldest first.
    """

    counters: Mapping[bytes, float] = field(default_factory=dict)
    gauges: Mapping[bytes, float] = field(default_factory=dict)
    gauge_ages: Mapping[bytes, int] = field(default_factory=dict)
    timers: Mapping[bytes, Sequence[float]] = field(default_factory=dict)
    timer_counts: Mapping[bytes, float] = field(default_factory=dict)
    sets: Mapping[bytes, AbstractSet[bytes]] = field(default_factory=dict)
    totals: Mapping[bytes, float] = field(default_factory=dict)
    pairs: Sequence[tuple[bytes, float]] = ()


@dataclass(frozen=True, slots=True)
class Flush:
    """What one interval amounts to, before it has Graphite names.

    `interval` is in seconds, `timestamp` in whole seconds since 1970. The values of a timer are unsorted.
    """

    interval: float
    timestamp: int
    counters: Mapping[bytes, float] = field(default_factory=dict)
    gauges: Mapping[bytes, float] = field(default_factory=dict)
    timers: Mapping[bytes, Sequence[float]] = field(default_factory=dict)
    timer_counts: Mapping[bytes, float] = field(default_factory=dict)
    sets: Mapping[bytes, int] = field(default_factory=dict)
    pairs: Sequence[tuple[bytes, float]] = ()


class Point(NamedTuple):
    """One Graphite data point: path, value, seconds since 1970."""

    path: bytes
    value: float
    timestamp: int
