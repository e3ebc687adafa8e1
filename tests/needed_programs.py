"""What a test does about a real program that it needs."""

import pytest

from statsd_conformance.programs import Found, Missing


def command_of(found: Found | Missing, *, must_be_there: bool) -> tuple[str, ...]:
    """Return the command of a program; where it is missing, fail the test if it must be there, else skip it."""
    if isinstance(found, Found):
        return found.command
    if must_be_there:
        pytest.fail(found.hint, pytrace=False)
    pytest.skip(found.hint)
