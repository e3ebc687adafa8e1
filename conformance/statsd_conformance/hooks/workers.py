"""Workers of xdist: what they get from the run that starts them, and that the cases of a target stay on one."""

from importlib.metadata import version
from typing import Any, Final

import pytest

# What the options leave to the run, and has to be the same in all workers of xdist.
_HANDED_ON: Final = ("statsd_strict", "statsd_seed", "loadgroup")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand on to a worker of xdist what it cannot find out for itself."""
    # By this a worker adds the group to the id of a test; it knows only of a --dist that was typed.
    node.config.option.loadgroup = node.config.option.dist == "loadgroup"
    node.workerinput |= {name: getattr(node.config.option, name) for name in _HANDED_ON}


def take_over(config: pytest.Config) -> bool:
    """Take over in a worker what it was handed on; tell whether this is one."""
    handed_on = getattr(config, "workerinput", None)
    if handed_on:
        for name in _HANDED_ON:
            setattr(config.option, name, handed_on[name])
    return bool(handed_on)


# What xdist would cut the cases of a target apart with: `load` is chosen where nothing else is.
_CUTTING: Final = ("no", "load", "loadscope", "loadfile", "worksteal")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Keep the cases of a target on one worker of xdist, whatever else its workers are given by.

    Each worker runs all cases of its targets at once, so two of them would do the same twice, and listen at one place.

    Raises:
        pytest.UsageError: this pytest does not let this xdist keep anything together.
    """
    if getattr(config.option, "numprocesses", None) and config.option.dist in _CUTTING:
        _check_xdist()
        config.option.dist = "loadgroup"


def _check_xdist() -> None:
    xdist = version("pytest-xdist")
    # pytest 9.2.0 has not the attribute any more in which pytest-xdist notes groups.
    if xdist <= "3.8.0" and not hasattr(pytest.Item, "_nodeid"):
        raise pytest.UsageError(
            f"-n: under pytest {pytest.__version__}, pytest-xdist {xdist} cannot keep the cases of a target on one "
            "worker: pip install 'pytest!=9.2.0', or leave out -n"
        )
