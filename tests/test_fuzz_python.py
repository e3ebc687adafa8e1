"""Python targets: how they are found and judged, and that right ones have no faults."""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statsd_conformance.profile import load_profile
from statsd_corpora import seeds
from statsd_fuzz.inprocess import Subject, TargetError, assert_sound, judge, load, subject_of
from statsd_fuzz.inprocess.generating import generated
from statsd_fuzz.inprocess.parsed import Parsed, Unread, samples_of
from statsd_fuzz.inprocess.published import Unreadable, lines_of
from statsd_fuzz.inprocess.reducing import reduced
from statsd_fuzz.inputs import dice, intervals_of, pieces, written
from statsd_fuzz.plain import plain_part
from statsd_fuzz.strategies import datagrams, traffic
from statsd_reference import Options, make_server

AGGREGATORS = ("Right", "AsTables", "AsPairs", "INSTANCE", "make", "of_one_datagram")
PARSERS = ("parse", "parse_to_objects", "count_lines")
INPUTS = st.one_of(
    datagrams(),
    traffic().map(written),
    st.binary(max_size=60),
    st.builds(generated, st.randoms(use_true_random=False), st.just(256)),
)


@cache
def subject(name: str) -> Subject:
    return subject_of(load(f"python:python_targets:{name}"))


def faults(name: str, data: bytes) -> list[str]:
    return [fault.name for fault in judge(subject(name), data)]


@pytest.mark.parametrize("name", [*AGGREGATORS, *PARSERS])
def test_a_right_target_has_no_faults_in_the_seeds(name: str) -> None:
    for corpus in ("intervals", "lines/good", "lines/bad"):
        for data in seeds(corpus).values():
            assert_sound(subject(name), data)


@pytest.mark.parametrize("name", ["Right", "AsTables", "of_one_datagram", "parse"])
@settings(max_examples=30)
@given(INPUTS)
def test_a_right_target_has_no_faults_in_generated_inputs(name: str, data: bytes) -> None:
    assert_sound(subject(name), data)


@pytest.mark.parametrize(
    ("name", "data", "fault"),
    [
        ("IgnoresRates", b"a:1|c|@0.5", "counter-differs"),
        ("ForgetsGauges", b"a:5|g\n==\na:-1|g", "gauge-differs"),
        ("TakesBareValues", b"ab:1", "refused-line-makes-a-counter"),
        ("LosesSets", b"a:x|s\nb:x|s", "set-missing"),
        ("RaisesOnNan", b"nan", "raises-keyerror-in-feed"),
        ("parse_strictly", b"a:1|c\nb", "raises-valueerror-in-parse-strictly"),
        ("parse_halves", b"a:60|c", "value-of-counter-differs"),
    ],
)
def test_a_fault_has_a_name_of_its_own_and_does_not_show_elsewhere(name: str, data: bytes, fault: str) -> None:
    assert fault in faults(name, data)
    assert faults(name, b"a:1|c\nb:2|g\nc:3|ms") == []
    assert faults("Right" if subject(name).make else "parse", data) == []


def test_a_sentence_tells_what_was_sent_what_is_required_and_what_came() -> None:
    [fault] = judge(subject("IgnoresRates"), b"a:1|c|@0.5")
    assert fault.sentence == "the flush has 1, required is 2 as the counter of 'a', which was sent a:1|c|@0.5"
    [later] = judge(subject("ForgetsGauges"), b"a:5|g\n==\na:-1|g")
    assert later.sentence == "interval 2 has -1, required is 4 as the gauge of 'a', which was sent a:5|g, a:-1|g"
    with pytest.raises(AssertionError, match="the flush has 1, required is 2"):
        assert_sound(subject("IgnoresRates"), b"a:1|c|@0.5")


def test_a_refusal_is_none_where_all_lines_are_plain() -> None:
    strict = subject_of(load("python:python_targets:parse_strictly"), refusals=["ValueError"])
    assert judge(strict, b"a:1|c\nb") == []
    raising = subject_of(load("python:python_targets:RaisesOnNan"), refusals=["LookupError"])
    assert judge(raising, b"a:nan|g\nb:1|c") == []
    assert [fault.name for fault in judge(raising, b"nan:1|c")] == ["raises-keyerror-in-feed"]


def test_a_bucket_of_the_name_of_an_own_counter_is_not_judged() -> None:
    assert faults("Right", b"statsd.bad_lines_seen:1|c\nx") == []
    assert faults("Right", b"statsd.bad_lines_seen") == []


def test_a_profile_says_how_names_are_spelled() -> None:
    given = subject_of(load("python:python_targets:IgnoresRates"), profile=load_profile("reference"))
    assert [fault.name for fault in judge(given, b"a:1|c|@0.5")] == ["counter-differs"]


@pytest.mark.parametrize(
    ("spelling", "message"),
    [
        ("python_targets:parse", "is no Python target: give python:package.module:name"),
        ("python:python_targets", "is no Python target"),
        ("python:there.is.none:x", "cannot import there.is.none: .*; is it installed here"),
        ("python:python_targets:x", "python_targets has no x"),
        ("python:python_targets:NOTHING", "what is of type int takes no datagram"),
        ("python:python_targets:Metric", "making one raises TypeError"),
        ("python:python_targets:dict", "has no dict"),
    ],
)
def test_what_is_no_target_is_refused_in_words(spelling: str, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        load(spelling)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("as_number", "raises ValueError.* when it is called with a counter"),
        ("Counting", "counts from its start on"),
        ("in_time", "gives a coroutine, which nobody waits for"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_words(name: str, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        subject(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "broken_target raises ZeroDivisionError"),
        ("raise SystemExit('no settings')", r"broken_target raises SystemExit\('no settings'\) when it is imported"),
        ("def x(:", r"broken_target is no Python: invalid syntax \(broken_target.py, line 1\)$"),
    ],
    ids=["raises", "exits", "no-python"],
)
def test_a_module_that_cannot_be_imported_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    (tmp_path / "broken_target.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(TargetError, match=message):
        load("python:broken_target:x")


def test_the_program_that_runs_is_no_package_of_the_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As multiprocessing does.
    (tmp_path / "renaming.py").write_text("import sys\nsys.modules['__mp_main__'] = sys\ndef parse(datagram): pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "__mp_main__", raising=False)
    assert load("python:renaming:parse").packages == ("renaming",)


def test_what_the_target_imports_guides_the_search_and_the_standard_library_does_not() -> None:
    assert load("python:python_targets:parse").packages == ("python_targets",)


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        (None, []),
        (b"a 1 2\nb 2 2\n", ["a 1 2", "b 2 2"]),
        ("a 1 2", ["a 1 2"]),
        (["a 1 2", b"b 2 2"], ["a 1 2", "b 2 2"]),
        ({"a": 1, b"b": {"c": "2.5"}}, ["a 1 0", "b.c 2.5 0"]),
        ([("a", 1), ("b", 2.5, 100), ("c", (100, 3))], ["a 1 0", "b 2.5 0", "c 3 0"]),
    ],
)
def test_a_flush_is_read_in_the_usual_shapes(result: object, lines: list[str]) -> None:
    assert list(map(str, lines_of(result))) == lines


@pytest.mark.parametrize("result", [5, {1: 2}, {"a": None}, [("a",)], [5], {"a": True}])
def test_a_flush_in_another_shape_is_refused(result: object) -> None:
    with pytest.raises(Unreadable):
        lines_of(result)


@pytest.mark.parametrize(
    ("result", "samples"),
    [
        (None, []),
        ([], []),
        (("a", 1, "c"), [Parsed(b"a", 1.0, "c")]),
        ([("a", "1", "counter", 0.5)], [Parsed(b"a", 1.0, "c", 0.5)]),
        ({"name": "a", "value": "07", "type": "s"}, [Parsed(b"a", b"07", "s")]),
        ([{"metric": b"a", "val": 2, "mtype": "ms"}], [Parsed(b"a", 2.0, "ms")]),
    ],
)
def test_samples_are_read_in_the_usual_shapes(result: object, samples: list[Parsed]) -> None:
    assert samples_of(result) == samples


@pytest.mark.parametrize("result", [5, "a:1|c", [5], ("a", "b"), {"name": "a"}, [("a", 1, "unknown")]])
def test_a_result_that_says_no_sample_is_not_read(result: object) -> None:
    with pytest.raises(Unread):
        samples_of(result)


def plain(data: bytes) -> list[Mapping[bytes, int]]:
    return [{name: len(lines) for name, lines in some.items()} for some in plain_part(intervals_of(data)).intervals]


@pytest.mark.parametrize(
    ("data", "judged"),
    [
        (b"a:1|c\nb:2|g\na:3|c", [{b"a": 2, b"b": 1}]),
        (b"a:1|c\n==\na:1|c", [{b"a": 1}, {b"a": 1}]),
        (b"a:1|c\na:2|g", [{b"a": 2}]),
        (b"a:+1|g", [{}]),
        (b"a:5|g\n==\na:+1|g", [{b"a": 1}, {b"a": 1}]),
        (b"a:1|c\na!:2|c\nb:1|c", [{b"b": 1}]),
        (b"ab:1|c\na!b:x|c", [{}]),
        (b"a:1|c|@0.3", [{b"a": 1}]),
        (b"a:1|c|@0.5", [{b"a": 1}]),
        (b"a:1|c|@0.01", [{b"a": 1}]),
        (b"a:1|ms|@0.3\nb:1|ms|@0.25", [{b"b": 1}]),
        (b"a:0|g\na:-5|g", [{b"a": 2}]),
        (b"a:007|c\nd:1e3|c\ne:1|ms\r", [{}]),
    ],
)
def test_only_buckets_about_which_nobody_argues_are_judged(data: bytes, judged: list[Mapping[bytes, int]]) -> None:
    assert plain(data) == judged


# What the core of the requirements says of lines, and of lines that come to nothing.
CORE = {
    "COUNTER-04": b"ab:-1|c",
    "COUNTER-05": b"ab:+1|c",
    "COUNTER-07": b"ab:1.5|c",
    "RATE-02": b"ab:1|c|@1.0",
    "RATE-03": b"ab:1|c|@.5",
    "RATE-04": b"ab:1|c|@0.3",
    "RATE-12": b"ab:1|g|@0.1",
    "RATE-13": b"ab:x|s|@0.1",
    "SET-08": b"ab:x|s|@0.1",
    "TIMER-07": b"ab:1|ms|@0.1",
    "GAUGE-04": b"ab:0|g\nab:-7|g",
    "COUNTER-12": b"ab:1|c\nab:5|g",
    "OUT-06": b"ab:0.0000001|g\nab:0.333333333|g",
}
REFUSED = {
    "LINE-02": (b"ab|c", b"ab|g"),
    "LINE-07": (b"ab:|c", b"ab:|ms"),
    "LINE-12": (b"ab:1|c|",),
    "LINE-13": (b"ab:1|c|x", b"ab:1|c|*0.5"),
    "NUM-03": (b"ab:--1|c", b"ab:+-5|g", b"ab:1,5|c", b"ab:1_000|c", b"ab:.|ms", b"ab:1gh|c", b"ab:1.2.3|g"),
    "NUM-05": (b"ab:nan|c", b"ab:NaN|g"),
    "RATE-07": (b"ab:1|c|@-0.5",),
    "RATE-08": (b"ab:1|c|@", b"ab:1|c|@xyz"),
    "TIMER-11": (b"ab:-1|ms", b"ab:-0.5|ms"),
}


@pytest.mark.parametrize(("id", "data"), CORE.items())
def test_what_the_core_demands_is_judged_unless_it_is_known_not_to_be_met(id: str, data: bytes) -> None:
    assert set(plain_part([[data]]).intervals[0]) == {b"ab"}
    assert plain_part([[data]], unmet={id}).intervals[0] == {}


@pytest.mark.parametrize(("id", "data"), [(id, data) for id, lines in REFUSED.items() for data in lines])
def test_what_the_core_refuses_has_to_come_to_nothing_unless_it_is_known_not_to(id: str, data: bytes) -> None:
    assert plain_part([[data]]).refused == {b"ab"}
    assert plain_part([[data]], unmet={id}).refused == set()


@pytest.mark.parametrize("data", [line for lines in REFUSED.values() for line in lines] + list(CORE.values()))
def test_model_says_the_same_of_what_the_core_demands_and_refuses(data: bytes) -> None:
    server = make_server(Options())
    flush, _ = server.flush(server.accumulate(server.first_window(), server.read(data)), 1)
    made = {name for kind in (flush.counters, flush.gauges, flush.sets, flush.timers) for name in kind}
    assert (b"ab" in made) is (data in CORE.values())


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (b"ab\ncd:1\nef:x|c\ngh:1|c|0.1", {b"ab", b"cd", b"ef", b"gh"}),
        (b"ab\nab:1|c", set()),
        (b"ab\nxabx:0x1|c", set()),
        (b"a\nab:inf|c", set()),
        (b"ab\na\xffb:1|c", set()),
        (b"a.b\na..b:0x1|c", set()),
        (b"timers.a.count\na:0|ms", set()),
        (b"timers.a.count\na:0x1|ms", set()),
        (b"timers.a.count\na\xc3:0|ms", set()),
    ],
)
def test_only_lines_that_nobody_takes_have_to_be_refused(data: bytes, refused: set[bytes]) -> None:
    assert plain_part(intervals_of(data)).refused == refused


def test_an_input_is_reduced_to_what_shows_the_fault() -> None:
    data = b"b:1|c\nxnan:7|g|@0.1\n\nc:320|ms"
    assert reduced(data, lambda one: b"nan" in one) == b"nan"
    assert reduced(b"zz9", lambda one: len(one) == 3) == b"111"


def test_a_line_is_left_out_as_a_whole_where_no_part_of_it_can_be() -> None:
    def fails(one: bytes) -> bool:
        return b"b:2|c" in one and all(line in (b"a:1|c", b"b:2|c", b"d:3|c") for line in one.split(b"\n"))

    assert reduced(b"a:1|c\nb:2|c\nd:3|c", fails) == b"b:2|c"


@given(st.lists(st.lists(st.binary(max_size=9), max_size=3), min_size=1, max_size=3))
def test_intervals_read_back_as_they_were_written(intervals: list[list[bytes]]) -> None:
    again = intervals_of(written(intervals))
    separators = any(b"-" in one or b"=" in one or b"\n" in one for some in intervals for one in some)
    assert separators or again == [[] if some == [b""] else some for some in intervals]


@given(st.binary(max_size=60))
def test_pieces_are_the_whole_and_fall_alike(data: bytes) -> None:
    assert b"".join(pieces(data)) == data
    assert pieces(data) == pieces(data)
    assert dice(data).random() == dice(data).random()
