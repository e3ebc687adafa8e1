"""The script that makes the virtual environment of a checkout."""

import os
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / ".ci" / "venv"


@pytest.mark.skipif(find_spec("ensurepip") is None, reason="this Python cannot make whole environments: no ensurepip")
def test_an_environment_left_half_made_is_made_anew(tmp_path: Path) -> None:
    half_made = tmp_path / "environment"
    venv.create(half_made, with_pip=False)
    # Without uv on PATH; pip is there once the environment is whole, so that nothing is downloaded.
    without_uv = os.environ | {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable}
    result = subprocess.run(
        ["bash", SCRIPT, half_made, "--no-index", "pip"], env=without_uv, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert (half_made / "bin" / "pip").exists()
