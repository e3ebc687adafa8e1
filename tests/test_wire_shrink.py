"""Shrinking of scenarios: what is left of them, in how many rounds, and with how many starts."""

import asyncio
import re
from collections.abc import Callable, Sequence

import pytest

from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.pieces import kind_of, pieces_of, scenario_of
from statsd_fuzz.wire.scenario import PLACEHOLDER, STREAMED, Intervals, Scenario
from statsd_fuzz.wire.shrink import by_way, merged, shrunk
from statsd_fuzz.wire.traits import traits_of_line

Q = PLACEHOLDER
DIFFERS = Fault("counter-differs", "it is 1 and not 2")
DIES = Fault("dies", "its process has ended")
NOISE = tuple(b"\n".join(b"%b.n%d:%d|c" % (Q, number, line) for line in range(1, 6)) for number in range(40))


def scenario(*intervals: Sequence[bytes]) -> Scenario:
    return Scenario(tuple(map(tuple, intervals)))


def datagrams(intervals: Intervals) -> list[bytes]:
    return [one for some in intervals for one in some]


def in_rounds(given: Scenario, shows: Callable[[Intervals], bool]) -> tuple[Intervals | None, int]:
    """Return what is left of a scenario, and in how many rounds, where the judge tells what shows a fault."""
    asked = 0

    async def judge(scenarios: Sequence[Scenario]) -> list[Fault | None]:
        nonlocal asked
        asked += 1
        return [DIFFERS if shows(one.intervals) else None for one in scenarios]

    left = asyncio.run(shrunk(given, DIFFERS, judge))
    return left.intervals if left else None, asked


def with_starts(given: Scenario, kills: Callable[[list[bytes]], bool]) -> tuple[Intervals | None, int]:
    """Return what is left of a scenario, and how often the target had to be started again."""
    starts = 0

    async def judge(scenarios: Sequence[Scenario]) -> list[Fault | None]:
        nonlocal starts
        died = any(kills(datagrams(one.intervals)) for one in scenarios)
        starts += died
        return [DIES if died else None for _ in scenarios]

    left = asyncio.run(shrunk(given, DIES, judge))
    return left.intervals if left else None, starts


@pytest.mark.parametrize(
    "intervals",
    [((b"a:1|c",),), ((), (b"a:1|c\n", b"\n\nb:1|c", b""), ()), ((b"a:1|c",), (), (b"a:1|c", b"a:2|c"))],
    ids=["one datagram", "idle intervals and empty lines", "a gap"],
)
def test_scenario_comes_back_from_its_pieces(intervals: Intervals) -> None:
    assert scenario_of(pieces_of(Scenario(intervals)), Scenario(())).intervals == intervals


def test_one_line_among_two_hundred_is_left_of_two_intervals_and_made_plain() -> None:
    given = scenario(NOISE[:20], [*NOISE[20:], Q + b".requests.total:4711|c|@0.25|#a:b"])
    left, rounds = in_rounds(given, lambda all: any(b"|@" in one for one in datagrams(all)))
    assert left == ((Q + b".a:1|c|@0.1",),)
    assert rounds <= 14


def test_lines_get_nothing_special_that_they_had_not() -> None:
    tried: list[bytes] = []

    def shows(all: Intervals) -> bool:
        tried.extend(line for one in datagrams(all) for line in one.split(b"\n"))
        return True

    odd = [Q + b".abc.def:12.5|ms|@0.1", b"not a " + Q + b" line", Q + b".x|c"]
    in_rounds(scenario(odd), shows)
    assert len(set(tried)) > 20
    allowed = frozenset().union(*(traits_of_line(line, Q) for line in odd))
    assert {trait.words for line in tried for trait in traits_of_line(line, Q)} <= {one.words for one in allowed}


def test_odd_line_that_only_has_to_be_there_becomes_a_plain_one() -> None:
    left, _ = in_rounds(scenario([b"\0junk\n" + Q + b".a:5|c\n"]), lambda all: b"\n" in datagrams(all)[0][1:-1])
    assert left == ((Q + b".b:1|c\n" + Q + b".a:1|c",),) or left == ((Q + b".a:1|c\n" + Q + b".b:1|c",),)


def test_two_intervals_are_left_where_one_shows_nothing() -> None:
    given = scenario(NOISE[:3], [Q + b".g:10|g", *NOISE[3:6]], [Q + b".g:+5|g"], NOISE[6:9])
    left, _ = in_rounds(
        given,
        lambda all: (
            [b":10|g" in b"".join(one) for one in all] > [b"+5" in b"".join(one) for one in all]
            and any(b"+5" in b"".join(one) for one in all)
        ),
    )
    assert left is not None
    assert len(left) == 2


def test_idle_interval_behind_a_gauge_is_kept_where_it_is_needed() -> None:
    given = scenario([*NOISE[:4], Q + b".level:17.5|g"], [], [])
    left, _ = in_rounds(given, lambda all: len(all) > 1 and not all[-1] and any(b"|g" in one for one in all[0]))
    assert left == ((Q + b".a:1|g",), ())


def test_names_that_have_to_be_alike_get_shorter_together() -> None:
    def shows(all: Intervals) -> bool:
        names = [line.partition(b":")[0] for one in datagrams(all) for line in one.split(b"\n")]
        return any(len(one) > 64 and one[:-1] == other[:-1] and one != other for one in names for other in names)

    long = Q + b"." + b"n" * 180
    left, _ = in_rounds(scenario([*NOISE[:3], long + b"a:1|c\n" + long + b"b:1|c"]), shows)
    assert left is not None
    lines = b"\n".join(datagrams(left)).split(b"\n")
    assert len(lines) == 2
    assert max(map(len, lines)) < 64 + 12


def test_datagrams_are_not_joined_to_one_that_is_larger_than_any_was() -> None:
    sizes: list[int] = []

    def shows(all: Intervals) -> bool:
        sizes.extend(map(len, datagrams(all)))
        return sum(one.count(b"|c") for one in datagrams(all)) >= 50

    in_rounds(scenario(NOISE), shows)
    assert max(sizes) <= 512


def test_scenario_that_shows_nothing_again_is_given_up() -> None:
    assert in_rounds(scenario(NOISE), lambda all: False) == (None, 1)
    assert with_starts(scenario(NOISE), lambda all: False) == (None, 0)


def test_line_that_kills_is_found_with_few_starts() -> None:
    given = scenario([*NOISE, Q + b".x:1|c|@0\n" + Q + b".y:1|c", *NOISE])
    left, starts = with_starts(given, lambda all: any(re.search(rb"@0(?!\.)", one) for one in all))
    assert left == ((Q + b".a:1|c|@0",),)
    assert starts <= 24


def test_two_lines_that_kill_together_are_both_kept() -> None:
    given = scenario([*NOISE[:10], Q + b".a:1|c"], [*NOISE[10:], Q + b".a:1|g"])
    left, starts = with_starts(
        given,
        lambda all: b".a:" in b"".join(all) and {b"c", b"g"} <= set(re.findall(rb"\.a:[^|]*\|(.)", b"\n".join(all))),
    )
    assert left is not None
    assert sorted(line[-2:] for line in b"\n".join(datagrams(left)).split(b"\n")) == [b"|c", b"|g"]
    assert starts <= 24


def test_what_killed_by_what_came_before_is_not_taken_for_the_culprit() -> None:
    # Three bad datagrams in one life of the target, whoever sent them.
    lived: list[bytes] = []

    def kills(all: list[bytes]) -> bool:
        lived.extend(one for one in all if b"bad" in one)
        if len(lived) < 3:
            return False
        lived.clear()
        return True

    left, _ = with_starts(scenario([b"bad", *NOISE[:5], b"bad", *NOISE[5:9], b"bad"]), kills)
    assert left is not None
    assert sum(b"bad" in one for one in datagrams(left)) == 3


def test_no_more_starts_than_allowed() -> None:
    for most in (1, 3, 5):
        starts = 0

        async def judge(scenarios: Sequence[Scenario]) -> list[Fault | None]:
            nonlocal starts
            starts += 1
            return [DIES for _ in scenarios]

        assert asyncio.run(shrunk(scenario(NOISE[:4]), DIES, judge, starts=most)) is not None
        assert starts == most


def test_scenarios_of_a_batch_become_one() -> None:
    one, two = scenario([b"a"], [b"b"]).renamed(b"q111111111"), scenario([Q + b".c:1|c"])
    assert merged([one, two]).intervals == ((b"a", Q + b".s1.c:1|c"), (b"b",))
    # A target may answer nothing before it was sent any.
    assert merged([]) == Scenario(())


def test_names_of_scenarios_that_become_one_stay_apart() -> None:
    (some,) = merged([scenario([Q + b".a:1|ms"]), scenario([Q + b".a:1|ms|@2"])]).intervals
    assert len({one.partition(b":")[0] for one in some}) == 2


def test_datagram_of_the_largest_size_is_no_larger_when_scenarios_become_one() -> None:
    largest = scenario([(Q + b".a:1|c\n") * 3000])
    assert merged([largest, largest]).intervals == ((*largest.intervals[0], *largest.intervals[0]),)


def test_scenario_is_valid_while_it_sends_anything() -> None:
    given = scenario([b"a"])
    assert kind_of(given).valid(pieces_of(given))
    assert not kind_of(given).valid(pieces_of(scenario([], [])))


def test_of_lines_that_are_alike_many_go_in_a_round() -> None:
    left, rounds = in_rounds(scenario([Q + b".a:1|c"] * 13), lambda all: len(datagrams(all)) > 1)
    assert left == ((Q + b".a:1|c", Q + b".a:1|c"),)
    assert rounds < 12


def test_no_round_sends_more_at_a_time_than_a_target_takes() -> None:
    large = scenario([b"\n".join([Q + b".a:1|c"] * 600)])
    asked: list[int] = []

    async def judge(scenarios: Sequence[Scenario]) -> list[Fault | None]:
        asked.append(sum(one.size[1] for one in scenarios))
        return [DIFFERS if one.size[1] == large.size[1] else None for one in scenarios]

    assert asyncio.run(shrunk(large, DIFFERS, judge)) == large
    assert max(asked) <= 1 << 19
    assert sum(asked) < 1 << 23


def test_what_went_over_tcp_is_tried_apart_from_what_did_not() -> None:
    streamed = Scenario(((b"q000000000.b:1|c",),), features=frozenset((STREAMED, "plain")))
    plain = Scenario(((b"q000000000.a:1|c",),), features=frozenset(("plain",)))
    assert by_way([streamed, plain, plain]) == [merged([plain, plain]), merged([streamed])]
    assert by_way([streamed]) == [merged([streamed])]
