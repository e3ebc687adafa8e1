"""What a test does about a real program that it needs."""

import os
import shutil
from collections.abc import Sequence

import pytest

from statsd_conformance.programs import Found, Missing, search_path
from statsd_fuzz.search import in_ci


def command_of(found: Found | Missing, *, must_be_there: bool) -> tuple[str, ...]:
    """Return the command of a program; where it is missing, fail the test if it must be there, else skip it."""
    if isinstance(found, Found):
        return found.command
    if must_be_there:
        pytest.fail(found.hint, pytrace=False)
    pytest.skip(found.hint)


def tool(*names: str) -> Sequence[str]:
    """Return the command of a tool of the tests by the first of its names that is on PATH; without one as above."""
    paths = filter(None, (shutil.which(name, path=search_path(os.environ)) for name in names))
    command = next(((path,) for path in paths), None)
    found = Found(command) if command else Missing(f"{names[0]} is not installed: make peers")
    return command_of(found, must_be_there=in_ci(os.environ))
