"""Recordings as cases: what is demanded of one, what the model makes of it, and what is said where a target differs."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from captured import pcap, udp4
from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import Snapshot, read_line
from statsd_conformance.profile import Profile, load_profile
from statsd_conformance.replayed.agreeing import agree
from statsd_conformance.replayed.compared import Comparison, Played, compared
from statsd_conformance.replayed.demands import demands_of
from statsd_conformance.replayed.modelled import modelled
from statsd_conformance.replayed.published import came, published
from statsd_conformance.replayed.recorded import Recording, dialect_of, payloads_of, renamed, windows_of
from statsd_conformance.requirement import MAY, MUST, SHOULD, Inconclusive, Level, Unsupported, unmet_shoulds
from statsd_conformance.target import InProcess
from statsd_reference import Options, Server, make_server
from trials import right
from wrong_servers import WRONG

REFERENCE: Final = load_profile("reference")
TOKEN: Final = b"qtest00001"
OWN: Final = TOKEN + b"."


def recorded(folder: Path, *payloads: bytes, dialect: str = "", own: bool = True) -> Recording:
    """Return a recording of these datagrams."""
    path = folder / "traffic.pcap"
    path.write_bytes(pcap([udp4(payload) for payload in payloads]))
    return Recording("traffic.pcap", path, dialect, own=own)


def in_process(
    plant: Callable[[Server], Server] = right, profile: Profile = REFERENCE, interval: int = 100
) -> InProcess:
    return InProcess(plant(make_server(Options(flush_interval=interval))), profile)


# ------------------------------------------------------------------------------------------------------- recordings


def test_datagram_that_a_prefix_makes_longer_is_cut_at_the_end_of_a_line() -> None:
    payload = b"\n".join([b"abcdefgh:1|c"] * 60)
    parts = renamed([payload], b"prefix.")
    assert [len(part) for part in parts] == [len(payload), 419] == [779, 419]
    assert b"\n".join(parts) == payload.replace(b"abc", b"prefix.abc")


def test_short_datagram_may_grow_up_to_what_everybody_reads() -> None:
    assert renamed([b"a:1|c\n\nb:1|c\n", b"", b"x" * 600], b"p.") == [b"p.a:1|c\n\np.b:1|c\n", b"", b"p." + b"x" * 600]


def test_line_that_does_not_fit_goes_alone() -> None:
    long = b"n" * 600 + b":1|c"
    assert renamed([long + b"\na:1|c"], b"p.") == [b"p." + long, b"p.a:1|c"]


def test_windows_hold_all_in_order() -> None:
    assert [list(one) for one in windows_of([b"1", b"2", b"3"], 2)] == [[b"1", b"2"], [b"3"]]
    assert windows_of([], 2) == [()]


@pytest.mark.parametrize(
    ("payloads", "dialect"),
    [
        ([b"a:1|c", b"b:2|g"], "etsy"),
        ([b"a:1|c|@0.1|#env:x,b\nc:1|c"], "dogstatsd"),
        ([b"a,env=x:1|c", b"b:1|c|#k:v", b"c,k=v:1|c"], "influx"),
        ([b"a[env=x,k=v]:1|c"], "signalfx"),
    ],
    ids=["etsy", "dogstatsd", "influx", "signalfx"],
)
def test_dialect_is_that_of_most_lines_with_tags(payloads: list[bytes], dialect: str) -> None:
    assert dialect_of(payloads) == dialect


def test_text_is_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes(b"a:1|c\nb:2|g")
    assert payloads_of(Recording("lines.txt", path)) == [b"a:1|c\n", b"b:2|g\n"]


# ---------------------------------------------------------------------------------------------------------- demands

DEMANDED: Final = {
    "counter": b"a:1|c",
    "sampled counter": b"a:1|c|@0.1",
    "time": b"a:1.25|ms",
    "sampled time": b"a:12|ms|@0.5",
    "gauge": b"a:5|g\na:+2|g\na:-7|g",
    "member": b"a:alice|s",
    "beside an odd line": b"a:1|c\nab:x|c",
}
NOT_DEMANDED: Final = {
    "fraction of a count": b"a:1.5|c",
    "negative count": b"a:-1|c",
    "rate that does not divide": b"a:1|c|@0.3",
    "change of an unknown gauge": b"a:+2|g",
    "gauge below zero": b"a:5|g\na:-7|g",
    "sampled gauge": b"a:5|g|@0.1",
    "two types": b"a:1|c\na:2|ms",
    "carriage return": b"a:1|c\r",
    "type of another dialect": b"a:1|h",
    "name that another may mean": b"a:1|c\na b:1|c",
    "name that cleaning makes of another": b"ab:1|c\na$b:1|c",
    "name in two parts": b"a_b:1|c\na b:1|c",
    "name too long for some": b"n" * 101 + b":1|c",
    "tags": b"a:1|c|#k:v",
}


@pytest.mark.parametrize("datagram", DEMANDED.values(), ids=DEMANDED)
def test_what_nobody_argues_about_is_demanded(datagram: bytes) -> None:
    assert demands_of([datagram], "etsy", REFERENCE).levels == {b"a": MUST}


@pytest.mark.parametrize("datagram", NOT_DEMANDED.values(), ids=NOT_DEMANDED)
def test_what_servers_read_in_several_ways_is_not_demanded(datagram: bytes) -> None:
    assert not demands_of([datagram], "etsy", REFERENCE).levels


def test_what_stood_in_a_large_datagram_should_be_read() -> None:
    large = b"a:1|c\n" + b"b:1|c\n" * 300
    assert demands_of([large, b"c:1|c"], "etsy", REFERENCE).levels == {b"a": SHOULD, b"b": SHOULD, b"c": MUST}


@pytest.mark.parametrize(
    ("dialect", "line", "series"),
    [
        ("dogstatsd", b"a:1|c|@0.5|#k:v,j:w", b"a;j=w;k=v"),
        ("influx", b"a,k=v,j=w:1|c", b"a;j=w;k=v"),
        ("signalfx", b"a[k=v]:1|c", b"a;k=v"),
    ],
    ids=["dogstatsd", "influx", "signalfx"],
)
def test_series_with_tags_is_demanded_in_its_dialect(dialect: str, line: bytes, series: bytes) -> None:
    assert demands_of([line], dialect, REFERENCE).levels == {series: MUST}
    assert list(modelled([[OWN + line]], dialect, 1.0, TOKEN).counters) == [OWN + series]


def test_events_are_no_odd_lines_of_dogstatsd() -> None:
    assert demands_of([b"_e{1,1}:t|x\na:1|c"], "dogstatsd", REFERENCE).plain
    assert not demands_of([b"_e{1,1}:t|x\na:1|c"], "etsy", REFERENCE).plain


def test_distribution_is_demanded_of_those_who_claim_it() -> None:
    claiming = replace(REFERENCE, extensions=("dogstatsd", "d"))
    assert demands_of([b"a:1|d"], "dogstatsd", claiming).levels == {b"a": MUST}
    assert not demands_of([b"a:1|d"], "dogstatsd", REFERENCE).levels
    # What has no unit may be seconds to one who publishes seconds.
    assert not demands_of([b"a:1|d"], "dogstatsd", replace(claiming, timer_unit_ms=1000)).levels


@pytest.mark.parametrize("type", [b"ms", b"h", b"d"])
@pytest.mark.parametrize(("dialect", "name"), [("dogstatsd", b"a"), ("influx", b"a,k=v"), ("signalfx", b"a[k=v]")])
def test_model_reads_what_may_be_demanded_of_a_dialect(dialect: str, name: bytes, type: bytes) -> None:
    line = name + b":3|" + type
    demands = demands_of([line], dialect, replace(REFERENCE, extensions=(dialect, "d"), types=(*REFERENCE.types, "h")))
    assert [OWN + series for series in demands.levels] == list(modelled([[OWN + line]], dialect, 0.1, TOKEN).timers)
    assert demands.levels


def test_change_of_a_gauge_is_not_demanded_of_those_who_forget_it() -> None:
    forgetful = replace(REFERENCE, extensions=("deleteGauges",))
    assert demands_of([b"a:5|g\na:+2|g\nb:5|g"], "etsy", forgetful).levels == {b"b": MUST}


# --------------------------------------------------------------------------------------------------- windows, flushes


def flushed(*snapshots: bytes, profile: Profile = REFERENCE) -> Flushed:
    """Return what a window came to: a snapshot for each argument, lines of Graphite without a timestamp."""
    read = [tuple(read_line(line + b" 1") for line in one.split(b"\n")) for one in snapshots]
    return Flushed(profile, 1.0, TOKEN, tuple(Snapshot(lines, 0.0, 0.0) for lines in read))


def comparison(windows: Sequence[Sequence[bytes]], flushes: Sequence[Flushed]) -> Comparison:
    """Return how flushes, one a window, agree with the model of what was sent in these windows."""
    sent = [[line.replace(b"\n", b"\n" + OWN) for line in [OWN + one for one in window]] for window in windows]
    profile = flushes[0].profile
    model = modelled(sent, "etsy", 1.0, TOKEN)
    demands = demands_of([one for window in sent for one in window], "etsy", profile)
    found = published([came(one) for one in flushes], profile, TOKEN, model.kinds())
    return compared(Played("r", "etsy", TOKEN), model, found, demands, profile)


def differing(windows: Sequence[Sequence[bytes]], *flushes: Flushed) -> list[tuple[str, float, float | None]]:
    found = comparison(windows, flushes).differences
    return [(one.what, one.model, one.published) for one in found]


WHOLE: Final = b"stats.sets.qtest00001.u.count 3"


@pytest.mark.parametrize(
    ("snapshots", "differs"),
    [
        ([WHOLE], False),
        ([b"stats.sets.qtest00001.u.count 2", b"stats.sets.qtest00001.u.count 2"], False),
        ([b"stats.sets.qtest00001.u.count 2", b"stats.sets.qtest00001.u.count 0"], True),
        ([b"stats.sets.qtest00001.u.count 4"], True),
        ([b"stats.sets.qtest00001.u.count 4", b"stats.sets.qtest00001.u.count 1"], True),
    ],
    ids=["whole", "in two parts", "less than all parts may be", "more", "a part that is more"],
)
def test_set_may_come_in_parts_where_a_flush_falls_into_a_window(snapshots: list[bytes], differs: bool) -> None:
    assert bool(differing([[b"u:a|s", b"u:b|s\nu:c|s\nu:a|s"]], flushed(*snapshots))) is differs


@pytest.mark.parametrize(("counted", "level"), [(102, SHOULD), (103, MUST), (97, MUST)])
def test_large_set_must_be_counted_about_right(counted: int, level: Level) -> None:
    hundred = [b"u:m%d|s" % number for number in range(100)]
    [found] = comparison([hundred], [flushed(b"stats.sets.qtest00001.u.count %d" % counted)]).differences
    assert found.level is level


def test_set_is_counted_anew_in_each_window() -> None:
    again = [[b"u:a|s"], [b"u:a|s\nu:b|s"]]
    one, two = (flushed(b"stats.sets.qtest00001.u.count %d" % number) for number in (1, 2))
    assert not differing(again, one, two)
    assert differing(again, one, one) == [("members", 3.0, 2.0)]


def times(lower: float, upper: float, mean: float, count: int) -> bytes:
    statistics = {"lower": lower, "upper": upper, "mean": mean, "sum": mean * count, "count": count}
    return b"\n".join(b"stats.timers.qtest00001.t.%b %r" % (name.encode(), value) for name, value in statistics.items())


FIVE: Final = replace(REFERENCE, statistics={name: name for name in ("lower", "upper", "mean", "sum", "count")})


@pytest.mark.parametrize(
    ("snapshots", "wrong"),
    [
        ([times(10, 40, 25, 4)], []),
        ([times(10, 20, 15, 2), times(30, 40, 35, 2)], []),
        ([times(10, 20, 15, 2), times(0, 0, 0, 0)], ["upper", "sum", "count", "mean"]),
        ([times(10, 40, 30, 4)], ["mean", "sum"]),
        ([times(10, 20, 15, 2), times(40, 40, 40, 1)], ["sum", "count"]),
    ],
    ids=["whole", "in two parts", "half lost", "mean", "one lost of the second part"],
)
def test_times_add_up_over_the_parts_of_a_window(snapshots: list[bytes], wrong: list[str]) -> None:
    found = differing([[b"t:10|ms\nt:20|ms", b"t:30|ms\nt:40|ms"]], flushed(*snapshots, profile=FIVE))
    assert sorted(what for what, _, _ in found) == sorted(wrong)


def test_of_sampled_times_the_count_is_demanded_and_no_sum() -> None:
    found = comparison([[b"t:10|ms|@0.5\nt:20|ms|@0.5"]], [flushed(times(10, 20, 30, 2), profile=FIVE)])
    assert {one.what: one.level for one in found.differences} == {"count": MUST, "mean": MAY, "sum": MAY}


@pytest.mark.parametrize(("printed", "differs"), [(41.67, False), (41.66, False), (41.65, True)])
def test_statistic_may_be_printed_to_hundredths_of_a_millisecond(printed: float, differs: bool) -> None:
    mean = replace(FIVE, statistics={"mean": "mean"})
    came = flushed(b"stats.timers.qtest00001.t.mean %r" % printed, profile=mean)
    assert bool(differing([[b"t:41.66|ms\nt:41.67|ms"]], came)) is differs


def test_time_of_zero_is_no_idle_interval() -> None:
    uncounted = replace(FIVE, statistics={"lower": "lower", "upper": "upper"})
    assert not differing([[b"t:0|ms"]], flushed(times(0, 0, 0, 1), profile=uncounted))


def test_what_is_kept_of_a_flush_keeps_its_time() -> None:
    window = Flushed(REFERENCE, 1.0, TOKEN, (Snapshot((), 0.0, 1000.5), Snapshot((), 0.0, 1001.5)))
    assert came(window).read(REFERENCE, TOKEN).snapshots[0].wall_clock == 1000.5


def test_counter_that_comes_again_is_seen() -> None:
    twice = flushed(b"stats_counts.qtest00001.a 2")
    assert differing([[b"a:2|c"], [b"b:1|c"]], twice, twice)[0] == ("count", 2.0, 4.0)


def test_gauge_is_what_it_stands_at_in_the_end() -> None:
    windows = [[b"g:5|g"], [b"g:+2|g"]]
    five, seven = (flushed(b"stats.gauges.qtest00001.g %d" % number) for number in (5, 7))
    assert not differing(windows, five, seven)
    assert differing(windows, five, five) == [("value", 7.0, 5.0)]


def test_path_that_nobody_asked_for_is_a_difference_where_all_lines_are_plain() -> None:
    came = flushed(b"stats_counts.qtest00001.a 1\nstats_counts.qtest00001.ghost 1")
    [stray] = comparison([[b"a:1|c"]], [came]).differences
    assert (stray.series, stray.level) == (b"stats_counts.ghost", MUST)
    [stray] = comparison([[b"a:1|c\nb:|c"]], [came]).differences
    assert stray.level is not MUST


def test_statistic_that_no_profile_names_is_no_path_that_nobody_asked_for() -> None:
    came = flushed(times(5, 5, 5, 1) + b"\nstats.timers.qtest00001.t.p99.9 5", profile=FIVE)
    assert not differing([[b"t:5|ms"]], came)


def test_kinds_with_one_path_are_told_apart_by_what_was_sent() -> None:
    profile = replace(REFERENCE, paths={"counter": "{bucket}", "gauge": "{bucket}"})
    came = flushed(b"qtest00001.a 2\nqtest00001.g 5", profile=profile)
    assert not differing([[b"a:2|c\ng:5|g"]], came)


def test_series_with_one_path_are_not_compared() -> None:
    profile = replace(REFERENCE, dot="_", paths={"counter": "{bucket}"})
    found = comparison([[b"a.b:2|c\na_b:3|c"]], [flushed(b"qtest00001_a_b 5", profile=profile)])
    assert (found.numbers, found.unseen) == (0, (b"a.b", b"a_b"))


def test_name_in_other_letters_is_found_and_told() -> None:
    found = comparison([[b"Web-Hits:2|c"]], [flushed(b"stats_counts.qtest00001.web_hits 2")])
    assert not found.differences
    assert found.renamed == {b"Web-Hits": b"stats_counts.qtest00001.web_hits"}


def test_rates_are_counts_where_a_target_has_no_others() -> None:
    profile = replace(REFERENCE, paths={"rate": "{bucket}.rate"})
    assert not differing([[b"a:3|c"]], flushed(b"qtest00001.a.rate 3", profile=profile))
    assert differing([[b"a:3|c"]], flushed(b"qtest00001.a.rate 2", profile=profile)) == [("count", 3.0, 2.0)]


# ------------------------------------------------------------------------------------------------------------- cases

TRAFFIC: Final = [b"web.hits:1|c\nweb.load:%d|g\nweb.user:u%d|s\nweb.time:%d|ms" % (n, n % 7, n) for n in range(1100)]


def test_long_recording_goes_out_in_windows_and_agrees(tmp_path: Path) -> None:
    target = in_process()
    said = asyncio.run(agree(target, recorded(tmp_path, *TRAFFIC)))
    assert said.startswith("16 numbers of 4 series compared, of 4,400 lines in 1,100 datagrams; 8 of them demanded")
    # Two to begin behind a flush and know the interval; those of the two windows were too much to keep.
    assert len(target.trace.flushes) == 2
    assert target.trace.measured[0].what == "replay of traffic.pcap"


def test_short_recording_leaves_its_flush_to_cases_that_count_all_series(tmp_path: Path) -> None:
    target = in_process()
    asyncio.run(agree(target, recorded(tmp_path, b"a:1|c")))
    assert [line.path.rpartition(b".")[2] for line in target.trace.published()] == [b"a", b"a"]


def test_failure_says_what_was_published_what_is_required_and_what_was_sent(tmp_path: Path) -> None:
    names = [b"a%d.%s:%d|c" % (n % 60, b"load", n) for n in range(120)]
    target = in_process(WRONG["REPLAY-01"])
    with pytest.raises(AssertionError) as failure:
        asyncio.run(agree(target, recorded(tmp_path, *names, b"x:1|ms", *(b"g%d:1|g" % n for n in range(60)))))
    first, *_, last = str(failure.value).split("\n")
    token = target.token.decode()
    path = f"stats.gauges.{token}.g36"
    assert first == f"{path} came to nothing, required is 1 as the value of g36; sent g36:1|g: 1 line in 1 datagram"
    assert last.endswith("of 181 lines in 181 datagrams; 125 of them demanded")
    assert all(line.path.startswith(b"stats.gauges.") for line in target.trace.published())


def test_target_without_the_dialect_is_not_asked(tmp_path: Path) -> None:
    tagged = recorded(tmp_path, b"a:1|c|#k:v\nb:1|c", dialect="dogstatsd", own=False)
    with pytest.raises(Unsupported, match="does not say dogstatsd"):
        asyncio.run(agree(in_process(), tagged))


def test_plain_lines_of_a_users_recording_are_judged_whatever_its_dialect(tmp_path: Path) -> None:
    said = asyncio.run(agree(in_process(), recorded(tmp_path, b"a,k=v:1|c\nb:1|c")))
    assert said.endswith("; 1 of them demanded")


def test_types_that_a_target_has_not_are_left_out_and_counted(tmp_path: Path) -> None:
    without = replace(REFERENCE, types=("c", "g", "ms"))
    said = asyncio.run(agree(in_process(profile=without), recorded(tmp_path, b"a:1|c\nu:a|s")))
    assert said.endswith("; not compared: 1 series of type s, which the profile 'reference' does not have")
    with pytest.raises(Unsupported, match="0 numbers of 0 series"):
        asyncio.run(agree(in_process(profile=without), recorded(tmp_path, b"u:a|s")))


def test_recording_of_nothing_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Inconclusive, match="the model makes nothing of it"):
        asyncio.run(agree(in_process(), recorded(tmp_path, b"# a text\nand more of it")))


def test_loss_in_a_large_datagram_is_a_should(tmp_path: Path) -> None:
    def cut(server: Server) -> Server:
        return replace(server, make_receive=lambda: lambda datagram: (datagram[:1500],))

    large = b"\n".join(b"size.name%03d:1|c" % number for number in range(120))
    with unmet_shoulds() as unmet:
        asyncio.run(agree(in_process(cut), recorded(tmp_path, large)))
    assert "came to nothing, required is 1 as the count of size.name" in str(unmet[0])
