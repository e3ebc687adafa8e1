import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from statsd_conformance.__main__ import main
from statsd_conformance.report.matrix import matrix
from test_results import RECORD


def test_runs_stand_side_by_side_and_the_worst_case_counts(tmp_path: Path) -> None:
    other = RECORD | {"target": "a|b", "version": ""}
    runs = [[RECORD, RECORD | {"verdict": "FAIL"}], [other, other | {"id": "GAUGE-01", "verdict": "INFO"}]]
    files = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    for file, records in zip(files, runs, strict=True):
        file.write_text("".join(json.dumps({"format": 2, **record}) + "\n" for record in records))
    rows = CliRunner().invoke(main, ["report", *map(str, files)]).output.splitlines()
    assert "| requirement | reference 1 | a&#124;b |" in rows
    assert "| COUNTER-01 | FAIL | PASS |" in rows
    assert "| GAUGE-01 | – | INFO |" in rows


def test_matrix_of_nothing_has_no_table() -> None:
    assert "requirement" not in matrix([])


def test_matrix_names_what_was_not_examined_and_says_when_the_rest_was() -> None:
    missing = RECORD | {"target": "x", "verdict": "INCONCLUSIVE", "problem": "x is not installed: build it"}
    seen = RECORD | {"verdict": "FAIL", "note": "saw stats.q0123abcde.a", "date": "2026-11-24T11:24:28Z"}
    text = matrix([missing, missing | {"verdict": "UNSUPPORTED"}, seen])
    assert "| reference 1 | 2026-11-24 | 1 |" in text
    assert text.count("x was not examined: x is not installed&#58; build it") == 1
    assert "| requirement | reference 1 |" in text
    assert "| reference | FAIL | COUNTER-01 | saw stats.q….a |" in text


LINE = {"format": 2, **RECORD}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "is no result"),
        ("x", "is no JSON"),
        ('{"id": "A-01"}', "is no result"),
        ('{"format": 2, "id": "A-01"}', "has no 'case'"),
        (json.dumps(LINE | {"verdict": "GOOD"}), "has a wrong 'verdict': 'GOOD'"),
        (json.dumps(LINE | {"seconds": "1"}), "has a wrong 'seconds': '1'"),
        (json.dumps(LINE | {"interval": []}), "has a wrong 'interval': '[]'"),
        (json.dumps(LINE | {"format": 3}), "has format 3, which a newer version wrote: update this one"),
    ],
)
def test_file_that_holds_no_results_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("\n" + text)
    ran = CliRunner().invoke(main, ["report", str(tmp_path / "bad.jsonl")])
    assert ran.exit_code == 1
    assert f"bad.jsonl:2 {said}; name a results.jsonl" in ran.output


def test_results_of_the_format_before_are_read(tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").write_text(json.dumps(LINE | {"format": 1}))
    assert "| COUNTER-01 | PASS |" in CliRunner().invoke(main, ["report", str(tmp_path / "old.jsonl")]).output


def test_page_is_written_where_asked_with_paths_from_there(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        record = LINE | {"target": name, "verdict": "FAIL", "evidence": "evidence/x [1].txt"}
        (tmp_path / name / "results.jsonl").write_text(json.dumps(record))
    files = [str(tmp_path / name / "results.jsonl") for name in ("a", "b")]
    ran = CliRunner().invoke(main, ["report", *files, "--html", str(tmp_path / "b" / "all.html")])
    written = (tmp_path / "b" / "all.html").read_text("utf-8")
    assert (ran.exit_code, ran.output) == (0, "")
    assert '"evidence":"../a/evidence/x%20%5B1%5D"' in written
    assert '"evidence":"evidence/x%20%5B1%5D"' in written


def test_page_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(LINE))
    ran = CliRunner().invoke(main, ["report", str(tmp_path / "a.jsonl"), "--html", str(tmp_path / "no" / "a.html")])
    assert ran.exit_code == 1
    assert "a.html: No such file or directory; name a file in a folder of yours" in ran.output


def test_missing_file_is_named() -> None:
    assert "cannot read /none.jsonl" in CliRunner().invoke(main, ["report", "/none.jsonl"]).output
