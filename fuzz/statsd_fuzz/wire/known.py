"""Findings that somebody knows of: those of a file, and what an implementation is known not to meet.

    [[known]]
    name = "counter-differs-with-a-fraction"
    reason = "counts are whole numbers: ticket 17"

What is listed is counted and not told. With `fixed = true` it is told, and counts, when it is found again.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final

import tomli_w

from statsd_conformance.deviation import Deviations, known_deviations, load_deviations
from statsd_conformance.verdict import Verdict
from statsd_fuzz.wire.finding import Finding
from statsd_fuzz.wire.naming import is_fatal
from statsd_fuzz.wire.traits import traits_of, types_of

_TAKES: Final[Mapping[str, type]] = {"name": str, "reason": str, "fixed": bool}
# Families of requirements on one type, which say nothing about the others.
_OF_A_TYPE: Final[Mapping[str, frozenset[bytes]]] = {
    "COUNTER": frozenset({b"c"}),
    "GAUGE": frozenset({b"g"}),
    "TIMER": frozenset({b"ms", b"h", b"d"}),
    "SET": frozenset({b"s"}),
}


# What is about the digits of a number that is published.
_DIGITS: Final = "OUT-06"
# Requirements on lines as such, by what broke.
_OF_A_FAULT: Final[Mapping[str, frozenset[str]]] = {
    "blank-in-a-path": frozenset({"NAME-06", "OUT-01"}),
    "fields-missing": frozenset({"OUT-01"}),
    "value-no-number": frozenset({"NUM-11", "OUT-03"}),
    "value-not-finite": frozenset({"NUM-11", "OUT-03"}),
}


class KnownError(ValueError):
    """A file of known findings that cannot be read; the message names the file and the entry."""


class Standing(Enum):
    """What a finding is to whoever runs a campaign."""

    NEW = "new"
    KNOWN = "known"
    BACK = "listed as fixed"


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding that is known, and why it is left as it is; or that was fixed."""

    name: str
    reason: str = ""
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a target: entries by name, and its deviations from requirements."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    deviations: Deviations = field(default_factory=Deviations)

    def standing(self, finding: Finding) -> tuple[Standing, str]:
        """Return what a finding is, and why in a few words; a file says more of it than deviations do."""
        if entry := self.entries.get(finding.name):
            return (Standing.BACK if entry.fixed else Standing.KNOWN), entry.reason
        for (id, _), deviation in self.deviations.entries.items():
            # Only a crash excuses a crash.
            crashes = deviation.verdict == Verdict.CRASHED.value
            if id in _ids_of(finding) and (crashes or not is_fatal(finding.fault)):
                return Standing.KNOWN, f"{id}: {deviation.reason or deviation.effect}"
        return Standing.NEW, ""


def _ids_of(finding: Finding) -> Collection[str]:
    """Return the ids of requirements that are about what is special about a finding."""
    types = types_of(finding.scenario)
    ids = set(_OF_A_FAULT.get(finding.group, ()))
    ids |= {id for trait in traits_of(finding.scenario) for id in trait.ids}
    if finding.fault.name.endswith("-rounded"):
        ids.add(_DIGITS)
    return {id for id in ids if _OF_A_TYPE.get(id.partition("-")[0], types) & types or not types}


def known_of(target: str, file: Path | None = None, deviations: str = "") -> Known:
    """Return what is known of a target: by its name, where it is a known implementation, and by a file.

    `deviations` names what it is known not to meet, where that is not of its name: an implementation, or a file.

    Raises:
        KnownError: the file cannot be read.
        DeviationError: so it is with the deviations.
    """
    name = deviations or (target if target in known_deviations() else "")
    return Known(read_known(file) if file else {}, load_deviations(name) if name else Deviations())


def read_known(file: Path) -> dict[str, Entry]:
    """Return the entries of a file, by name.

    Raises:
        KnownError: it cannot be read, is no TOML, or an entry has no name, one that is listed twice, or another value
            than it takes.
    """
    try:
        document: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise KnownError(f"--known {file}: {error.strerror}; name a file with [[known]] entries") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KnownError(f"--known {file}: {error}") from None
    rows = document.pop("known", [])
    if document or not isinstance(rows, list):
        wrong = next(iter(document), "known")
        raise KnownError(f"--known {file}: {wrong!r} does not belong there; each entry is a [[known]]")
    entries: dict[str, Entry] = {}
    for number, row in enumerate(rows, start=1):
        entry = _read_entry(row, f"--known {file}, entry {number}")
        if entry.name in entries:
            raise KnownError(f"--known {file}, entry {number}: {entry.name} is listed twice")
        entries[entry.name] = entry
    return entries


def _read_entry(row: object, where: str) -> Entry:
    if not isinstance(row, dict):
        raise KnownError(f"{where}: it is {row!r}, not a table; each entry is a [[known]]")
    for name, value in row.items():
        if name not in _TAKES:
            raise KnownError(f"{where}: unknown {name!r}; it takes {', '.join(_TAKES)}")
        if not isinstance(value, _TAKES[name]):
            raise KnownError(
                f"{where}: {name} is {value!r}, not {'a text' if _TAKES[name] is str else 'true or false'}"
            )
    if not row.get("name"):
        raise KnownError(f"{where}: no name")
    return Entry(**row)


def snippet(finding: Finding) -> str:
    """Return what goes into a file of known findings to have one known, its reason to be filled in."""
    return "[[known]]\n" + tomli_w.dumps({"name": finding.name, "reason": ""})
