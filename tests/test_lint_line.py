"""The rules of one line: which codes, and at which column."""

import pytest

from endless import LARGE, ended_when_endless
from statsd_conformance.lint import Finding, Settings, lint
from statsd_conformance.recording import Datagram
from statsd_corpora import seeds


def found(line: bytes, dialect: str = "etsy") -> list[tuple[str, int]]:
    return [(one.code, one.column) for one in lint([Datagram(line, 1)], Settings(dialect))]


# Line, findings as code and column.
_ETSY = [
    (b"a.b-c_d.9:1|c", []),
    (b"a:-1|c", []),
    (b"a:0.25|ms|@0.1", []),
    (b"a:u.ser-1|s", []),
    (b"a:+1|g", []),
    (b"a:-0|g", []),
    (b"a:1|c|@1.0", []),
    (b"a:1|c|@.5", []),
    (b" ", [("EFRAMING-02", 1)]),
    (b"\r", [("EFRAMING-02", 1)]),
    (b"a:1|c\r", [("EFRAMING-04", 6)]),
    (b"a:1|c|@0.5\r", [("EFRAMING-04", 11)]),
    (b"a:1|cb:2|c", [("EFRAMING-03", 6)]),
    (b"a:1|c|@0.1b:2|c", [("EFRAMING-03", 11)]),
    (b"a:5|msb.c:6|ms", [("EFRAMING-03", 7)]),
    (b"a:1|cb:2|cd:3|c", [("EFRAMING-03", 6)]),
    (b"a:x|sb:2|c", [("EFRAMING-03", 6)]),
    (b"a:1|c:2|c", [("EPACK-02", 7)]),
    (b"a:5|ms:6|ms", [("EPACK-02", 8)]),
    (b"a:1|c|@0.5:2|c|@0:3|c", [("EPACK-02", 12), ("ERATE-02", 16)]),
    (b"a:1|c:2|h", [("EPACK-02", 7), ("ELINE-05", 9)]),
    (b"a:1:2:3|c", [("EPACK-01", 4)]),
    (b"a:b:1|c", [("ENAME-02", 2)]),
    (b"a:b:x|c", [("ENAME-02", 2), ("ENUM-01", 5)]),
    (b"a:1||c", [("ELINE-04", 5)]),
    (b"a:1|", [("ELINE-04", 5)]),
    (b"a:1|c||@0.5", [("ELINE-06", 6)]),
    (b"a:1|c|@0.5|x", [("ELINE-07", 12)]),
    (b"a:1|C", [("ELINE-05", 5)]),
    (b"a:1| c", [("ELINE-08", 5)]),
    (b"a:1|c | @0.5", [("ELINE-08", 5), ("ELINE-08", 8)]),
    (b"a:1|g|@0.1", [("ERATE-06", 7)]),
    (b"a:x|s|@0.1", [("ERATE-06", 7)]),
    (b"a:1|c|@", [("ERATE-01", 7)]),
    (b"a:1|c|@-0.1", [("ERATE-02", 7)]),
    (b"a:1|c|@1.5", [("ERATE-02", 7)]),
    (b"a:1|c|@1e-05", [("ERATE-03", 7)]),
    (b"a:1|c|@nan", [("ERATE-01", 7)]),
    (b"a:1|ms@0.1", [("ERATE-04", 7)]),
    (b"a:1|c|@0.0001", [("ERATE-09", 7)]),
    (b"a:-Infinity|c", [("ENUM-02", 3)]),
    (b"a:NaN|g", [("ENUM-02", 3)]),
    (b"a:-inf|g", [("ENUM-02", 3)]),
    (b"a:0b11|c", [("ENUM-03", 3)]),
    (b"a:1E+3|c", [("ENUM-04", 3)]),
    (b"a:1,234.5|g", [("ENUM-06", 3)]),
    (b"a:1 |c", [("ENUM-07", 3)]),
    (b"a: |c", [("ENUM-07", 3)]),
    (b"a:+320|ms", [("ENUM-08", 3)]),
    (b"a:-9007199254740992|c", [("ENUM-09", 3)]),
    (b"a:9007199254740991|c", []),
    (b"a:0.12345678901234567|g", []),
    (b"a:0.123456789012345678|g", [("ENUM-10", 3)]),
    (b"a:000000000000000000001|c", []),
    (b"a:5.|c", [("ENUM-11", 3)]),
    (b"a:\xef\xbc\x91|c", [("ENUM-01", 3)]),
    (b"a:-0.5|ms", [("ETIMER-01", 3)]),
    (b"a:x|y|s", [("ESET-02", 4)]),
    (b"a:9|c|s", [("ESET-02", 7)]),
    (b"a:x#y|s", [("ESET-03", 4)]),
    (b"a@b#c:1|c", [("ENAME-02", 2)]),
    (b"a b\tc:1|c", [("ENAME-04", 2)]),
    (b"a/b c:1|c", [("ENAME-03", 2), ("ENAME-04", 4)]),
    (b".a:1|c", [("ENAME-08", 1)]),
    (b"a.:1|c", [("ENAME-08", 2)]),
    (b"_sc:1|c", [("ENAME-09", 1)]),
    (b"a,k=v:1|c", [("ETAG-01", 2)]),
    (b"a[k=v]:1|c", [("ETAG-01", 2)]),
    (b"a#k=v:1|c", [("ETAG-01", 2)]),
    (b"a;k=v:1|c", [("ETAG-01", 2)]),
    (b"_sc|db|0", [("EEVENT-01", 1)]),
    (b"a:\x01|s", [("EFRAMING-10", 3)]),
    (b"a\xff\0:1|c", [("EFRAMING-06", 3)]),
]
_DOGSTATSD = [
    (b"a:1|h", []),
    (b"a:1|d|@0.5|#k:v,bare,url:http://x", []),
    (b"a:-5|g", []),
    (b"a:1:2:3|ms|#k:v", []),
    (b"a:1|c|#k:v|c:ci-9f|T1656581400|e:it-false|card:low", []),
    (b"a:1|c|#k:v|x", [("ETAG-03", 11)]),
    (b"a|c|#k:v", [("ELINE-01", 2)]),
    (b"a:1|c|#k:v|#l:w", [("ELINE-07", 12)]),
    (b"a:1|c|#:v", [("ETAG-02", 8)]),
    (b"a:1|c|#a:b,", [("ETAG-02", 12)]),
    (b"a:1|c|#k:", [("ETAG-03", 8)]),
    (b"a:1|c|#k:a;b", [("ETAG-04", 8)]),
    (b"a:1|c|#k,k", [("ETAG-05", 10)]),
    (b"a:1|c|c:", [("ETAG-08", 7)]),
    (b"a:1|c|card:some", [("ETAG-08", 7)]),
    (b"a:1|ms|T1656581400", [("ETAG-08", 8)]),
    (b"a:x:y|s", [("ESET-02", 4)]),
    (b"a:1:|c", [("EPACK-03", 5)]),
    (b"a,k=v:1|c", [("ETAG-01", 2)]),
    (b"_e{5,4}:title|text|#k:v|t:error|d:1656581400|h:x", []),
    (b"_e{6,4}:t\xc3\xaftle|text", []),
    (b"_e{5,4}:t\xc3\xaftle|text", [("EEVENT-02", 4)]),
    (b"_e{5,9}:title|text", [("EEVENT-02", 4)]),
    (b"_e{0,4}:|text", [("EEVENT-03", 1)]),
    (b"_e{5,4294967295}:title|text", [("EEVENT-03", 1)]),
    (b"_e{5,4}:title|text|t:bad|#", [("EEVENT-04", 20), ("ETAG-06", 27)]),
    (b"_sc|db|1|d:1|h:x|#k:v|m:slow", []),
    (b"_sc||1", [("EEVENT-05", 1)]),
    (b"_sc|db", [("EEVENT-05", 1)]),
    (b"_sc|db|x", [("EEVENT-05", 8)]),
    (b"_sc|db|0|k:x", [("EEVENT-04", 10)]),
]
_IN_NAMES = [
    ("influx", b"a,k=v,l=w:1|c", []),
    ("influx", b"a,k=v,k=w:1|h", [("ETAG-05", 7)]),
    ("influx", b"a,k=v=w:1|c", [("ETAG-03", 3)]),
    ("influx", b"a,:1|c", [("ETAG-02", 3)]),
    ("influx", b"a,k=v:1|c|#k:v", [("ETAG-01", 11)]),
    ("signalfx", b"a[k=v,l=w]:1|c", []),
    ("signalfx", b"a[k=v:1|c", [("ETAG-01", 2)]),
    ("signalfx", b"a[=v]:1|c", [("ETAG-02", 3)]),
    ("librato", b"a#k=v:1|c", []),
    ("librato", b"#k=v:1|c", [("ENAME-01", 1)]),
    ("graphite-tags", b"a;k=v;l=w:1|c", []),
    ("graphite-tags", b"a;k:1|c", [("ETAG-07", 3)]),
    ("brubeck", b"a:7|C", []),
    ("brubeck", b"a:x|s", [("ELINE-05", 5)]),
    ("statsite", b"a:7|kv", []),
]


@pytest.mark.parametrize(("line", "expected"), _ETSY)
def test_lines_of_the_original(line: bytes, expected: list[tuple[str, int]]) -> None:
    assert found(line) == expected


@pytest.mark.parametrize(("line", "expected"), _DOGSTATSD)
def test_lines_of_dogstatsd(line: bytes, expected: list[tuple[str, int]]) -> None:
    assert found(line, "dogstatsd") == expected


@pytest.mark.parametrize(("dialect", "line", "expected"), _IN_NAMES)
def test_lines_of_other_dialects(dialect: str, line: bytes, expected: list[tuple[str, int]]) -> None:
    assert found(line, dialect) == expected


def test_every_bad_line_of_the_corpus_is_found() -> None:
    passed = [name for name, line in seeds("lines/bad").items() if not found(line)]
    assert passed == []


def test_text_of_a_finding_is_its_line() -> None:
    [one] = lint([Datagram(b"a:1|c\nb:1|x\nd:1|c\n", 7)])
    message = "type 'x' is none of etsy: c, g, ms, s"
    assert one == Finding("ELINE-05", message, number=7, line=2, column=5, text=b"b:1|x")


@pytest.mark.parametrize("line", LARGE.values(), ids=LARGE)
def test_a_large_line_is_judged_in_time_as_long_as_it(line: bytes) -> None:
    with ended_when_endless():
        assert found(line)
