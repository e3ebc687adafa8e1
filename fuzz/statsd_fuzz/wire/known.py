"""What is known of a target: findings that a file lists, and what an implementation is known not to meet."""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from statsd_conformance.deviation import Deviations, known_deviations, load_deviations
from statsd_conformance.verdict import Verdict
from statsd_fuzz.known import Entry, Standing, read_known
from statsd_fuzz.wire.finding import Finding
from statsd_fuzz.wire.naming import is_fatal
from statsd_fuzz.wire.traits import traits_of, types_of

# Families of requirements on one type, which say nothing about the others.
_OF_A_TYPE: Final[Mapping[str, frozenset[bytes]]] = {
    "COUNTER": frozenset({b"c"}),
    "GAUGE": frozenset({b"g"}),
    "TIMER": frozenset({b"ms", b"h", b"d"}),
    "SET": frozenset({b"s"}),
}


# What is about bytes that go over TCP.
_STREAMED: Final = "NET-11"
# What is about the digits of a number that is published.
_DIGITS: Final = "OUT-06"
# Requirements on lines as such, by what broke.
_OF_A_FAULT: Final[Mapping[str, frozenset[str]]] = {
    "blank-in-a-path": frozenset({"NAME-06", "OUT-01"}),
    "fields-missing": frozenset({"OUT-01"}),
    "path-published-twice": frozenset({"OUT-05"}),
    "value-no-number": frozenset({"NUM-11", "OUT-03"}),
    "value-not-finite": frozenset({"NUM-11", "OUT-03"}),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a target: entries by name, and its deviations from requirements."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    deviations: Deviations = field(default_factory=Deviations)

    def standing(self, finding: Finding) -> tuple[Standing, str]:
        """Return what a finding is, and why in a few words; a file says more of it than deviations do."""
        if entry := self.entries.get(finding.name):
            return entry.standing, entry.reason
        ids = _ids_of(finding)
        for (id, _), deviation in self.deviations.entries.items():
            # Only a crash excuses a crash.
            crashes = deviation.verdict == Verdict.CRASHED.value
            if id in ids and (crashes or not is_fatal(finding.fault)):
                return Standing.KNOWN, f"{id}: {deviation.reason or deviation.effect}"
        return Standing.NEW, ""


def _ids_of(finding: Finding) -> Collection[str]:
    """Return the ids of requirements that are about what is special about a finding."""
    types = types_of(finding.scenario)
    ids = set(_OF_A_FAULT.get(finding.group, ()))
    ids |= {id for trait in traits_of(finding.scenario) for id in trait.ids}
    if finding.fault.name.endswith("-rounded"):
        ids.add(_DIGITS)
    if not finding.streamed:
        ids.discard(_STREAMED)
    return {id for id in ids if _OF_A_TYPE.get(id.partition("-")[0], types) & types or not types}


def known_of(target: str, file: Path | None = None, deviations: str = "") -> Known:
    """Return what is known of a target: by its name, where it is a known implementation, and by a file.

    `deviations` names what it is known not to meet, where that is not of its name: an implementation, or a file. What
    is expired there is not known any more.

    Raises:
        KnownError: the file cannot be read.
        DeviationError: so it is with the deviations, or they are of a case that the suite does not have.
    """
    name = deviations or (target if target in known_deviations() else "")
    listed = load_deviations(name) if name else Deviations()
    if deviations:
        _check(listed)
    return Known(read_known(file) if file else {}, listed.on(datetime.date.today()))


def _check(listed: Deviations) -> None:
    """Refuse deviations of cases that the suite does not have.

    Raises:
        DeviationError: there are some.
    """
    # All chapters, which take a moment to import.
    from statsd_conformance.chapters import listable
    from statsd_conformance.hooks.replays import REQUIREMENT

    # Those of a run on somebody's own recordings are not known here.
    recorded = [(id, case) for id, case in listed.entries if id == REQUIREMENT]
    listed.check([*listable(), *recorded])
