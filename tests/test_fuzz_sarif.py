"""Findings as SARIF: of both sorts of targets, new ones and known ones, and where they are shown."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from statsd_conformance.__main__ import main
from statsd_fuzz.fault import Fault
from statsd_fuzz.inprocess.campaign import Finding as Found
from statsd_fuzz.inprocess.campaign import Result
from statsd_fuzz.known import Entry, Standing
from statsd_fuzz.sarif import Reported, of_python, of_wire, sarif
from statsd_fuzz.wire.collected import Collected, Told
from test_report_sarif import SCHEMA
from test_wire_findings import ORIGIN, RATE, STREAM

FOLDER = Path("found here")
WIRE = Collected(
    ORIGIN,
    all=[
        Told(RATE, Standing.NEW),
        Told(replace(STREAM, name="counter-missing"), Standing.BACK, "since 1.2"),
        Told(
            replace(RATE, name="timer-differs", fault=Fault("timer-mean-differs", "it has 1")), Standing.KNOWN, "T-17"
        ),
    ],
)
PYTHON = Result(
    known={"b": Entry("b", "since 1.2", fixed=True), "c": Entry("c", "T-17")},
    findings=[Found(name, f"feed('{name}') raises", b"x") for name in ("a", "b", "c")],
)


def run_of(found: list[Reported]) -> dict[str, Any]:
    """Return the one run of the document on these."""
    document = json.loads(sarif("exec:./server {port}", found))
    jsonschema.validate(document, SCHEMA)
    [run] = document["runs"]
    assert isinstance(run, dict)
    return run


BOTH = pytest.mark.parametrize(
    "found", [of_wire(WIRE, FOLDER), of_python(PYTHON, FOLDER)], ids=["over the wire", "Python"]
)


@BOTH
def test_finding_is_an_error_and_a_known_one_a_note(found: list[Reported]) -> None:
    results = run_of(found)["results"]
    assert [one["level"] for one in results] == ["error", "error", "note"]
    assert [one["message"]["text"].endswith("(listed as fixed: since 1.2)") for one in results] == [False, True, False]
    assert results[2]["message"]["text"].endswith("(known: T-17)")


@BOTH
def test_each_name_is_a_rule_of_its_own(found: list[Reported]) -> None:
    run = run_of([*found, found[0]])
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted({one.name for one in found})
    assert [rules[one["ruleIndex"]] for one in run["results"]] == [one["ruleId"] for one in run["results"]]


@BOTH
def test_same_finding_is_the_same_alert_whatever_was_seen(found: list[Reported]) -> None:
    other = [replace(one, sentence="something else", standing=Standing.KNOWN, file="elsewhere") for one in found]
    prints = [[one["partialFingerprints"] for one in run_of(some)["results"]] for some in (found, other)]
    assert prints[0] == prints[1]
    assert prints[0][0] == {"finding/v1": f"exec:./server {{port}} {found[0].name}"}
    assert len({str(one) for one in prints[0]}) == len(found)


def test_finding_is_shown_at_the_file_that_it_is_saved_in() -> None:
    places = [one["locations"][0]["physicalLocation"] for one in run_of(of_wire(WIRE, FOLDER))["results"]]
    assert [one["artifactLocation"]["uri"] for one in places] == [
        "found%20here/counter-differs-with-a-rate",
        "found%20here/counter-missing.over-tcp",
        "found%20here/timer-differs",
    ]


def test_command_writes_what_it_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setenv("STATSD_FUZZ_UNGUIDED", "1")
    file = tmp_path / "found.sarif"
    given = ["--target", "python:python_targets:RaisesOnNan", "--seconds", "1", "--seed", "7"]
    more = ["--findings", str(tmp_path), "--sarif", str(file), "--sarif-at", "src/server.py"]
    assert CliRunner().invoke(main, ["fuzz", *given, *more]).exit_code == 1
    document = json.loads(file.read_text("utf-8"))
    jsonschema.validate(document, SCHEMA)
    [result] = document["runs"][0]["results"]
    assert result["ruleId"] == "raises-keyerror-in-feed"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "src/server.py"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--sarif", "none-such/found.sarif"], "--sarif none-such/found.sarif: there is no folder none-such; make it"),
        (["--sarif-at", "src/server.py"], "--sarif-at says where alerts of --sarif FILE are shown; give that, too"),
    ],
)
def test_file_of_alerts_that_cannot_be_is_told_before_the_search(options: list[str], words: str) -> None:
    result = CliRunner().invoke(main, ["fuzz", "--target", "reference", *options])
    assert result.exit_code == 2
    assert words in result.output
