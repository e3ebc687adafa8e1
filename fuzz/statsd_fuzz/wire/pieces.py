r"""A scenario in pieces that can be left out one by one: its lines, and where datagrams and intervals end.

To leave out the end of a datagram joins it to the next one, and to leave out the end of an interval joins two
intervals. What makes a line plainer takes something from what is special about it, or else from its bytes, and gives it
nothing special that it did not have: a line that everybody reads does not become one that nobody does, which would show
another fault than the one that is looked for.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from statsd_conformance.rounds import Change, Kind
from statsd_fuzz.wire.scenario import Scenario
from statsd_fuzz.wire.traits import traits_of_line

# What every target reads in one datagram, so that joining two may not make a larger one, unless there was one before.
_SURE: Final = 512
# Places to cut at that one line has in a round, about.
_CUTS: Final = 32
_LINE: Final = re.compile(rb"([^:|]*):([^|]*)\|([^|]*)(.*)", re.DOTALL)
_FIELD: Final = re.compile(rb"\|[^|]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A line without its LF, or where a datagram or an interval ends: then `ends` says which, and there is no text."""

    text: bytes
    ends: str = ""


_DATAGRAM: Final = Piece(b"", "datagram")
_INTERVAL: Final = Piece(b"", "interval")
Pieces = tuple[Piece, ...]


def pieces_of(scenario: Scenario) -> Pieces:
    """Return the pieces of a scenario, in order."""
    return tuple(_pieces(scenario))


def _pieces(scenario: Scenario) -> Iterator[Piece]:
    for interval, datagrams in enumerate(scenario.intervals):
        if interval:
            yield _INTERVAL
        for number, datagram in enumerate(datagrams):
            if number:
                yield _DATAGRAM
            yield from map(Piece, datagram.split(b"\n"))


def scenario_of(pieces: Sequence[Piece], like: Scenario) -> Scenario:
    """Return the scenario of these pieces, with the token and the features of another one."""
    intervals: list[list[list[bytes]]] = [[[]]]
    for piece in pieces:
        if piece.ends == "interval":
            intervals.append([[]])
        elif piece.ends:
            intervals[-1].append([])
        else:
            intervals[-1][-1].append(piece.text)
    return replace(like, intervals=tuple(tuple(b"\n".join(one) for one in some if one) for some in intervals))


def kind_of(scenario: Scenario) -> Kind[Piece]:
    """Return how the pieces of a scenario are reduced: to few intervals, datagrams and lines, and then few bytes."""
    largest = max((len(one) for some in scenario.intervals for one in some), default=0)

    def valid(pieces: Sequence[Piece]) -> bool:
        sizes = [len(one) for some in scenario_of(pieces, scenario).intervals for one in some]
        return bool(sizes) and max(sizes) <= max(largest, _SURE)

    token = scenario.token
    return Kind(lambda pieces: _plainer(pieces, token), lambda pieces: _plainness(pieces, token), valid)


def _plainness(pieces: Pieces, token: bytes) -> tuple[Any, ...]:
    texts = [piece.text for piece in pieces]
    return (
        sum(piece.ends == "interval" for piece in pieces),
        sum(piece.ends == "datagram" for piece in pieces),
        sum(not piece.ends for piece in pieces),
        sum(len(traits_of_line(piece.text, token)) for piece in pieces if not piece.ends),
        sum(map(len, texts)),
        sum(byte not in _PLAIN for text in texts for byte in text),
        texts,
    )


_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789:|.@")


def _plainer(pieces: Pieces, token: bytes) -> Iterator[Change]:
    lines = {number: piece.text for number, piece in enumerate(pieces) if not piece.ends}
    traits = {number: traits_of_line(text, token) for number, text in lines.items()}
    for change in _changes(lines, token):
        if all(traits_of_line(text, token) <= traits[number] for (number, _), text in change.items()):
            yield change


def _changes(lines: dict[int, bytes], token: bytes) -> Iterator[Change]:
    yield from _with_plainer_names(lines, token)
    every = b"\n".join(lines.values())
    plain = next((name for name in (b".a", b".b", b".c") if token + name not in every), b".plain")
    for number, text in lines.items():
        if traits_of_line(text, token):
            yield {(number, "text"): token + plain + b":1|c"}
        for plainer in _plainer_texts(text, token):
            yield {(number, "text"): plainer}


def _with_plainer_names(lines: dict[int, bytes], token: bytes) -> Iterator[Change]:
    """Yield changes of names, in all lines that have them: of one to a plainer one, and the same cut in all."""
    found = {number: match for number, text in lines.items() if (match := _LINE.fullmatch(text))}
    tails = list(dict.fromkeys(match[1][len(token) :] for match in found.values() if match[1].startswith(token)))

    def renamed(new: dict[bytes, bytes]) -> Iterator[Change]:
        # Two names that become one would be another matter.
        if len(set(new.values())) == len(new):
            names = {token + old: token + tail for old, tail in new.items()}
            yield {
                (number, "text"): names[match[1]] + lines[number][match.end(1) :]
                for number, match in found.items()
                if match[1] in names
            }

    for tail in tails:
        for plain in (b".a", b".b", b".c", *(tail[:1] + cut for cut in _cut(tail[1:]))):
            if plain not in tails:
                yield from renamed({tail: plain})
    for start, stop in _places(max(map(len, tails), default=1) - 1):
        yield from renamed({tail: tail[: 1 + start] + tail[1 + stop :] for tail in tails})


def _plainer_texts(text: bytes, token: bytes) -> Iterator[bytes]:
    match = _LINE.fullmatch(text)
    if match is None:
        yield from _cut(text, token)
        return
    head, value, type, rest = text[: match.start(2)], match[2], match[3], match[4]
    for plain in (b"1", b"2", b"a", *_cut(value)):
        yield head + plain + b"|" + type + rest
    fields = _FIELD.findall(rest)
    for number, field in enumerate(fields):
        before, after = b"".join(fields[:number]), b"".join(fields[number + 1 :])
        shorter = [b"", *(field[:2] + cut for cut in _cut(field[2:]))]
        shorter += [b"|@0.5", b"|@0.1"] if field.startswith(b"|@") else []
        for one in shorter:
            yield head + value + b"|" + type + before + one + after


def _cut(raw: bytes, kept: bytes = b"") -> Iterator[bytes]:
    """Yield the bytes with a few of them left out, but none of those that are kept."""
    at = raw.find(kept) if kept else -1
    for start, stop in _places(len(raw)):
        if at < 0 or stop <= at or start >= at + len(kept):
            yield raw[:start] + raw[stop:]


def _places(length: int) -> Iterator[tuple[int, int]]:
    """Yield places to cut out, the large ones first, and none so small that there would be many."""
    size = length
    while size and length <= _CUTS * size:
        yield from ((start, min(start + size, length)) for start in range(0, length, size))
        size //= 2
