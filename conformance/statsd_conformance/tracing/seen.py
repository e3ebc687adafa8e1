"""What was seen of counters at each hop: on the wire, in the aggregator's output, in Graphite. Frozen, no logic."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from statsd_conformance.profile import Profile


@dataclass(frozen=True, slots=True)
class Sent:
    """All lines of one name on the wire; `name` is everything before the first colon, byte for byte.

    Attributes:
        name: may hold anything but LF and a colon.
        types: of its lines, in the order in which they first came.
        lines: how many.
        refused: so many of them does the reference aggregator refuse.
        value: the last number; None where it was none.
        total: the sum of all numbers, each scaled by its sample rate.
        zero: whether every number was 0.
        signed: whether a number carried a sign, which makes a difference of a gauge.
        first: when the first one came, in seconds since 1970; 0 where that is not known.
        last: when the last one came.
        carriage: so many lines ended in CR.
    """

    name: bytes
    types: tuple[bytes, ...] = (b"g",)
    lines: int = 1
    refused: int = 0
    value: float | None = None
    total: float = 0.0
    zero: bool = False
    signed: bool = False
    first: float = 0.0
    last: float = 0.0
    carriage: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """All datagrams that carried the same names in the same order.

    Attributes:
        names: of the whole lines.
        tail: what stood behind them and is no whole line, of the first such datagram; empty where nothing did.
        count: how many datagrams.
        shortest: the least size, in bytes.
        longest: the greatest.
    """

    names: tuple[bytes, ...]
    tail: bytes = b""
    count: int = 1
    shortest: int = 0
    longest: int = 0


@dataclass(frozen=True, slots=True)
class Wire:
    """What was captured between emitter and aggregator.

    Attributes:
        sent: by name, in the order in which they first came.
        batches: the different datagrams.
        datagrams: how many there were.
        lines: how many, empty ones not counted.
        broken_lines: so many of them are not whole.
        broken: the first hundred of these.
        first: when the first datagram came, in seconds since 1970; 0 where that is not known.
        last: when the last one came.
        dropped: how many datagrams the system dropped at the aggregator's socket meanwhile, where it tells.
        missed: how many it dropped at the tap's, so that nobody saw them.
    """

    sent: Mapping[bytes, Sent] = field(default_factory=dict)
    batches: tuple[Batch, ...] = ()
    datagrams: int = 0
    lines: int = 0
    broken_lines: int = 0
    broken: tuple[bytes, ...] = ()
    first: float = 0.0
    last: float = 0.0
    dropped: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Flushed:
    """All points of one path in the aggregator's output.

    Attributes:
        path: byte for byte.
        points: how many.
        value: of the last one; None where it was no number.
        total: their sum.
        first: timestamp of the first one, in seconds since 1970.
        last: timestamp of the last one.
        behind: so many of them came behind a path that is no UTF-8, on the same connection or in the same pickle.
    """

    path: bytes
    points: int = 1
    value: float | None = None
    total: float = 0.0
    first: float = 0.0
    last: float = 0.0
    behind: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """What the aggregator flushed.

    Attributes:
        flushed: by path, in the order in which they first came.
        flushes: how many timestamps there were.
        first: the least timestamp.
        last: the greatest.
        poison: paths that are no UTF-8.
        unreadable: lines that Graphite cannot read, the first hundred.
        pickled: whether any of it was pickled.
        connections: how many there were.
        closed: so many of them the store closed.
        refused: so many the store did not take.
    """

    flushed: Mapping[bytes, Flushed] = field(default_factory=dict)
    flushes: int = 0
    first: float = 0.0
    last: float = 0.0
    poison: tuple[bytes, ...] = ()
    unreadable: tuple[bytes, ...] = ()
    pickled: bool = False
    connections: int = 0
    closed: int = 0
    refused: int = 0

    @property
    def period(self) -> float:
        """Seconds from flush to flush, on the average; 0 where there was one only."""
        return (self.last - self.first) / (self.flushes - 1) if self.flushes > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Stored:
    """What Graphite holds of one path.

    Attributes:
        path: byte for byte.
        points: how many since the trace began; 0 where it holds older ones only.
        value: of the last one.
        total: the sum of those since the trace began.
        last: timestamp of the last one, 0 for none.
        step: seconds from point to point; 0 where that is not known.
    """

    path: bytes
    points: int = 1
    value: float | None = None
    total: float = 0.0
    last: float = 0.0
    step: float = 0.0


@dataclass(frozen=True, slots=True)
class Store:
    """What Graphite holds.

    Attributes:
        stored: by path.
        source: where that was read, in words.
        dropped: how many files carbon would not create, by its own count; None where that was not seen.
        rejected: how many points carbon's lists kept out, by its own counts; None where that was not seen.
        waited: seconds until everything had come, or until nobody waited any longer.
        late: so many paths were there only at a later look.
    """

    stored: Mapping[bytes, Stored] = field(default_factory=dict)
    source: str = ""
    dropped: float | None = None
    rejected: float | None = None
    waited: float = 0.0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Counters that belong together, as those of one module, in the order in which they are sent."""

    title: str
    names: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that is known of a trace; a hop that was not looked at is None.

    Attributes:
        profile: how the aggregator spells its output.
        groups: the counters that the trace is about.
        declared: whether these were named, and not only seen.
        partial: whether a datagram may carry some of a group only, as where an emitter sends what changed.
        wire: the datagrams.
        output: what the aggregator flushed.
        store: what Graphite holds.
    """

    profile: Profile
    groups: tuple[Group, ...]
    declared: bool = False
    partial: bool = False
    wire: Wire | None = None
    output: Output | None = None
    store: Store | None = None
