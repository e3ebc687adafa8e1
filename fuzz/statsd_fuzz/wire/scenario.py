r"""What one input of a search sends.

As a file a scenario is the text form that `inputs` describes, its token written as a placeholder of the same length:

    q000000000.a:1|c
    --
    q000000000.a:2|c
    ==
    q000000000.a:+1|g

That it goes over TCP is said by the file's name, of which `over-tcp` is a part: what a file holds is what is sent.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from statsd_fuzz.fault import Fault
from statsd_fuzz.inputs import intervals_of, written

__all__ = ["PLACEHOLDER", "STREAMED", "Fault", "Intervals", "Judge", "Scenario", "adopted", "as_file", "from_file"]

# The form of `graphite.TOKEN`; no run has it for one of its own.
PLACEHOLDER: Final = b"q000000000"

# Where a line with a name begins: what is none, or an event, keeps its beginning.
_LINE: Final = re.compile(rb"^(?=[^\n:|])(?!_e\{|_sc\|)", re.MULTILINE)

# The feature of a scenario that goes over TCP where the target reads lines from it, cut anywhere.
STREAMED: Final = "over-tcp"
# As tools that carry files from place to place may have them: with something before and behind.
_NAMED_STREAMED: Final = re.compile(rf"(?:\A|[^A-Za-z0-9]){STREAMED}(?:[^A-Za-z0-9]|\Z)")

Intervals = tuple[tuple[bytes, ...], ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Datagrams, interval by interval, whose bucket names carry a token that no other scenario has.

    Attributes:
        intervals: the datagrams of each interval; an interval without any is idle.
        token: what its names begin with; as long as PLACEHOLDER, so that another one changes no length.
        features: the productions of the grammar that it used; a requirement id (`RATE-04`) where there is one.
    """

    intervals: Intervals
    token: bytes = PLACEHOLDER
    features: frozenset[str] = frozenset()

    def renamed(self, token: bytes) -> "Scenario":
        """Return it under another token of the same length."""
        if token == self.token:
            return self
        renamed = tuple(tuple(one.replace(self.token, token) for one in datagrams) for datagrams in self.intervals)
        return replace(self, intervals=renamed, token=token)

    @property
    def size(self) -> tuple[int, int]:
        """How many datagrams it sends, and how many bytes."""
        datagrams = [one for datagrams in self.intervals for one in datagrams]
        return len(datagrams), sum(map(len, datagrams))


# Sends scenarios together, and tells of each what is wrong with how it was taken, None where nothing is.
Judge = Callable[[Sequence[Scenario]], Awaitable[list[Fault | None]]]


def as_file(scenario: Scenario) -> bytes:
    """Return a scenario as the bytes of a corpus file."""
    return written([list(datagrams) for datagrams in scenario.renamed(PLACEHOLDER).intervals])


def from_file(data: bytes, name: str = "") -> Scenario:
    """Return the scenario of a corpus file of that name; one whose names carry no token is sent as it is.

    >>> from_file(b"q000000000.a:1|c", "counter-differs.over-tcp").features
    frozenset({'over-tcp'})
    """
    features = frozenset((STREAMED,)) if _NAMED_STREAMED.search(name) else frozenset[str]()
    return Scenario(tuple(tuple(one) for one in intervals_of(data)), PLACEHOLDER, features)


def adopted(data: bytes, name: str = "") -> Scenario:
    r"""Return the scenario of an input of others: a token goes before each name that has none.

    >>> adopted(b"a:1|c\n:2|c").intervals
    ((b'q000000000.a:1|c\n:2|c',),)
    """
    scenario = from_file(data, name)
    if PLACEHOLDER in data:
        return scenario
    intervals = tuple(
        tuple(_LINE.sub(PLACEHOLDER + b".", one) for one in datagrams) for datagrams in scenario.intervals
    )
    return replace(scenario, intervals=intervals)
