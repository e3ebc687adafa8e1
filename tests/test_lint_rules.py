"""Every rule's own examples: the bad one breaks that rule and no other, the good one none."""

import re
from collections.abc import Sequence
from importlib.resources import files

import pytest

from statsd_conformance.lint import RULES, Finding, Rule, Settings, lint
from statsd_conformance.recording import Datagram

_EACH = pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))


def findings(rule: Rule, example: Sequence[bytes]) -> list[Finding]:
    datagrams = [Datagram(payload, number, stream=rule.stream) for number, payload in enumerate(example, 1)]
    return list(
        lint(datagrams, Settings(dialect=rule.dialect, select=frozenset() if rule.default else frozenset(["E"])))
    )


@_EACH
def test_bad_example_breaks_its_rule_and_no_other(rule: Rule) -> None:
    found = findings(rule, rule.bad)
    assert {finding.code for finding in found} == {rule.code}


@_EACH
def test_good_example_breaks_no_rule(rule: Rule) -> None:
    assert findings(rule, rule.good) == []


def test_table_and_code_have_the_same_rules() -> None:
    sources = [
        file.read_text("utf-8") for file in files("statsd_conformance.lint").iterdir() if file.name.endswith(".py")
    ]
    assert {code for text in sources for code in re.findall(r'"(E[A-Z]+-[0-9]{2})"', text)} == set(RULES)


def test_numbers_of_a_family_have_no_gap() -> None:
    families: dict[str, list[int]] = {}
    for code in RULES:
        family, _, number = code.partition("-")
        families.setdefault(family, []).append(int(number))
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in families.values())


@_EACH
def test_sentence_has_the_word_of_its_level(rule: Rule) -> None:
    assert rule.level.value in rule.sentence
    assert rule.aggregators
    assert rule.cites
