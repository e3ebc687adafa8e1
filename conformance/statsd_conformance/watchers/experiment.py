"""The whole experiment: every watcher under every load, several times, in turn."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from statsd_conformance.watchers.measure import Load, Trial
from statsd_conformance.watchers.trial import try_watcher

WATCHERS: Final = ("prepare", "check", "check-after-io", "idle", "timer")
REST: Final = Load("at rest", 24)
# What the highest figure of the notes, 27,000 metrics/s, comes to: eight metrics a message.
NOTED: Final = Load("3,375/s", 3375)
FLOOD: Final = Load("flood", 100_000)
NOTHING: Final = Load("nothing", 0)
BURSTS: Final = Load("bursts", 400, 100)
LOADS: Final = (NOTHING, REST, NOTED, BURSTS, FLOOD)


@dataclass(frozen=True, slots=True)
class Scale:
    """How long it takes: seconds a trial, and how often each is made."""

    seconds: float = 2.0
    repeats: int = 3
    loads: Sequence[Load] = LOADS

    @property
    def trials(self) -> int:
        """How many trials that is."""
        return self.repeats * len(self.loads) * len(WATCHERS)


QUICK: Final = Scale(0.3, 1, (NOTHING, BURSTS, FLOOD))


def plan(scale: Scale) -> Iterator[tuple[str, Load]]:
    """Yield what is tried, in an order in which the machine's whims meet every watcher.

    Watchers take turns under a load, and each repeat begins with another one.
    """
    for repeat in range(scale.repeats):
        for load in scale.loads:
            for place in range(len(WATCHERS)):
                yield WATCHERS[(place + repeat) % len(WATCHERS)], load


def experiment(
    scale: Scale,
    told: Callable[[Trial], object] = lambda trial: None,
    tried: Callable[[str, Load, float], Trial] | None = None,
) -> list[Trial]:
    """Return all trials; `told` hears of each. `tried` makes one, by processes where it is not given.

    Raises:
        TrialFailed: a process of a trial ended early.
    """
    trials = []
    for watcher, load in plan(scale):
        trials.append((tried or try_watcher)(watcher, load, scale.seconds))
        told(trials[-1])
    return trials
