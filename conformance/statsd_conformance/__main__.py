"""The one command line: `statsd-conformance run`, `statsd-conformance serve`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from statsd_conformance import __version__
from statsd_conformance.commands import (
    catalogue,
    corpus,
    emit,
    fuzz,
    lint,
    probe,
    relay,
    replay,
    report,
    trace,
    watchers,
)
from statsd_conformance.commands.wordy import Wordy
from statsd_reference.__main__ import serve

if TYPE_CHECKING:
    # It costs a quarter of a second to import, which `serve` need not pay.
    import pytest


class _Named:
    """A plugin with which pytest's help speaks of this command, and of the suite's options before its own."""

    @staticmethod
    def pytest_addoption(parser: "pytest.Parser") -> None:
        """Name the program, and make the group of the suite's options the first one."""
        parser.prog = "statsd-conformance run"
        parser.getgroup("statsd", "StatsD conformance", after="_anonymous")


@click.group(cls=Wordy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="statsd-conformance")
def main() -> None:
    """Check StatsD servers and what is sent to them."""


@main.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(arguments: tuple[str, ...]) -> None:
    """Run the conformance cases, as `pytest conformance` does in a checkout.

    Every option of pytest and of the suite is passed on: --target, -k, -n, --junitxml. `run --help` shows them all.
    """
    import pytest

    # In a checkout the conftest beside the package would load the same plugin a second time: stay below it.
    package = Path(__file__).parent
    plugin = ["-p", "statsd_conformance.plugin", f"--confcutdir={package}", "--pyargs", "statsd_conformance"]
    sys.exit(pytest.main([*plugin, *arguments], plugins=[_Named]))


for command in (
    *(serve, catalogue.list_entries, catalogue.explain, catalogue.spec, report.report, probe.probe),
    *(corpus.corpus, emit.emit, fuzz.fuzz, lint.lint, relay.relay, replay.replay, trace.trace, watchers.watchers),
):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="statsd-conformance")
