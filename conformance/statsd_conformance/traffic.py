"""Traffic as properties generate it: lines in parts, so that they can be made plainer one part at a time.

Only what well-behaved emitters send and every aggregator reads: short names of letters and digits, one type a name,
whole counts, rates that divide into whole numbers, gauges that stay above zero, whole milliseconds. What is odder
belongs to the chapters and to fuzzing: a fault that a case has found would hide all others here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

# What every target that is known reads in one datagram.
DATAGRAM: Final = 512
BAD: Final = "bad"
NAMES: Final = ("a", "b", "c", "d", "hits", "req", "load7", "users", "t90", "x2", "zulu", "m0")
# What nobody takes for a sample: no value, no type, no number, no mark before the rate.
BAD_REMAINDERS: Final = ("", ":1", ":x|c", ":x|ms", ":1|c|0.1")
MEMBERS: Final = ("a", "b", "c", "u17", "alice", "bob", "42", "7f", "x1")
RATES: Final = ("0.5", "0.25", "0.2", "0.125", "0.1")


@dataclass(frozen=True, slots=True)
class Line:
    """One line without the prefix of its example: `name:value|type[|@rate]`.

    A line of the type `bad` is `name` and `value` run together. `mark` is for the property to read: where a datagram
    ends, which line goes first, which interval it is for.
    """

    name: str
    value: str
    type: str = "c"
    rate: str = ""
    mark: int = 0

    def written(self, prefix: bytes) -> bytes:
        """Return the line on the wire, its name behind `prefix` and a dot."""
        rest = (
            self.value if self.type == BAD else f":{self.value}|{self.type}" + (f"|@{self.rate}" if self.rate else "")
        )
        return prefix + b"." + (self.name + rest).encode()

    @property
    def times(self) -> int:
        """How many lines without a rate it stands for."""
        return round(1 / float(self.rate)) if self.rate else 1


Lines = tuple[Line, ...]


def types_of(lines: Iterable[Line]) -> dict[str, str]:
    """Return the names that carry samples, and their types."""
    return {line.name: line.type for line in lines if line.type != BAD}


def well_behaved(lines: Sequence[Line], *, whole: bool = True, above_zero: bool = True) -> bool:
    """Tell whether lines are of the kind that generated ones are: see the top of this module.

    Counts need not be `whole`, nor gauges stay `above_zero`, where they are told not to.
    """
    types: dict[str, str] = {}
    gauges: dict[str, float] = {}
    for line in lines:
        if types.setdefault(line.name, line.type) != line.type or (whole and not _divides(line)):
            return False
        if line.type == "g":
            value = float(line.value)
            if line.value[0] in "+-":
                if line.name not in gauges:
                    return False
                value += gauges[line.name]
            if above_zero and value < 0:
                return False
            gauges[line.name] = value
    return True


def packed(lines: Sequence[Line], ends: Callable[[Line], bool] = lambda line: False) -> tuple[Lines, ...]:
    """Return lines as datagrams, each as full as every target reads; `ends` says that one ends behind a line."""
    datagrams: list[list[Line]] = [[]]
    size = 0
    for line in lines:
        # The longest prefix of an example, the dot and the LF.
        length = len(line.written(b"q" * 20)) + 1
        if datagrams[-1] and size + length > DATAGRAM:
            datagrams.append([])
            size = 0
        datagrams[-1].append(line)
        size += length
        if ends(line):
            datagrams.append([])
            size = 0
    return tuple(tuple(datagram) for datagram in datagrams if datagram)


def generate(random: Random, types: Sequence[str], rated: Sequence[str] = ()) -> Lines:
    """Return the lines of one example: mostly a handful, now and then some dozens; one to four names.

    Args:
        random: the dice; equal dice give equal lines.
        types: the types to choose from.
        rated: those of them whose lines may carry a sample rate.
    """
    names = {name: random.choice(types) for name in random.sample(NAMES, random.choice((1, 1, 2, 2, 3, 4)))}
    size = random.choice((1, 2, 2, 3, 3, 4, 4, 5, 6, 8, 8, random.randint(9, 30)))
    gauges: dict[str, float] = {}
    return tuple(_line(random, name, names[name], rated, gauges) for name in random.choices(tuple(names), k=size))


def _line(random: Random, name: str, type: str, rated: Sequence[str], gauges: dict[str, float]) -> Line:
    if type == "s":
        return Line(name, random.choice(MEMBERS), "s")
    if type == "g":
        return Line(name, _gauge(random, name, gauges), "g")
    line = Line(name, str(_whole(random)), type)
    if type in rated and random.random() < 0.5:
        sampled = replace(line, rate=random.choice(RATES))
        return sampled if _divides(sampled) else line
    return line


def _divides(line: Line) -> bool:
    """Tell whether value by rate is whole: some quotients of doubles fall short, and some targets count whole ones."""
    return not line.rate or line.type != "c" or float(line.value) / float(line.rate) == int(line.value) * line.times


def _whole(random: Random) -> int:
    return random.choice((1, 1, 2, random.randint(1, 9), random.randint(10, 999), random.randint(1000, 100_000)))


def _number(random: Random) -> str:
    return random.choice((str(_whole(random)), f"{random.randint(1, 999)}.{random.choice((5, 25, 125))}"))


def _gauge(random: Random, name: str, gauges: dict[str, float]) -> str:
    before = gauges.get(name)
    value = _number(random)
    if before is None or random.random() < 0.4:
        gauges[name] = float(value)
        return value
    sign = "-" if float(value) <= before and random.random() < 0.5 else "+"
    gauges[name] = before + float(sign + value)
    return sign + value


def with_bad_lines(random: Random, lines: Lines) -> Lines:
    """Return the lines with one to four bad ones among them, of a name of their own."""
    mixed = list(lines)
    for _ in range(random.randint(1, 4)):
        mixed.insert(random.randint(0, len(mixed)), Line("bad", random.choice(BAD_REMAINDERS), BAD))
    return tuple(mixed)


def marked(random: Random, lines: Lines, highest: int) -> Lines:
    """Return the lines with marks from 0 to `highest`."""
    return tuple(replace(line, mark=random.randint(0, highest)) for line in lines)
