"""Lists of what is known not to hold."""

import datetime
from dataclasses import replace
from typing import Any

import pytest

from statsd_conformance.chapters import listable
from statsd_conformance.deviation import (
    Deviation,
    DeviationError,
    Deviations,
    known_deviations,
    load_deviations,
    parameters_of,
    read_deviations,
    write_deviations,
)
from statsd_conformance.verdict import Outcome, Verdict

TODAY = datetime.date(2030, 6, 1)
LISTED = Deviation("NUM-05", "nan-c", "FAIL", "1 was published", "Server 1", "not ours to mend")


def listed(*entries: Deviation) -> Deviations:
    return Deviations("known.toml", {entry.key: entry for entry in entries})


def record(
    verdict: Verdict, id: str = "NUM-05", case: str = "test_nan[server-nan-c]", note: str = "seen"
) -> dict[str, Any]:
    return {"id": id, "case": case, "target": "server", "version": "Server 2", "verdict": verdict.value, "note": note}


@pytest.mark.parametrize(
    ("seen", "entry", "judged"),
    [
        (Verdict.FAIL, LISTED, Verdict.DEVIATION),
        (Verdict.NON_STRICT, LISTED, Verdict.DEVIATION),
        (Verdict.CRASHED, LISTED, Verdict.CRASHED),
        (Verdict.CRASHED, replace(LISTED, verdict="CRASHED"), Verdict.DEVIATION),
        (Verdict.FAIL, replace(LISTED, verdict="CRASHED"), Verdict.DEVIATION),
        (Verdict.PASS, LISTED, Verdict.FAIL),
        (Verdict.INFO, LISTED, Verdict.FAIL),
        (Verdict.UNSUPPORTED, LISTED, Verdict.UNSUPPORTED),
        (Verdict.INCONCLUSIVE, LISTED, Verdict.INCONCLUSIVE),
        (Verdict.FAIL, replace(LISTED, expires=TODAY), Verdict.DEVIATION),
        (Verdict.FAIL, replace(LISTED, expires=TODAY - datetime.timedelta(1)), Verdict.FAIL),
        (Verdict.FAIL, replace(LISTED, case="inf-c"), Verdict.FAIL),
        (Verdict.FAIL, replace(LISTED, id="NUM-06"), Verdict.FAIL),
    ],
)
def test_listed_case_is_judged_strictly(seen: Verdict, entry: Deviation, judged: Verdict) -> None:
    assert listed(entry).judged("NUM-05", "nan-c", Outcome(seen, "note"), TODAY).verdict is judged


@pytest.mark.parametrize("id", ["PROPERTY-01", "LOSS-01"])
def test_property_that_holds_has_met_no_example_that_breaks_it(id: str) -> None:
    listed = Deviations("known.toml", {(id, ""): Deviation(id, reason="because")})
    held, broken = Outcome(Verdict.PASS), Outcome(Verdict.FAIL)
    assert listed.judged(id, "", held, TODAY).verdict is Verdict.PASS
    assert listed.judged(id, "", broken, TODAY).verdict is Verdict.DEVIATION


def test_what_holds_now_names_the_file_and_the_remedy() -> None:
    outcome = listed(LISTED).judged("NUM-05", "nan-c", Outcome(Verdict.PASS), TODAY)
    assert outcome.note == ("it holds now, but known.toml lists it as a deviation: remove the entry (1 was published)")


def test_expired_entry_is_named() -> None:
    yesterday = TODAY - datetime.timedelta(1)
    outcome = listed(replace(LISTED, expires=yesterday)).judged("NUM-05", "nan-c", Outcome(Verdict.FAIL, "seen"), TODAY)
    assert outcome.note == "seen (its deviation expired on 2030-05-31)"


def test_expired_entry_is_not_listed_any_more() -> None:
    today = replace(LISTED, expires=TODAY)
    entries = listed(today, replace(LISTED, case="", expires=TODAY - datetime.timedelta(1)))
    assert entries.on(TODAY) == listed(today)


def test_entries_without_a_case_are_refused() -> None:
    case = [("NUM-05", "nan-c")]
    listed(LISTED).check(case)
    for entries, names in (
        (listed(LISTED, replace(LISTED, case=""), Deviation("LINE-99")), "LINE-99, NUM-05"),
        (listed(replace(LISTED, case="zip")), r"NUM-05\[zip\]"),
    ):
        with pytest.raises(DeviationError, match=rf"deviations known\.toml: no such case: {names}; statsd-conf"):
            entries.check(case)


def test_written_list_is_read_back() -> None:
    text = write_deviations([record(Verdict.FAIL, note='said "q012345678.a \\ 1"; published: b 2\nmore')], Deviations())
    assert read_deviations(text, "x").entries == {
        ("NUM-05", "nan-c"): Deviation("NUM-05", "nan-c", "FAIL", 'said "a \\ 1"', "Server 2")
    }
    assert 'reason = ""' in text


def test_writing_again_keeps_reasons_and_what_was_not_tried() -> None:
    untried = Deviation("LINE-17", "", "CRASHED", "gone", "Server 1", "old", "https://example.org/1", TODAY)
    held = Deviation("RATE-05", "", "FAIL", "gone", "Server 1", "old")
    before = listed(LISTED, untried, held)
    records = [record(Verdict.DEVIATION), record(Verdict.PASS, "RATE-05", "test_rate[server]")]
    silent = record(Verdict.INCONCLUSIVE, "LINE-17", "test_line[server]")
    after = read_deviations(write_deviations([*records, silent], before), "x").entries
    assert after == {
        ("NUM-05", "nan-c"): replace(LISTED, effect="seen", version="Server 2"),
        ("LINE-17", ""): untried,
    }


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("test_a[server]", ""),
        ("test_a[server-1]", "1"),
        ("test_a[1-b-server]", "1-b"),
        ("test_a[server-[x]]", "[x]"),
    ],
)
def test_target_is_no_parameter(name: str, parameters: str) -> None:
    assert parameters_of(name, "server") == parameters


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[deviation]", "x: "),
        ("deviation = 1", "'deviation' does not belong there"),
        ("name = 'a'", "'name' does not belong there"),
        ("[[deviation]]\nreason = 'a'", "x, entry 1: no entry 'id'"),
        ("[[deviation]]\nid = 'A-1'\nwhy = 'a'", "x, entry 1: unknown entry 'why'; it takes id, case"),
        ("[[deviation]]\nid = 'A-1'\nreason = 5", "x, entry 1: reason is 5, not a text"),
        ("[[deviation]]\nid = 'A-1'\nexpires = 'soon'", "expires is 'soon', not a date, as 2030-12-31"),
        ("[[deviation]]\nid = 'A-1'\nexpires = 2030-01-01T00:00:00Z", "not a date"),
        ("[[deviation]]\nid = 'A-1'\nverdict = 'PASS'", "verdict is 'PASS', not one of FAIL, NON-STRICT, CRASHED"),
        ("[[deviation]]\nid = 'A-1'\n[[deviation]]\nid = 'A-1'", "entry 2: A-1  is listed twice"),
    ],
)
def test_list_that_does_not_read_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(DeviationError) as caught:
        read_deviations(text, "x")
    assert said in str(caught.value)


def test_unknown_name_names_what_there_is() -> None:
    with pytest.raises(DeviationError, match="neither a file nor one of"):
        load_deviations("nosuch")


@pytest.mark.parametrize("name", known_deviations())
def test_lists_that_ship_have_reasons_and_name_cases(name: str) -> None:
    shipped = load_deviations(name)
    shipped.check(listable())
    assert [entry.id for entry in shipped.entries.values() if not entry.reason or not entry.version] == []
