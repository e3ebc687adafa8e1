"""Changes scenarios that there are: those of the corpora, and those that came to something new."""

import re
from functools import cache
from random import Random
from typing import Final

from statsd_corpora import dictionary, seeds
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario, adopted

_CORPORA: Final = ("lines/good", "lines/bad", "datagrams", "intervals")
_ENTRY: Final = re.compile(rb'^[a-z0-9_]+="((?:[^"\\\n]|\\.)*)"$', re.MULTILINE)
_ESCAPE: Final = re.compile(rb"\\x([0-9a-fA-F]{2})|\\(.)")
# What is larger costs too much to be sent by the hundred.
_LONGEST: Final = 8192
# Of what was kept, the newest are changed most: they were found on the way to something.
_NEWEST: Final = 64


class Mutator:
    """Changes scenarios of a pool, which grows by what is `kept`."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.pool: list[Scenario] = list(_seeds())

    def keep(self, scenario: Scenario) -> None:
        """Take a scenario into the pool."""
        self.pool.append(scenario.renamed(PLACEHOLDER))

    def mutated(self) -> Scenario:
        """Return a scenario of the pool with one to four changes in one of its datagrams."""
        random = self._random
        newest = len(self.pool) > _NEWEST and random.random() < 0.5
        chosen = random.choice(self.pool[-_NEWEST:] if newest else self.pool)
        places = [(i, d) for i, some in enumerate(chosen.intervals) for d in range(len(some))]
        if not places:
            return chosen
        interval, place = random.choice(places)
        datagram = chosen.intervals[interval][place]
        for _ in range(random.choice((1, 1, 2, 4))):
            datagram = self._changed(datagram)
        changed = [list(some) for some in chosen.intervals]
        changed[interval][place] = _named(datagram[:_LONGEST])
        return Scenario(tuple(map(tuple, changed)), PLACEHOLDER, chosen.features)

    def _changed(self, data: bytes) -> bytes:
        random = self._random
        at = random.randint(0, len(data))
        until = min(len(data), at + random.choice((1, 1, 2, 4, 16)))
        match int(random.random() * 7):
            case 0:
                return data[:at] + random.choice(_words()) + data[at:]
            case 1:
                return data[:at] + random.choice(_words()) + data[until:]
            case 2:
                return data[:at] + data[until:]
            case 3:
                return data[:until] + data[at:]
            case 4:
                return data[:at] + bytes((random.randrange(256),)) + data[at + 1 :]
            case 5:
                lines = data.split(b"\n")
                random.shuffle(lines)
                return b"\n".join(lines)
            case _:
                other = random.choice(self.pool)
                some = next((one for datagrams in other.intervals for one in datagrams), b"")
                return data[:at] + random.choice((b"", b"\n")) + some


def _named(datagram: bytes) -> bytes:
    """Return a datagram with the token before each line that lost it; see `scenario.adopted`."""
    lines = [line if PLACEHOLDER in line or not line else PLACEHOLDER + b"." + line for line in datagram.split(b"\n")]
    return b"\n".join(lines)


@cache
def _seeds() -> tuple[Scenario, ...]:
    every = [adopted(data) for corpus in _CORPORA for data in seeds(corpus).values()]
    return tuple(one for one in every if one.size[1] <= _LONGEST)


@cache
def _words() -> tuple[bytes, ...]:
    """Return the entries of the dictionary."""
    return tuple(_ESCAPE.sub(_unescaped, entry) for entry in _ENTRY.findall(dictionary()))


def _unescaped(match: "re.Match[bytes]") -> bytes:
    return bytes.fromhex(match[1].decode()) if match[1] else match[2]
