"""Recordings that a user names with `--replay`: they are the only cases of the run then."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

# What reads recordings is imported by those runs only that name some.
if TYPE_CHECKING:
    from statsd_conformance.replayed.recorded import Recording

CHAPTER: Final = "test_25_replay.py"
REQUIREMENT: Final = "REPLAY-01"
PARAMETER: Final = "recording"
_PORTS: Final = 65_535


def check_replays(config: pytest.Config) -> None:
    """Refuse recordings that cannot be read to their end, before anything runs.

    Raises:
        pytest.UsageError: there is one, or nothing to play it to.
    """
    option = config.option
    if wrong := [port for port in option.replay_port if not 1 <= port <= _PORTS]:
        raise pytest.UsageError(f"--replay-port {wrong[0]}: give 1 to {_PORTS}")
    if option.replay_port and not option.replay:
        raise pytest.UsageError("--replay-port says where lines of a recording went: name the recording with --replay")
    if option.replay and (option.emitter or option.recording) and not option.target:
        raise pytest.UsageError("--replay plays to an aggregator: name one with --target, or leave emitters out")
    if not hasattr(config, "workerinput"):
        for recording in recordings_of(config):
            _check(recording)


def _check(recording: "Recording") -> None:
    from statsd_conformance.recording import DamagedRecording
    from statsd_conformance.replayed.recorded import payloads_of

    try:
        payloads_of(recording)
    except DamagedRecording as error:
        raise pytest.UsageError(
            f"--replay {recording.name}: {error}".replace(": --port ", ": --replay-port ")
        ) from None
    except OSError as error:
        raise pytest.UsageError(f"--replay {recording.name}: {error.strerror}; name a recording") from None


def recordings_of(config: pytest.Config) -> "list[Recording]":
    """Return the recordings that the options name; none where they name none."""
    option = config.option
    if not option.replay:
        return []
    from statsd_conformance.replayed.recorded import own_recordings

    return own_recordings(option.replay, option.replay_port, config.invocation_params.dir)


def is_left_out(path: Path, config: pytest.Config) -> bool:
    """Tell whether a file is a chapter on something else than the recordings of this run."""
    chapter = path.parent == Path(__file__).parents[1] and path.name.startswith("test_")
    return bool(config.option.replay) and chapter and path.name != CHAPTER


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Give the case of a recording those of the user in place of those of the corpora."""
    own = recordings_of(metafunc.config)
    if not own or PARAMETER not in metafunc.fixturenames:
        return
    marks = metafunc.definition.own_markers
    marks[:] = [mark for mark in marks if not (mark.name == "parametrize" and mark.args[0] == PARAMETER)]
    metafunc.parametrize(PARAMETER, own, ids=[one.name for one in own])


def cases_of(config: pytest.Config) -> list[tuple[str, str]]:
    """Return what a file of deviations may list of the recordings of this run: the requirement and its parameters."""
    return [(REQUIREMENT, one.name) for one in recordings_of(config)]
