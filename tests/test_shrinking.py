import asyncio
from collections.abc import Callable, Sequence
from random import Random

from statsd_conformance.shrinking import plainness, shrink
from statsd_conformance.traffic import Line, Lines, generate, well_behaved

# Three lines among two hundred, as a fault that needs all of them would have it.
THREE = (Line("hits", "4711", "c", "0.1"), Line("users", "alice", "s"), Line("load7", "612.5", "g"))
NOISE = tuple(Line("zulu", str(number % 977 + 1)) for number in range(197))
HAYSTACK = (*NOISE[:20], THREE[0], *NOISE[20:111], THREE[1], *NOISE[111:180], THREE[2], *NOISE[180:])


def shrunk(lines: Lines, fault: Callable[[Lines], bool], rounds: int = 11) -> tuple[Lines | None, int]:
    """Return what is left of lines that show a fault, and how many rounds that took."""
    taken = 0

    async def fails(candidates: Sequence[Lines]) -> list[bool]:
        nonlocal taken
        taken += 1
        return [fault(candidate) for candidate in candidates]

    return asyncio.run(shrink(lines, fails, well_behaved, rounds=rounds)), taken


def has_three_types(lines: Lines) -> bool:
    large = any(line.type == "c" and float(line.value) > 300 and line.rate for line in lines)
    return large and any(line.type == "s" for line in lines) and any(line.type == "g" for line in lines)


def test_three_lines_of_two_hundred_are_found_and_made_plain() -> None:
    assert len(HAYSTACK) == 200
    left, rounds = shrunk(HAYSTACK, has_three_types)
    assert left is not None
    assert {line.type: line.value for line in left} == {"c": "301", "s": "a", "g": "1"}
    assert sorted(line.name for line in left) == ["a", "b", "c"]
    assert rounds <= 11


def test_any_one_of_many_culprits_is_enough() -> None:
    left, _ = shrunk(HAYSTACK, lambda lines: any(float(line.value) > 500 for line in lines if line.type == "c"))
    assert left == (Line("a", "501"),)


def test_number_of_lines_is_reduced_to_what_a_fault_needs() -> None:
    left, _ = shrunk(HAYSTACK, lambda lines: sum(line.type == "c" for line in lines) >= 30, rounds=20)
    assert left is not None
    assert len(left) == 30


def test_what_does_not_fail_again_is_not_shrunk() -> None:
    assert shrunk(HAYSTACK, lambda lines: False) == (None, 1)


def test_candidate_that_failed_by_chance_is_given_up() -> None:
    tries: dict[Lines, int] = {}

    def fault(lines: Lines) -> bool:
        tries[lines] = tries.get(lines, 0) + 1
        return lines == HAYSTACK or (len(lines) < 50 and tries[lines] == 1)

    left, _ = shrunk(HAYSTACK, fault)
    assert left == HAYSTACK


def test_rounds_are_not_exceeded() -> None:
    for rounds in (1, 2, 3):
        left, taken = shrunk(HAYSTACK, has_three_types, rounds)
        assert taken == rounds
        assert left is not None
        assert has_three_types(left)


def test_result_is_well_behaved_and_never_less_plain() -> None:
    random = Random(3)
    for _ in range(20):
        lines = generate(random, ("c", "g", "ms", "s"), ("c", "ms"))
        left, _ = shrunk(lines, lambda some, last=lines[-1]: any(line.type == last.type for line in some))  # type: ignore[misc]  # a default binds the loop's value
        assert left is not None
        assert well_behaved(left)
        assert plainness(left) <= plainness(lines)
        assert len(left) == 1
