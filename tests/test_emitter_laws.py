"""The emitters obey the laws, whatever is asked of them; and for each law there is an emitter that is caught by it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from emitter_laws import FOR_BATCHES, FOR_SNAPSHOTS, LAWS, EmitterMachine
from statsd_reference.emitter import (
    BatchEmitter,
    Emitter,
    EmitterProfile,
    Refused,
    Send,
    SnapshotEmitter,
    Watch,
    load_emitter_profile,
)
from statsd_reference.emitter.batch import Metric, _Line

SNAPSHOT = load_emitter_profile("snapshot")
BATCH = load_emitter_profile("batch")
SMALL = replace(BATCH, max_payload=150)
PROFILES = {
    "snapshot": SNAPSHOT,
    "snapshot-a-period": replace(SNAPSHOT, trigger="period"),
    "snapshot-at-once": replace(SNAPSHOT, trigger="immediate"),
    "snapshot-of-differences": replace(SNAPSHOT, type="c"),
    "snapshot-with-newline": replace(SNAPSHOT, newline_at_end=True, switch="none"),
    "batch": BATCH,
    "batch-switched": replace(BATCH, switch="mask", type="g"),
    "batch-a-pass": replace(BATCH, trigger="loop-pass", switch="mask"),
    "batch-of-differences": replace(BATCH, type="c", newline_at_end=True),
    "batch-small": SMALL,
}


def run(profile: EmitterProfile, laws: tuple[str, ...], make: Callable[..., Emitter] | None = None) -> None:
    """Try an emitter, of the reference or a wrong one, on generated requests; what a wrong one did is not shrunk."""
    entries = {"profile": profile, "laws": laws} | ({"make": staticmethod(make)} if make else {})
    chosen = settings(stateful_step_count=25, database=None, suppress_health_check=list(HealthCheck))
    if make:
        phases = (Phase.generate,)
        chosen = settings(chosen, phases=phases, max_examples=1000, derandomize=True, report_multiple_bugs=False)
    run_state_machine_as_test(type("Machine", (EmitterMachine,), entries), settings=chosen)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_emitter_obeys_every_law(profile: EmitterProfile) -> None:
    run(profile, FOR_SNAPSHOTS if profile.gate == "snapshot" else FOR_BATCHES)


class EndsInNul(SnapshotEmitter):
    """Sends one byte more than it printed, as C code does that counts the NUL."""

    def __init__(self, profile: EmitterProfile, module: str, rank: int, send: Send, watch: Watch) -> None:
        super().__init__(profile, module, rank, lambda datagram: send(datagram + b"\0"), watch)


class NeverSplits(BatchEmitter):
    """Sends one datagram, however long (pystatsd)."""

    def __init__(self, profile: EmitterProfile, module: str, rank: int, send: Send, watch: Watch) -> None:
        super().__init__(replace(profile, max_payload=65_507), module, rank, send, watch)


class SplitsAnywhere(NeverSplits):
    """Cuts at the maximum and not at line ends."""

    def __init__(self, profile: EmitterProfile, module: str, rank: int, send: Send, watch: Watch) -> None:
        size = profile.max_payload

        def cut(datagram: bytes) -> bool:
            return all(send(datagram[start : start + size]) for start in range(0, len(datagram), size))

        super().__init__(profile, module, rank, cut, watch)


class AlwaysSends(SnapshotEmitter):
    """Sends at each pass, as the first version of the first emitter did."""

    def look(self, *, last: bool = False) -> None:
        """Send what the gate lets pass."""
        self._sent = self._tried = ()
        super().look(last=last)


class StaysStopped(SnapshotEmitter):
    """Stops its watcher when it is off, and nothing starts it again, as the first emitter was printed."""

    def _wake(self, wanted: bool) -> None:
        super()._wake(wanted and not self.account.datagrams)


class IndentsNames(SnapshotEmitter):
    """Has the indentation of its source code in the names, the cause found for five counters of eight."""

    def __init__(self, profile: EmitterProfile, module: str, rank: int, send: Send, watch: Watch) -> None:
        super().__init__(profile, module, rank, lambda datagram: send(datagram.replace(b"\n", b"\n\t")), watch)


class CountsItself(SnapshotEmitter):
    """Logs each datagram by a request, which is counted."""

    def look(self, *, last: bool = False) -> None:
        """Send what the gate lets pass."""
        before = self.account.datagrams
        super().look(last=last)
        self.counts[0] += self.account.datagrams - before


class NeverOff(SnapshotEmitter):
    """Sends whatever its flags say."""

    def look(self, *, last: bool = False) -> None:
        """Send what the gate lets pass."""
        on, self.on = self.on, True
        super().look(last=last)
        self.on = on


class TriesForEver(SnapshotEmitter):
    """Tries again at each pass what failed."""

    def look(self, *, last: bool = False) -> None:
        """Send what the gate lets pass."""
        self._tried = ()
        super().look(last=last)


class CountsFailures(SnapshotEmitter):
    """Logs each failure by a request, which is counted, and so is a change, which fails."""

    def look(self, *, last: bool = False) -> None:
        """Send what the gate lets pass."""
        before = self.account.failed
        super().look(last=last)
        self.counts[0] += self.account.failed - before


class GivesUp(SnapshotEmitter):
    """Turns itself off when a datagram does not go out."""

    def look(self, *, last: bool = False) -> None:
        """Send what the gate lets pass."""
        before = self.account.failed
        super().look(last=last)
        self.on = self.on and self.account.failed == before


class WrapsAround(SnapshotEmitter):
    """Keeps one digit of its totals."""

    def _emit(self, values: tuple[int, ...]) -> None:
        super()._emit(tuple(value % 10 for value in values))


class SendsHalves(SnapshotEmitter):
    """Sends a snapshot in two datagrams of four lines."""

    def __init__(self, profile: EmitterProfile, module: str, rank: int, send: Send, watch: Watch) -> None:
        def halve(datagram: bytes) -> bool:
            lines = datagram.split(b"\n")
            return send(b"\n".join(lines[:4])) and send(b"\n".join(lines[4:]))

        super().__init__(profile, module, rank, halve, watch)


class SendsSorted(SnapshotEmitter):
    """Sends the counters by name."""

    def __init__(self, profile: EmitterProfile, module: str, rank: int, send: Send, watch: Watch) -> None:
        super().__init__(profile, module, rank, lambda one: send(b"\n".join(sorted(one.split(b"\n")))), watch)


class SendsEarly(BatchEmitter):
    """Does not wait for the period to end."""

    def _changed(self) -> None:
        super()._changed()
        self.look()


class KeepsEachChange(BatchEmitter):
    """Sends every value of a period."""

    def __init__(self, profile: EmitterProfile, module: str, rank: int, send: Send, watch: Watch) -> None:
        self.before: dict[bytes, list[int]] = {}
        super().__init__(profile, module, rank, send, watch)

    def _set_value(self, metric: Metric, value: int) -> None:
        self.before.setdefault(metric.name, []).append(metric.value)
        super()._set_value(metric, value)

    def _lines(self, metric: Metric) -> Iterator[_Line]:
        for value in self.before.pop(metric.name, [])[1:]:
            yield _Line(metric, b"%s:%d|%s" % (metric.name, value, metric.type.encode()))
        yield from super()._lines(metric)


class ForgetsBases(BatchEmitter):
    """Forgets what did not change in a period (Flux, fripp.c)."""

    def __init__(self, profile: EmitterProfile, module: str, rank: int, send: Send, watch: Watch) -> None:
        super().__init__(replace(profile, quiet="forget"), module, rank, send, watch)


class KeepsTheLastTiming(BatchEmitter):
    """Keeps one timing a name and period (Flux, fripp.c)."""

    def timing(self, name: str, milliseconds: float) -> Refused | None:
        """Take a time."""
        refused = super().timing(name, milliseconds)
        for metric in self._metrics.values():
            del metric.timings[:-1]
        return refused


class LeavesResidue(BatchEmitter):
    """Keeps what waits when it is told to send at once from now on (Flux, fripp.c)."""

    def set_period(self, seconds: float) -> None:
        """Look every so many seconds."""
        self.trigger = "period" if seconds > 0 else "immediate"


WRONG = {
    EndsInNul: ("L1", SNAPSHOT),
    NeverSplits: ("L2", SMALL),
    SplitsAnywhere: ("L3", SMALL),
    AlwaysSends: ("L4", SNAPSHOT),
    StaysStopped: ("L5", SNAPSHOT),
    IndentsNames: ("L6", SNAPSHOT),
    CountsItself: ("L7", SNAPSHOT),
    NeverOff: ("L8", SNAPSHOT),
    TriesForEver: ("L9", SNAPSHOT),
    CountsFailures: ("L9", SNAPSHOT),
    GivesUp: ("L9", SNAPSHOT),
    WrapsAround: ("L10", SNAPSHOT),
    SendsSorted: ("S1", SNAPSHOT),
    SendsHalves: ("S2", SNAPSHOT),
    SendsEarly: ("B1", BATCH),
    KeepsEachChange: ("B2", BATCH),
    ForgetsBases: ("B3", BATCH),
    KeepsTheLastTiming: ("B4", BATCH),
    LeavesResidue: ("B5", BATCH),
}


@pytest.mark.parametrize(
    ("wrong", "law", "profile"), [(one, *how) for one, how in WRONG.items()], ids=[one.__name__ for one in WRONG]
)
def test_wrong_emitter_is_caught_by_its_law(wrong: Callable[..., Emitter], law: str, profile: EmitterProfile) -> None:
    with pytest.raises(AssertionError, match=f"^{law}, "):
        run(profile, (law,), wrong)


def test_each_law_has_an_emitter_that_breaks_it() -> None:
    assert {law for law, _ in WRONG.values()} == set(LAWS)
