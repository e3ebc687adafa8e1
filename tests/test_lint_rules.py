"""Every rule's own examples: the bad one breaks that rule and no other, the good one none."""

from collections.abc import Sequence

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
