"""What becomes of a datagram is decided by the seed and its number, and comes out in the order that was decided."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statsd_conformance.relay.impairment import FARTHEST, Fate, Impairment, fate, told
from statsd_conformance.relay.under_way import PATIENCE, Leaving, UnderWay, let_through

MANY = 20_000
probabilities = st.sampled_from((0.0, 0.1, 0.5, 1.0))
impairments = st.builds(
    Impairment,
    seed=st.integers(),
    loss=probabilities,
    duplicate=probabilities,
    reorder=probabilities,
    truncate=probabilities,
)


def fates(impairment: Impairment, number: int = MANY) -> list[Fate]:
    return [fate(impairment, one) for one in range(1, number + 1)]


def test_a_seed_decides_as_it_did_in_every_version() -> None:
    bad = Impairment(seed=7, loss=0.3, duplicate=0.3, reorder=0.3, truncate=0.7)
    decided = [(len(one.delays), one.behind, round(one.share, 3)) for one in fates(bad, 8)]
    assert decided == [
        (1, 1, 1.0),
        (1, 0, 0.466),
        (0, 0, 1.0),
        (1, 8, 0.691),
        (0, 0, 1.0),
        (1, 4, 0.67),
        (0, 0, 1.0),
        (2, 0, 0.415),
    ]


@pytest.mark.parametrize(
    ("name", "befallen"),
    [
        ("loss", lambda one: not one.delays),
        ("duplicate", lambda one: len(one.delays) == 2),
        ("reorder", lambda one: one.behind > 0),
        ("truncate", lambda one: one.share < 1),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 1.0])
def test_as_many_datagrams_are_impaired_as_the_probability_says(
    name: str, befallen: Callable[[Fate], bool], probability: float
) -> None:
    impairment = Impairment(**{name: probability})  # type: ignore[arg-type]  # none of them is the seed
    share = sum(map(befallen, fates(impairment))) / MANY
    assert share == pytest.approx(probability, abs=0.01)


def test_every_number_of_later_ones_that_may_pass_occurs_alike() -> None:
    behind = [one.behind for one in fates(Impairment(reorder=1.0))]
    assert {number: behind.count(number) // 200 for number in sorted(set(behind))} == dict.fromkeys(
        range(1, FARTHEST + 1), MANY // FARTHEST // 200
    )


def test_what_is_lost_at_a_low_rate_is_lost_at_a_higher_one() -> None:
    low, high = (fates(Impairment(loss=loss), 1000) for loss in (0.1, 0.2))
    assert all(not after.delays for before, after in zip(low, high, strict=True) if not before.delays)


def test_loss_does_not_change_what_is_doubled() -> None:
    one, other = (fates(Impairment(loss=loss, duplicate=0.5), 1000) for loss in (0.0, 0.5))
    assert all(
        not after.delays or len(before.delays) == len(after.delays) for before, after in zip(one, other, strict=True)
    )


@pytest.mark.parametrize(
    ("delay", "jitter", "low", "high"), [(0.1, 0.0, 0.1, 0.1), (0.1, 0.05, 0.05, 0.15), (0, 1, 0, 1)]
)
def test_delays_are_spread_evenly_and_never_below_zero(delay: float, jitter: float, low: float, high: float) -> None:
    delays = sorted(one.delays[0] for one in fates(Impairment(delay=delay, jitter=jitter)))
    assert delays[0] == pytest.approx(low, abs=0.001)
    assert delays[-1] == pytest.approx(high, abs=0.001)
    assert delays[MANY // 2] == pytest.approx(delay, abs=0.01)


@given(st.binary(max_size=30), st.floats(0.000001, 0.999999))
def test_a_cut_leaves_a_byte_or_more_and_takes_one_or_more(datagram: bytes, share: float) -> None:
    left = Fate((0.0,), share=share).cut(datagram)
    assert datagram.startswith(left)
    assert left == datagram if len(datagram) < 2 else 1 <= len(left) < len(datagram)


def expected(impairment: Impairment, came: list[bytes]) -> list[tuple[int, bytes]]:
    """Return what comes out, worked out by sorting: behind the last that passes it, and in turn among such."""
    decided = [(number, fate(impairment, number)) for number in range(1, len(came) + 1)]
    order = sorted(decided, key=lambda one: (one[0] + one[1].behind, one[1].behind > 0, one[0]))
    # What waits for more than ever come has the same patience: it goes in turn.
    inside = [one for one in order if one[0] + one[1].behind <= len(came)]
    left = sorted(one for one in order if one not in inside)
    return [(number, fated.cut(came[number - 1])) for number, fated in inside + left for _ in fated.delays]


@given(impairments, st.lists(st.binary(max_size=4), max_size=40))
def test_what_comes_out_is_what_was_decided_of_what_came_in(impairment: Impairment, came: list[bytes]) -> None:
    out = let_through(impairment, came)
    assert [(one.number, one.payload) for one in out] == expected(impairment, came)
    assert [one.size for one in out] == [len(came[one.number - 1]) for one in out]


def leaving(path: UnderWay, now: float) -> list[int]:
    return [one.number for one in path.leave(now)]


def test_a_constant_delay_keeps_the_order() -> None:
    path = UnderWay(Impairment(delay=0.25))
    for number in range(4):
        path.come(b"a:1|c", number / 10)
    assert path.due == 0.25
    assert [leaving(path, now) for now in (0.2, 0.25, 0.5, 0.6)] == [[], [1], [2, 3], [4]]
    assert path.due is None


def test_a_delay_that_varies_puts_out_of_order_what_comes_close_together() -> None:
    path = UnderWay(Impairment(delay=0.5, jitter=0.5))
    delays = [path.come(b"a:1|c", 0.0).delays[0] for _ in range(20)]
    assert leaving(path, 1.0) == [number + 1 for number in sorted(range(20), key=lambda one: delays[one])]


def test_a_datagram_that_nobody_passes_leaves_when_its_patience_is_over() -> None:
    path = UnderWay(Impairment(reorder=1.0))
    path.come(b"a:1|c", 5.0)
    assert path.due == 5.0 + PATIENCE
    assert [leaving(path, now) for now in (5.0 + PATIENCE / 2, 5.0 + PATIENCE)] == [[], [1]]


def test_a_delay_begins_when_the_others_have_passed() -> None:
    path = UnderWay(Impairment(reorder=1.0, delay=0.25))
    path.come(b"a:1|c", 0.0)
    assert leaving(path, PATIENCE) == []
    assert path.due == PATIENCE + 0.25


def test_at_the_end_all_that_is_under_way_comes_out_in_turn() -> None:
    path = UnderWay(Impairment(seed=1, reorder=0.5, delay=0.25, duplicate=0.2))
    for number in range(12):
        path.come(b"%d" % number, number / 100)
    rest = path.end()
    assert sorted({one.number for one in rest}) == list(range(1, 13))
    assert Leaving(rest[0].number, 1, b"%d" % (rest[0].number - 1), 1) == rest[0]
    assert (path.end(), path.due) == ([], None)


@pytest.mark.parametrize(
    ("impairment", "options"),
    [
        (Impairment(), "--seed 0"),
        (
            Impairment(7, 0.1, 0.2, 0.3, 0.4, 0.05, 0.02),
            "--seed 7 --loss 0.1 --duplicate 0.2 --reorder 0.3 --truncate 0.4 --delay 0.05±0.02",
        ),
        (Impairment(-1, delay=1.5), "--seed -1 --delay 1.5"),
    ],
)
def test_an_impairment_is_told_as_options(impairment: Impairment, options: str) -> None:
    assert told(impairment) == options
