"""The table of rules: package data, a file a family, which is read once."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from statsd_conformance.requirement import Level


@dataclass(frozen=True, slots=True)
class Rule:
    """A requirement on emitters. Its code is for ever: never reused, never renumbered.

    A MUST is broken by what the aggregators of the dialect lose or misread, a SHOULD by what they read right and some
    other does not. `good` and `bad` are datagrams, in order, in `dialect`; where `stream` is set, pieces of a TCP
    stream. `aggregators` says by names of known ones what these do with the bad example. A rule that is not `default`
    holds only where it is selected.
    """

    code: str
    level: Level
    title: str
    sentence: str
    why: str
    cites: str
    good: tuple[bytes, ...]
    bad: tuple[bytes, ...]
    aggregators: Mapping[str, str]
    dialect: str = "etsy"
    stream: bool = False
    default: bool = True


def _read() -> Iterator[Rule]:
    folder = files(__package__) / "rules"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            for code, entry in tomllib.loads(file.read_text("utf-8")).items():
                yield Rule(
                    code,
                    Level(entry.pop("level")),
                    good=_datagrams(entry.pop("good")),
                    bad=_datagrams(entry.pop("bad")),
                    aggregators=MappingProxyType(entry.pop("aggregators", {})),
                    **entry,
                )


def _datagrams(written: list[str]) -> tuple[bytes, ...]:
    r"""Return the datagrams of an example: a character is a byte, and `(text)*9` is that text nine times.

    >>> _datagrams(["\u00ff:1|c", "(a.)*3b:1|c"])
    (b'\xff:1|c', b'a.a.a.b:1|c')
    """
    return tuple(_REPEATED.sub(lambda found: found[1] * int(found[2]), text.encode("latin-1")) for text in written)


_REPEATED: Final = re.compile(rb"\(([^()]*)\)\*([0-9]+)")
RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.code: rule for rule in _read()})
