"""What a replay came to, in words: the metric, what was sent of it, what was published, what the model makes of it."""

from collections.abc import Iterator, Sequence
from typing import Final

from statsd_conformance.printable import escaped
from statsd_conformance.progress import counted
from statsd_conformance.replayed.compared import STRAY, Comparison, Difference, bare
from statsd_conformance.replayed.demands import Demands, about
from statsd_conformance.requirement import MAY

# Differences with a line each in a message, and lines of a metric that it quotes.
_SHOWN: Final = 20
_QUOTED: Final = 3
_LINE: Final = 120


def told_of(comparison: Comparison, demands: Demands, datagrams: int) -> str:
    """Return how much was compared of so many recorded datagrams, and why the rest was not."""
    of = f"of {demands.lines:,} lines in {datagrams:,} datagrams"
    parts = [f"{comparison.numbers:,} numbers of {comparison.series:,} series compared, {of}"]
    if comparison.demanded < comparison.numbers:
        parts.append(f"{comparison.demanded:,} of them demanded")
    if told := len(comparison.of(MAY)):
        parts.append(f"{told:,} that nobody demands came out otherwise")
    if comparison.renamed:
        name, path = next(iter(comparison.renamed.items()))
        parts.append(f"{len(comparison.renamed):,} came back in other letters, as {escaped(name)} in {escaped(path)}")
    parts += [f"not compared: {number:,} series {why}" for why, number in comparison.unread.items()]
    return "; ".join(parts)


def first_told(wrong: Sequence[Difference], datagrams: Sequence[bytes], token: bytes, said: str) -> str:
    """Return a line for each of the first differences, the number of the others, and what was compared in all."""
    lines = [f"{told(one)}; {sent_of(one, datagrams, token)}" for one in wrong[:_SHOWN]]
    if (left := len(wrong) - _SHOWN) > 0:
        lines.append(f"and {left:,} more that differ")
    return "\n".join([*lines, said])


def told(one: Difference) -> str:
    """Return what differs, in a line without what was sent."""
    path = escaped(one.path)
    if one.what == STRAY:
        return f"{path} was published, and nothing of that name was sent"
    required = f"required is {number(one.model)} as the {one.what} of {escaped(one.series)}"
    return f"{path} came to {number(one.published)}, {required}"


def number(value: float | None) -> str:
    """Return a number as messages show it."""
    return "nothing" if value is None else f"{value:.15g}"


def sent_of(one: Difference, datagrams: Sequence[bytes], token: bytes) -> str:
    """Return what was sent of a series: its first lines as recorded, and how many there were in how many datagrams."""
    if one.what == STRAY:
        return "see the datagrams"
    lines, number_of_datagrams = 0, 0
    quoted: list[str] = []
    for mine in (list(_lines_about(one, datagram, token)) for datagram in datagrams):
        lines += len(mine)
        number_of_datagrams += bool(mine)
        quoted += [escaped(bare(line, token)[:_LINE]) for line in mine[: _QUOTED - len(quoted)]]
    if not lines:
        return "sent in another spelling"
    more = " …" if lines > len(quoted) else ""
    return f"sent {', '.join(quoted)}{more}: {counted(lines, 'line')} in {counted(number_of_datagrams, 'datagram')}"


def _lines_about(one: Difference, datagram: bytes, token: bytes) -> Iterator[bytes]:
    name = token + b"." + one.series.partition(b";")[0]
    if name in datagram:
        yield from (line for line in datagram.split(b"\n") if about(line, name))
