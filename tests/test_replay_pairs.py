"""Where two targets made something else of one recording: the rows, and how reports show them."""

from typing import Any, Final

import pytest

from statsd_conformance.hooks.pairs import lines_of
from statsd_conformance.replayed.compared import KEPT
from statsd_conformance.report.page import page
from statsd_conformance.report.replayed import Pair, Right, by_targets, pairs_of, with_pairs
from statsd_conformance.report.replayed import shown as cell
from test_results import RECORD

COMPARED: Final = {"c": ["count"], "g": ["value"], "ms": ["lower", "upper"]}


def difference(series: str, what: str = "count", model: float = 5, published: float | None = 4) -> dict[str, Any]:
    type = {"count": "c", "value": "g"}.get(what, "ms")
    return {
        "series": series, "type": type, "what": what, "model": model, "published": published, "path": series,
        "level": "MUST",
    }  # fmt: skip


def record(target: str, *differences: dict[str, Any], recording: str = "a.pcap", **more: Any) -> dict[str, Any]:
    played = {
        "recording": recording, "dialect": "etsy", "series": 9, "numbers": 20, "demanded": 9, "compared": COMPARED,
        "unseen": [], "differences": list(differences), "differences_found": len(differences),
    }  # fmt: skip
    verdict = more.pop("verdict", "PASS")
    return RECORD | {"target": target, "version": "", "verdict": verdict, "replayed": played | more}


def pair(one: dict[str, Any], other: dict[str, Any]) -> Pair:
    [found] = pairs_of([one, other])
    return found


def rows(found: Pair) -> list[tuple[str, str, float | None, float | None, Right]]:
    return [(row.series, row.what, row.one.published, row.other.published, row.right) for row in found.rows]


def test_number_that_one_has_as_the_model_is_right_there() -> None:
    found = pair(record("A", difference("x")), record("B", difference("y", model=7, published=None)))
    assert rows(found) == [("x", "count", 4, 5, Right.OTHER), ("y", "count", 7, None, Right.ONE)]
    assert [found.right(row) for row in found.rows] == ["B", "A"]


def test_model_agrees_with_neither_where_both_differ() -> None:
    found = pair(record("A", difference("x")), record("B", difference("x", published=3)))
    assert rows(found) == [("x", "count", 4, 3, Right.NEITHER)]


def test_targets_that_differ_alike_from_the_model_do_not_differ() -> None:
    assert not rows(pair(record("A", difference("x")), record("B", difference("x", published=4.00001))))


@pytest.mark.parametrize(
    "more",
    [{"compared": {"c": ["count"]}}, {"unseen": ["x"]}, {"differences_found": KEPT + 1}],
    ids=["not published", "path of several", "not kept"],
)
def test_number_that_only_one_was_looked_at_for_is_no_difference(more: dict[str, Any]) -> None:
    one = record("A", difference("x", "upper"))
    assert rows(pair(one, record("B")))
    assert not rows(pair(one, record("B", **more)))


def test_tags_that_one_reads_in_another_dialect_are_not_compared() -> None:
    one = record("A", difference("x;k=v"), difference("y"))
    assert [row[0] for row in rows(pair(one, record("B", dialect="influx")))] == ["y"]


def test_path_that_one_target_made_up_is_a_row() -> None:
    ghost = difference("ghost", "path", 0, 1)
    found = pair(record("A", ghost), record("B"))
    assert "".join(text for text, _ in list(lines_of([found], 0))[2]).split()[-4:] == [
        "there",
        "nothing",
        "nothing",
        "B",
    ]


def test_record_that_tells_nothing_is_compared_with_nothing() -> None:
    one = record("A", difference("x"), verdict="INCONCLUSIVE") | {"note": "the kernel dropped 3\nmore"}
    found = pair(one, record("B"))
    assert (found.rows, found.untold) == ((), "A is INCONCLUSIVE: the kernel dropped 3")


def test_first_target_is_held_against_each_of_the_others_recording_by_recording() -> None:
    records = [record(target, recording=name) for target in "ABC" for name in ("a", "b")]
    found = by_targets(pairs_of(records))
    assert {titles: [one.recording for one in pairs] for titles, pairs in found.items()} == {
        ("A", "B"): ["a", "b"], ("A", "C"): ["a", "b"],
    }  # fmt: skip


def test_later_record_says_where_it_differs_from_the_first() -> None:
    first, second, third = with_pairs([record("A"), record("B", difference("x")), RECORD])
    assert "against" not in first
    assert "against" not in third
    [against] = second["against"]
    assert (against["target"], against["rows"][0]["model_agrees_with"]) == ("A", "there")


def shown(*pairs: Pair, verbosity: int = 0) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines_of(pairs, verbosity)]


def test_terminal_shows_the_first_rows_and_says_how_many_more_there_are() -> None:
    found = pair(record("A", *(difference(f"x{number}") for number in range(12))), record("B"))
    lines = shown(found)
    assert lines[0] == "a.pcap: 12 of 20 numbers differ"
    assert lines[1].split() == ["A", "B", "model", "model", "agrees", "with"]
    assert lines[2].split() == ["x0", "c", "count", "4", "5", "5", "B"]
    assert lines[-1] == "and 2 numbers more, which -v lists, and --report DIR"
    assert len(shown(found, verbosity=1)) == 14


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (92.00000018, "92"),
        (864888.0149, "864888.01"),
        (1234567890.0, "1234567890"),
        (0.00012, "0.00012"),
        (None, "nothing"),
    ],
)
def test_numbers_are_shown_as_exactly_as_they_tell_anything(number: float | None, text: str) -> None:
    assert cell(number, "upper") == text


def test_terminal_counts_recordings_without_difference() -> None:
    alike = [pair(record("A", recording=name), record("B", recording=name)) for name in "abc"]
    assert shown(*alike) == ["3 recordings: no difference in 60 numbers"]
    assert shown(alike[0]) == ["a: no difference in 20 numbers"]


def test_page_shows_the_rows_and_escapes_names() -> None:
    written = page([record("A", difference("<b>x</b>")), record("B")])
    assert "a.pcap: 1 of 20 numbers differ between A and B" in written
    assert "<code>&lt;b&gt;x&lt;/b&gt;</code>" in written
    assert "no difference in 20 numbers between A and B" in page([record("A"), record("B")])
    assert "Recordings on two targets" not in page([record("A")])


def test_page_leaves_out_what_is_too_much_and_says_so() -> None:
    written = page([record("A", *(difference(f"x{number}") for number in range(501))), record("B")])
    assert "<code>x499</code>" in written
    assert "<code>x500</code>" not in written
    assert "And 1 more, which stand in results.jsonl." in written
