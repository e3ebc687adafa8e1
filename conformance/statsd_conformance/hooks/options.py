"""The options of the suite, and what is refused before anything runs."""

import os
import secrets
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pytest

from statsd_conformance.emitters.reference import SIZE
from statsd_conformance.found import Found, FoundError
from statsd_conformance.hooks import replays
from statsd_conformance.hooks.emitters import check_emitters
from statsd_conformance.properties import Plan


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite."""
    group = parser.getgroup("statsd", "StatsD conformance")
    group.addoption(
        "--target",
        action="append",
        metavar="TARGET",
        help="the aggregator to test: host:port, udp://, tcp:// or unix:// address, exec:COMMAND with {port} "
        "{graphite_host} {graphite_port} {interval}, or reference, statsd, collectd, netdata, "
        "brubeck, statsite, gostatsd, statsd_exporter, telegraf, veneur, or, for what they pass on, statsd-repeater, "
        "statsd-repeater-tcp, statsd-proxy, statsd_exporter-relay; may be repeated "
        "(default: reference)",
    )
    group.addoption(
        "--emitter",
        action="append",
        default=[],
        metavar="COMMAND",
        help="a program to start, of which all that it sends is judged: it finds the address in STATSD_HOST and "
        "STATSD_PORT, or as {host} and {port} in the command; may be repeated (default: the reference emitter)",
    )
    group.addoption(
        "--emit-seconds",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="time that an emitter has, which is over when it ends by itself (default: %(default)s)",
    )
    group.addoption(
        "--recording",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="judge what was recorded of an emitter, a capture or text as `statsd-conformance lint` reads it; may be "
        "repeated",
    )
    group.addoption(
        "--emitter-port",
        action="append",
        default=[],
        type=int,
        metavar="PORT",
        help="of a recording, the port that lines went to; may be repeated (default: those of StatsD)",
    )
    group.addoption(
        "--emitter-profile",
        metavar="NAME|FILE",
        help="which counters an emitter sends, and in which datagrams: snapshot, batch or a file; EPROFILE holds of "
        "those with a profile only",
    )
    group.addoption(
        "--emitter-dialect",
        metavar="NAME",
        help="what an emitter speaks, as for `statsd-conformance lint --dialect` (default: dogstatsd where it sends "
        "tags or events of that form, else etsy)",
    )
    group.addoption(
        "--emitter-size",
        type=int,
        default=SIZE,
        metavar="BYTES",
        help="the largest datagram that an emitter may send (default: %(default)s)",
    )
    replays.add_options(group)
    group.addoption("--profile", metavar="NAME|FILE", help="how the target spells its output (default: probed)")
    group.addoption(
        "--admin",
        metavar="HOST:PORT",
        help="management console of a target that the suite did not start (default: it has none)",
    )
    group.addoption(
        "--also",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="where else a target that the suite did not start reads lines: udp://[::1]:PORT, tcp://, unix:///PATH for "
        "datagrams, unixstream:///PATH; may be repeated",
    )
    group.addoption(
        "--behind",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="where the suite listens for lines that the target passes on as a repeater, proxy or relay: udp:// "
        "or tcp://HOST:PORT; may be repeated",
    )
    group.addoption(
        "--sink",
        default="graphite://:2003",
        metavar="URL",
        help="where a target that the suite did not start shows its output: graphite://HOST:PORT, pickle://HOST:PORT "
        "or statsd://HOST:PORT (lines that it repeats) to listen, prometheus://HOST:PORT/PATH for its page, "
        "file://PATH of Graphite lines, statsite://PATH of its stream, console://HOST:PORT of StatsD's management "
        "console, netdata://HOST:PORT of netdata's API, behind for nothing but lines that it passes on "
        "(default: %(default)s)",
    )
    group.addoption(
        "--interval", type=float, metavar="SECONDS", help="flush interval of the target (default: 1, or measured)"
    )
    group.addoption("--hostile", action="store_true", help="send hostile input also to a target on another machine")
    group.addoption(
        "--bursts",
        action="store_true",
        help="send bursts that no buffer holds also to a target that the suite did not start",
    )
    group.addoption(
        "--report",
        type=Path,
        metavar="DIR",
        help="write report.html, results.jsonl, summary.md and badge.json into this folder",
    )
    group.addoption(
        "--evidence",
        type=Path,
        metavar="DIR",
        help="write a capture, a text and a shell line of every case that fails into this folder",
    )
    group.addoption(
        "--deviations",
        metavar="NAME|FILE",
        help="expect what is listed there not to hold, and fail when it does: a file that --write-deviations wrote, or "
        "the name of a known implementation",
    )
    group.addoption(
        "--write-deviations",
        type=Path,
        metavar="FILE",
        help="list what did not hold in this file, with room for reasons; reasons that stand there are kept",
    )
    group.addoption(
        "--examples", type=int, default=200, metavar="N", help="generated examples a property (default: %(default)s)"
    )
    group.addoption(
        "--seed",
        type=int,
        dest="statsd_seed",
        metavar="N",
        help="what examples are generated from; equal seeds give equal examples (default: another one each run)",
    )
    group.addoption(
        "--found",
        type=Path,
        default=Path(".conformance"),
        metavar="DIR",
        help="folder of the examples that broke a property, which are tried first (default: %(default)s)",
    )
    group.addoption("--allow-inconclusive", action="store_true", help="skip what is INCONCLUSIVE in place of failing")


# What the options leave to the run, and has to be the same in all workers of xdist.
_HANDED_ON: Final = ("statsd_strict", "statsd_seed", "loadgroup")


def check_options(config: pytest.Config) -> None:
    """Complete the options, and make the folders that they name.

    Raises:
        pytest.UsageError: a folder cannot be written, or an option has a value that it does not take.
    """
    for option in ("evidence", "report"):
        if directory := getattr(config.option, option):
            _make(directory, option)
    if handed_on := getattr(config, "workerinput", None):
        for name in _HANDED_ON:
            setattr(config.option, name, handed_on[name])
    else:
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


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand on to a worker of xdist what it cannot find out for itself."""
    # By this a worker adds the group to the id of a test; it knows only of a --dist that was typed.
    node.config.option.loadgroup = node.config.option.dist == "loadgroup"
    node.workerinput |= {name: getattr(node.config.option, name) for name in _HANDED_ON}


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
