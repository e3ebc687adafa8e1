"""Where what was published of a replay differs from what the model makes of it, and what of that is demanded."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from statsd_conformance.profile import Profile
from statsd_conformance.replayed.demands import Demands
from statsd_conformance.replayed.modelled import Modelled
from statsd_conformance.replayed.numbers import Number, numbers_of
from statsd_conformance.replayed.published import Published
from statsd_conformance.requirement import MAY, MUST, SHOULD, Level

# What a number is called in a report, by the kind of its series; of a timer it is the statistic.
_WORDS: Final = {"counter": "count", "gauge": "value", "set": "members"}
_TYPES: Final = {"counter": "c", "gauge": "g", "set": "s", "timer": "ms"}
STRAY: Final = "path"
_ABOUT: Final = 0.02
# Differences that a record keeps; a recording may have hundreds of thousands.
KEPT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A number that came out otherwise than in the model.

    `series` is the name as it was recorded, with its tags; `what` the word for the number: count, value, members, or a
    statistic of a timer; STRAY of a path that nobody asked for, which is there once and not in the model. `level` says
    whether it MUST or SHOULD be as in the model; MAY that nobody demands it. `published` is None for nothing.
    """

    series: bytes
    type: str
    what: str
    model: float
    published: float | None
    path: bytes
    level: Level

    def kept(self) -> dict[str, Any]:
        """Return it as plain values; bytes as text in which each character is one."""
        return {
            "series": self.series.decode("latin-1"),
            "type": self.type,
            "what": self.what,
            "model": self.model,
            "published": self.published,
            "path": self.path.decode("latin-1"),
            "level": self.level.value,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a replay came out: how many numbers of how many series were compared, and how many of these are demanded.

    `words` has, by type, the words for the numbers that were compared. `unread` counts series of which none could be,
    by reason, `unseen` are those of them whose path is that of another one, too; `renamed` has those that came back in
    other letters, with their paths. The differences stand in order: what MUST not be, what SHOULD not, the rest.
    """

    recording: str
    dialect: str
    series: int
    numbers: int
    demanded: int
    words: Mapping[str, tuple[str, ...]]
    unread: Mapping[str, int]
    unseen: tuple[bytes, ...]
    differences: tuple[Difference, ...]
    renamed: Mapping[bytes, bytes]

    def of(self, level: Level) -> list[Difference]:
        """Return the differences of one level."""
        return [one for one in self.differences if one.level is level]

    def kept(self) -> dict[str, Any]:
        """Return what a record keeps of it, as plain values."""
        return {
            "recording": self.recording,
            "dialect": self.dialect,
            "series": self.series,
            "numbers": self.numbers,
            "demanded": self.demanded,
            "compared": {type: list(words) for type, words in self.words.items()},
            "unseen": [series.decode("latin-1") for series in self.unseen[:KEPT]],
            "differences": [one.kept() for one in self.differences[:KEPT]],
            "differences_found": len(self.differences),
        }


@dataclass(frozen=True, slots=True)
class Played:
    """What was played: the name of the recording, the dialect it was read in, the prefix of its names."""

    recording: str
    dialect: str
    token: bytes


def compared(played: Played, model: Modelled, found: Published, demands: Demands, profile: Profile) -> Comparison:
    """Return how what was published agrees with the model."""
    token = played.token
    unread: Counter[str] = Counter()
    numbers = list(numbers_of(model, found, profile, unread))
    differences = [_difference(one, demands, profile, token) for one in numbers if not one.agrees]
    differences += [_stray(path, demands, token) for path in sorted(found.strays)]
    differences.sort(key=lambda one: (MUST, SHOULD, MAY).index(one.level))
    return Comparison(
        recording=played.recording,
        dialect=played.dialect,
        series=len({(one.series, one.kind) for one in numbers}),
        numbers=len(numbers),
        demanded=sum(demands.level(one.series, one.statistic) is not MAY for one in numbers),
        words=_words(numbers),
        unread=+unread,
        unseen=tuple(bare(name, token) for name in sorted(found.shared)),
        differences=tuple(differences),
        renamed={bare(name, token): path for name, path in found.renamed.items()},
    )


def _words(numbers: Sequence[Number]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for one in numbers:
        found.setdefault(_TYPES[one.kind], {})[_word(one)] = None
    return {type: tuple(words) for type, words in found.items()}


def _word(number: Number) -> str:
    return number.statistic or _WORDS[number.kind]


def _difference(number: Number, demands: Demands, profile: Profile, token: bytes) -> Difference:
    kind = "rate" if number.kind == "counter" and "counter" not in profile.paths else number.kind
    return Difference(
        bare(number.series, token),
        _TYPES[number.kind],
        _word(number),
        number.model,
        number.published,
        profile.path(kind, number.series, number.statistic) or b"",
        _level(number, demands),
    )


def _level(number: Number, demands: Demands) -> Level:
    """Return how strictly a number that differs is judged; a set MUST be counted about right (SET-04)."""
    level = demands.level(number.series, number.statistic)
    about = number.published is not None and abs(number.published - number.model) <= _ABOUT * number.model
    return SHOULD if level is MUST and number.kind == "set" and about else level


def _stray(path: bytes, demands: Demands, token: bytes) -> Difference:
    return Difference(bare(path, token), "", STRAY, 0.0, 1.0, path, MUST if demands.plain else MAY)


def bare(name: bytes, token: bytes) -> bytes:
    """Return a name or a path without the prefix of the case.

    >>> bare(b"stats.q12345abcd.web.hits", b"q12345abcd")
    b'stats.web.hits'
    """
    before, found, behind = name.partition(token)
    return before + behind[1:] if found else name
