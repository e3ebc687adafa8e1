"""Facts that cases measure: what no requirement decides, but everybody who runs the target wants to know."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Measured:
    """A fact about a target: `what` was measured, the same words for every target, and what it `said`."""

    what: str
    said: str


def facts(records: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return what the records of one target measured, in their order; what several of them say of one thing is joined.

    >>> facts([{"measured": [{"what": "size", "said": "9"}]}, {}, {"measured": [{"what": "size", "said": "8"}]}])
    {'size': '9; 8'}
    """
    said: dict[str, dict[str, None]] = {}
    for record in records:
        for one in record.get("measured", ()):
            said.setdefault(one["what"], {})[one["said"]] = None
    return {what: "; ".join(answers) for what, answers in said.items()}


def rows(columns: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    """Return a row for each thing that was measured, with what each of the columns of facts says, or nothing.

    >>> rows([{"size": "9"}, {"speed": "1"}])
    {'size': ['9', ''], 'speed': ['', '1']}
    """
    every = list(columns)
    whats = dict.fromkeys(what for column in every for what in column)
    return {what: [column.get(what, "") for column in every] for what in whats}
