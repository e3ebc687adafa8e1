"""Paths that nobody asked for, among those that somebody did; and lines that nobody can read."""

import pytest

from statsd_conformance.graphite import read_line
from statsd_conformance.profile import load_profile
from statsd_fuzz.wire.closure import stray_names, unasked
from statsd_fuzz.wire.readable import unreadable
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario

REFERENCE = load_profile("reference")


@pytest.mark.parametrize(
    ("line", "path", "strays"),
    [
        (b".a:1|c", b"stats.%b.a", 0),
        (b".a:1|c", b"stats.%b.zz", 1),
        (b":1|c|#key", b"stats.%b;key", 0),
        (b":1|c|#key", b"stats.%b;other", 1),
        (b":1|c", b"stats_counts.%b", 0),
        (b":1|ms", b"timers.%b.rate", 0),
        (b".:1|h", b"%b.histogram.upper", 0),
        (b".a:1|ms", b"timers.%b.rate", 1),
    ],
)
def test_path_is_a_stray_where_no_line_has_its_name_or_its_tag(line: bytes, path: bytes, strays: int) -> None:
    sent = Scenario(((PLACEHOLDER + line,),))
    assert len(list(stray_names(REFERENCE, sent, [path % PLACEHOLDER]))) == strays


@pytest.mark.parametrize(
    ("path", "is_asked_for"),
    [
        (b"stats.gauges.own.parser.bad_lines_seen;host=x", True),
        (b"stats.gauges.own.parser.lines;host=x", False),
        (b"stats.gauges.bad_lines_seen", False),
        (b"stats.gauges.own.parser.received", True),
    ],
)
def test_count_of_errors_beside_others_of_the_target_is_no_news(path: bytes, is_asked_for: bool) -> None:
    known = {b"stats.gauges.own.parser.received"}
    assert list(unasked(REFERENCE, [read_line(path + b" 1 10")], known)) == ([] if is_asked_for else [path])


@pytest.mark.parametrize(
    ("published", "sent", "name"),
    [
        (b"stats.q.a 1 100", b"q.a:1|c", ""),
        (b"stats.q.a b 1 100", b"q.a b:1|c", "blank-in-a-path"),
        (b"stats.q.a", b"q.a:1|c", "fields-missing"),
        (b"stats.q.a undefined 100", b"q.a:1|c", "value-no-number"),
        (b"stats.q.a Infinity 100", b"q.a:1|c|@0", "value-not-finite"),
        (b"stats.q.a Infinity 100", b"q.a:inf|g", ""),
        (b"stats.q.a NaN 100", b"q.a:1e999|g", ""),
    ],
)
def test_line_that_no_reader_takes_is_a_fault(published: bytes, sent: bytes, name: str) -> None:
    faults = list(unreadable(Scenario(((sent,),)), [read_line(published)]))
    assert [fault.name for fault in faults] == ([name] if name else [])
