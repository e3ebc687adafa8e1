"""The record of one case: plain values, which travel from a worker of xdist, and become a line of results.jsonl.

Bytes stand in it as text in which each character is one byte, U+0000 to U+00FF. A record is bounded: of long datagrams,
many lines and long texts it holds the beginning and, of datagrams and texts, the end, with the true size beside it.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from statsd_conformance.address import Address
from statsd_conformance.emitters.captured import marks_of
from statsd_conformance.evidence import SHOWN_DATAGRAMS, SHOWN_LINES, again_line, judges, required
from statsd_conformance.requirement import Requirement
from statsd_conformance.session import Examination
from statsd_conformance.target import Trace
from statsd_conformance.verdict import Outcome, Verdict

Record = Mapping[str, Any]
# Of a datagram longer than twice this, in bytes, this much of its beginning and of its end is kept.
_HALF: Final = 512
_TEXT: Final = 4000
_LINE: Final = 400
_MARKS: Final = 32
# Beyond this, in characters, a shell line is for a file, which `--evidence` writes.
_COMMAND: Final = 2000
_PLAIN: Final = (Verdict.PASS, Verdict.UNSUPPORTED)


def version_alone(record: Record) -> str:
    """Return the version in a record; most begin with the name of the program, which often is that of the target."""
    target, version = record["target"], record["version"]
    begins = f"{version} ".lower().startswith(f"{target} ".lower())
    return str(version[len(target) :] if begins else version).strip()


def title_of(record: Record) -> str:
    """Return target and version of a record."""
    return f"{record['target']} {version_alone(record)}".strip()


def record_of(case: str, requirement: Requirement, outcome: Outcome, examination: Examination) -> dict[str, Any]:
    """Return the record of a case; what it sent and saw stands in it where its verdict calls for a look at that."""
    record: dict[str, Any] = {
        "case": case,
        "id": requirement.id,
        "class": requirement.category.value,
        "level": requirement.level.value,
        "sentence": requirement.sentence,
        "cites": requirement.cites,
        "verdict": outcome.verdict.value,
        "note": _bounded(outcome.note),
        "target": examination.target,
        "version": examination.version,
        "seconds": examination.seconds,
        "interval": examination.interval,
        "problem": examination.problem,
        "date": examination.ended.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    said = {"spelled_as": examination.spelled_as, "warning": examination.warning}
    record |= {name: text for name, text in said.items() if text}
    if outcome.trace is not None and outcome.trace.measured:
        record["measured"] = [{"what": one.what, "said": _bounded(one.said)} for one in outcome.trace.measured]
    if outcome.trace is not None and outcome.trace.replayed:
        record["replayed"] = outcome.trace.replayed.kept()
    if outcome.verdict in _PLAIN:
        return record
    if demanded := required(outcome):
        record["required"] = _bounded(demanded)
    if outcome.error is not None and outcome.verdict is not Verdict.CRASHED:
        record["observed"] = _bounded(str(outcome.error))
    return record | _evidence(outcome.trace, examination.address, marked=judges(requirement))


def _evidence(trace: Trace | None, address: Address | None, *, marked: bool) -> dict[str, Any]:
    if trace is None or not trace.datagrams:
        return {}
    evidence: dict[str, Any] = {
        "datagrams": [_datagram(one, marked=marked) for one in trace.datagrams[:SHOWN_DATAGRAMS]],
        "datagrams_sent": len(trace.datagrams),
    }
    if not trace.again:
        # Nothing comes back from what only sends.
        lines = trace.published()
        evidence["lines"] = [line.raw[:_LINE].decode("latin-1") for line in lines[:SHOWN_LINES]]
        evidence["lines_published"] = len(lines)
    again = again_line(trace, address)
    return evidence | ({"again": again} if 0 < len(again) <= _COMMAND else {})


def _datagram(datagram: bytes, *, marked: bool) -> dict[str, Any]:
    whole = len(datagram) <= 2 * _HALF
    head = datagram if whole else datagram[:_HALF]
    marks = islice(marks_of(datagram, len(head), judged=marked), _MARKS)
    return {
        "size": len(datagram),
        "head": head.decode("latin-1"),
        "tail": "" if whole else datagram[-_HALF:].decode("latin-1"),
        "refused": [{"start": one.start, "stop": one.stop, "reason": one.reason} for one in marks],
    }


def _bounded(text: str) -> str:
    if len(text) <= _TEXT:
        return text
    half = _TEXT // 2
    return f"{text[:half]} … {len(text) - 2 * half} characters … {text[-half:]}"
