"""Emitters as pytest sees them: which are judged, when they run, and what came of each case."""

from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from statsd_conformance.emitters.reference import REFERENCE
from statsd_conformance.requirement import Requirement
from statsd_conformance.verdict import Outcome, Verdict

# What judges is imported by those runs only that have emitters.
if TYPE_CHECKING:
    from statsd_conformance.emitters.subject import EmitterSubject

PARAMETER: Final = "emission"
_SUBJECTS: Final = pytest.StashKey["dict[str, EmitterSubject]"]()
# Chapters from this number on look at emitters.
_FIRST: Final = 31
_LARGEST: Final = 65_507
_LAST_PORT: Final = 65_535


class Code(str):
    """An id as a keyword, of which `-k` has to name the beginning: GAUGE-01 selects no EGAUGE-01."""

    def lower(self) -> "Code":
        """Return it as pytest compares it."""
        return Code(super().lower())

    def __contains__(self, part: object) -> bool:
        return isinstance(part, str) and self.startswith(part)


def names_of(config: pytest.Config) -> Sequence[str]:
    """Return what the run calls its emitters: commands and recordings; the reference where it names nothing at all."""
    named = [*config.option.emitter, *map(str, config.option.recording)]
    return list(dict.fromkeys(named or ([] if config.option.target else [REFERENCE])))


def targets_of(config: pytest.Config) -> Sequence[str]:
    """Return the aggregators of the run: none where only emitters are named."""
    option = config.option
    if option.target:
        return list(dict.fromkeys(option.target))
    return [] if option.emitter or option.recording else ["reference"]


def check_emitters(config: pytest.Config) -> None:
    """Refuse options on emitters that say nothing.

    Raises:
        pytest.UsageError: one of them has a value that it does not take.
    """
    option = config.option
    if not 0 < option.emit_seconds < inf:
        raise pytest.UsageError(f"--emit-seconds {option.emit_seconds:g}: give a finite number above 0")
    if not 1 <= option.emitter_size <= _LARGEST:
        raise pytest.UsageError(f"--emitter-size {option.emitter_size}: give 1 to {_LARGEST} bytes")
    if wrong := [port for port in option.emitter_port if not 1 <= port <= _LAST_PORT]:
        raise pytest.UsageError(f"--emitter-port {wrong[0]}: give 1 to {_LAST_PORT}")
    if not all(name.strip() for name in option.emitter):
        raise pytest.UsageError("--emitter is empty: give the command line of a program that sends")
    if option.emitter_dialect:
        _check_dialect(option.emitter_dialect)
    if option.emitter_profile:
        _check_profile(option.emitter_profile)


def _check_dialect(name: str) -> None:
    from statsd_conformance.lint.dialect import DIALECTS

    if name not in DIALECTS:
        raise pytest.UsageError(f"--emitter-dialect {name}: it is one of {', '.join(DIALECTS)}")


def _check_profile(name: str) -> None:
    from statsd_reference.emitter import EmitterProfileError, load_emitter_profile

    try:
        load_emitter_profile(name)
    except EmitterProfileError as error:
        raise pytest.UsageError(str(error)) from None


def is_left_out(path: Path, config: pytest.Config) -> bool:
    """Tell whether a file is a chapter on what this run does not look at: aggregators, or emitters."""
    first, _, rest = path.name.removeprefix("test_").partition("_")
    if path.parent != Path(__file__).parents[1] or not (first.isdigit() and rest):
        return False
    return not (names_of(config) if int(first) >= _FIRST else targets_of(config))


def subject_of(item: pytest.Item) -> "EmitterSubject | None":
    """Return the emitter that a case looks at, None for a case of an aggregator."""
    name = item.callspec.params.get(PARAMETER) if hasattr(item, "callspec") else None
    if name is None:
        return None
    subjects = item.config.stash.setdefault(_SUBJECTS, {})
    if name not in subjects:
        subjects[name] = _subject(name, item.config)
        item.config.add_cleanup(subjects[name].abandon)
    return subjects[name]


def start_early(session: pytest.Session) -> None:
    """Start the emitters of the selected cases, so that they run beside what is done before these cases."""
    # A worker of xdist gets its cases one by one, and perhaps none of these.
    if session.config.option.collectonly or hasattr(session.config, "workerinput"):
        return
    for subject in {id(one): one for one in map(subject_of, session.items) if one}.values():
        subject.start()


def outcome_of(subject: "EmitterSubject", requirement: Requirement) -> Outcome:
    """Return the outcome of a case on an emitter; the first case waits until that has ended."""
    first = subject.emission is None and not subject.told
    examination = subject.examine()
    if not examination.problem:
        return subject.judge(requirement)
    subject.told = True
    if first:
        return Outcome(Verdict.INCONCLUSIVE, examination.problem)
    return Outcome(Verdict.UNSUPPORTED, "the emitter could not be examined, see the first case")


def _subject(name: str, config: pytest.Config) -> "EmitterSubject":
    from statsd_conformance.emitters.subject import EmitterSubject, Wanted

    factory: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]  # no public way in a hook
    option, folder = config.option, config.invocation_params.dir
    wanted = Wanted(
        folder,
        option.emit_seconds,
        option.emitter_size,
        option.emitter_dialect or "",
        option.emitter_profile or "",
        option.emitter_port,
    )
    recording = folder / name if name in map(str, option.recording) else None
    return EmitterSubject(name, wanted, factory.mktemp("emitter"), recording)
