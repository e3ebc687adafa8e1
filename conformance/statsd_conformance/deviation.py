"""Known deviations: what is listed as not met, with a reason, is expected to be not met.

A file lists one entry a requirement and parameter of its case. The list is strict in both directions: what is listed
but holds fails the run as much as what is not listed and does not hold.
"""

import datetime
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

import tomli_w

from statsd_conformance.graphite import TOKEN
from statsd_conformance.shipped import NoText, shipped, text_of
from statsd_conformance.verdict import Outcome, Verdict

_FOLDER: Final = "deviations"
NOT_MET: Final = (Verdict.FAIL, Verdict.NON_STRICT, Verdict.CRASHED)
# What says nothing of whether the requirement holds.
_SILENT: Final = (Verdict.UNSUPPORTED, Verdict.INCONCLUSIVE)
# Requirements that are tried on generated examples, or under load: a run may have nothing that shows the difference.
_BY_CHANCE: Final = ("PROPERTY-", "LOSS-")
# What differs from run to run: whatever else came out, the time, and what a case puts before its names.
_CHANGING: Final = re.compile(r"; published:.*| [0-9]{10}\r?$")
_OWN_PREFIX: Final = re.compile(rf"{TOKEN.pattern.decode()}\.?")


class DeviationError(ValueError):
    """A file of deviations that cannot be read; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One entry.

    Attributes:
        id: of the requirement.
        case: id of the parameters with which its case does not hold; empty for a case without any.
        verdict: FAIL, NON-STRICT or CRASHED.
        effect: what was observed, in one line.
        version: of the target that was observed.
        reason: why it is so, and why that is accepted.
        ticket: where it is discussed, or empty.
        expires: the last day on which it is accepted, or None.
    """

    id: str
    case: str = ""
    verdict: str = Verdict.FAIL.value
    effect: str = ""
    version: str = ""
    reason: str = ""
    ticket: str = ""
    expires: datetime.date | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells entries apart."""
        return self.id, self.case

    def expired(self, today: datetime.date) -> bool:
        """Tell whether its last day is over."""
        return self.expires is not None and today > self.expires


@dataclass(frozen=True, slots=True)
class Deviations:
    """The entries of one file, by requirement and parameters; `source` is what messages call the file."""

    source: str = ""
    entries: Mapping[tuple[str, str], Deviation] = field(default_factory=dict)

    def judged(self, id: str, case: str, outcome: Outcome, today: datetime.date) -> Outcome:
        """Return the outcome of a case in the light of what is listed.

        A property that holds may have met no example that breaks it, so it is no proof that anything was fixed.
        An entry that is expired excuses nothing, and a crash is excused only by an entry that says CRASHED.
        """
        entry = self.entries.get((id, case))
        if entry is None or outcome.verdict in _SILENT:
            return outcome
        if outcome.verdict not in NOT_MET and id.startswith(_BY_CHANCE):
            return outcome
        if outcome.verdict not in NOT_MET:
            return replace(
                outcome,
                verdict=Verdict.FAIL,
                note=f"it holds now, but {self.source} lists it as a deviation: remove the entry ({entry.effect})",
            )
        if entry.expired(today):
            return replace(outcome, note=f"{outcome.note} (its deviation expired on {entry.expires})")
        if outcome.verdict is Verdict.CRASHED and entry.verdict != Verdict.CRASHED.value:
            return outcome
        return replace(outcome, verdict=Verdict.DEVIATION)

    def on(self, day: datetime.date) -> "Deviations":
        """Return them as they are on a day: what is expired is not listed any more."""
        return replace(self, entries={key: one for key, one in self.entries.items() if not one.expired(day)})

    def check(self, cases: Iterable[tuple[str, str]]) -> None:
        """Refuse what is listed but is none of the cases, which are told by requirement and parameters.

        Raises:
            DeviationError: there is some of it.
        """
        missing = self.entries.keys() - set(cases)
        if missing:
            told = ", ".join(sorted(f"{id}[{case}]" if case else id for id, case in missing))
            raise DeviationError(
                f"deviations {self.source}: no such case: {told}; statsd-conformance list shows the ids"
            )


def known_deviations() -> list[str]:
    """Return the names of the implementations whose deviations come with the suite."""
    return shipped(_FOLDER)


def load_deviations(name: str) -> Deviations:
    """Return the deviations of a known implementation, or those in a file.

    Raises:
        DeviationError: there is no such name or file, or it does not read as one.
    """
    try:
        text = text_of(name, _FOLDER, "deviations")
    except NoText as error:
        raise DeviationError(str(error)) from None
    return read_deviations(text, name)


def read_deviations(text: str, source: str) -> Deviations:
    """Return the deviations that TOML `text` spells; `source` is what an error calls it.

    Raises:
        DeviationError: it is no TOML, or an entry is unknown, missing, listed twice, or has a value it does not take.
    """
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DeviationError(f"deviations {source}: {error}") from None
    rows = document.pop("deviation", [])
    if document or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        wrong = next(iter(document), "deviation")
        raise DeviationError(f"deviations {source}: {wrong!r} does not belong there; each entry is a [[deviation]]")
    entries: dict[tuple[str, str], Deviation] = {}
    for number, row in enumerate(rows, start=1):
        entry = _read_entry(row, f"deviations {source}, entry {number}")
        if entry.key in entries:
            raise DeviationError(f"deviations {source}, entry {number}: {entry.id} {entry.case} is listed twice")
        entries[entry.key] = entry
    return Deviations(source, entries)


def _read_entry(row: Mapping[str, Any], where: str) -> Deviation:
    takes = {one.name: datetime.date if one.name == "expires" else str for one in fields(Deviation)}
    for name, value in row.items():
        if name not in takes:
            raise DeviationError(f"{where}: unknown entry {name!r}; it takes {', '.join(takes)}")
        # A date with a time of day is a date, too, for isinstance.
        if not isinstance(value, takes[name]) or isinstance(value, datetime.datetime):
            what = "a date, as 2030-12-31" if name == "expires" else "a text"
            raise DeviationError(f"{where}: {name} is {value!r}, not {what}")
    if not row.get("id"):
        raise DeviationError(f"{where}: no entry 'id'")
    verdicts = [verdict.value for verdict in NOT_MET]
    if row.get("verdict", verdicts[0]) not in verdicts:
        raise DeviationError(f"{where}: verdict is {row['verdict']!r}, not one of {', '.join(verdicts)}")
    return Deviation(**row)


def write_deviations(records: Sequence[Mapping[str, Any]], before: Deviations) -> str:
    """Return the TOML that lists what did not hold in a run of these records, those of the cases of one target.

    Reasons, tickets and dates of `before` are kept, and so are its entries of cases that say nothing this time.
    """
    found = {_key(record): _observed(record) for record in records if Verdict(record["verdict"]) not in _SILENT}
    left = [entry for key, entry in before.entries.items() if key not in found]
    rows = []
    for entry in sorted([*filter(None, found.values()), *left], key=lambda entry: entry.key):
        old = before.entries.get(entry.key)
        kept = replace(entry, reason=old.reason, ticket=old.ticket, expires=old.expires) if old else entry
        row = {one.name: getattr(kept, one.name) for one in fields(kept)}
        # A reason is there to be filled in; the rest is left out when there is none.
        rows.append({name: value for name, value in row.items() if value or name == "reason"})
    return tomli_w.dumps({"deviation": rows}) if rows else ""


def parameters_of(name: str, target: str) -> str:
    """Return the parameters in the name of a test item, without the target: one of all its parameters.

    >>> parameters_of("test_cut[4095-reference]", "reference")
    '4095'
    """
    inside = name.partition("[")[2].removesuffix("]")
    # pytest writes in a name what no ASCII terminal would show as Python does.
    target = target.encode("unicode_escape").decode("ascii")
    if inside == target:
        return ""
    return inside.removeprefix(f"{target}-") if inside.startswith(f"{target}-") else inside.removesuffix(f"-{target}")


def _observed(record: Mapping[str, Any]) -> Deviation | None:
    """Return the entry for a case's record, None where its requirement is met or nothing can be said."""
    verdict = Verdict(record["verdict"])
    if verdict not in (*NOT_MET, Verdict.DEVIATION):
        return None
    said = Verdict.FAIL if verdict is Verdict.DEVIATION else verdict
    effect = _OWN_PREFIX.sub("", _CHANGING.sub("", record["note"].partition("\n")[0]))
    return Deviation(record["id"], _key(record)[1], said.value, effect, record["version"])


def _key(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return what an entry for this record has for a key."""
    return record["id"], parameters_of(record["case"], record["target"])
