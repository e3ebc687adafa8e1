"""Facts that a case measures, from the case to every place where they are shown."""

from pathlib import Path

import pytest

from statsd_conformance.hooks.summary import summary
from statsd_conformance.measured import Measured, facts
from statsd_conformance.report.matrix import matrix
from statsd_conformance.report.page import page
from statsd_conformance.report.results import write_results
from statsd_conformance.target import Target, Trace
from statsd_conformance.verdict import Outcome, Verdict
from test_record import record
from test_results import RECORD, check
from wave_trials import Failing, case, run

SIZE = RECORD | {"measured": [{"what": "largest", "said": "9 bytes"}]}
OTHER = RECORD | {"target": "other", "measured": [{"what": "speed", "said": "fast | <b>"}]}


def test_case_that_is_run_again_tells_what_its_last_run_measured() -> None:
    failing = Failing()

    async def measuring(target: Target) -> None:
        target.measured("run", str(failing.called + 1))
        await failing(target)

    outcome = run([case(measuring)]).outcomes["TESTING-01"]
    assert outcome.trace is not None
    assert (outcome.verdict, outcome.trace.measured) == (Verdict.FAIL, [Measured("run", "2")])


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.UNSUPPORTED, Verdict.INFO])
def test_record_holds_what_was_measured_whatever_the_verdict(verdict: Verdict) -> None:
    made = record(Outcome(verdict, trace=Trace(measured=[Measured("largest", "9 bytes")])))
    assert made["measured"] == SIZE["measured"]


def test_record_of_a_case_that_measured_nothing_says_nothing_of_it() -> None:
    assert "measured" not in record(Outcome(Verdict.INFO, trace=Trace()))


def test_facts_follow_the_schema_in_the_file(tmp_path: Path) -> None:
    write_results(tmp_path, [SIZE])
    assert check((tmp_path / "results.jsonl").read_text("utf-8"))[0]["measured"] == SIZE["measured"]


def test_what_several_cases_say_of_one_thing_is_told_once_each() -> None:
    again = {"measured": [{"what": "largest", "said": "8 bytes"}]}
    assert facts([SIZE, RECORD, again, again]) == {"largest": "9 bytes; 8 bytes"}


@pytest.mark.parametrize("verbosity", [-1, 0, 1])
def test_terminal_tells_the_facts_behind_the_counts(verbosity: int) -> None:
    lines = ["".join(text for text, _ in line) for line in summary([SIZE, RECORD], verbosity, None)]
    assert lines[2] == "measured: largest: 9 bytes"


def test_matrix_has_a_row_a_target_and_a_column_a_fact() -> None:
    written = matrix([SIZE, OTHER]).splitlines()
    assert "| measured | largest | speed |" in written
    assert "| reference 1 | 9 bytes | – |" in written
    assert "| other 1 | – | fast &#124; &#60;b&#62; |" in written


def test_matrix_without_facts_has_no_table_of_them() -> None:
    assert "measured" not in matrix([RECORD])


def test_page_has_a_table_of_facts_in_which_nothing_is_markup() -> None:
    written = page([SIZE, OTHER])
    assert '<th scope="col">Largest</th><th scope="col">Speed</th>' in written
    assert "<td>9 bytes</td><td>–</td></tr>" in written
    assert "<td>–</td><td>fast | &lt;b&gt;</td></tr>" in written


def test_page_without_facts_has_no_section_of_them() -> None:
    assert "Measured" not in page([RECORD])
