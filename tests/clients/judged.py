"""What is found of a client library when its program runs under the suite."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from statsd_conformance.catalogue import emitter_entries
from statsd_conformance.emitters.subject import EmitterSubject, Wanted
from statsd_conformance.printable import escaped
from statsd_conformance.requirement import Requirement
from statsd_conformance.verdict import Verdict

# Every program that fills datagrams fills them to this.
SIZE: Final = 512
_SECONDS: Final = 60.0
_SHOWN: Final = 40


def found(command: Sequence[str], folder: Path) -> Mapping[str, Sequence[str]]:
    """Return the lines that break each requirement, by its id; of EFLUSH what was not sent as it was meant.

    Of a long line it is the beginning. What has no line, a datagram that is too long perhaps, is its size.
    """
    subject = EmitterSubject(shlex.join(command), Wanted(folder, _SECONDS, SIZE), folder)
    problem = subject.examine().problem
    assert not problem, problem
    broken = {}
    for entry in emitter_entries():
        if isinstance(entry, Requirement):
            outcome = subject.judge(entry)
            if outcome.verdict in (Verdict.FAIL, Verdict.NON_STRICT):
                broken[entry.id] = _lines(subject, entry.id) or outcome.note.split("; ")
    return broken


def _lines(subject: EmitterSubject, id: str) -> list[str]:
    assert subject.emission is not None
    findings = subject.emission.findings.get(id, ())
    return sorted({_told(one.text) if one.line else f"{len(one.text)} bytes" for one in findings})


def _told(line: bytes) -> str:
    return escaped(line) if len(line) <= _SHOWN else f"{escaped(line[:_SHOWN])}…"
