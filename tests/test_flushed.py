import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from statsd_conformance.flushed import Flushed, about
from statsd_conformance.graphite import Snapshot, read_line
from statsd_conformance.profile import Profile, load_profile

TOKEN = b"qlocal0001"
A, B = TOKEN + b".a", TOKEN + b".b"
PROFILE = load_profile("reference")


def flushed(*snapshots: Sequence[bytes], profile: Profile = PROFILE, interval: float = 2.0) -> Flushed:
    """Return what was flushed: for each argument a snapshot of lines `path value`."""
    read = (tuple(read_line(line + b" 100") for line in lines) for lines in snapshots)
    return Flushed(profile, interval, TOKEN, tuple(Snapshot(lines, 0.0, 0.0) for lines in read))


def test_count_is_summed_over_the_snapshots() -> None:
    both = flushed([b"stats_counts." + A + b" 3", b"stats." + A + b" 1.5"], [b"stats_counts." + A + b" 4"])
    assert both.count(A) == 7
    assert both.counts(A) == [3, 4]
    assert both.rates(A) == [1.5]


def test_count_comes_from_the_rate_where_no_count_is_published() -> None:
    only_rates = replace(PROFILE, paths={"rate": "stats.{bucket}"})
    flushes = flushed([b"stats." + A + b" 1.5"], [b"stats." + A + b" 0"], profile=only_rates)
    assert flushes.count(A) == 3
    assert flushes.counts(A) == [3, 0]


@pytest.mark.parametrize(
    ("rates", "count"),
    [
        ((b"1.4999998", b"0"), 3),
        ((b"1.0000019", b"0.4999977"), 3),
        ((b"1.4", b"0"), 2.8),
        ((b"50000.25", b"0"), 100000.5),
        ((b"0.00000005", b"0"), 1e-7),
        ((b"inf", b"0"), math.inf),
    ],
    ids=["cut", "spread", "fraction", "fraction-of-many", "tiny", "infinite"],
)
def test_count_made_of_cut_rates_is_whole(rates: tuple[bytes, bytes], count: float) -> None:
    only_rates = replace(PROFILE, paths={"rate": "stats.{bucket}"})
    assert flushed(*([b"stats." + A + b" " + rate] for rate in rates), profile=only_rates).count(A) == count


def test_gauge_is_the_last_value_and_gauges_are_all() -> None:
    flushes = flushed([b"stats.gauges." + A + b" 5"], [b"stats.gauges." + A + b" -7"])
    assert flushes.gauge(A) == -7
    assert flushes.gauges(A) == [5, -7]


def test_members_of_a_set_are_counted() -> None:
    assert flushed([b"stats.sets." + A + b".count 3"]).members(A) == 3


def test_timer_is_read_by_the_name_of_its_statistic() -> None:
    flushes = flushed([b"stats.timers." + A + b".mean 12.5", b"stats.timers." + A + b".count 4"])
    assert (flushes.timer(A, "mean"), flushes.timer(A, "count")) == (12.5, 4)


def test_timer_in_seconds_is_given_in_milliseconds_and_its_count_is_not() -> None:
    seconds = replace(PROFILE, timer_unit_ms=1000.0)
    flushes = flushed([b"stats.timers." + A + b".mean 0.25", b"stats.timers." + A + b".count 4"], profile=seconds)
    assert (flushes.timer(A, "mean"), flushes.timer(A, "count")) == (250, 4)


@pytest.mark.parametrize("read", ["count", "gauge", "members"])
def test_value_never_published_fails_in_words(read: str) -> None:
    flushes = flushed([b"stats.gauges." + B + b" 5"])
    with pytest.raises(AssertionError, match=r"no number was published as stats.*; published: stats\.gauges\.\w+\.b 5"):
        getattr(flushes, read)(A)


def test_statistic_that_the_profile_lacks_fails_in_words() -> None:
    with pytest.raises(AssertionError, match="not in the profile"):
        flushed().timer(A, "p999")


def test_value_that_is_no_number_counts_as_not_published() -> None:
    flushes = flushed([b"stats.gauges." + A + b" [Function]"])
    assert flushes.gauges(A) == []
    assert flushes.texts("gauge", A) == [b"[Function]"]
    with pytest.raises(AssertionError):
        flushes.gauge(A)


def test_value_that_is_not_finite_is_given_as_it_is() -> None:
    assert math.isnan(flushed([b"stats.gauges." + A + b" nan"]).gauge(A))


def test_kinds_are_those_a_bucket_was_published_as() -> None:
    flushes = flushed([b"stats." + A + b" 1", b"stats_counts." + A + b" 1", b"stats.timers." + B + b".mean 1"])
    assert flushes.kinds(A) == {"rate", "counter"}
    assert flushes.kinds(B) == {"timer"}
    assert flushes.has(A)
    assert not flushes.has(TOKEN + b".c")


def test_path_with_the_prefix_and_no_bucket_is_a_stray() -> None:
    flushes = flushed([b"stats." + A + b" 1", b"stats." + A + b"x 1", b"stats.other 1", b"stats." + A.upper() + b" 1"])
    assert flushes.strays(A) == sorted([b"stats." + A + b"x", b"stats." + A.upper()])
    assert flushes.strays(A, A + b"x", A.upper()) == []


def test_any_prefix_stands_for_a_star() -> None:
    starred = replace(PROFILE, paths={"counter": "*.statsd.count-{bucket}"})
    flushes = flushed([b"host.statsd.count-" + A + b" 3", b"host.statsd.count-" + A + b"x 5"], profile=starred)
    assert flushes.count(A) == 3
    assert flushes.strays(A) == [b"host.statsd.count-" + A + b"x"]


def test_tags_stay_behind_the_path() -> None:
    assert flushed([b"stats_counts." + A + b";k=v 3"]).count(A + b";k=v") == 3


def test_tags_of_a_bucket_are_those_behind_its_path() -> None:
    flushes = flushed(
        [b"stats_counts." + A + b";k=v;l=w 3", b"stats." + A + b";h=u 3", b"stats_counts." + B + b";m=1 1"],
        [b"stats_counts." + A + b" 5", b"stats_counts." + A + b"x;n=1 1", b"my.stats_counts." + A + b";o=1 1"],
        [b"stats_counts." + A + b";k=v;l=w 4"],
    )
    assert flushes.tags(A) == [b";k=v;l=w", b""]
    assert [flushes.count(A + tags) for tags in flushes.tags(A)] == [7, 5]
    assert flushes.tags(TOKEN + b".c") == flushes.tags(A, "gauge") == flushes.tags(A, "timer") == []


def test_tags_are_found_behind_any_prefix_and_behind_rates() -> None:
    starred = replace(PROFILE, paths={"rate": "*.statsd.derive-{bucket}"})
    assert flushed([b"h.statsd.derive-" + A + b";k=v 3"], profile=starred).tags(A) == [b";k=v"]


def test_label_that_tells_a_statistic_is_no_tag() -> None:
    paths = {"counter": "{bucket}", "timer": "{bucket}{statistic}"}
    labelled = replace(PROFILE, paths=paths, statistics={"median": ";quantile=0.5"})
    summary = flushed([A + b";quantile=0.5;k=v 7", A + b";quantile=0.9;k=v 9"], profile=labelled)
    assert summary.tags(A, "timer") == [b";k=v"]
    assert summary.timer(A + b";k=v", "median") == 7


def test_lines_are_everybodys_and_own_are_the_cases() -> None:
    flushes = flushed([b"stats." + A + b" 1", b"stats.other 2"])
    assert len(flushes.lines) == 2
    assert [line.path for line in flushes.own] == [b"stats." + A]


def test_summary_shows_how_each_path_changed_and_escapes() -> None:
    idle = [b"stats." + B + b" 0"]
    flushes = flushed([b"stats." + B + b" 3", b"stats." + A + b"\xff 1"], idle, idle)
    assert flushes.summary() == r"stats.qlocal0001.a\xff 1, stats.qlocal0001.b 3 then 0"
    assert flushes.summary(b"stats." + B) == "stats.qlocal0001.b 3 then 0"
    assert flushed().summary() == "nothing"


def test_errors_are_summed_where_the_profile_knows_them() -> None:
    path = b"stats_counts.statsd.bad_lines_seen"
    assert flushed([path + b" 2"], [path + b" 1"]).errors() == 3
    assert flushed([path + b" 2"], profile=replace(PROFILE, errors="")).errors() is None


def test_number_is_about_another_where_only_the_last_digits_of_a_double_differ() -> None:
    assert about(0.3) == 0.1 + 0.2
    assert about(9.009) != 9
    assert about(3.14159265, 5e-6) == 3.1416


def test_idle_nan_of_a_timer_is_passed_over() -> None:
    mean = b"stats.timers." + A + b".mean "
    assert flushed([mean + b"12"], [mean + b"nan"]).timer(A, "mean") == 12
    assert math.isnan(flushed([mean + b"nan"]).timer(A, "mean"))


def test_timer_is_the_same_however_flushes_were_cut_into_snapshots() -> None:
    lower, mean = (b"stats.timers." + A + name for name in (b".lower ", b".mean "))
    first, busy, idle = ([lower + low, mean + high] for low, high in ((b"7", b"7"), (b"0", b"12"), (b"nan", b"nan")))
    for snapshots in ([first + busy + idle], [first, busy[:1], busy[1:] + idle], [first + busy[:1], busy[1:], idle]):
        assert (flushed(*snapshots).timer(A, "lower"), flushed(*snapshots).timer(A, "mean")) == (0, 12)


def test_idle_zeros_of_a_timer_are_passed_over() -> None:
    lower, mean = (b"stats.timers." + A + name for name in (b".lower ", b".mean "))
    busy, idle = [lower + b"0", mean + b"12"], [lower + b"0", mean + b"0"]
    assert flushed(busy, idle).timer(A, "mean") == 12
    assert flushed([lower + b"7", mean + b"7"], busy, idle).timer(A, "lower") == 0
    assert flushed(idle).timer(A, "mean") == 0


def test_one_time_is_read_from_what_is_published() -> None:
    lines = [b"stats.timers." + A + b".lower 7", b"stats.timers." + A + b".count 10"]
    few = replace(PROFILE, statistics={"count": "count", "lower": "lower"})
    assert flushed(lines, profile=few).time(A) == 7
    with pytest.raises(AssertionError, match=r"published as stats\.timers\.\w+\.a\.mean"):
        flushed(lines).time(A)


def test_long_summary_is_shortened() -> None:
    many = [b"stats." + TOKEN + b".%02d 1" % number for number in range(20)]
    assert flushed(many).summary().endswith(" and 12 more")


def test_summary_of_a_path_that_changes_often_is_shortened() -> None:
    flushes = flushed(*([b"stats." + A + b" %d" % number] for number in range(9)))
    assert flushes.summary() == "stats.qlocal0001.a 0 then 1 then 2 then 3 …"


def test_meter_is_read_from_its_rate_and_else_as_a_counter() -> None:
    own = replace(PROFILE, paths={**PROFILE.paths, "meter": "m.{bucket}"})
    assert flushed([b"m." + A + b" 3.5"], [b"m." + A + b" 0"], profile=own).metered(A) == 7
    assert flushed([b"stats_counts." + A + b" 7"]).metered(A) == 7


def test_strings_of_a_dictionary_are_counted_by_their_rates() -> None:
    own = replace(PROFILE, paths={"dictionary": "*.d.{bucket}"})
    lines = [b"h.d." + A + b".x 1", b"h.d." + A + b".y 0.5", b"h.d." + B + b".x 9", b"h.d." + A + b".z nothing"]
    assert flushed(lines, [b"h.d." + A + b".x 0.5"], profile=own).occurrences(A) == {b"x": 3, b"y": 1}
    assert flushed(lines).occurrences(A) == {}


def test_what_was_flushed_is_shown_in_a_few_words() -> None:
    assert repr(flushed([b"stats." + A + b" 3"])) == f"Flushed(stats.{A.decode()} 3)"
