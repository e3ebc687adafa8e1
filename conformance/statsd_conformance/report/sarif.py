"""What does not hold, as SARIF 2.1.0, which code scanning of GitHub and other tools read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from statsd_conformance import __version__
from statsd_conformance.report.record import Record, title_of
from statsd_conformance.requirement import Level
from statsd_conformance.verdict import Verdict

# What is met, excused or not tried is no alert.
_LEVELS: Final = {
    Verdict.FAIL: "error",
    Verdict.CRASHED: "error",
    Verdict.INCONCLUSIVE: "warning",
    Verdict.NON_STRICT: "warning",
}
_RULE_LEVELS: Final = {Level.MUST.value: "error", Level.SHOULD.value: "warning", Level.MAY.value: "note"}

Object = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Located:
    """A record, and the file and line of it that a result points to."""

    record: Record
    file: str
    line: int


def sarif(records: Sequence[Located]) -> str:
    """Return a document with a result for each record that is FAIL, CRASHED, INCONCLUSIVE or NON-STRICT; ends in LF.

    A target that could not be examined at all is a notification, and no result.
    """
    examined = [one for one in records if not one.record["problem"]]
    results = [one for one in examined if Verdict(one.record["verdict"]) in _LEVELS]
    rules = {one.record["id"]: one.record for one in examined}
    ids = sorted(rules)
    return document(
        [_rule(rules[id]) for id in ids],
        [_result(one, ids) for one in results],
        [_invocation(one.record for one in records)],
    )


def document(rules: Sequence[Object], results: Sequence[Object], invocations: Sequence[Object] = ()) -> str:
    """Return a document of one run, with its rules, results and, where it tells of any, invocations; ends in LF."""
    run = {
        "tool": {"driver": {"name": "statsd-conformance", "version": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        **({"invocations": invocations} if invocations else {}),
        "results": results,
    }
    whole = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(whole, indent=1) + "\n"


def placed(file: str, line: int = 1) -> Object:
    """Return the location of a result."""
    where = {"artifactLocation": {"uri": quote(file, safe="/:")}, "region": {"startLine": line}}
    return {"physicalLocation": where}


def _rule(record: Record) -> dict[str, object]:
    return {
        "id": record["id"],
        "shortDescription": {"text": record["sentence"]},
        "fullDescription": {"text": f"{record['sentence']} Source: {record['cites']}"},
        "defaultConfiguration": {"level": _RULE_LEVELS[record["level"]]},
        "properties": {"class": record["class"], "level": record["level"]},
    }


def _invocation(records: Iterable[Record]) -> dict[str, object]:
    problems = {record["target"]: record["problem"] for record in records if record["problem"]}
    return {
        "executionSuccessful": not problems,
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": f"{target} was not examined: {why}"}}
            for target, why in problems.items()
        ],
    }


def _result(one: Located, ids: Sequence[str]) -> dict[str, object]:
    record = one.record
    return {
        "ruleId": record["id"],
        "ruleIndex": ids.index(record["id"]),
        "level": _LEVELS[Verdict(record["verdict"])],
        "message": {"text": f"{title_of(record)}: {record['verdict']} {record['id']}: {record['note']}"},
        "locations": [placed(one.file, one.line)],
        # The same case on the same target is the same alert, whatever its place in the file.
        "partialFingerprints": {"case/v1": f"{record['target']} {record['id']} {record['case']}"},
    }
