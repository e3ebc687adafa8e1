"""What `--help` says."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from statsd_conformance.__main__ import main


@pytest.mark.parametrize("group", [[], ["corpus"]], ids=["all", "corpus"])
def test_help_has_the_first_sentence_of_each_command_whole(group: list[str]) -> None:
    told = CliRunner().invoke(main, [*group, "--help"]).output
    assert "Commands:" in told
    assert "..." not in told.partition("Commands:")[2]


def test_help_of_run_is_about_the_suite_first() -> None:
    command = [sys.executable, "-m", "statsd_conformance", "run", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout
    assert told.startswith("usage: statsd-conformance run ")
    assert told.index("--target=") < told.index("-k EXPRESSION")
