"""What all tests share: the Hypothesis profile, and the real programs of this machine."""

import os
import signal
from collections.abc import Callable

import pytest

from needed_programs import command_of
from statsd_conformance.programs import find
from statsd_fuzz.database import DatabaseError, choose_database
from statsd_fuzz.search import UnknownProfileError, choose_profile, in_ci, load_profile


def pytest_configure(config: pytest.Config) -> None:
    """Choose the Hypothesis profile before any test is collected, and let Ctrl-C be heard.

    Shells start what runs in the background with SIGINT ignored, and so it would be in what tests start and interrupt.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # A database of examples that is gone is no fault of a test.
    config.addinivalue_line("filterwarnings", "default::statsd_fuzz.remote_database.DatabaseWarning")
    try:
        load_profile(choose_profile(os.environ), choose_database(os.environ))
    except (UnknownProfileError, DatabaseError) as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture(scope="session")
def program() -> Callable[[str], tuple[str, ...]]:
    """Give the command of a real program by name: `program("statsd")`.

    Where it is not installed the test is skipped, with the name and how to install it; in CI, where `make peers` ran
    before, the test fails.
    """
    return lambda name: command_of(find(name), must_be_there=in_ci(os.environ))
