from pathlib import Path

import pytest
from click.testing import CliRunner

from statsd_conformance import catalogue, requirement
from statsd_conformance.__main__ import main
from statsd_conformance.requirement import CORE, EXT, MAY, MUST, UNTESTABLE, Requirement, Untestable, untestable
from statsd_conformance.survey import findings, surveyed

SPEC = Path(__file__).parents[1] / "conformance" / "SPEC.md"


def said(*arguments: str) -> str:
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 0, ran.output
    return ran.output


def refused(*arguments: str) -> str:
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code != 0
    assert isinstance(ran.exception, SystemExit)
    return ran.output.splitlines()[-1]


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> Untestable:
    """Give an entry without a case that only this test sees."""
    monkeypatch.setattr(requirement, "UNTESTABLE", UNTESTABLE.copy())
    monkeypatch.setattr(catalogue, "UNTESTABLE", requirement.UNTESTABLE)
    untestable("GAUGE-99", EXT, MAY, "A gauge `a|b` MAY shine.", cites="nobody", reason="light is not sent")
    return requirement.UNTESTABLE["GAUGE-99"]


def test_specification_is_that_of_the_cases() -> None:
    assert SPEC.read_text("utf-8") == catalogue.markdown(), "conformance/SPEC.md is stale: make spec"


def test_specification_escapes_bars_and_gives_reasons(unseen: Untestable) -> None:
    row = "| GAUGE-99 | EXT | MAY | A gauge `a\\|b` MAY shine.<br>*No case:* light is not sent | nobody |"
    assert row in catalogue.markdown().splitlines()


def test_spec_writes_the_file(tmp_path: Path) -> None:
    assert said("spec", str(tmp_path / "SPEC.md")) == ""
    assert (tmp_path / "SPEC.md").read_text("utf-8") == said("spec")


def test_spec_names_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    assert "none/SPEC.md: No such file" in refused("spec", str(tmp_path / "none" / "SPEC.md"))


def test_list_prints_every_entry_once() -> None:
    ids = [line.split()[0] for line in said("list").splitlines()]
    assert len(ids) == len(set(ids)) == len(catalogue.entries())
    assert ids.index("FRAMING-01") < ids.index("FRAMING-02") < ids.index("GAUGE-01")


def test_filters_of_list_hold_together() -> None:
    rows = [line.split()[:3] for line in said("list", "--family", "gauge", "--class", "core").splitlines()]
    assert rows
    assert all(id.startswith("GAUGE-") and category == "CORE" for id, category, _ in rows)
    levels = {level for _, _, level in rows}
    only = [line.split()[2] for line in said("list", "--family", "GAUGE", "--level", "SHOULD").splitlines()]
    assert levels > set(only) == {"SHOULD"}


def test_list_marks_what_has_no_case(unseen: Untestable) -> None:
    (row,) = [line for line in said("list").splitlines() if line.startswith("GAUGE-99")]
    assert row.endswith("(no case)")


def test_unknown_family_is_named_with_those_that_exist() -> None:
    assert "'NONE' is none of " in refused("list", "--family", "none")
    assert "FRAMING" in refused("list", "--family", "none")


def test_filters_that_nothing_passes_are_an_error() -> None:
    assert "no requirement passes" in refused("list", "--family", "FRAMING", "--class", "EXT")


def test_explain_tells_sentence_source_example_and_survey() -> None:
    rows = said("explain", "framing-09").splitlines()
    assert rows[0] == "FRAMING-09 (CORE, SHOULD)"
    assert rows[2].startswith("source:  stats.js")
    assert "a:1|c|@0.5\\r\\n" in rows[3]
    assert any(row.split() == ["brubeck", "refused", "and", "counted", "as", "an", "error"] for row in rows)


def test_explain_gives_the_reason_of_what_has_no_case(unseen: Untestable) -> None:
    assert "no case: light is not sent" in said("explain", "GAUGE-99").splitlines()


def test_long_examples_are_cut() -> None:
    assert all(
        len(row) < 1000 for entry in catalogue.chosen(["SIZE"]) for row in catalogue.explained(entry).split("\n")
    )


def test_unknown_id_names_the_nearest() -> None:
    assert "FRAMING-03" in refused("explain", "FRAMNG-3")
    assert "`statsd-conformance list`" in refused("explain", "?")


def test_every_survey_is_of_a_requirement_and_an_implementation() -> None:
    known = {
        "statsd",
        "brubeck",
        "collectd",
        "statsite",
        "gostatsd",
        "statsd_exporter",
        "telegraf",
        "veneur",
        "netdata",
        "bucky",
        "vector",
    }
    assert "FRAMING-01" in surveyed()
    for id in surveyed():
        for finding in findings(id):
            assert finding.probe
            assert set(finding.effects) <= known
            assert "¦" not in finding.probe + "".join(finding.effects.values())


def test_nothing_is_known_of_an_unknown_family() -> None:
    assert findings("NONE-01") == []


def test_id_without_a_case_cannot_be_taken_twice(unseen: Untestable) -> None:
    with pytest.raises(ValueError, match="GAUGE-99 is listed as untestable twice"):
        untestable("GAUGE-99", CORE, MUST, "again", cites="", reason="again")
    with pytest.raises(ValueError, match="GAUGE-01 has a case"):
        untestable("GAUGE-01", CORE, MUST, "again", cites="", reason="again")
    with pytest.raises(ValueError, match="GAUGE-98 is listed as untestable without a reason"):
        untestable("GAUGE-98", CORE, MUST, "again", cites="", reason="")


def test_case_of_what_is_listed_as_untestable_is_refused(unseen: Untestable) -> None:
    with pytest.raises(ValueError, match="GAUGE-99 has a case and is listed"):
        requirement.requirement("GAUGE-99", CORE, MUST, cites="")(lambda target: None)  # type: ignore[arg-type, return-value]  # never run


def test_example_is_what_the_case_sends_first() -> None:
    (entry,) = [entry for entry in catalogue.entries() if entry.id == "COUNTER-04"]
    assert isinstance(entry, Requirement)
    assert any(b":-" in datagram for datagram in catalogue.example(entry))


@pytest.mark.parametrize(("id", "sent"), [("PACK-05", b":1:2:3|c"), ("OTHER-03", b"|kv")])
def test_case_of_an_extension_has_an_example_too(id: str, sent: bytes) -> None:
    entry = catalogue.entry_of(id)
    assert isinstance(entry, Requirement)
    assert any(sent in datagram for datagram in catalogue.example(entry))


def test_a_rule_of_emitters_says_whose_ways_it_lists() -> None:
    page = catalogue.explained(catalogue.entry_of("EGAUGE-01")).split("\n")
    at = page.index("survey:  what aggregators do with the bad one")
    assert page[at + 1].startswith("    statsd, brubeck, ")
