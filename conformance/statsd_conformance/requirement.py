"""Requirements and the cases that test them: the decorator of a case, and the register that it fills.

Nothing here knows pytest, sockets or a running target.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Concatenate, ParamSpec

if TYPE_CHECKING:
    from statsd_conformance.target import Target

P = ParamSpec("P")
Case = Callable[Concatenate["Target", P], Awaitable[str | None]]


class Class(Enum):
    """What a difference from a requirement means (design of the catalogue, section 0.1)."""

    CORE = "CORE"
    SPEC = "SPEC"
    QUIRK = "QUIRK"
    ROBUST = "ROBUST"
    EXT = "EXT"


class Level(Enum):
    """The RFC 2119 word of a requirement's sentence."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


CORE, SPEC, QUIRK, ROBUST, EXT = Class
MUST, SHOULD, MAY = Level


@dataclass(frozen=True, slots=True)
class Requirement:
    """One entry of the catalogue and how its case has to be run.

    `sentence` is the requirement in RFC 2119 words. `hostile` cases send what has stopped real servers, and run after
    the others, those that have stopped the original (`lethal`) last. `quiet` cases read what the target counts of
    itself; they run when the others hardly send any more, and what still is sent is known and taken off. `apart` cases
    cut their target off, may end it by and by, or look at one that has met no other case, so that each has one of its
    own where the suite starts targets. `network` cases send over paths that the suite makes, to a target that lives at
    the end of them, which all of them share.
    """

    id: str
    category: Class
    level: Level
    sentence: str
    cites: str
    hostile: bool = False
    quiet: bool = False
    lethal: bool = False
    apart: bool = False
    network: bool = False

    @property
    def family(self) -> str:
        """The part of the id before the number: `FRAMING`."""
        return self.id.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Untestable:
    """An entry of the catalogue that has no case, and the reason why a network cannot show it."""

    id: str
    category: Class
    level: Level
    sentence: str
    cites: str
    reason: str

    @property
    def family(self) -> str:
        """The part of the id before the number: `FRAMING`."""
        return self.id.partition("-")[0]


REGISTER: dict[str, Requirement] = {}
UNTESTABLE: dict[str, Untestable] = {}
_CASES: dict[object, Requirement] = {}


def requirement(
    id: str,
    category: Class,
    level: Level,
    *,
    cites: str,
    hostile: bool = False,
    lethal: bool = False,
    quiet: bool = False,
    apart: bool = False,
    network: bool = False,
) -> Callable[[Case[P]], Case[P]]:
    """Declare the decorated coroutine to be the case of a requirement; its docstring is the sentence.

    A lethal case is a hostile one.

    A case of class QUIRK or SPEC returns what it observed, in a few words. One id has one case.

    Raises:
        ValueError: the id is taken, or the case has no docstring.
    """

    def declare(case: Case[P]) -> Case[P]:
        if id in REGISTER:
            raise ValueError(f"{id} has two cases")
        if id in UNTESTABLE:
            raise ValueError(f"{id} has a case and is listed as untestable")
        if not case.__doc__:
            raise ValueError(f"the case of {id} has no sentence for a docstring")
        sentence = " ".join(case.__doc__.split())
        REGISTER[id] = _CASES[case] = Requirement(
            id, category, level, sentence, cites, hostile or lethal, quiet, lethal, apart, network
        )
        return case

    return declare


def untestable(id: str, category: Class, level: Level, sentence: str, *, cites: str, reason: str) -> None:
    """List a requirement that no case can test, with the reason; a chapter calls this below its cases.

    Raises:
        ValueError: the id is taken, or there is no reason.
    """
    if id in REGISTER:
        raise ValueError(f"{id} has a case and is listed as untestable")
    if id in UNTESTABLE:
        raise ValueError(f"{id} is listed as untestable twice")
    if not reason:
        raise ValueError(f"{id} is listed as untestable without a reason")
    UNTESTABLE[id] = Untestable(id, category, level, sentence, cites, reason)


def declare_case(case: object, requirement: Requirement) -> None:
    """Let `requirement_of` find the requirement of a case that is in no chapter on aggregators."""
    _CASES[case] = requirement


def requirement_of(case: object) -> Requirement | None:
    """Return the requirement whose case this function is, or None."""
    return _CASES.get(case)


class Unsupported(Exception):
    """The target has no such feature, by its profile; the message says which."""


class Inconclusive(Exception):
    """The suite cannot tell; the message says why."""


_unmet: ContextVar[list[AssertionError] | None] = ContextVar("unmet", default=None)


@contextmanager
def should() -> Iterator[None]:
    """Mark the SHOULD part of a requirement whose case also has a MUST.

    An assertion that fails inside is noted as not followed, and the case goes on.
    """
    noted = _unmet.get()
    try:
        yield
    except AssertionError as error:
        if noted is None:
            raise
        noted.append(error)


@contextmanager
def unmet_shoulds() -> Iterator[list[AssertionError]]:
    """Collect what fails inside `should` while a case runs."""
    noted: list[AssertionError] = []
    token = _unmet.set(noted)
    try:
        yield noted
    finally:
        _unmet.reset(token)
