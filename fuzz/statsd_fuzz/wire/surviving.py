"""Judges a target through its lives: what stops it is a fault, and the suite starts it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from statsd_conformance.target import Crashed
from statsd_conformance.wave import Subject
from statsd_conformance.wire import NoAnswer
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.scenario import Judge, Scenario

_SHOWN: Final = 300


@dataclass
class Surviving:
    """A judge that never raises for a target that the suite can start again; `restarts` counts how often it did.

    Of scenarios that stopped the target when they were sent together each has the fault: which one it was nobody knows.
    """

    subject: Subject
    judge: Judge
    restarts: int = 0

    async def __call__(self, scenarios: Sequence[Scenario]) -> list[Fault | None]:
        """Return what is wrong with how the target took each.

        Raises:
            NoAnswer, Crashed: it stopped, and the suite did not start it.
        """
        try:
            return await self.judge(scenarios)
        except (Crashed, NoAnswer) as error:
            if not self.subject.restartable:
                raise
            fault = fatal(self.subject, error)
        self.restarts += 1
        await self.subject.restart()
        return [fault] * len(scenarios)


def fatal(subject: Subject, error: Exception) -> Fault:
    """Return what it is that a target stopped, by the error of its wire."""
    if subject.wire.alive():
        return Fault("falls-silent", f"it publishes nothing any more, and still runs: {error}")
    words = " ".join(subject.last_words().split())
    return Fault("dies", f"it stopped: {words[-_SHOWN:]}")
