"""Findings in each format, and the page of a rule."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from statsd_conformance.lint import RULES, Finding
from statsd_conformance.lint.formats import FORMATS, Located, explained, statistics

_FINDINGS = [
    ("traffic.pcap", Finding("ERATE-02", "sample rate 0 is outside (0, 1]", 17, 2, 9, b"a.b:1|c|@0")),
    ("100%,a:b.pcap", Finding("EFRAMING-01", "the datagram is empty\r\n100%", 18, 0, 0, b"")),
    ("x.pcap", Finding("EFRAMING-09", "byte 0xff is no UTF-8", 3, 1, 1, b"\xff:1|c")),
]
_SARIF = json.loads(Path(__file__).with_name("sarif.schema.json").read_text("utf-8"))


def written(form: str, findings: list[Located]) -> str:
    return "".join(FORMATS[form](iter(findings)))


def test_text_names_file_datagram_line_and_column() -> None:
    assert written("text", _FINDINGS[:1]) == "traffic.pcap:17:2:9 ERATE-02 sample rate 0 is outside (0, 1]\n"


def test_json_has_a_finding_a_line() -> None:
    first, *others = written("json", _FINDINGS).splitlines()
    assert json.loads(first) == {
        "code": "ERATE-02",
        "level": "MUST",
        "message": "sample rate 0 is outside (0, 1]",
        "file": "traffic.pcap",
        "datagram": 17,
        "line": 2,
        "column": 9,
        "text": "a.b:1|c|@0",
    }
    assert json.loads(others[1])["text"].encode("latin-1") == b"\xff:1|c"


@pytest.mark.parametrize("number", [0, 1, 3])
def test_sarif_has_what_the_standard_asks_for(number: int) -> None:
    document = json.loads(written("sarif", _FINDINGS[:number]))
    jsonschema.validate(document, _SARIF)
    [run] = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        finding.code for _, finding in _FINDINGS[:number]
    ]
    assert [result["message"]["text"] for result in run["results"]] == [
        "datagram 17, line 2, column 9: sample rate 0 is outside (0, 1]",
        "datagram 18: the datagram is empty\r\n100%",
        "datagram 3, line 1, column 1: byte 0xff is no UTF-8",
    ][:number]
    assert {rule["id"]: rule["defaultConfiguration"]["level"] for rule in rules} == {
        code: {"MUST": "error", "SHOULD": "warning"}[rule.level.value] for code, rule in RULES.items()
    }


def test_github_gets_commands_with_nothing_in_them_that_ends_them() -> None:
    assert written("github", _FINDINGS[:2]).splitlines() == [
        "::error file=traffic.pcap,line=17,col=9,title=ERATE-02"
        "::datagram 17, line 2, column 9: sample rate 0 is outside (0, 1]",
        "::warning file=100%25%2Ca%3Ab.pcap,line=18,col=1,title=EFRAMING-01"
        "::datagram 18: the datagram is empty%0D%0A100%25",
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_findings_are_written_as_they_come(form: str) -> None:
    asked = []

    def findings() -> Iterator[Located]:
        for one in _FINDINGS:
            asked.append(one)
            yield one

    pieces = FORMATS[form](findings())
    assert "ERATE-02" in next(piece for piece in pieces if asked)
    assert len(asked) == 1


def test_statistics_have_the_most_frequent_rule_first() -> None:
    assert list(statistics(Counter({"ELINE-05": 7, "ERATE-02": 12}))) == [
        "12  ERATE-02      sample rate outside (0, 1]\n",
        " 7  ELINE-05      unknown type\n",
    ]
    assert list(statistics(Counter())) == []


@pytest.mark.parametrize("code", RULES)
def test_page_of_a_rule_has_all_that_the_table_has(code: str) -> None:
    rule = RULES[code]
    page = explained(rule)
    assert page.startswith(f"{code} {rule.title} ({rule.level.value}")
    assert all(text in page for text in (rule.sentence, rule.why, rule.cites, *rule.aggregators.values()))
    assert page.count("\ngood: ") == len(rule.good)
    assert ("--select" in page) == (not rule.default)
    assert max(map(len, page.splitlines())) < 500
