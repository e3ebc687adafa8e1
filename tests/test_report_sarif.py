import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from statsd_conformance.__main__ import main
from statsd_conformance.verdict import Verdict
from test_results import RECORD

SCHEMA = json.loads(Path(__file__).with_name("sarif.schema.json").read_text("utf-8"))


def reported(tmp_path: Path, records: list[dict[str, Any]], *options: str) -> dict[str, Any]:
    """Return the one run of the document for these records."""
    file = tmp_path / "results [1].jsonl"
    file.write_text("".join(json.dumps({"format": 2, **record}) + "\n" for record in records))
    ran = CliRunner().invoke(main, ["report", str(file), "--format", "sarif", *options])
    assert ran.exit_code == 0, ran.output
    document = json.loads(ran.output)
    jsonschema.validate(document, SCHEMA)
    [run] = document["runs"]
    assert isinstance(run, dict)
    return run


def test_what_does_not_hold_is_a_result_and_nothing_else_is(tmp_path: Path) -> None:
    run = reported(tmp_path, [RECORD | {"verdict": verdict.value} for verdict in Verdict])
    levels = {one["message"]["text"].split()[2]: one["level"] for one in run["results"]}
    assert levels == {"FAIL": "error", "CRASHED": "error", "INCONCLUSIVE": "warning", "NON-STRICT": "warning"}


def test_a_result_names_rule_target_and_line(tmp_path: Path) -> None:
    failed = RECORD | {"id": "GAUGE-01", "case": "test_b[reference]", "verdict": "FAIL", "note": "saw 2"}
    run = reported(tmp_path, [RECORD, failed])
    [result] = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "GAUGE-01"
    assert result["message"]["text"] == "reference 1: FAIL GAUGE-01: saw 2"
    assert result["partialFingerprints"] == {"case/v1": "reference GAUGE-01 test_b[reference]"}
    [location] = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"].endswith("/results%20%5B1%5D.jsonl")
    assert location["physicalLocation"]["region"] == {"startLine": 2}


def test_alerts_are_shown_at_the_file_that_is_named(tmp_path: Path) -> None:
    run = reported(tmp_path, [RECORD, RECORD | {"verdict": "FAIL"}], "--at", "src/parser.c")
    [location] = run["results"][0]["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "src/parser.c"},
        "region": {"startLine": 1},
    }


def test_a_target_that_was_not_examined_is_told_once(tmp_path: Path) -> None:
    missing = RECORD | {"verdict": "INCONCLUSIVE", "problem": "it is not installed"}
    run = reported(tmp_path, [missing, missing | {"id": "GAUGE-01"}])
    assert run["results"] == []
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    [notification] = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"] == "reference was not examined: it is not installed"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--at", "x"], "--at is for --format sarif"),
        (["--format", "sarif", "--html", "x"], "--html is a page, and --format sarif is none"),
    ],
    ids=["at", "html"],
)
def test_options_that_do_not_go_together_are_refused(options: list[str], words: str, tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["report", str(tmp_path / "x.jsonl"), *options])
    assert ran.exit_code == 2
    assert words in ran.output
