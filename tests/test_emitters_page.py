"""The examples of docs/emitters.md, run as they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = (ROOT / "docs" / "emitters.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
CONFTEST, *EXAMPLES = BLOCKS


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run pytest in a folder of its own, as in a project that has installed the suite."""
    packages = os.pathsep.join(str(ROOT / name) for name in ("reference", "conformance"))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", "--rootdir=.", *arguments]
    environment = {**os.environ, "PYTHONPATH": packages}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    for number, example in enumerate(EXAMPLES):
        (tmp_path / f"test_example_{number}.py").write_text(example)
    return tmp_path


# A process of pytest's own takes half a second.
def test_the_examples_pass_in_a_project_of_their_own(project: Path) -> None:
    assert len(EXAMPLES) == 3
    ran = run(project, "-q", "-W", "error")
    assert "3 passed" in ran.stdout, ran.stdout + ran.stderr


def test_the_fixture_brings_no_option_of_the_suite(project: Path) -> None:
    ran = run(project, "--help")
    assert ran.returncode == 0, ran.stderr
    assert "--target" not in ran.stdout


def test_the_fixture_is_listed_with_what_it_is(project: Path) -> None:
    ran = run(project, "--fixtures", "-q")
    assert re.search(r"statsd_capture -- .*\n +Give a place on loopback that takes StatsD lines", ran.stdout), (
        ran.stdout
    )
