"""The pytest side: options, the `target` parameter, verdicts as pytest outcomes, the summary.

A case is a coroutine. At the first case of a target all selected cases of that target run together, in waves; each item
then raises or returns its own outcome, so that `-k`, `-x`, `-n`, tracebacks and assertion rewriting work as usual.

pytest finds hooks by their names in this module.
"""

import pytest

from statsd_conformance.hooks.cases import (
    pytest_generate_tests,
    pytest_ignore_collect,
    pytest_itemcollected,
    pytest_pyfunc_call,
    pytest_runtest_makereport,
    pytest_runtestloop,
)
from statsd_conformance.hooks.files import prepare_files, pytest_sessionfinish, pytest_sessionstart
from statsd_conformance.hooks.given import check_options, pytest_report_header
from statsd_conformance.hooks.options import pytest_addoption
from statsd_conformance.hooks.terminal import pytest_report_teststatus, pytest_terminal_summary
from statsd_conformance.hooks.watch import prepare_terminal
from statsd_conformance.hooks.workers import pytest_cmdline_main, pytest_configure_node

__all__ = [
    "pytest_addoption",
    "pytest_cmdline_main",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_generate_tests",
    "pytest_ignore_collect",
    "pytest_itemcollected",
    "pytest_pyfunc_call",
    "pytest_report_header",
    "pytest_report_teststatus",
    "pytest_runtest_makereport",
    "pytest_runtestloop",
    "pytest_sessionfinish",
    "pytest_sessionstart",
    "pytest_terminal_summary",
]


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the run, and let xdist keep the cases of one target on one worker."""
    config.addinivalue_line(
        "markers",
        "requirement(id, category, level): what a case tests; `-m \"requirement(category='CORE')\"` selects by it",
    )
    config.addinivalue_line(
        "markers", "hostile: what has stopped real servers; `-m 'not hostile'` spares the target that"
    )
    # Known without pytest-xdist, too, where the mark does nothing.
    config.addinivalue_line("markers", "xdist_group(name): what pytest-xdist keeps on one worker")
    check_options(config)
    prepare_files(config)
    prepare_terminal(config)
