"""What a cause of loss is, what a diagnosis says, and the words that all of them use."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Final

from statsd_conformance.progress import counted
from statsd_conformance.tracing.journey import Fate, Journey, journeys
from statsd_conformance.tracing.seen import Seen

# Lines, and groups on a line, that say which counters of a group are missing.
_SETS: Final = 8
# Names that are told before the rest is only counted.
_SOME: Final = 4


# No slots: a cached property needs a place.
@dataclass(frozen=True)
class Traced:
    """All that was seen, and what became of each counter, but for those in `without`."""

    seen: Seen
    without: frozenset[bytes] = frozenset()

    @cached_property
    def journeys(self) -> tuple[Journey, ...]:
        """What became of each counter, in the order of the groups."""
        return tuple(one for one in journeys(self.seen) if one.counter not in self.without)

    def lost(self, hop: str) -> list[Journey]:
        """Return the counters that came as far as this hop and no further."""
        return [one for one in self.journeys if one.lost_at == hop]

    def arrived(self, hop: str) -> list[Journey]:
        """Return the counters that are at this hop, under whatever name."""
        return [one for one in self.journeys if one.at(hop).fate not in (Fate.UNSEEN, Fate.LOST, Fate.STOPPED)]

    def groups(self) -> list[list[Journey]]:
        """Return the counters by group, each in order."""
        return [list(group) for _, group in groupby(self.journeys, key=lambda one: one.title)]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A cause that fits what was seen.

    Attributes:
        code: of the cause.
        hop: where the counters are lost or changed.
        counters: which of them.
        evidence: what was seen that fits, a sentence each.
        sure: whether nothing else that is known fits; otherwise `Cause.apart` says what would tell.
    """

    code: str
    hop: str
    counters: tuple[bytes, ...]
    evidence: tuple[str, ...]
    sure: bool


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of loss.

    Attributes:
        code: its name, for ever.
        title: what it is, in a few words.
        sentence: what happens.
        remedy: what to do.
        apart: what would tell it from others that fit.
        find: return the diagnosis, or None where it does not fit.
    """

    code: str
    title: str
    sentence: str
    remedy: str
    apart: str
    find: Callable[[Traced], Diagnosis | None]


def counters_of(journeys: Iterable[Journey]) -> tuple[bytes, ...]:
    """Return the counters of journeys, in order."""
    return tuple(one.counter for one in journeys)


def shown(name: bytes) -> str:
    r"""Return a name with everything that does not print, and blanks at its ends, as escapes.

    >>> shown(b"\t a\xff ")
    '\\t\\x20a\\xff\\x20'
    """
    text = name.decode("utf-8", "backslashreplace")
    body = text.strip(" ")
    start, end = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :] if body else ""
    # Blanks behind a tab stand in front of the name, too.
    inner = "".join(_escaped(character) for character in body)
    lead = len(name) - len(name.lstrip(b" \t\r\v\f"))
    if b" " in name[:lead]:
        inner = "".join(_escaped(character, blank=number < lead - len(start)) for number, character in enumerate(body))
    return "\\x20" * len(start) + inner + "\\x20" * len(end)


def _escaped(character: str, *, blank: bool = False) -> str:
    if character == " ":
        return "\\x20" if blank else " "
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def some(names: Sequence[bytes]) -> str:
    """Return the first names in words, and how many more there are."""
    first = ", ".join(shown(name) for name in names[:_SOME])
    return first + (f" and {len(names) - _SOME} more" if len(names) > _SOME else "")


def missing_sets(journeys: Sequence[Journey]) -> Iterator[str]:
    """Yield which of a group these are, for each group that has any: the set tells more than the count.

    Groups that miss the same have one line.
    """
    groups: dict[tuple[str, int], list[Journey]] = {}
    for one in journeys:
        groups.setdefault((one.title, one.size), []).append(one)
    alike: dict[str, list[str]] = {}
    for (title, size), mine in groups.items():
        alike.setdefault(_which(mine, size), []).append(title or "of the counters")
    for which, titles in list(alike.items())[:_SETS]:
        first = ", ".join(titles[:_SETS]) + (f" and {len(titles) - _SETS} more" if len(titles) > _SETS else "")
        yield f"{first}: missing {which}{', each' if len(titles) > 1 else ''}"
    if len(alike) > _SETS:
        yield f"and other sets in {counted(sum(map(len, list(alike.values())[_SETS:])), 'more group')}"


def _which(mine: Sequence[Journey], size: int) -> str:
    """Return which of a group of that size these are."""
    if len(mine) == size:
        return f"all {size}"
    places = ", ".join(str(one.place) for one in mine)
    names = ", ".join(shown(one.counter.rpartition(b".")[2]) for one in mine)
    return f"{len(mine)} of {size}, number {places} ({names})"


def counted_errors(traced: Traced) -> float | None:
    """Return how many lines the aggregator says it refused; None where it does not say, or was not seen."""
    seen = traced.seen
    if not seen.output or not seen.profile.errors:
        return None
    flushed = seen.output.flushed.get(seen.profile.errors.encode())
    if flushed is None:
        return None
    return flushed.total if seen.profile.counters == "flush" else flushed.value
