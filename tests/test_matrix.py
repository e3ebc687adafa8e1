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
        file.write_text("".join(json.dumps(record) + "\n" for record in records))
    rows = CliRunner().invoke(main, ["report", *map(str, files)]).output.splitlines()
    assert "| requirement | reference 1 | a&#124;b |" in rows
    assert "| COUNTER-01 | FAIL | PASS |" in rows
    assert "| GAUGE-01 | – | INFO |" in rows


def test_matrix_of_nothing_has_no_table() -> None:
    assert "requirement" not in matrix([])


@pytest.mark.parametrize("text", ["[]", "x", '{"id": "A-01"}', json.dumps(RECORD | {"verdict": "GOOD"})])
def test_file_that_holds_no_results_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("\n" + text)
    ran = CliRunner().invoke(main, ["report", str(tmp_path / "bad.jsonl")])
    assert ran.exit_code == 1
    assert "bad.jsonl:2 is no result" in ran.output


def test_missing_file_is_named() -> None:
    assert "cannot read /none.jsonl" in CliRunner().invoke(main, ["report", "/none.jsonl"]).output
