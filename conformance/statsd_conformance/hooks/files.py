"""What a run reads and leaves behind beside pytest's own files: deviations, and the records of all cases."""

from pathlib import Path
from typing import Any, Final

import pytest

from statsd_conformance.deviation import (
    DeviationError,
    Deviations,
    load_deviations,
    read_deviations,
    write_deviations,
)
from statsd_conformance.hooks import replays
from statsd_conformance.report.results import write_results

DEVIATIONS: Final = pytest.StashKey[Deviations]()
_RECORDS: Final = pytest.StashKey[list[dict[str, Any]]]()


def prepare_files(config: pytest.Config) -> None:
    """Read the deviations that the options name, and begin to keep the records of cases.

    Raises:
        pytest.UsageError: the deviations cannot be read or written.
    """
    config.stash[DEVIATIONS] = _listed(config)
    config.stash[_RECORDS] = []
    config.pluginmanager.register(_Keeper(config.stash[_RECORDS]))


def _listed(config: pytest.Config) -> Deviations:
    """Return the deviations that the options name.

    Raises:
        pytest.UsageError: the file does not read as one, or cannot be written, or is to hold two targets.
    """
    listed, written = config.option.deviations, config.option.write_deviations
    try:
        if written:
            if len(set(config.option.target or [])) > 1:
                raise pytest.UsageError("--write-deviations writes the file of one target: name one --target")
            written.open("a").close()
            _before(written)
        return load_deviations(listed) if listed else Deviations()
    except DeviationError as error:
        raise pytest.UsageError(str(error)) from None
    except OSError as error:
        raise pytest.UsageError(f"--write-deviations {written}: {error.strerror}; name another file") from None


def _before(written: Path) -> Deviations:
    """Return what stands in the file that is going to be written."""
    return read_deviations(written.read_text(encoding="utf-8"), str(written))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse deviations of cases that the suite does not have, before anything runs.

    Raises:
        pytest.UsageError: there are some.
    """
    listed = session.config.stash[DEVIATIONS]
    if not listed.entries or hasattr(session.config, "workerinput"):
        return
    # All chapters, for a run may select one; they are imported here before pytest knows them for tests.
    from statsd_conformance.chapters import chapter_names, listable

    pytest.register_assert_rewrite(*chapter_names())
    try:
        listed.check(listable() + replays.cases_of(session.config))
    except DeviationError as error:
        raise pytest.UsageError(str(error)) from None


class _Keeper:
    """Keeps the record of every case, which came from a worker perhaps; the hook itself knows no config."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self._records = records

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if record := getattr(report, "statsd", None):
            self._records.append(record)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the results and the deviations, on the process that has them all."""
    option, records = session.config.option, session.config.stash[_RECORDS]
    if hasattr(session.config, "workerinput") or option.collectonly:
        return
    if option.report:
        write_results(option.report, records)
    if written := option.write_deviations:
        written.write_text(write_deviations(records, _before(written)), encoding="utf-8")
