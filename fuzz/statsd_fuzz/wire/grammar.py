"""Makes scenarios from a seed: well-behaved traffic, odd lines among it, and state over several flushes.

Plain templates and tables in place of a search strategy: a scenario takes some microseconds. What is odd has leaves of
its own behind the token, so that the plain lines beside it can be judged, or it has those of the plain ones, so that
state is tried, too.
"""

from collections.abc import Callable, Sequence, Set
from random import Random
from typing import Final

from statsd_fuzz.wire import tables
from statsd_fuzz.wire.mutating import Mutator
from statsd_fuzz.wire.relations import ALONE, OF_ANY, OF_COUNTERS, OF_TAGGED, are_counters
from statsd_fuzz.wire.scenario import PLACEHOLDER, STREAMED, Scenario
from statsd_fuzz.wire.tables import Words

_LEAVES: Final = tuple(PLACEHOLDER + leaf for leaf in (b".a", b".b", b".c", b".hits", b".req.x2", b".t90"))
_ODD: Final = tuple(PLACEHOLDER + leaf for leaf in (b".o", b".odd", b".o.x"))
_TYPES: Final = (b"c", b"c", b"g", b"ms", b"s")
_LARGEST: Final = 65_507
# Bytes to which lines are put together.
_DATAGRAM: Final = 1432
# In so many scenarios of a hundred a known deviation is tried all the same: it may hide another fault.
_KNOWN_TOO: Final = 0.05
# The part that goes over TCP, where the target reads that; and what would take long there, in bytes.
_OVER_TCP: Final = 0.05
_LONG_FOR_TCP: Final = 4096
# The part of what is not plain that goes two ways.
_TWO_WAYS: Final = 0.15

Datagrams = list[bytes]


class Grammar:
    """Makes one scenario after another; equal seeds make equal ones.

    Args:
        seed: of the dice.
        avoid: requirements that the target is known not to meet; what is about them is made rarely.
        hostile: whether to make what may stop a target.
        tagged: whether the target reads the tags of DogStatsD, and has to take them in any order.
        largest: the largest datagram in bytes.
    """

    def __init__(
        self,
        seed: int,
        *,
        avoid: Set[str] = frozenset(),
        hostile: bool = True,
        tagged: bool = False,
        largest: int = _LARGEST,
    ) -> None:
        self.random = Random(seed)
        self.mutator = Mutator(self.random)
        self._largest = largest
        self._odd_members = hostile and "SET-07" not in avoid
        self._of_tagged = tuple(relation for id, relation in OF_TAGGED.items() if tagged and id not in avoid)
        every = [table for name, table in vars(tables).items() if name.isupper() and isinstance(table, dict)]
        self._odd_words = {
            id(table): (_pairs(table, avoid), _pairs(table, frozenset()))
            for table in every
            if table is not tables.SIZES
        }
        self._sizes = [one for sizes in tables.SIZES.values() for one in sizes if one <= largest]
        made: list[tuple[int, Callable[[], Scenario]]] = [
            (22, self._plain),
            (14, self._every_type_of_one_name),
            (8, self._sequence),
            (1, self._crowd),
        ]
        if hostile:
            made += [(34, self._odd_among_plain), (10, self._odd_alone), (5, self._odd_state), (6, self._mutated)]
            made += [(1, self._sized)] if self._sizes else []
            made += [(1, self._long_names)] if "SIZE-06" not in avoid else []
        self._makers = [make for weight, make in made for _ in range(weight)]

    def scenario(self) -> Scenario:
        """Return the next scenario, under the placeholder for a token."""
        made = self._one_of(self._makers)()
        if made.size[1] > self._largest and any(len(one) > self._largest for some in made.intervals for one in some):
            # One of the long words stands in it.
            made = self._plain()
        if self.random.random() < _OVER_TCP and made.size[1] < _LONG_FOR_TCP:
            return Scenario(made.intervals, made.token, made.features | {STREAMED})
        if "plain" not in made.features and self.random.random() < _TWO_WAYS:
            ways: tuple[str, ...] = OF_COUNTERS if are_counters(made) else OF_ANY
            ways += self._of_tagged if any(b"|#" in one for some in made.intervals for one in some) else ()
            return Scenario(made.intervals, made.token, made.features | {ways[int(self.random.random() * len(ways))]})
        return made

    def _one_of(self, choices: Sequence[Callable[[], Scenario]]) -> Callable[[], Scenario]:
        return choices[int(self.random.random() * len(choices))]

    def _pick(self, choices: Sequence[bytes]) -> bytes:
        # Three times as fast as choice(), and as even.
        return choices[int(self.random.random() * len(choices))]

    def _word(self, table: Words) -> tuple[str, bytes]:
        """Return an odd word, and what it is about."""
        rare, every = self._odd_words[id(table)]
        words = every if not rare or self.random.random() < _KNOWN_TOO else rare
        return words[int(self.random.random() * len(words))]

    # Plain lines.

    def _line(self, name: bytes, type: bytes) -> bytes:
        dice = self.random.random()
        number = int(1 / (dice * dice + 1e-5))
        if type == b"c":
            if dice > 0.7:
                return b"%b:%d|c|@%b" % (name, 1 + dice * 1e6 % 20, self._pick(tables.PLAIN_RATES))
            return b"%b:%d|c" % (name, number)
        if type == b"s":
            return b"%b:%b|s" % (name, self._pick(tables.MEMBERS))
        if type == b"ms":
            return b"%b:%d|ms" % (name, number)
        if dice < 0.3:
            return b"%b:%d.%d|g" % (name, number, dice * 20)
        return b"%b:%d|g" % (name, number)

    def _lines(self, number: int) -> Datagrams:
        """Return plain lines of one to three names, a type each; gauges are changed by deltas, once they are set."""
        count = 1 + int(self.random.random() * 3)
        start = int(self.random.random() * len(_LEAVES))
        names = [(_LEAVES[(start + one) % len(_LEAVES)], self._pick(_TYPES)) for one in range(count)]
        seen: set[bytes] = set()
        lines = []
        for _ in range(number):
            name, type = names[int(self.random.random() * count)]
            if type == b"g" and name in seen and self.random.random() < 0.4:
                # Above zero it stays, for every level is 1 at least.
                lines.append(b"%b:+%d|g" % (name, self.random.random() * 100))
            else:
                lines.append(self._line(name, type))
            seen.add(name)
        return lines

    def _datagrams(self, lines: Datagrams) -> tuple[bytes, ...]:
        """Return lines in datagrams, cut where the dice say."""
        datagrams = [lines[0]]
        for line in lines[1:]:
            if self.random.random() < 0.6 and len(datagrams[-1]) + len(line) < _DATAGRAM:
                datagrams[-1] += b"\n" + line
            else:
                datagrams.append(line)
        return tuple(datagrams)

    def _plain(self) -> Scenario:
        datagrams = self._datagrams(self._lines(1 + int(self.random.random() ** 2 * 8)))
        return Scenario((datagrams,), PLACEHOLDER, frozenset(("plain",)))

    def _every_type_of_one_name(self) -> Scenario:
        name = self._pick(_LEAVES)
        lines = [self._line(name, self._pick(_TYPES)) for _ in range(2 + int(self.random.random() * 5))]
        return Scenario((self._datagrams(lines),), PLACEHOLDER, frozenset(("COUNTER-12",)))

    def _crowd(self) -> Scenario:
        """Many samples of one set or timer, most of them more than once."""
        name, type = self._pick(_LEAVES), self._pick((b"s", b"ms"))
        number = 20 + int(self.random.random() * 100)
        odd = type == b"s" and self._odd_members and self.random.random() < 0.3
        before = b"a" + self._pick(tables.IN_MEMBERS) if odd else b""
        lines = [b"%b:%b%d|%b" % (name, before, 1 + self.random.random() * number / 2, type) for _ in range(number)]
        about = "SET-07" if odd else "SET-04" if type == b"s" else "TIMER-05"
        return Scenario((self._datagrams(lines),), PLACEHOLDER, frozenset((about,)))

    def _sequence(self) -> Scenario:
        """Several intervals, idle ones among them; a gauge changed in a later one, everything else begun anew."""
        name, type = self._pick(_LEAVES), self._pick(_TYPES)
        intervals: list[tuple[bytes, ...]] = [self._datagrams([self._line(name, type), *self._lines(2)])]
        for _ in range(1 + int(self.random.random() * 3)):
            if self.random.random() < 0.3:
                intervals.append(())
                continue
            delta = type == b"g" and self.random.random() < 0.6
            line = b"%b:+%d|g" % (name, self.random.random() * 50) if delta else self._line(name, type)
            intervals.append(self._datagrams([line]))
        return Scenario(tuple(intervals), PLACEHOLDER, frozenset(("sequence",)))

    # Odd lines.

    def _odd(self, name: bytes) -> tuple[str, bytes]:
        """Return one odd line of a name, and what it is about."""
        dice = self.random.random()
        if dice < 0.25:
            about, word = self._word(tables.NUMBERS)
            type = self._pick(_TYPES)
            return about, b"%b:%b|%b" % (name, word, type if type != b"s" else b"ms")
        if dice < 0.42:
            about, word = self._word(tables.RATES)
            return about, b"%b:%d|%b|%b" % (name, 1 + self.random.random() * 9, self._pick(_TYPES), word)
        if dice < 0.54:
            about, word = self._word(tables.TYPES)
            return about, b"%b:%d|%b" % (name, 1 + self.random.random() * 9, word)
        if dice < 0.70:
            about, word = self._word(tables.NAMES)
            return about, self._line(b"%b.%b" % (PLACEHOLDER, word), self._pick(_TYPES))
        if dice < 0.78:
            about, word = self._word(tables.TAGS)
            return about, self._line(name, self._pick(_TYPES)) + word
        if dice < 0.83:
            about, word = self._word(tables.NAME_TAGS)
            return about, self._line(name + word, self._pick(_TYPES))
        if dice < 0.93:
            about, word = self._word(tables.SAMPLES)
            return about, b"%b:%b" % (name, word)
        return self._word(tables.LINES)

    def _odd_among_plain(self) -> Scenario:
        plain = self._lines(2 + int(self.random.random() * 3))
        about, odd = self._odd(self._pick(_ODD))
        place = int(self.random.random() * (len(plain) + 1))
        lines = [*plain[:place], odd, *plain[place:]]
        if self.random.random() < 0.08:
            joined, joint = self._word(tables.JOINTS)
            return Scenario(((joint.join(lines),),), PLACEHOLDER, frozenset((about, joined)))
        return Scenario((self._datagrams(lines),), PLACEHOLDER, frozenset((about,)))

    def _odd_alone(self) -> Scenario:
        abouts, lines = zip(
            *(self._odd(self._pick(_ODD)) for _ in range(1 + int(self.random.random() * 2))), strict=True
        )
        return Scenario((self._datagrams(list(lines)),), PLACEHOLDER, frozenset(abouts))

    def _odd_state(self) -> Scenario:
        """Odd lines and plain ones of the same name, before and after a flush."""
        name, type = self._pick(_LEAVES), self._pick(_TYPES)
        about, odd = self._odd(name)
        again, odder = self._odd(name)
        first = self._datagrams([self._line(name, type), odd])
        second = self._datagrams([odder, self._line(name, type)])
        return Scenario((first, second), PLACEHOLDER, frozenset((about, again)))

    def _sized(self) -> Scenario:
        """A datagram of exactly a size that somebody reads: many lines, and a sampled one at the end; or one line."""
        size = self._sizes[int(self.random.random() ** 3 * len(self._sizes))]
        about = next(id for id, sizes in tables.SIZES.items() if size in sizes)
        last = b"\n%b.last:1|c|@0.1" % PLACEHOLDER
        room = size - len(last)
        if self.random.random() < 0.2:
            name = PLACEHOLDER + b".n"
            return self._of_size(about, b"%b:1|c" % name.ljust(room - 4, b"n") + last)
        unit = b"%b.fill:1|c\n" % PLACEHOLDER
        copies, rest = divmod(room, len(unit))
        first = b"%b.f:" % PLACEHOLDER + b"1|c\n".rjust(rest + len(unit) - len(PLACEHOLDER) - 3, b"0")
        return self._of_size(about, first + unit * (copies - 1) + last[1:].rjust(len(last), b"\n"))

    def _long_names(self) -> Scenario:
        """Two counters of long names, the last byte of which is another: nobody may cut them to one."""
        length = 60 + int(self.random.random() ** 2 * 960)
        stem = (PLACEHOLDER + b".n" * length if self.random.random() < 0.5 else PLACEHOLDER.ljust(length, b"n"))[
            :length
        ]
        lines = [b"%b%b:%d|c" % (stem, last, 1 + self.random.random() * 1000) for last in (b"a", b"b")]
        return Scenario((self._datagrams(lines),), PLACEHOLDER, frozenset(("SIZE-06", ALONE)))

    def _of_size(self, about: str, datagram: bytes) -> Scenario:
        return Scenario(((datagram,),), PLACEHOLDER, frozenset((about,)))

    def _mutated(self) -> Scenario:
        mutated = self.mutator.mutated()
        kept = tuple(tuple(one[: self._largest] for one in some) for some in mutated.intervals)
        return Scenario(kept, mutated.token, mutated.features | {"mutated"})


def _pairs(table: Words, avoid: Set[str]) -> list[tuple[str, bytes]]:
    return [(about, word) for about, words in table.items() if about not in avoid for word in words]
