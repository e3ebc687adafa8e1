from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endless import LARGE, ended_when_endless
from statsd_fuzz.steps import steps
from statsd_fuzz.strategies import any_lines, bad_lines, lines, timer_lines, unusable_buckets
from statsd_reference import BadLine, Kind, Outcome, Sample, read_options
from statsd_reference.options import EXTENSIONS
from statsd_reference.parse import make_parse

C, G, MS, S = Kind.COUNTER, Kind.GAUGE, Kind.TIMER, Kind.SET


def parsed(line: bytes, *extensions: str, **options: Any) -> tuple[Outcome, ...]:
    return make_parse(read_options({"extensions": extensions, **options}))(line)


def reasons(line: bytes, *extensions: str, **options: Any) -> list[str]:
    return [outcome.reason for outcome in parsed(line, *extensions, **options) if isinstance(outcome, BadLine)]


def a(value: float, kind: Kind = C, rate: float = 1, *, signed: bool = False) -> Sample:
    return Sample(b"a", value, kind, rate, signed)


def member(text: bytes, rate: float = 1) -> Sample:
    return Sample(b"a", 0, S, rate, member=text)


GOOD = {
    # One sample of each type, with the spellings around it that the original reads.
    b"a:1|c": a(1),
    b"a:+1|c": a(1),
    b"a:-1|c": a(-1),
    b"a:1|c|@0.1": a(1, rate=0.1),
    b"a:1|c\r": a(1),
    b"a:1|g": a(1, G),
    b"a:+1|g": a(1, G, signed=True),
    b"a:-1|g": a(-1, G, signed=True),
    b"a: -1|g": a(-1, G),
    b"a:1|ms": a(1, MS),
    b"a:0|ms": a(0, MS),
    b"a:-0|ms": a(0, MS),
    b"a:5|ms|@.5": a(5, MS, 0.5),
    b"a:1| ms": a(1, MS),
    b"a:x|s": member(b"x"),
    b"a:|s": member(b"0"),
    b"a:x|s\r": member(b"x"),
    b"a: x |s|@0.5": member(b" x ", 0.5),
    b"a:u@b#c|s": member(b"u@b#c"),
    b"a:\xff|s": member(b"\xff"),
    b"a:__proto__|s": member(b"__proto__"),
    b"a: 1 | c ": a(1),
    b"a:1|c|@0.5\r": a(1, rate=0.5),
    b"a:1|c|@0.5|x|y": a(1, rate=0.5),
    b"a:1|c|@0.1|@0.5": a(1, rate=0.1),
    b"a:1|c\0": a(1),
    b"a:1|ms\0\0\0": a(1, MS),
    b"a:1|c|@2": a(1, rate=2),
    b"a:1|c|@1e-1": a(1, rate=0.1),
    # Names.
    b"a(b)/c d:1|c": Sample(b"ab-c_d", 1, C),
    b"a|b:1|c": Sample(b"ab", 1, C),
    b"constructor:1|c": Sample(b"constructor", 1, C),
    b"\x00a:1|c": a(1),
    b"_a:1|c": Sample(b"_a", 1, C),
    b"a;t=v:1|c": Sample(b"a;t=v", 1, C),
    b"_s:1|c": Sample(b"_s", 1, C),
    # Tags, as the original writes them; a rate behind them counts, other fields do not.
    b"a:1|c|#k:v": Sample(b"a;k=v", 1, C),
    b"a:1|c|@0.5|#k:v,l": Sample(b"a;k=v;l", 1, C, 0.5),
    b"a:1|c|#": a(1),
    b"a:1|c|#k:v|@0.5": Sample(b"a;k=v", 1, C, 0.5),
    b"a:1|c|#k:v|c:x|T1|@0.5": Sample(b"a;k=v", 1, C, 0.5),
    b"a:1|c|#k:v|T1": Sample(b"a;k=v", 1, C),
    b"a:1|c|@0.1|#k:v|@0.5": Sample(b"a;k=v", 1, C, 0.1),
    b"a:1|c|#a;b c:(d)": Sample(b"a;a_b_c=d", 1, C),
    b"a;t=v:1|c|#k:v": Sample(b"a;t=v;k=v", 1, C),
    b"a:1|c|#,": Sample(b"a;;", 1, C),
}

BAD = {
    "no colon": (b"a", b"a|c", b"|", b"a|#k:v", b" ", b"\0", b"a|#k:v:1|c"),
    "no name": (b":1|c", b":", b":|#k:v"),
    "no name left after clean-up": (b"*:1|c", b"\xc3\xa9:1|c", b"\xff:1|c", b";t=v:1|c", b"*;t=v:1|c", b"!:1|c|#k:v"),
    "no type": (b"a:", b"a:1", b"a:x", b"a:1#|#k:v"),
    "unknown type": b"a:1| a:1|x a:1|cc a:1|C a:1|h a:1|d a:1|m a:1|kv a:1||c a:1|\0c a:1|msx".split(),
    "no valid sample rate in the third field": (
        *b"a:1|c| a:1|c|x a:1|c|0.1 a:1|c|@ a:1|c|@0 a:1|c|@+1 a:1|c|#k:v|@x".split(),
        b"a:x|s|@ 1",
    ),
    "no valid number": (
        *b"a:|c a:x|c a:x|ms a:1\0|c a:nan|g a:1e400|c a:Infinity|g a:-x|g".split(),
        b"a: |g",
    ),
    "negative time": (b"a:-1|ms", b"a:-1|ms ", b"a:-0.1|ms|@0.5"),
    "an event or a service check": (b"_e{1,1}:5|c", b"_e{5,4}:title|text", b"_sc|a|0", b"_sc|a|0|m:1|c"),
    "a CR that does not end the line": (b"a:1|c\rb:2|c", b"a:1|c\r:2|c", b"a:x\ry:z|s"),
}


@pytest.mark.parametrize(("line", "sample"), GOOD.items(), ids=repr)
def test_a_good_line_gives_its_sample(line: bytes, sample: Sample) -> None:
    assert parsed(line) == (sample,)


@pytest.mark.parametrize(("line", "reason"), [(line, reason) for reason, bad in BAD.items() for line in bad], ids=repr)
def test_a_bad_line_gives_its_reason(line: bytes, reason: str) -> None:
    assert parsed(line) == (BadLine(line, reason),)


@pytest.mark.parametrize(
    ("line", "outcomes"),
    {
        b"a:1|c:2|c": (a(1), a(2)),
        b"a:1|c:5|ms": (a(1), a(5, MS)),
        b"a:1|c|@0.5:2|c": (a(1, rate=0.5), a(2)),
        b"a:x|c:2|c": (BadLine(b"a:x|c:2|c", "no valid number"), a(2)),
        b"a:x:y|s": (BadLine(b"a:x:y|s", "no type"), member(b"y")),
        b"a:1:2:3|c": (*[BadLine(b"a:1:2:3|c", "no type")] * 2, a(3)),
        b"a:1|c:2|c|#k:v": (Sample(b"a;k=v", 1, C), Sample(b"a;k=v", 2, C)),
        b"a:1| c :\t2|g": (a(1), a(2, G)),
    }.items(),
    ids=repr,
)
def test_a_line_of_several_samples_gives_an_outcome_for_each(line: bytes, outcomes: tuple[Outcome, ...]) -> None:
    assert parsed(line) == outcomes


@given(st.one_of(lines(), timer_lines()))
def test_a_generated_line_is_good(line: bytes) -> None:
    assert not reasons(line)


@given(bad_lines())
def test_a_generated_bad_line_is_bad_throughout(line: bytes) -> None:
    assert len(reasons(line)) == len(parsed(line)) > 0


@given(lines(name=unusable_buckets()))
def test_a_generated_line_without_a_name_is_one_bad_line(line: bytes) -> None:
    assert len(reasons(line)) == len(parsed(line)) == 1


@given(any_lines())
def test_any_line_gives_an_outcome_and_no_exception(line: bytes) -> None:
    assert parsed(line)


@given(any_lines())
def test_no_dialect_raises_an_exception_on_any_line(line: bytes) -> None:
    assert parsed(line, *ALL_DIALECTS) or line.startswith((b"_e{", b"_sc|"))


ALL_DIALECTS = ("h", "d", "C", "m", "kv", "packing", "dogstatsd", "influx", "signalfx", "librato")


@pytest.mark.parametrize(
    ("extension", "text", "kind"),
    [("h", b"h", MS), ("d", b"d", MS), ("C", b"C", Kind.TOTAL), ("m", b"m", Kind.METER), ("kv", b"kv", Kind.KEY_VALUE)],
)
def test_a_type_is_read_only_with_its_extension(extension: str, text: bytes, kind: Kind) -> None:
    assert parsed(b"a:7|" + text, extension) == (a(7, kind),)
    assert reasons(b"a:7|" + text) == ["unknown type"]


def test_a_negative_time_is_refused_under_every_name_of_a_timer() -> None:
    assert reasons(b"a:-7|h", "h") == ["negative time"]


def test_a_bare_name_is_one_event_of_a_meter_where_meters_are_read() -> None:
    assert parsed(b"a b", "m") == (Sample(b"a_b", 1, Kind.METER),)
    assert reasons(b"a|c", "m") == reasons(b"a|#k:v", "m") == reasons(b"*", "m") == ["no colon"]


@pytest.mark.parametrize(
    ("line", "outcomes"),
    {
        b"a:1:2:3|c": (a(1), a(2), a(3)),
        b"a:1:2|ms|@0.5": (a(1, MS, 0.5), a(2, MS, 0.5)),
        b"a:1::2|c": (a(1), a(2)),
        b"a:1:|c": (a(1),),
        b"a:1|c:2|g": (a(1), a(2, G)),
        b"a:1:2|c:3:4|g": (a(1), a(2), a(3, G), a(4, G)),
        b"a:x:y|s": (member(b"x:y"),),
        b"a:x:y| s": (member(b"x:y"),),
        b"a:x:2|c": (BadLine(b"a:x:2|c", "no valid number"), a(2)),
        b"a:|g": (BadLine(b"a:|g", "no valid number"),),
        b"a::|g": (BadLine(b"a::|g", "no valid number"),),
        b"a:1:2": (BadLine(b"a:1:2", "no type"),),
        b"a:1|c:2": (a(1), BadLine(b"a:1|c:2", "no type")),
        b"a:1:2|c|#k:v": (Sample(b"a;k=v", 1, C), Sample(b"a;k=v", 2, C)),
    }.items(),
    ids=repr,
)
def test_packed_values_share_what_follows_the_bar(line: bytes, outcomes: tuple[Outcome, ...]) -> None:
    assert parsed(line, "packing") == outcomes


@pytest.mark.parametrize(
    ("line", "outcomes"),
    {
        b"a:1|c|#b:2,a:1": (Sample(b"a;a=1;b=2", 1, C),),
        b"a:1|c|#a,,b": (Sample(b"a;a=true;b=true", 1, C),),
        b"a:1|c|#": (a(1),),
        b"a:1|c|#,\xc3\xa9:v": (a(1),),
        b"a;t=v:1|c|#a:1": (Sample(b"a;t=v;a=1", 1, C),),
        b"a:1|c|#url:http://x": (Sample(b"a;url=http--x", 1, C),),
        b"a:1|c|c:abc": (a(1),),
        b"a:1|c|e:it-false": (a(1),),
        b"a:1|g|T1656581400": (a(1, G),),
        b"a:1|c|card:low": (a(1),),
        b"a:1|c|c:abc|@0.5|T1": (a(1, rate=0.5),),
        b"a:1|c|@0.5|c:abc": (a(1, rate=0.5),),
        b"a:1|c|@0.5|#k:v|c:abc|e:x|card:low|T1": (Sample(b"a;k=v", 1, C, 0.5),),
        b"a:1|c|x": (BadLine(b"a:1|c|x", "no valid sample rate in the third field"),),
        b"a:1|c|x|c:abc": (BadLine(b"a:1|c|x|c:abc", "no valid sample rate in the third field"),),
        b"a:1|c|@0.1|@0.5": (a(1, rate=0.1),),
        b"a:1|c:2|c:3|c": (a(1), a(2), a(3)),
        b"a:1|T1": (BadLine(b"a:1|T1", "unknown type"),),
    }.items(),
    ids=repr,
)
def test_dogstatsd_sorts_tags_and_sets_its_optional_fields_aside(line: bytes, outcomes: tuple[Outcome, ...]) -> None:
    assert parsed(line, "dogstatsd") == outcomes


@pytest.mark.parametrize(
    "line",
    [
        b"_e{5,4}:title|text",
        b"_e{1,1}:5|c",
        b"_e{2,1}:a||b|d:1|h:x|#k:v|c:abc|card:low",
        b"_e{3,2}:a:b|||",
        b"_e{2,1}:\xc3\xa9|x",
        b"_sc|a|0",
        b"_sc|a|3|d:1|h:x|#k:v|m:x:1|c",
    ],
    ids=repr,
)
def test_dogstatsd_reads_an_event_and_makes_no_metric_of_it(line: bytes) -> None:
    assert parsed(line, "dogstatsd") == ()


EVENTS = b"5,4}:titel|tex 5,4}:title|texts 6,4}:title|text 0,4}:|text 5,0}:title| 5}:title|text 5,4:title|text".split()
MORE_EVENTS = b"5,4}title|text x,4}:title|text -5,4}:title|text 1,4294967295}:a|b 9223372036854775807,1}:a|b".split()
CHECKS = b"a|4 a|x |0 a a| a|00".split()


@pytest.mark.parametrize("event", [*EVENTS, *MORE_EVENTS, b"1," + b"9" * 5000 + b"}:a|b"], ids=lambda event: event[:20])
def test_dogstatsd_refuses_a_malformed_event(event: bytes) -> None:
    assert reasons(b"_e{" + event, "dogstatsd") == ["not an event"]


@pytest.mark.parametrize("check", CHECKS, ids=repr)
def test_dogstatsd_refuses_a_malformed_service_check(check: bytes) -> None:
    assert reasons(b"_sc|" + check, "dogstatsd") == ["not a service check"]


def test_a_name_that_only_resembles_an_event_is_a_name() -> None:
    assert parsed(b"_e.x:1|c", "dogstatsd") == (Sample(b"_e.x", 1, C),)
    assert parsed(b"_sc.x:1|c") == (Sample(b"_sc.x", 1, C),)


@pytest.mark.parametrize(
    ("line", "name"),
    {b"a,k=v:1|c": b"a;k=v", b"a[k=v]:1|c": b"a;k=v", b"a#k=v:1|c": b"a;k=v", b"a,k=v:1|c|#l:w": b"a;k=v;l=w"}.items(),
    ids=repr,
)
def test_tags_in_a_name_are_read_where_their_style_is_asked_for(line: bytes, name: bytes) -> None:
    assert parsed(line, "influx", "signalfx", "librato") == (Sample(name, 1, C),)


def test_tags_of_a_name_and_of_a_section_are_one_set_in_dogstatsd() -> None:
    assert parsed(b"a,k=v:1|c|#b:2,k:v", "influx", "dogstatsd") == (Sample(b"a;b=2;k=v", 1, C),)
    assert parsed(b"a,b=2:1|c|#k:v", "influx", "dogstatsd") == (Sample(b"a;b=2;k=v", 1, C),)


def test_packed_values_and_optional_fields_stand_on_one_line() -> None:
    assert parsed(b"a:1:2|c|c:abc|T1", "dogstatsd", "packing") == (a(1), a(2))


def test_a_name_of_tags_alone_is_refused() -> None:
    assert reasons(b",k=v:1|c", "influx") == ["no name left after clean-up"]


def test_names_stay_raw_when_they_are_cleaned_at_the_flush() -> None:
    assert parsed(b"a b/(:1|c|#k:v w", keyNameSanitize=False) == (Sample(b"a b/(;k=v w", 1, C),)
    assert reasons(b"*:1|c", keyNameSanitize=False) == ["no name left after clean-up"]
    assert reasons(b";t=v:1|c", keyNameSanitize=False) == ["no name left after clean-up"]


def test_a_raw_name_that_is_no_text_is_read_as_javascript_reads_it() -> None:
    assert parsed(b"a\xff:1|c|#\xfe", keyNameSanitize=False) == (Sample("a\ufffd;\ufffd".encode(), 1, C),)


def test_a_line_longer_than_allowed_is_refused_and_kept_short() -> None:
    line = b"a:" + b"0" * 200 + b"|c"
    assert parsed(line, maxLine=204) == (a(0),)
    assert parsed(line, maxLine=203) == (BadLine(line[:128], "longer than 203 bytes"),)


@pytest.mark.parametrize("extensions", [(), EXTENSIONS], ids=["original", "extensions"])
@pytest.mark.parametrize("line", LARGE.values(), ids=LARGE)
def test_a_large_line_is_read_in_steps_as_many_as_its_bytes(line: bytes, extensions: tuple[str, ...]) -> None:
    parse = make_parse(read_options({"extensions": extensions, "maxLine": 1_000_000}))
    with ended_when_endless():
        assert steps(lambda: parse(line)) < 40 * len(line)
