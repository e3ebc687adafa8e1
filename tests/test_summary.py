from typing import Any

import pytest

from statsd_conformance.hooks.summary import summary, what_may_be_known
from test_results import RECORD


def record(id: str, verdict: str = "PASS", category: str = "CORE", note: str = "") -> dict[str, Any]:
    return RECORD | {"id": id, "verdict": verdict, "class": category, "note": note, "interval": 0.5}


def shown(records: list[dict[str, Any]], verbosity: int = 0, width: int | None = None) -> list[str]:
    return ["".join(text for text, _ in line) for line in summary(records, verbosity, width)]


def test_families_stand_in_a_table_of_their_verdicts() -> None:
    records = [record("SET-01"), record("SET-02", "CRASHED"), record("GAUGE-01"), record("GAUGE-02")]
    assert shown(records)[:5] == [
        "       PASS CRASHED",
        "SET       1       1",
        "GAUGE     2       .",
        "3 PASS, 1 CRASHED",
        "4 cases in 1.0 s, that is 2.0 flush intervals of 0.5 s",
    ]


@pytest.mark.parametrize(
    ("records", "verbosity"),
    [([record("SET-01")], 0), ([record("SET-01"), record("GAUGE-01")], -1)],
    ids=["one family", "quiet"],
)
def test_table_is_left_out_where_it_would_say_nothing_new(records: list[dict[str, Any]], verbosity: int) -> None:
    assert shown(records, verbosity)[0] == f"{len(records)} PASS"


NOT_MET = [
    record("SET-01", "NON-STRICT", note="should"),
    record("SET-02", "INCONCLUSIVE"),
    record("SET-03", "FAIL", "EXT"),
    record("SET-04", "FAIL", note="came out as 3\nassert 3 == 1"),
    record("SET-04", "FAIL", note="came out as 4"),
    record("SET-05", "CRASHED", "SPEC"),
    record("SET-06", "CRASHED", "ROBUST"),
    record("SET-07", "PASS"),
    record("SET-08", "DEVIATION"),
]


def test_worst_five_have_a_line_each_and_the_rest_is_counted() -> None:
    assert [line.rstrip() for line in shown(NOT_MET)[2:]] == [
        "CRASHED      SET-06",
        "CRASHED      SET-05",
        "FAIL         SET-04       came out as 3 (2 cases)",
        "FAIL         SET-03",
        "INCONCLUSIVE SET-02",
        "and 1 more of these, which -v lists",
    ]


def test_verbose_lists_every_way_in_which_something_does_not_hold() -> None:
    rows = shown(NOT_MET, verbosity=1, width=30)[2:]
    assert [row.split()[1] for row in rows] == [f"SET-0{number}" for number in (6, 5, 4, 4, 3, 2, 1)]
    assert "FAIL         SET-04       came out as 4" in rows


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (None, "FAIL         SET-04       came out as 3 (2 cases)"),
        (49, "FAIL         SET-04       came out as 3 (2 cases)"),
        (48, "FAIL         SET-04       came out ... (2 cases)"),
        (30, "FAIL         SET-04       ... (2 cases)"),
    ],
)
def test_line_on_a_requirement_fits_the_terminal(width: int | None, line: str) -> None:
    assert shown(NOT_MET[3:5], width=width)[2] == line


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [(["PASS", "INFO", "UNSUPPORTED"], False), (["PASS", "NON-STRICT"], True), (["CRASHED"], True)],
    ids=["all holds", "a should", "crashed"],
)
def test_deviations_are_suggested_where_something_does_not_hold(verdicts: list[str], said: bool) -> None:
    records = [record("SET-01", verdict) | {"spelled_as": "statsd"} for verdict in verdicts]
    assert ("--deviations statsd" in what_may_be_known(records)) is said
    assert what_may_be_known([record("SET-01", verdict) for verdict in verdicts]) == ""


def test_warning_stands_before_what_does_not_hold() -> None:
    rows = shown([record("SET-01", "FAIL") | {"warning": "two programs publish"}])
    assert rows[2] == "warning: two programs publish"


def test_colours_follow_the_verdicts() -> None:
    records = [record("SET-01"), record("SET-02", "FAIL"), record("GAUGE-01")]
    coloured = [(text.strip(), colour) for line in summary(records, 0, None) for text, colour in line if colour]
    assert coloured == [("1", "green"), ("1", "red"), ("1", "green"), ("FAIL", "red")]


def test_target_that_could_not_be_examined_has_one_line() -> None:
    assert shown([record("SET-01", "INCONCLUSIVE") | {"problem": "nobody listens"}]) == ["nobody listens"]
