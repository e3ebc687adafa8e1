"""Which cases find which planted defect."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chapters import all_cases
from defects import DEFECTS, Defect
from statsd_conformance.wave import Case
from trials import EXTENDED, catching, in_process, options_for, profile_for, right, speaking
from wire_trials import Trial, over_the_wire

# Of the cases that find a defect in process, this many are tried over the wire.
ENOUGH: Final = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """What found one defect: cases without a socket, and cases over the wire."""

    defect: Defect
    in_process: list[Case]
    by_wire: list[Case]

    @property
    def by_id(self) -> list[str]:
        """The ids of the requirements whose cases find it, in the order of the chapters."""
        return list(dict.fromkeys(case.requirement.id for case in self.in_process or self.by_wire))


async def all_findings() -> list[Finding]:
    """Plant each defect, and return what finds it."""
    cases = all_cases()
    on_the_reference = await in_process(right, cases)
    found = {defect: catching(cases, on_the_reference, await in_process(defect.plant, cases)) for defect in DEFECTS}
    trials = {defect.id: _trial(defect, by) for defect, by in found.items()}
    wired = await over_the_wire({id: trial for id, trial in trials.items() if trial.cases})
    return [
        Finding(
            defect,
            by,
            catching(trials[defect.id].cases, on_the_reference, wired.get(defect.id, {})),
        )
        for defect, by in found.items()
    ]


def _trial(defect: Defect, found_by: Sequence[Case]) -> Trial:
    plain = [case for case in found_by if case.requirement.id not in EXTENDED]
    tried = (plain or found_by)[:ENOUGH]
    if not tried:
        return Trial(defect.plant, [])
    plant = speaking(tried[0].requirement.id, defect.plant)
    return Trial(plant, tried, profile=profile_for(tried[0]), options=options_for(tried[0]))
