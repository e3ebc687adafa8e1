import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from statsd_conformance.address import Address
from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import Snapshot, read_line
from statsd_conformance.profile import load_profile
from statsd_conformance.report.record import record_of, title_of
from statsd_conformance.report.results import FORMAT
from statsd_conformance.requirement import CORE, EXT, MUST, Class, Requirement
from statsd_conformance.session import Examination
from statsd_conformance.target import Trace
from statsd_conformance.verdict import Outcome, Verdict
from test_results import check

EXAMINATION = Examination("reference", "1", {}, 2.5, 1.0, Address("udp", "127.0.0.1", 8125))


def requirement(category: Class = CORE) -> Requirement:
    return Requirement("COUNTER-01", category, MUST, "All increments MUST be summed.", "docs")


def trace(*datagrams: bytes, published: tuple[bytes, ...] = ()) -> Trace:
    lines = tuple(read_line(line) for line in published)
    return Trace(list(datagrams), [Flushed(load_profile("reference"), 1.0, b"q1", (Snapshot(lines, 0.0, 0.0),))])


def caught(error: BaseException) -> BaseException:
    """Return the error with a traceback, as one that was raised has."""
    try:
        raise error
    except type(error) as raised:
        return raised


def record(outcome: Outcome, category: Class = CORE) -> dict[str, Any]:
    """Return the record of a case, which follows the schema."""
    made = record_of("test_a[reference]", requirement(category), outcome, EXAMINATION)
    [checked] = check(json.dumps({"format": FORMAT, **made}))
    return {name: value for name, value in checked.items() if name != "format"}


def test_likeness_that_a_probe_found_and_a_warning_are_kept() -> None:
    examination = replace(EXAMINATION, spelled_as="collectd", warning="two programs")
    made = record_of("test_a[reference]", requirement(), Outcome(Verdict.PASS), examination)
    [checked] = check(json.dumps({"format": FORMAT, **made}))
    assert (checked["spelled_as"], checked["warning"]) == ("collectd", "two programs")
    assert not {"spelled_as", "warning"} & record(Outcome(Verdict.PASS)).keys()


def test_failing_case_keeps_what_it_sent_and_saw() -> None:
    seen = trace(b"q1.a:1|c\n\x00\xff", published=(b"stats.q1.a 3 100", b"stats.x 1 100"))
    made = record(Outcome(Verdict.FAIL, "it is 3", caught(AssertionError("it is 3\nassert 3 == 1")), seen))
    assert made["observed"] == "it is 3\nassert 3 == 1"
    assert made["datagrams"] == [
        {
            "size": 11,
            "head": "q1.a:1|c\n\x00\xff",
            "tail": "",
            "refused": [{"start": 9, "stop": 11, "reason": "no colon"}],
        }
    ]
    assert made["datagrams_sent"] == 1
    assert made["lines"] == ["stats.q1.a 3 100"]
    assert made["lines_published"] == 1
    assert made["again"] == r"printf 'q1.a:1|c\n\000\377' | nc -u -w1 127.0.0.1 8125"


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.UNSUPPORTED])
def test_case_that_needs_no_look_keeps_no_datagrams(verdict: Verdict) -> None:
    assert record(Outcome(verdict, trace=trace(b"q1.a:1|c"))).keys() == record(Outcome(verdict)).keys()


def test_case_that_sent_nothing_has_no_datagrams() -> None:
    assert "datagrams" not in record(Outcome(Verdict.INCONCLUSIVE, "no answer", trace=Trace()))


def test_crash_demands_that_the_target_serves() -> None:
    made = record(Outcome(Verdict.CRASHED, "it stopped serving", AssertionError("x"), trace(b"a:1|c|@")))
    assert made["required"] == "the target still serves"
    assert "observed" not in made


def test_dialect_is_not_judged_by_a_parser_that_lacks_it() -> None:
    event = Outcome(Verdict.FAIL, trace=trace(b"_e{1,1}:a|b"))
    assert record(event)["datagrams"][0]["refused"] != []
    assert record(event, EXT)["datagrams"][0]["refused"] == []


def huge(fill: Callable[[int], bytes]) -> dict[str, Any]:
    lines = tuple(b"stats.q1.%b 1 100" % fill(1000) for _ in range(500))
    seen = trace(*[fill(60_000)] * 500, published=lines)
    text = fill(100_000).decode("latin-1")
    return record(Outcome(Verdict.FAIL, text, caught(AssertionError(text)), seen))


@pytest.mark.parametrize(
    "fill",
    [lambda size: b"a" * size, lambda size: b"a:x|c:" * (size // 6), lambda size: b"\xff\n" * (size // 2)],
    ids=["letters", "bad samples", "bad lines"],
)
def test_record_is_bounded(fill: Callable[[int], bytes]) -> None:
    made = huge(fill)
    assert len(json.dumps(made)) < 130_000
    assert (made["datagrams_sent"], made["lines_published"]) == (500, 500)


def test_long_datagram_keeps_both_ends_and_its_size() -> None:
    datagram = b"q1.a:1|c\n" + b"x" * 5000 + b":2|c"
    [kept] = record(Outcome(Verdict.FAIL, trace=trace(datagram)))["datagrams"]
    assert (kept["size"], kept["head"], kept["tail"]) == (5013, datagram[:512].decode(), datagram[-512:].decode())
    [whole] = record(Outcome(Verdict.FAIL, trace=trace(datagram[:1024])))["datagrams"]
    assert (whole["size"], whole["head"], whole["tail"]) == (1024, datagram[:1024].decode(), "")


def test_long_text_loses_its_middle_and_says_how_much() -> None:
    note = record(Outcome(Verdict.FAIL, "a" * 2000 + "b" * 77 + "c" * 2000))["note"]
    assert note == "a" * 2000 + " … 77 characters … " + "c" * 2000


def test_shell_line_for_a_file_is_left_out() -> None:
    assert "again" not in record(Outcome(Verdict.FAIL, trace=trace(Random(1).randbytes(3000))))


@pytest.mark.parametrize(
    ("target", "version", "title"),
    [
        ("telegraf", "Telegraf 1.37.2", "telegraf 1.37.2"),
        ("reference", "statsd-conformance 0.1.0", "reference statsd-conformance 0.1.0"),
        ("statsd", "statsdx 1", "statsd statsdx 1"),
        ("veneur", "veneur", "veneur"),
        ("exec:x", "", "exec:x"),
    ],
)
def test_target_is_named_once_in_a_title(target: str, version: str, title: str) -> None:
    assert title_of({"target": target, "version": version}) == title
