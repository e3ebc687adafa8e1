"""Reduces a failing example in rounds, each of which tries all its candidates at once.

A target over the wire answers once a flush, so what counts is the number of rounds and not of candidates. A round tries
every single change: one chunk of lines left out, one part of one line made plainer. The next tries the changes that
still failed together: where a failure needs several lines, what is left is exactly those.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from statsd_conformance.traffic import BAD, MEMBERS, NAMES, RATES, Line, Lines, types_of

# Changes by the number of the line and its part; the part "" is the whole line, left out.
Change = Mapping[tuple[int, str], Any]
Fails = Callable[[Sequence[Lines]], Awaitable[list[bool]]]

_CHUNKS: Final = 32
# Below so many lines their parts are made plainer, too.
_FEW: Final = 24
# Below so many their numbers are tried in many steps.
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
    reached = [lines]
    fine = len(lines) <= _FEW
    while rounds > 0 and reached:
        current = reached[-1]
        size = 1 if fine else -(-len(current) // _CHUNKS)
        singles = _allowed(current, _single_changes(current, size), valid)
        # What was reached goes along each time: a flush that fell into it may have made it fail.
        again, *failing = await fails([current, *(apply(current, change) for change in singles)])
        rounds -= 1
        if not again:
            reached.pop()
            continue
        good = [change for change, fail in zip(singles, failing, strict=True) if fail]
        if not good and size == 1:
            break
        if not good:
            fine = True
            continue
        best = [apply(current, change) for change in good]
        together = _allowed(current, _together(current, good), valid) if len(good) > 1 and rounds > 0 else []
        tried = [result for result in (apply(current, change) for change in together) if result not in best]
        if tried:
            best += [one for one, fail in zip(tried, await fails(tried), strict=True) if fail]
            rounds -= 1
        reached.append(min(best, key=plainness))
        fine = len(reached[-1]) <= _FEW
    return reached[-1] if reached else None


def apply(lines: Lines, change: Change) -> Lines:
    """Return the lines with parts replaced, and lines left out."""
    kept = []
    for number, line in enumerate(lines):
        if (number, "") not in change:
            parts = {part: value for (where, part), value in change.items() if where == number}
            kept.append(replace(line, **parts) if parts else line)
    return tuple(kept)


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


def _allowed(lines: Lines, changes: Iterator[Change], valid: Callable[[Sequence[Line]], bool]) -> list[Change]:
    """Return the changes that make the lines plainer and keep them valid, each result once."""
    results: dict[Lines, Change] = {}
    for change in changes:
        result = apply(lines, change)
        if result and plainness(result) < plainness(lines) and valid(result):
            results.setdefault(result, change)
    return list(results.values())


def _single_changes(lines: Lines, size: int) -> Iterator[Change]:
    chunks = [range(start, min(start + size, len(lines))) for start in range(0, len(lines), size)]
    for chunk in chunks:
        yield {(number, ""): None for number in chunk}
    for chunk in chunks:
        yield {(number, ""): None for number in range(len(lines)) if number not in chunk}
    if len(lines) <= _FEW:
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


def _together(lines: Lines, changes: Sequence[Change]) -> Iterator[Change]:
    """Yield unions of changes that do not touch the same part: all of them, all removals, and ever fewer."""
    ordered = sorted(changes, key=lambda change: plainness(apply(lines, change)))
    removals = [change for change in ordered if all(part == "" for _, part in change)]
    parts = [change for change in ordered if any(part for _, part in change)]
    small = [change for change in removals if 2 * len(change) <= len(lines)] or removals
    for several in (small + parts, small, parts):
        for number in _fewer(len(several)):
            yield _union(several[:number])
            yield _union(several[-number:])


def _fewer(number: int) -> Iterator[int]:
    while number > 1:
        yield number
        number = number * 3 // 4 if number > 3 else number - 1


def _union(changes: Sequence[Change]) -> Change:
    together: dict[tuple[int, str], Any] = {}
    for change in changes:
        if not together.keys() & change.keys():
            together |= change
    return together
