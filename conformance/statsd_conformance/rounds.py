"""Reduces a failing example in rounds, each of which tries all its candidates at once.

A target over the wire answers once a flush, so what counts is the number of rounds and not of candidates. A round tries
every single change: one chunk of parts left out, one value of one part made plainer. The next tries the changes that
still failed together: where a failure needs several parts, what is left is exactly those.

What a part is, a line perhaps, and how it is made plainer, is the caller's: see `Kind`.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

# A part of an example: a frozen dataclass.
P = TypeVar("P")
# Changes by the number of the part and its field; the field "" is the whole part, left out.
Change = Mapping[tuple[int, str], Any]

_CHUNKS: Final = 32
# The same, where none of these could go: of a long example every part would be too many.
_FINE_CHUNKS: Final = 256
# Below so many parts their fields are made plainer, too.
FEW: Final = 24


@dataclass(frozen=True, slots=True)
class Kind(Generic[P]):
    """How examples of a kind are reduced.

    Attributes:
        plainer: yields changes that make the fields of parts plainer; asked where there are few parts.
        plainness: sorts examples, the plainest first, and one with fewer parts before others.
        valid: tells whether a candidate may be tried at all.
    """

    plainer: Callable[[tuple[P, ...]], Iterator[Change]]
    plainness: Callable[[tuple[P, ...]], Any]
    valid: Callable[[Sequence[P]], bool]


async def plainest(
    example: tuple[P, ...],
    fails: Callable[[Sequence[tuple[P, ...]]], Awaitable[list[bool]]],
    kind: Kind[P],
    *,
    rounds: int,
) -> tuple[P, ...] | None:
    """Return the plainest example found that still fails, None when the one given does not fail again.

    `fails` tells of each of several candidates whether it fails; `rounds` is how often it is called at most.
    """
    reached = [example]
    fine = len(example) <= FEW
    while rounds > 0 and reached:
        current = reached[-1]
        size = -(-len(current) // (_FINE_CHUNKS if fine else _CHUNKS))
        singles = _allowed(current, _single_changes(current, size, kind), kind)
        # What was reached goes along each time: a flush that fell into it may have made it fail.
        again, *failing = await fails([current, *singles])
        rounds -= 1
        if not again:
            reached.pop()
            continue
        best = [result for result, fail in zip(singles, failing, strict=True) if fail]
        if not best and (fine or size == 1):
            break
        if not best:
            fine = True
            continue
        # Of parts that are alike each can go, though it makes no difference which one does.
        good = [change for result in best for change in singles[result]]
        together = _allowed(current, _together(current, good, kind), kind) if len(good) > 1 and rounds > 0 else {}
        tried = [result for result in together if result not in singles]
        if tried:
            best += [one for one, fail in zip(tried, await fails(tried), strict=True) if fail]
            rounds -= 1
        reached.append(min(best, key=kind.plainness))
        fine = len(reached[-1]) <= FEW
    return reached[-1] if reached else None


def apply(example: tuple[P, ...], change: Change) -> tuple[P, ...]:
    """Return the example with fields replaced, and parts left out."""
    kept = []
    for number, part in enumerate(example):
        if (number, "") not in change:
            fields = {field: value for (where, field), value in change.items() if where == number}
            kept.append(replace(part, **fields) if fields else part)  # type: ignore[type-var]  # parts are dataclasses
    return tuple(kept)


def _allowed(example: tuple[P, ...], changes: Iterator[Change], kind: Kind[P]) -> dict[tuple[P, ...], list[Change]]:
    """Return what changes come to that make the example plainer and keep it valid, each with its changes."""
    results: dict[tuple[P, ...], list[Change]] = {}
    for change in changes:
        result = apply(example, change)
        if result in results:
            results[result].append(change)
        elif result and kind.plainness(result) < kind.plainness(example) and kind.valid(result):
            results[result] = [change]
    return results


def _single_changes(example: tuple[P, ...], size: int, kind: Kind[P]) -> Iterator[Change]:
    chunks = [range(start, min(start + size, len(example))) for start in range(0, len(example), size)]
    for chunk in chunks:
        yield {(number, ""): None for number in chunk}
    for chunk in chunks:
        yield {(number, ""): None for number in range(len(example)) if number not in chunk}
    if len(example) <= FEW:
        yield from kind.plainer(example)


def _together(example: tuple[P, ...], changes: Sequence[Change], kind: Kind[P]) -> Iterator[Change]:
    """Yield unions of changes that do not touch the same field: all of them, all removals, and ever fewer."""
    ordered = sorted(changes, key=lambda change: kind.plainness(apply(example, change)))
    removals = [change for change in ordered if all(field == "" for _, field in change)]
    fields = [change for change in ordered if any(field for _, field in change)]
    small = [change for change in removals if 2 * len(change) <= len(example)] or removals
    for several in (small + fields, small, fields):
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
