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


def subjects(targets: Iterable[Mapping[str, str]]) -> list[str]:
    """Return what was measured of any of the targets, in order of appearance, by the facts of each.

    >>> subjects([{"size": "9"}, {"speed": "1", "size": "8"}])
    ['size', 'speed']
    """
    return list(dict.fromkeys(what for one in targets for what in one))
