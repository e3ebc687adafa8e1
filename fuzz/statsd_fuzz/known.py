"""Findings that somebody knows of, as a file lists them: of Python targets, and of those over the wire.

    [[known]]
    name = "counter-differs-with-a-fraction"
    reason = "counts are whole numbers: ticket 17"

What is listed is counted and not told. With `fixed = true` it is told, and counts, when it is found again.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import tomli_w

_TAKES: Final[Mapping[str, type]] = {"name": str, "reason": str, "fixed": bool}


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

    @property
    def standing(self) -> Standing:
        """What a finding of that name is to whoever runs a campaign."""
        return Standing.BACK if self.fixed else Standing.KNOWN


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


def snippet(name: str) -> str:
    """Return what goes into a file of known findings to have that one known, its reason to be filled in."""
    return "[[known]]\n" + tomli_w.dumps({"name": name, "reason": ""})
