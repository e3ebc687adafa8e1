"""The laws of emitters as a state machine: whatever is asked of an emitter, what it sends agrees with a dictionary.

L1 to L10 bind every emitter, S1 and S2 those that send snapshots, B1 to B5 those that send what changed, once a period.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from statsd_reference.emitter import BatchEmitter, Emitter, EmitterProfile, Refused, make_emitter

LAWS = {
    "L1": "each line has the grammar, and each datagram the end, of the profile",
    "L2": "no datagram is longer than the maximum",
    "L3": "no line is split over datagrams",
    "L4": "nothing is repeated that did not change",
    "L5": "once it is quiet, the last line of each name says the truth",
    "L6": "no name but the declared ones, and none with white space",
    "L7": "sending changes no counter",
    "L8": "off means no datagrams and no wake-ups",
    "L9": "a dead sink changes nothing else",
    "L10": "counters do not fall but when they are cleared",
    "S1": "eight lines, in order, in one datagram",
    "S2": "each datagram tells everything, so that loss takes all of a snapshot or nothing",
    "B1": "one burst a period at most",
    "B2": "many changes in a period are one line",
    "B3": "increments sum up across quiet periods",
    "B4": "every timing is sent, waits or is counted",
    "B5": "a change of mode leaves nothing behind",
}
FOR_ALL = tuple(law for law in LAWS if law.startswith("L"))
FOR_SNAPSHOTS = (*FOR_ALL, "S1", "S2")
FOR_BATCHES = (*FOR_ALL, "B1", "B2", "B3", "B4", "B5")

_LINE = re.compile(rb"([A-Za-z0-9_.-]+):(-?[0-9]+(?:\.[0-9]+)?)\|(g|c|C|ms)")
_TOTALS = st.sampled_from(["total", "deep.total", "n" * 140])
_GAUGES = st.sampled_from(["gauge", "deep.gauge"])
_PREFIXES = st.sampled_from(["flux.0.kvs", "other"])


@dataclass
class Sink:
    """The other end: what arrived, and how much was tried; up or down."""

    up: bool = True
    tried: int = 0
    arrived: list[bytes] = field(default_factory=list)

    def take(self, datagram: bytes) -> bool:
        """Take one datagram while up."""
        self.tried += 1
        if self.up:
            self.arrived.append(datagram)
        return self.up


@dataclass
class Known:
    """What the model knows of one name.

    Attributes:
        type: of its lines.
        total: since it was cleared.
        truth: what the last line has to say; of differences, what all lines have to come to.
        said: what it said, or they came to; None before the first one.
        floor: what it may not fall below.
        falls: whether it may fall.
        increased: whether it was only ever added to.
    """

    type: str
    total: int = 0
    truth: int = 0
    said: int | None = None
    floor: int = 0
    falls: bool = False
    increased: bool = False

    def hold(self, total: int) -> None:
        """Take a new total."""
        self.truth = self.truth + total - self.total if self.type == "c" else total
        self.total = total

    def clear(self) -> None:
        """Be cleared: a total is 0, and what differences come to stays."""
        self.total, self.floor = 0, 0
        if self.type != "c":
            self.truth = 0

    @property
    def told(self) -> bool:
        """Whether what was said is true."""
        return self.truth == (self.said or 0) if self.type == "c" else self.truth == self.said


class EmitterMachine(RuleBasedStateMachine):
    """An emitter and a dictionary that are told the same; only `laws` are looked at."""

    profile: EmitterProfile
    laws: tuple[str, ...]
    make: Callable[..., Emitter] = staticmethod(make_emitter)

    def __init__(self) -> None:
        super().__init__()
        self.sink = Sink()
        self.awake = False
        self.on = self.profile.switch == "none"
        self.trigger = self.profile.trigger
        self.counts = [0] * 8
        self.waited = self.failed = self.changed = self.broken = False
        before, _, self.behind = self.profile.template.partition("{counter}")
        self.before = before.replace("{module}", "kvs").replace("{rank}", "0")
        self.known: dict[bytes, Known] = {}
        self.timings: Counter[float] = Counter()
        self.timed: Counter[float] = Counter()
        self.snapshot: tuple[int, ...] = (0,) * 8
        self.emitter = self.make(self.profile, "kvs", 0, self.sink.take, self._watch)
        if self.profile.gate == "snapshot":
            self.known = {self._name(one): Known(self.profile.type, said=0) for one in self.profile.counters}

    def _watch(self, active: bool) -> None:
        self.awake = active

    def law(self, name: str, holds: bool, evidence: object = "") -> None:
        """Demand that a law holds, if it is one of those that are looked at."""
        self.broken = self.broken or (name in self.laws and not holds)
        assert name not in self.laws or holds, f"{name}, {LAWS[name]}: {evidence!r}"

    def _name(self, short: str) -> bytes:
        return f"{self.before}{short}{self.behind}".encode()

    def _held(self, short: str, type: str) -> Known:
        return self.known.setdefault(self._name(short), Known(type))

    @property
    def batch(self) -> BatchEmitter:
        """The emitter, as one that takes metrics by name."""
        assert isinstance(self.emitter, BatchEmitter)
        return self.emitter

    @rule(counter=st.sampled_from([0, 5, 7]), number=st.integers(0, 300))
    def add(self, counter: int, number: int) -> None:
        """Count messages."""
        self._count(counter, number)
        self.act(lambda: self.emitter.add(counter, number))

    def _count(self, counter: int, number: int) -> None:
        self.counts[counter] += number
        if number:
            known = self._held(self.profile.counters[counter], self.profile.type)
            known.hold(known.total + number if self.profile.type == "c" else self.counts[counter])

    @rule()
    def wait(self) -> None:
        """Let the loop wait."""
        if not self.waited and self.profile.keepalive:
            self._count(self.profile.counters.index(self.profile.keepalive), 1)
        self.waited = True
        self.act(self.emitter.wait)

    @rule()
    def clear(self) -> None:
        """Clear all counters."""
        self.counts = [0] * 8
        for known in self.known.values():
            known.clear()
        self.act(self.emitter.clear)

    @rule(bits=st.sampled_from([0x1000, 0x3001, 0x1000, 0x3001, 0x2FFF, 0]))
    def set_mask(self, bits: int) -> None:
        """Set the debug mask."""
        if self.profile.switch == "mask":
            self.on = bool(bits & self.profile.mask)
        self.act(lambda: self.emitter.set_mask(bits), may_send=self.trigger == "immediate")

    @rule(up=st.booleans())
    def sink_goes(self, up: bool) -> None:
        """Take the other end away, or bring it back."""
        self.sink.up = up

    @precondition(lambda self: self.awake)
    @rule()
    def loop_passes_or_period_ends(self) -> None:
        """Do what the emitter asked to be woken for."""
        self._look()

    @rule()
    def somebody_looks(self) -> None:
        """Look though nobody asked for it."""
        self._look()

    def _look(self) -> None:
        changed, self.changed = self.changed, False
        tried = self.sink.tried
        read = self.act(self.emitter.look, may_send=True, changes=False)
        if self.trigger == "loop-pass" and not changed:
            self.law("L9", self.sink.tried == tried, "tried again though nothing changed")
        elif self.trigger == "loop-pass" and not self.sink.up:
            # The next pass may come at once.
            self._look()
        if self.trigger == "period" and self.sink.up:
            self.failed = False
        self._one_burst(read)
        self._quiet()

    @precondition(lambda self: self.profile.gate == "metric")
    @rule(name=_TOTALS, more=st.integers(-5, 300))
    def count(self, name: str, more: int) -> None:
        """Give a total by name, perhaps one that fell."""
        known = self.known.get(self._name(name), Known(self.profile.type))
        total = known.total + more
        if more >= 0:
            self._held(name, self.profile.type).hold(total)
        refused = self.act(lambda: self.batch.count(name, total), returns=Refused)
        assert (refused is None) == (more >= 0)

    @precondition(lambda self: self.profile.gate == "metric")
    @rule(name=_GAUGES, value=st.integers(-300, 300))
    def set_gauge(self, name: str, value: int) -> None:
        """Set a gauge."""
        known = self._held(name, "g")
        known.hold(value)
        known.falls, known.increased = True, False
        self.act(lambda: self.batch.set(name, value))

    @precondition(lambda self: self.profile.gate == "metric")
    @rule(name=st.sampled_from(["summed", "gauge"]), more=st.integers(-3, 3))
    def increase(self, name: str, more: int) -> None:
        """Add to a gauge."""
        new = self._name(name) not in self.known
        known = self._held(name, "g")
        known.hold(known.total + more)
        known.falls, known.increased = True, known.increased or new
        self.act(lambda: self.batch.increase(name, more))

    @precondition(lambda self: self.profile.gate == "metric")
    @rule(time=st.sampled_from([0.0, 0.5, 1.5, 250.0]))
    def timing(self, time: float) -> None:
        """Give a time."""
        refused, counted = self.act(lambda: self.batch.timing("time", time), returns=Refused), self.emitter.account
        if refused is None:
            self.timings[time] += 1
        self.law("B4", refused is None or counted.last_refusal == refused, refused)
        self._quiet(timings_only=True)

    @precondition(lambda self: self.profile.gate == "metric")
    @rule(prefix=_PREFIXES)
    def set_prefix(self, prefix: str) -> None:
        """Change what stands before each name."""
        self.before, self.behind = f"{prefix}.", ""
        self.act(lambda: self.batch.set_prefix(prefix))

    @precondition(lambda self: self.profile.gate == "metric")
    @rule(seconds=st.sampled_from([0.0, -1.0, 1.0, 10.0]))
    def set_period(self, seconds: float) -> None:
        """Change the period, or do without."""
        self.trigger = "period" if seconds > 0 else "immediate"
        self.act(lambda: self.emitter.set_period(seconds), may_send=seconds <= 0)
        if seconds <= 0 and self.on and self.sink.up:
            self.failed = False
            self.law("B5", not self._untold() and self.timed == self.timings, self._untold())
        self.law("B5", seconds > 0 or not self.awake, "woken by the clock")

    def teardown(self) -> None:
        """End the emitter's life, which sends what is left."""
        if self.broken:
            return
        self.sink.up, self.failed = True, False
        self.act(self.emitter.close, may_send=True)
        self._quiet()
        self.on = False
        self.act(lambda: self.emitter.set_mask(self.profile.mask))
        self.act(self.emitter.look)

    def act(
        self,
        done: Callable[[], object],
        *,
        may_send: bool = False,
        changes: bool = True,
        returns: type[Refused] | None = None,
    ) -> list[list[bytes]] | Refused | None:
        """Do something to the emitter, read what arrived, and look at the laws that hold at any time."""
        self.changed = self.changed or changes
        arrived, tried = len(self.sink.arrived), self.sink.tried
        try:
            result = done()
        except Exception as error:
            self.law("L9", self.sink.up, error)
            raise
        read = [self._read(datagram) for datagram in self.sink.arrived[arrived:]]
        self.failed = self.failed or (self.sink.tried > tried and not self.sink.up)
        self.law("L7", self.emitter.counts == self.counts, (self.emitter.counts, self.counts))
        self.law("L9", self.sink.up or self.emitter.counts == self.counts, self.emitter.counts)
        self.law("L9", self.sink.up or self.emitter.on == self.on, "switched by a failure")
        self.law("L8", self.on or self.sink.tried == tried, "sent while off")
        self.law("L8", self.on or not self.awake, "woken while off")
        self.law("B1", may_send or self.trigger != "period" or self.sink.tried == tried, "sent before the period ended")
        if self.trigger == "loop-pass" and done != self.emitter.close:
            self.law("L5", self.awake == self.on, "on, and not woken")
        if returns:
            assert result is None or isinstance(result, Refused)
            return result
        return read

    def _read(self, datagram: bytes) -> list[bytes]:
        """Read one datagram, and return the names that it has a total for."""
        self.law("L2", len(datagram) <= self.profile.max_payload, len(datagram))
        self.law("L1", datagram.endswith(b"\n") == self.profile.newline_at_end, datagram[-1:])
        lines = datagram.removesuffix(b"\n").split(b"\n") if self.profile.newline_at_end else datagram.split(b"\n")
        for line in lines:
            name = line.partition(b":")[0]
            declared = name in self.known or name.endswith(b"time")
            self.law("L1", _LINE.fullmatch(line) is not None, line)
            self.law("L3", declared and line.endswith((b"|g", b"|c", b"|C", b"|ms")), line)
            self.law("L6", declared and not re.search(rb"\s", name), line)
        found = [match for line in lines if (match := _LINE.fullmatch(line))]
        if self.profile.gate == "snapshot":
            self._read_snapshot([match[1] for match in found], tuple(int(match[2]) for match in found))
        return [
            name for match, after in zip(found, [*found[1:], None], strict=True) for name in self._one(match, after)
        ]

    def _read_snapshot(self, names: list[bytes], values: tuple[int, ...]) -> None:
        self.law("S1", names == list(self.known), names)
        self.law("L4", any(values) if self.profile.type == "c" else values != self.snapshot, values)
        self.snapshot = values
        told = {name: value for name, value in zip(names, values, strict=True) if name in self.known}
        truths = {
            name: known.truth - (known.said or 0 if self.profile.type == "c" else 0)
            for name, known in self.known.items()
        }
        self.law("S2", told == truths, told)

    def _one(self, match: re.Match[bytes], after: re.Match[bytes] | None) -> list[bytes]:
        """Read one line; return its name, but none for a timing, and for the 0 before a gauge that is set below 0."""
        name, text, type = match[1], match[2], match[3].decode()
        if type == "ms":
            self.timed[float(text)] += 1
            return []
        if name not in self.known or (type == "g" and after and after[1] == name and after[2].startswith(b"-")):
            return []
        known, value = self.known[name], int(text)
        if self.profile.gate == "metric":
            self.law("L4", value != 0 if type == "c" else value != known.said, match[0])
        self.law("L10", known.falls or value >= (0 if type == "c" else known.floor), match[0])
        known.said = (known.said or 0) + value if type == "c" else value
        known.floor = value
        return [name]

    def _one_burst(self, read: object) -> None:
        """Look at what one look sent: no name twice, and no datagram that another one had room for."""
        names = [name for datagram in read for name in datagram] if isinstance(read, list) else []
        self.law("B2", len(names) == len(set(names)), names)
        sizes = list(map(len, self.sink.arrived[-len(read) :])) if isinstance(read, list) and len(read) > 1 else []
        for one, other in pairwise(sizes):
            self.law("B1", one + 1 + other > self.profile.max_payload - 400, sizes)

    def _quiet(self, timings_only: bool = False) -> None:
        """Look at what has to be true after a look, if nothing failed before."""
        if not self.on or not self.sink.up or self.failed or (timings_only and self.trigger != "immediate"):
            return
        self.law("B4", self.timed == self.timings, (self.timed, self.timings))
        if not timings_only:
            untold = self._untold()
            self.law("L5", not untold, untold)
            self.law("B3", not any(self.known[name].increased for name in untold), untold)

    def _untold(self) -> list[bytes]:
        return [name for name, known in self.known.items() if not known.told and self._fits(name, known)]

    def _fits(self, name: bytes, known: Known) -> bool:
        """Tell whether a line of a name can be sent, and had to be: one of differences that is 0 had not."""
        length = len(b"%s:%d|%s" % (name, known.truth, known.type.encode()))
        whole = length + self.profile.newline_at_end
        return whole <= self.profile.max_payload and length <= (self.profile.max_line or length)
