"""What known implementations do, by reading and running them: package data, a file a family.

It is a survey made by people. Where a run of the real program contradicts it, the run wins and the file is corrected.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Finding:
    """One probe of a requirement, and what each implementation does with it, in the order of the file."""

    probe: str
    effects: Mapping[str, str]


def findings(id: str) -> list[Finding]:
    """Return what is known of a requirement; empty when nobody looked."""
    rows = _family(id.partition("-")[0]).get(id, [])
    return [Finding(row["probe"], {name: effect for name, effect in row.items() if name != "probe"}) for row in rows]


def surveyed() -> list[str]:
    """Return the ids of all requirements of which anything is known."""
    names = sorted(entry.name for entry in files(__package__).joinpath("surveys").iterdir())
    return [id for name in names for id in _family(name.removesuffix(".toml").upper())]


@cache
def _family(name: str) -> dict[str, list[dict[str, str]]]:
    file = files(__package__).joinpath("surveys", f"{name.lower()}.toml")
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
