import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from statsd_conformance.report.results import RecordError, badge, read_record, summary, write_results
from test_plugin import suite, suite_environment

RECORD: dict[str, Any] = {
    "case": "test_a[reference]", "id": "COUNTER-01", "class": "CORE", "level": "MUST", "sentence": "It MUST.",
    "cites": "docs", "verdict": "PASS", "note": "", "target": "reference", "version": "1", "seconds": 1.0,
    "interval": None, "problem": "",
}  # fmt: skip
HOSTILE = "<script>alert(1)</script> | `x` [a](b)\nsecond"


def check(lines: str) -> list[dict[str, Any]]:
    """Return the records of a results.jsonl, each of which follows the schema."""
    schema = json.loads(files("statsd_conformance.report").joinpath("result.schema.json").read_text("utf-8"))
    records: list[dict[str, Any]] = [json.loads(line) for line in lines.splitlines()]
    for record in records:
        jsonschema.validate(record, schema)
    return records


def test_lines_follow_the_schema(tmp_path: Path) -> None:
    write_results(tmp_path, [RECORD, RECORD | {"verdict": "FAIL", "note": HOSTILE + "\u2028\x00"}])
    records = check((tmp_path / "results.jsonl").read_text("utf-8"))
    assert [record["verdict"] for record in records] == ["PASS", "FAIL"]
    assert records[1]["note"] == HOSTILE + "\u2028\x00"


def test_path_of_evidence_is_relative_to_the_results(tmp_path: Path) -> None:
    text = tmp_path / "evidence" / "a.txt"
    write_results(tmp_path / "report", [RECORD | {"evidence": str(text)}])
    [record] = check((tmp_path / "report" / "results.jsonl").read_text("utf-8"))
    assert record["evidence"] == "../evidence/a.txt"


def test_schema_refuses_an_unknown_verdict() -> None:
    with pytest.raises(jsonschema.ValidationError):
        check(json.dumps({"format": 2, **RECORD, "verdict": "GOOD"}))


@pytest.mark.parametrize(
    ("verdicts", "message", "colour"),
    [
        (["PASS", "INFO"], "1 pass", "brightgreen"),
        (["PASS", "FAIL", "CRASHED"], "1 pass, 2 not", "red"),
        ([], "0 pass", "lightgrey"),
    ],
    ids=["good", "bad", "nothing"],
)
def test_badge_says_what_passed(verdicts: list[str], message: str, colour: str) -> None:
    made = badge([RECORD | {"verdict": verdict} for verdict in verdicts])
    assert (made["message"], made["color"], made["schemaVersion"]) == (message, colour, 1)


def test_summary_counts_by_target_and_escapes_what_a_server_said() -> None:
    text = summary([RECORD, RECORD | {"target": "other", "verdict": "FAIL", "note": HOSTILE}])
    assert "| target | examined | PASS | FAIL |" in text
    assert "| reference 1 |  | 1 | 0 |" in text
    assert "<script>" not in text
    (row,) = [row for row in text.splitlines() if "COUNTER-01" in row]
    assert row.count("|") == 5


def test_summary_has_a_row_for_all_cases_of_one_kind_the_worst_first() -> None:
    fails = [RECORD | {"verdict": "FAIL", "note": f"it is 3\n{number}"} for number in range(3)]
    text = summary([RECORD | {"verdict": "NON-STRICT", "note": "so"}, *fails, RECORD | {"verdict": "CRASHED"}])
    assert text.splitlines()[-3:] == [
        "| reference | CRASHED | COUNTER-01 |  |",
        "| reference | FAIL | COUNTER-01 | it is 3 (3 cases) |",
        "| reference | NON-STRICT | COUNTER-01 | so |",
    ]


def test_summary_stays_below_what_a_ci_shows() -> None:
    text = summary([RECORD | {"verdict": "FAIL", "note": f"{number} " + "|" * 5000} for number in range(7000)])
    assert len(text.encode()) < 2**20
    assert text.endswith("\nAnd 6700 more of these, which report.html shows.\n")


def test_summary_of_nothing_says_so() -> None:
    assert "No case was run." in summary([])


def test_start_up_imports_nothing_that_only_reports_need() -> None:
    heavy = "{'jinja2', 'rich', 'click', 'hypothesis', 'scapy'}"
    code = f"import sys, statsd_conformance.plugin; print(*{heavy} & sys.modules.keys())"
    ran = subprocess.run(
        [sys.executable, "-c", code], env=suite_environment(), capture_output=True, text=True, check=False
    )
    assert (ran.stdout, ran.stderr) == ("\n", "")


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["one process", "xdist"])
def test_run_writes_results_and_properties(options: list[str], tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    junit = tmp_path / "junit.xml"
    ran = suite("-k", "GAUGE-01 or GAUGE-05", "--report", str(tmp_path / "r"), f"--junitxml={junit}", *options)
    assert ran.returncode == 0, ran.stdout
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == [
        *("badge.json", "report.html", "results.jsonl", "summary.md"),
    ]
    assert ">GAUGE-05<" in (tmp_path / "r" / "report.html").read_text("utf-8")
    records = check((tmp_path / "r" / "results.jsonl").read_text("utf-8"))
    assert {record["id"]: record["verdict"] for record in records} == {"GAUGE-01": "PASS", "GAUGE-05": "INFO"}
    cases = [
        {one.get("name"): one.get("value") for one in case.iter("property")}
        for case in ElementTree.parse(junit).iter("testcase")
    ]
    assert {"id": "GAUGE-01", "class": "CORE", "verdict": "PASS"} in cases
    assert {"id": "GAUGE-05", "class": "QUIRK", "verdict": "INFO"} in cases


def test_every_type_that_the_schema_names_is_told_from_others() -> None:
    schema = json.loads(files("statsd_conformance.report").joinpath("result.schema.json").read_text("utf-8"))
    typed = {name: rule["type"] for name, rule in schema["properties"].items() if "type" in rule}
    assert "object" in typed.values()
    for name, kind in typed.items():
        wrong: object = "x" if kind in ("object", "array", "integer", "number") else {}
        if name != "format":
            with pytest.raises(RecordError, match=f"has a wrong '{name}'"):
                read_record(json.dumps({"format": 2, **RECORD, name: wrong if kind != ["number", "null"] else "x"}))
