"""Examples of traffic on a bad path: what gets through of them, by the same decisions as those of the relay.

The first mark of an example is its seed, so that an example says all about how it is sent.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from random import Random
from typing import Final

from statsd_conformance.properties import Datagrams, Way
from statsd_conformance.relay.impairment import Impairment
from statsd_conformance.relay.under_way import let_through
from statsd_conformance.traffic import BAD, Line, Lines, generate, marked, packed

BAD_PATH: Final = Impairment(loss=0.2, duplicate=0.2, reorder=0.3, truncate=0.2)
# Marks are seeds, and those of which this leaves no rest end a datagram, so that an example is several of them.
_SEEDS: Final = 999
_ENDS: Final = 2
# Longer than the prefix of any example, as `packed` assumes it.
_PREFIX: Final = b"q" * 20


def impaired_traffic(random: Random, types: Sequence[str]) -> Lines:
    """Return lines for `through` and the other ways; their gauges never fall, whatever is lost or put out of order."""
    lines = marked(random, generate(random, types, rated=("c",)), _SEEDS)
    return tuple(replace(line, value=line.value.replace("-", "+")) if line.type == "g" else line for line in lines)


def as_let_through(lines: Lines) -> tuple[Way, ...]:
    """Send what gets through of the lines; the model judges."""
    return ((_through(lines, BAD_PATH),),)


def doubled_and_repeated(lines: Lines) -> tuple[Way, ...]:
    """Send the lines in datagrams some of which come twice, and as many lines in other datagrams."""
    doubled = _through(lines, Impairment(duplicate=0.5))
    again = sorted(chain.from_iterable(doubled), key=lambda line: (line.mark, line.name, line.value))
    return ((doubled,), (packed(again),))


def cut_and_left_out(lines: Lines) -> tuple[Way, ...]:
    """Send the lines in datagrams some of which are cut, and the same datagrams without the lines that are cut."""
    cut = _through(lines, Impairment(truncate=0.5))
    whole = tuple(tuple(line for line in datagram if line.type != BAD) for datagram in cut)
    return ((cut,), (tuple(filter(None, whole)),))


def _through(lines: Lines, bad: Impairment) -> Datagrams:
    """Return the datagrams of the lines that get through, in order, with what is left of each."""
    datagrams = packed(lines, lambda line: not line.mark % _ENDS)
    seeded = replace(bad, seed=lines[0].mark if lines else 0)
    whole = [b"\n".join(line.written(_PREFIX) for line in datagram) for datagram in datagrams]
    came = let_through(seeded, whole)
    return tuple(left for one in came if (left := _left(datagrams[one.number - 1], len(one.payload), one.number)))


def _left(datagram: Lines, size: int, number: int) -> Lines:
    """Return the lines that `size` bytes hold; the one that is cut gets a name that no other has.

    What a cut line means nobody can say, and so it must not be said of a name that is judged.
    """
    left: list[Line] = []
    for line in datagram:
        length = len(line.written(_PREFIX))
        if size < length:
            text = replace(line, name=f"y{number}").written(b"")[1:][: max(size - len(_PREFIX) - 1, 0)].decode()
            return (*left, Line(text, "", BAD)) if text else tuple(left)
        left.append(line)
        size -= length + 1
    return tuple(left)
