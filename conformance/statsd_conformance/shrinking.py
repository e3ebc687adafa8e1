"""Reduces a failing example of generated traffic to the plainest lines that still fail, in few rounds."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final

from statsd_conformance.rounds import Change, Kind, plainest
from statsd_conformance.traffic import BAD, MEMBERS, NAMES, RATES, Line, Lines, types_of

Fails = Callable[[Sequence[Lines]], Awaitable[list[bool]]]

# Below so many lines their numbers are tried in many steps.
_VERY_FEW: Final = 6
_PLAIN: Final = (1, 2, 3, 5, 10, 20, 50, 100, 1000, 10_000)


async def shrink(
    lines: Lines, fails: Fails, valid: Callable[[Sequence[Line]], bool], *, rounds: int = 11
) -> Lines | None:
    """Return the plainest lines found that still fail, None when the lines given do not fail again.

    Args:
        lines: what failed.
        fails: tells of each of several candidates whether it fails; one call is one round.
        valid: tells whether a candidate may be tried at all.
        rounds: the most calls of `fails`.
    """
    return await plainest(lines, fails, Kind(_plainer, plainness, valid), rounds=rounds)


def plainness(lines: Lines) -> tuple[Any, ...]:
    """Return what sorts examples, the plainest first: few lines, plain types, few names, no rates, small values."""
    return (
        len(lines),
        sum(line.type != "c" for line in lines),
        len({line.name for line in lines}),
        sum(bool(line.rate) for line in lines),
        sum(line.mark for line in lines),
        sum(len(line.value) for line in lines),
        sum(_size(line) for line in lines),
        sum(len(line.name) for line in lines),
        [(line.name, line.rate, line.value) for line in lines],
    )


def _size(line: Line) -> float:
    try:
        return abs(float(line.value))
    except ValueError:
        return 0.0


def _plainer(lines: Lines) -> Iterator[Change]:
    yield from _plainer_names(lines)
    yield from _plainer_types(lines)
    for number, line in enumerate(lines):
        for part, value in _plainer_parts(line, dense=len(lines) <= _VERY_FEW):
            yield {(number, part): value}
    yield from _plainer_members(lines)


def _plainer_names(lines: Lines) -> Iterator[Change]:
    for name in types_of(lines):
        for other in NAMES:
            if other != name:
                yield {(number, "name"): other for number, line in enumerate(lines) if line.name == name}


def _plainer_types(lines: Lines) -> Iterator[Change]:
    for name, type in types_of(lines).items():
        if type != "c":
            plain = {"type": "c", "value": "1", "rate": ""}
            mine = [number for number, line in enumerate(lines) if line.name == name]
            yield {(number, part): value for number in mine for part, value in plain.items()}


def _plainer_members(lines: Lines) -> Iterator[Change]:
    for old in {line.value for line in lines if line.type == "s"}:
        for member in MEMBERS[:3]:
            same = [number for number, line in enumerate(lines) if line.type == "s" and line.value == old]
            yield {(number, "value"): member for number in same}


def _plainer_parts(line: Line, dense: bool) -> Iterator[tuple[str, Any]]:
    if line.rate:
        yield "rate", ""
        yield from (("rate", rate) for rate in RATES)
    if line.mark:
        yield "mark", 0
    if line.type == BAD:
        yield "value", ""
    elif line.type == "s":
        yield from (("value", member) for member in MEMBERS[:3])
    else:
        sign = line.value[0] if line.value[0] in "+-" else ""
        number = int(abs(float(line.value)))
        quarters = (4, 5, 6, 7) if dense else (4,)
        nearer = (number - (number * quarter >> shift) for shift in range(3, 14) for quarter in quarters)
        steps = {*_PLAIN, number, number - 1, *nearer}
        yield from (("value", f"{sign}{step}") for step in sorted(steps) if 0 < step <= number)
