from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statsd_reference import read_options
from statsd_reference.timers import timer_statistics


def statistics(*values: float, count: float | None = None, bucket: bytes = b"a", **options: Any) -> dict[str, float]:
    """Return the statistics of one timer by name; each name comes once."""
    number = len(values) if count is None else count
    found = list(timer_statistics(bucket, values, number, read_options({"flushInterval": 1000, **options})))
    assert len(dict(found)) == len(found)
    return {name.decode(): value for name, value in found}


def test_one_value_is_every_statistic() -> None:
    assert statistics(7) == {
        **{"count": 1, "count_ps": 1, "lower": 7, "upper": 7, "sum": 7, "mean": 7, "median": 7, "std": 0},
        **{"sum_squares": 49, "count_90": 1, "upper_90": 7, "sum_90": 7, "mean_90": 7, "sum_squares_90": 49},
    }


def test_statistics_of_two_values() -> None:
    assert statistics(20, 10) == {
        **{"count": 2, "count_ps": 2, "lower": 10, "upper": 20, "sum": 30, "mean": 15, "median": 15, "std": 5},
        **{"sum_squares": 500, "count_90": 2, "upper_90": 20, "sum_90": 30, "mean_90": 15, "sum_squares_90": 500},
    }


def test_statistics_of_five_values() -> None:
    assert statistics(3, 1, 5, 2, 4) == {
        **{"count": 5, "count_ps": 5, "lower": 1, "upper": 5, "sum": 15, "mean": 3, "median": 3},
        **{"std": 1.4142135623730951, "sum_squares": 55},
        **{"count_90": 5, "upper_90": 5, "sum_90": 15, "mean_90": 3, "sum_squares_90": 55},
    }


def test_statistics_of_ten_values() -> None:
    assert statistics(10, 1, 9, 2, 8, 3, 7, 4, 6, 5) == {
        **{"count": 10, "count_ps": 10, "lower": 1, "upper": 10, "sum": 55, "mean": 5.5, "median": 5.5},
        **{"std": 2.8722813232690143, "sum_squares": 385},
        **{"count_90": 9, "upper_90": 9, "sum_90": 45, "mean_90": 5, "sum_squares_90": 285},
    }


def test_statistics_of_fifteen_values_at_several_thresholds() -> None:
    found = statistics(*range(1, 16), percentThreshold=[90, 50, -10, -50])
    expected = {
        **{"lower": 1, "upper": 15, "sum": 120, "mean": 8, "median": 8, "std": 4.320493798938574, "sum_squares": 1240},
        **{"count_90": 14, "upper_90": 14, "count_50": 8, "upper_50": 8, "mean_50": 4.5, "sum_50": 36},
        **{"count_top10": 2, "lower_top10": 14, "mean_top10": 14.5, "sum_top10": 29, "sum_squares_top10": 421},
        **{"count_top50": 8, "lower_top50": 8, "mean_top50": 11.5},
    }
    assert {name: found[name] for name in expected} == expected
    assert "upper_top10" not in found


def test_a_rate_scales_the_counts_and_nothing_else() -> None:
    assert statistics(10, 20, count=20) == {**statistics(10, 20), "count": 20, "count_ps": 20}


def test_counts_per_second_are_divided_by_the_interval() -> None:
    assert statistics(1, 2, count=6, flushInterval=3000)["count_ps"] == 2


def test_an_idle_timer_has_counts_alone() -> None:
    assert statistics(count=0) == {"count": 0, "count_ps": 0}


@pytest.mark.parametrize(
    ("percent", "suffix"),
    [(90, "90"), (99.9, "99_9"), (12.345, "12_345"), (100, "100"), (1e-7, "1etop7"), (-10, "top10"), (-0.5, "top0_5")],
)
def test_a_threshold_is_written_into_the_name(percent: float, suffix: str) -> None:
    assert f"count_{suffix}" in statistics(7, percentThreshold=percent)


@pytest.mark.parametrize(
    ("number", "percent", "rank"),
    [
        (2, 24.9, None),
        (2, 25, 1),
        (2, 74.9, 1),
        (2, 75, 2),
        (3, 50, 2),
        (10, 4, None),
        (10, 5, 1),
        (10, 94, 9),
        (10, 95, 10),
    ],
)
def test_the_rank_is_rounded_with_halves_up_and_rank_zero_publishes_nothing(
    number: int, percent: float, rank: int | None
) -> None:
    found = statistics(*range(number), percentThreshold=percent)
    label = f"count_{percent}".replace(".", "_")
    assert found.get(label) == rank
    assert (f"upper_{percent}".replace(".", "_") in found) == (rank is not None)


def test_one_value_is_its_own_percentile_however_low() -> None:
    assert statistics(7, percentThreshold=1)["upper_1"] == 7


@pytest.mark.parametrize("values", [(7,), (1, 2), (1, 2, 3, 4, 5)])
def test_a_top_that_holds_every_value_has_their_sums(values: tuple[float, ...]) -> None:
    found = statistics(*values, percentThreshold=-90)
    assert (found["count_top90"], found["lower_top90"]) == (len(values), values[0])
    assert (found["sum_top90"], found["mean_top90"]) == (found["sum"], found["mean"])
    assert found["sum_squares_top90"] == found["sum_squares"]


def test_a_threshold_given_twice_is_published_once() -> None:
    assert statistics(1, 2, percentThreshold=[90, 90.0, "90"]) == statistics(1, 2)


def test_no_threshold_publishes_no_percentile() -> None:
    assert "count_90" not in statistics(1, 2, percentThreshold=[])


@given(st.lists(st.floats(0, 1e150), min_size=1, max_size=20))
def test_the_order_of_arrival_does_not_matter(values: list[float]) -> None:
    assert statistics(*values) == statistics(*reversed(values)) == statistics(*sorted(values))


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20), st.integers(1, 100))
def test_a_percentile_is_the_greatest_of_the_values_it_counts(values: list[int], percent: int) -> None:
    found = statistics(*values, percentThreshold=percent)
    if (rank := found.get(f"count_{percent}")) is not None:
        lowest = sorted(values)[: int(rank)]
        assert found[f"upper_{percent}"] == lowest[-1]
        assert found[f"sum_{percent}"] == sum(lowest)
        assert found[f"sum_squares_{percent}"] == sum(value * value for value in lowest)


def test_huge_values_overflow_to_infinity_without_an_error() -> None:
    found = statistics(1e308, 1e308, percentThreshold=-40)
    assert (found["sum"], found["sum_squares"], found["upper"], found["median"]) == (inf, inf, 1e308, inf)


HISTOGRAM = [{"metric": "foo", "bins": []}, {"metric": "a", "bins": [5, 10.5, "inf"]}, {"metric": "", "bins": [1]}]


@pytest.mark.parametrize(
    ("bucket", "bins"),
    [
        (b"a", {"bin_5": 1, "bin_10_5": 2, "bin_inf": 2}),
        (b"x.ab", {"bin_5": 1, "bin_10_5": 2, "bin_inf": 2}),
        (b"foo.a", {}),
        (b"b", {"bin_1": 0}),
    ],
)
def test_the_first_histogram_whose_text_is_in_the_name_counts_half_open_bins(
    bucket: bytes, bins: dict[str, float]
) -> None:
    found = statistics(1, 5, 7, 10.5, 99, bucket=bucket, histogram=HISTOGRAM)
    shown = {name: value for name, value in found.items() if name.startswith("histogram.")}
    assert shown == {f"histogram.{name}": value for name, value in bins.items()}


def test_values_above_the_last_bin_are_in_none() -> None:
    assert statistics(1, 2, 3, histogram=[{"metric": "", "bins": [2]}])["histogram.bin_2"] == 1


@pytest.mark.parametrize(
    ("wanted", "names"),
    {
        ("mean",): {"mean"},
        ("count", "count_ps"): {"count", "count_ps"},
        ("upper_percent",): {"upper_90"},
        ("lower_percent", "sum_squares_percent"): {"lower_top10", "sum_squares_90", "sum_squares_top10"},
        ("histogram",): {"histogram.bin_5", "histogram.bin_inf"},
        ("upper_99_percent",): {"upper_99_9"},
        ("lower_top33_percent",): {"lower_top33_3"},
    }.items(),
    ids=lambda names: ",".join(sorted(names)),
)
def test_only_the_statistics_asked_for_are_published(wanted: tuple[str, ...], names: set[str]) -> None:
    published = statistics(
        *range(1, 11),
        calculatedTimerMetrics=wanted,
        percentThreshold=[90, 99.9, -10, -33.3],
        histogram=[{"metric": "", "bins": [5, "inf"]}],
    )
    assert set(published) == names
    assert statistics(count=0, calculatedTimerMetrics=["mean"]) == {}
