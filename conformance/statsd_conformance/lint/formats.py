"""Findings as people and programs read them: text, JSON Lines, SARIF, annotations of GitHub."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

from statsd_conformance import __version__
from statsd_conformance.lint.finding import Finding
from statsd_conformance.lint.rule import RULES, Rule
from statsd_conformance.printable import escaped
from statsd_conformance.requirement import Level

_LEVELS: Final = {Level.MUST: "error", Level.SHOULD: "warning"}
# Where a finding was made: the file, or the address that was listened at.
Located = tuple[str, Finding]
Format = Callable[[Iterator[Located]], Iterator[str]]


def as_text(findings: Iterator[Located]) -> Iterator[str]:
    """Yield a line for each finding: `traffic.pcap:17:2:9 ERATE-02 …`, datagram, line and column."""
    for place, one in findings:
        yield f"{place}:{one.number}:{one.line}:{one.column} {one.code} {one.message}\n"


def as_json(findings: Iterator[Located]) -> Iterator[str]:
    """Yield a line for each finding, a JSON object; `text` is the line, its bytes as characters of Latin-1."""
    for place, one in findings:
        yield json.dumps(_fields(place, one), ensure_ascii=False) + "\n"


def _fields(place: str, one: Finding) -> dict[str, object]:
    return {
        "code": one.code,
        "level": RULES[one.code].level.value,
        "message": one.message,
        "file": place,
        "datagram": one.number,
        "line": one.line,
        "column": one.column,
        "text": one.text.decode("latin-1"),
    }


def as_github(findings: Iterator[Located]) -> Iterator[str]:
    """Yield a workflow command for each finding, which GitHub shows beside the file."""
    for place, one in findings:
        where = f"file={_property(place)},line={one.number},col={max(one.column, 1)},title={one.code}"
        yield f"::{_LEVELS[RULES[one.code].level]} {where}::{_data(_with_place(one))}\n"


def _with_place(one: Finding) -> str:
    line = f", line {one.line}" if one.line else ""
    column = f", column {one.column}" if one.column else ""
    return f"datagram {one.number}{line}{column}: {one.message}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(findings: Iterator[Located]) -> Iterator[str]:
    """Yield a document of SARIF 2.1.0 in pieces; the number of a datagram stands where that of a line is asked for."""
    codes = list(RULES)
    driver = {
        "name": "statsd-conformance",
        "version": __version__,
        "rules": [_sarif_rule(rule) for rule in RULES.values()],
    }
    yield '{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [{"tool": '
    yield json.dumps({"driver": driver}) + ', "columnKind": "unicodeCodePoints", "results": ['
    separator = "\n"
    for place, one in findings:
        yield separator + json.dumps(_sarif_result(place, one, codes))
        separator = ",\n"
    yield "\n]}]}\n"


def _sarif_rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.sentence} {rule.why}"},
        "defaultConfiguration": {"level": _LEVELS[rule.level], "enabled": rule.default},
    }


def _sarif_result(place: str, one: Finding, codes: list[str]) -> dict[str, object]:
    region = {"startLine": one.number, "startColumn": max(one.column, 1)}
    return {
        "ruleId": one.code,
        "ruleIndex": codes.index(one.code),
        "level": _LEVELS[RULES[one.code].level],
        "message": {"text": _with_place(one)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(place, safe="/:")}, "region": region}}],
        "properties": {"datagram": one.number, "line": one.line, "column": one.column},
    }


FORMATS: Final[dict[str, Format]] = {"text": as_text, "json": as_json, "sarif": as_sarif, "github": as_github}


def statistics(counts: Counter[str]) -> Iterator[str]:
    """Yield a line for each rule that was broken, the most frequent first: how often, its code, its title."""
    width = max((len(str(number)) for number in counts.values()), default=0)
    for code, number in counts.most_common():
        yield f"{number:>{width}}  {code:<12}  {RULES[code].title}\n"


def explained(rule: Rule) -> str:
    """Return the page of a rule."""
    off = "" if rule.default else f", off unless selected: --select {rule.code}"
    parts = [f"{rule.code} {rule.title} ({rule.level.value}{off})", "", rule.sentence, "", f"why:     {rule.why}"]
    parts += [f"source:  {rule.cites}"]
    unit = "piece" if rule.stream else "datagram"
    parts += [f"dialect: {rule.dialect}"]
    for word, example in (("good", rule.good), ("bad", rule.bad)):
        parts += [f"{word + ':':<8} {unit} {_shortened(payload)}" for payload in example]
    parts += ["", "What known aggregators do with the bad one:"]
    parts += [f"    {names}: {effect}" for names, effect in rule.aggregators.items()]
    return "\n".join(parts) + "\n"


def _shortened(payload: bytes) -> str:
    shown = escaped(payload)
    return f"`{shown}`" if len(shown) <= 100 else f"`{shown[:60]} … {shown[-20:]}` ({len(payload)} bytes)"
