"""Which requirements find which mistake of an emitter: of its datagrams, and of its program."""

import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from defects import EmitterDefect, emitters
from defects.emitters import BATCHES, LIMIT, PROFILE, RIGHT, Emitter, meant
from statsd_conformance.catalogue import emitter_entries
from statsd_conformance.emitters.emission import Emission
from statsd_conformance.emitters.judged import judged
from statsd_conformance.emitters.subject import EmitterSubject, Wanted
from statsd_conformance.lint import Settings
from statsd_conformance.recording import Datagram, Endpoint
from statsd_conformance.requirement import Requirement
from statsd_conformance.verdict import Verdict

_SOURCE: Final = Endpoint("127.0.0.1", 40000)
_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class EmitterFinding:
    """The ids of the requirements that find a mistake of an emitter, and those that find it in what a program sends."""

    defect: EmitterDefect
    by_id: list[str]
    by_wire: list[str]


def all_emitter_findings(defects: Sequence[EmitterDefect]) -> list[EmitterFinding]:
    """Return what finds each defect."""
    return [EmitterFinding(one, broken_by(one.plant(RIGHT)), broken_by_program(one)) for one in defects]


def broken_by(emitter: Emitter) -> list[str]:
    """Return the ids of the requirements that an emitter breaks, by what it makes of all batches and of the first."""
    settings = Settings(size=LIMIT)
    everything = Emission(_datagrams(emitter.sent(BATCHES)), settings, meant=tuple(meant()))
    # A profile knows the names of the first batch only.
    spelt = Emission(_datagrams(emitter.sent([BATCHES[0], []])), settings, profile=PROFILE)
    broken = [_broken(everything, entry) or _broken(spelt, entry) for entry in _requirements()]
    return [id for id in broken if id]


def _datagrams(payloads: Sequence[bytes]) -> tuple[Datagram, ...]:
    return tuple(Datagram(payload, number, 1.0, _SOURCE) for number, payload in enumerate(payloads, 1))


def _requirements() -> list[Requirement]:
    return [entry for entry in emitter_entries() if isinstance(entry, Requirement)]


def _broken(emission: Emission, entry: Requirement) -> str:
    verdict = judged(entry, emission, "").verdict if emission.datagrams else None
    return entry.id if verdict in (Verdict.FAIL, Verdict.NON_STRICT) else ""


def broken_by_program(defect: EmitterDefect) -> list[str]:
    """Return the ids of the requirements that the program of a defect breaks, as `--emitter` judges it.

    What it sends of the first batch alone is looked at where all of them show nothing.
    """
    return _run(defect.id, "all") or _run(defect.id, "first")


def _run(id: str, which: str) -> list[str]:
    command = shlex.join(
        ["env", f"PYTHONPATH={os.pathsep.join(sys.path)}", sys.executable, emitters.__file__, id, which]
    )
    with tempfile.TemporaryDirectory() as folder:
        subject = EmitterSubject(command, Wanted(Path.cwd(), _SECONDS, LIMIT), Path(folder))
        assert not subject.examine().problem, subject.examine().problem
        assert subject.emission is not None
        seen = subject.emission
        if which == "first":
            seen = Emission(seen.datagrams, seen.settings, profile=PROFILE)
        return [id for id in (_broken(seen, entry) for entry in _requirements()) if id]
