"""What was given as options: completed, and refused before anything runs where it says nothing."""

import os
import secrets
import shlex
from pathlib import Path

import pytest

from statsd_conformance.found import Found, FoundError
from statsd_conformance.hooks import replays
from statsd_conformance.hooks.emitters import check_emitters
from statsd_conformance.hooks.workers import take_over
from statsd_conformance.properties import Plan


def check_options(config: pytest.Config) -> None:
    """Complete the options, and make the folders that they name.

    Raises:
        pytest.UsageError: a folder cannot be written, or an option has a value that it does not take.
    """
    for option in ("evidence", "report"):
        if directory := getattr(config.option, option):
            _make(directory, option)
    if not take_over(config):
        # pytest has an option --strict of its own.
        config.option.statsd_strict = "--strict" in _arguments(config)
        if config.option.statsd_seed is None:
            config.option.statsd_seed = secrets.randbits(32)
    check_emitters(config)
    replays.check_replays(config)
    if config.option.examples < 1:
        raise pytest.UsageError(f"--examples {config.option.examples}: give 1 or more")
    try:
        plan_of(config).found.check()
    except FoundError as error:
        raise pytest.UsageError(str(error)) from None


def _arguments(config: pytest.Config) -> list[str]:
    """Return what stands on the command line, and what pytest adds to it."""
    added = shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))
    return [*config.getini("addopts"), *added, *map(str, config.invocation_params.args)]


def _make(directory: Path, option: str) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(
            f"--{option} {directory}: {error.strerror}; name a folder that can be written"
        ) from None


def plan_of(config: pytest.Config) -> Plan:
    """Return what the options say about generated examples."""
    option = config.option
    return Plan(option.statsd_seed, option.examples, Found(config.invocation_params.dir / option.found))


def pytest_report_header(config: pytest.Config) -> str:
    """Say what the examples of this run are generated from."""
    return f"StatsD seed: {config.option.statsd_seed}"
