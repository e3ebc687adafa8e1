"""What a campaign has come to: its findings, each once, those that are known, and what did not show again."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import groupby

from statsd_conformance.progress import counted
from statsd_fuzz.fault import Fault
from statsd_fuzz.known import Standing
from statsd_fuzz.wire.confirm import confirmed
from statsd_fuzz.wire.finding import Finding, Origin, explains
from statsd_fuzz.wire.known import Known
from statsd_fuzz.wire.naming import name_of, what_broke
from statsd_fuzz.wire.scenario import PLACEHOLDER, Judge, Scenario
from statsd_fuzz.wire.shrink import shrunk

# Gives what sees a fault again, for as long as it is open: True for one that nobody else uses the target beside.
Again = Callable[[bool], AbstractAsyncContextManager[Judge]]


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, what it is to whoever runs the campaign, and why in a few words."""

    finding: Finding
    standing: Standing
    reason: str = ""


def _nobody(told: Told) -> None:
    return


@dataclass
class Collected:
    """The findings of one campaign.

    Attributes:
        origin: where they come from.
        known: what is known of the target.
        tell: called with each finding that is not known, as soon as it is there.
        all: every finding, known ones too.
        unstable: what broke, and did not when it was tried again, and how often.
        again: scenarios that showed what a finding explains.
        unpursued: scenarios that showed something for which no time was left.
    """

    origin: Origin
    known: Known = field(default_factory=Known)
    tell: Callable[[Told], None] = _nobody
    all: list[Told] = field(default_factory=list)
    unstable: Counter[str] = field(default_factory=Counter)
    again: int = 0
    unpursued: int = 0

    async def take(self, scenario: Scenario, fault: Fault, judge: Judge, again: Again | None = None) -> Told | None:
        """Make a finding of what a scenario showed, and return it; None where it is none, or one that is there already.

        Args:
            scenario: what showed a fault.
            fault: what it showed.
            judge: tries what may be left of it; others may use the target meanwhile.
            again: gives the judge that is to see the fault again; None for `judge`.

        Raises:
            NoAnswer, Crashed: the target stopped, and the judge did not start it again.
        """
        if explains(self.findings, scenario, fault):
            self.again += 1
            return None
        # A flush may have fallen into the scenario each time that it was tried: then it is tried once more.
        least = await shrunk(scenario, fault, judge) or await shrunk(scenario, fault, judge)
        if least is None:
            self.unstable[what_broke(fault)] += 1
            return None
        least = least.renamed(PLACEHOLDER)
        seen = None
        # Somebody who looked at another scenario meanwhile may have come to the same.
        if not self._is_there(fault, least):
            # What is known is told to nobody, and need not keep others from the target.
            async with again(not self._is_known(fault, least)) if again else nullcontext(judge) as asked:
                if not self._is_there(fault, least):
                    seen = await confirmed(least, fault, asked)
                    self.unstable.update([] if seen else [what_broke(fault)])
        if seen is None or self._is_there(fault, least):
            self.again += self._is_there(fault, least)
            return None
        return self._told(Finding(name_of(seen, least), seen, least, self.origin))

    def _is_known(self, fault: Fault, least: Scenario) -> bool:
        standing, _ = self.known.standing(Finding(name_of(fault, least), fault, least, self.origin))
        return standing is Standing.KNOWN

    def _is_there(self, fault: Fault, least: Scenario) -> bool:
        return name_of(fault, least) in {one.name for one in self.findings}

    def note(self, scenario: Scenario, fault: Fault) -> Told:
        """Take a finding that cannot be tried again, as it is: the target stopped, and nobody starts it again."""
        least = scenario.renamed(PLACEHOLDER)
        return self._told(Finding(name_of(fault, least), fault, least, self.origin))

    def _told(self, finding: Finding) -> Told:
        told = Told(finding, *self.known.standing(finding))
        self.all.append(told)
        if told.standing is not Standing.KNOWN:
            self.tell(told)
        return told

    @property
    def findings(self) -> list[Finding]:
        """Every finding, known ones too."""
        return [told.finding for told in self.all]

    def of(self, *standings: Standing) -> list[Told]:
        """Return the findings of these standings."""
        return [told for told in self.all if told.standing in standings]

    @property
    def exit_status(self) -> int:
        """1 where there is a finding that is not known, else 0."""
        return 1 if self.of(Standing.NEW, Standing.BACK) else 0

    def summary(self) -> Iterator[str]:
        """Yield lines on what was found, grouped by what broke, and on what is not counted."""
        new = sorted(self.of(Standing.NEW, Standing.BACK), key=lambda told: (told.finding.group, told.finding.name))
        yield f"{counted(len(new), 'finding')}{':' if new else ''}"
        for group, some in groupby(new, key=lambda told: told.finding.group):
            names = [told.finding.name + _back(told) for told in some]
            yield f"  {group}: {', '.join(names)}"
        if known := self.of(Standing.KNOWN):
            yield f"{len(known)} known:"
            yield from (f"  {told.finding.name} ({told.reason})" for told in known)
        if self.unstable:
            told = ", ".join(f"{what} ({number}x)" for what, number in sorted(self.unstable.items()))
            yield f"did not show again, and is not counted: {told}"
        if self.unpursued:
            yield f"{counted(self.unpursued, 'scenario')} showed something, and no time was left to look closely"


def _back(told: Told) -> str:
    return f" (listed as fixed: {told.reason})" if told.standing is Standing.BACK else ""
