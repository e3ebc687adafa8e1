"""Where the real servers are on this machine: on PATH, or below `.peers/`, where `make peers` puts them."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Daemons live here, and an ordinary user's PATH often leaves these out. The last two are of Homebrew and of netdata.
DAEMON_FOLDERS: Final = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/opt/netdata/usr/sbin")


@dataclass(frozen=True, slots=True)
class Found:
    """A program that is there; `command` starts it, what follows are its own arguments."""

    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A program that is not there; `hint` says on one line how to install it."""

    hint: str


@dataclass(frozen=True, slots=True)
class Program:
    """How to find one program.

    `names` are what it is called on PATH, best first. `peer` is its file below `.peers/`, and `interpreter` what has to
    run that: a name on PATH, or a path beside it; empty for what runs by itself.
    """

    names: tuple[str, ...]
    install: str
    peer: str = ""
    interpreter: str = ""


PROGRAMS: Final = {
    "statsd": Program(
        ("statsd",),
        "needs Node.js; `make peers` in a checkout, or `npm install --global --ignore-scripts statsd@0.9.0`",
        peer="node_modules/statsd/stats.js",
        interpreter="node",
    ),
    "statsd-proxy": Program(
        ("statsd-proxy",),
        "needs Node.js; `make peers` in a checkout",
        peer="node_modules/statsd/proxy.js",
        interpreter="node",
    ),
    "collectd": Program(
        ("collectd",), "`make peers` in a checkout, `apt-get install collectd-core` or `brew install collectd`"
    ),
    "netdata": Program(
        ("netdata",), "`make peers` in a checkout, `apt-get install netdata-core` or `brew install netdata`"
    ),
    "carbon-cache": Program(
        ("carbon-cache.py", "carbon-cache"),
        "`make peers` in a checkout, or install carbon 1.1.10 from PyPI into an environment of its own",
        peer="carbon/bin/carbon-cache.py",
        interpreter="carbon/bin/python",
    ),
    "brubeck": Program(("brubeck",), "no package has it; build github.com/github/brubeck and put `brubeck` on PATH"),
    "statsite": Program(("statsite",), "no package has it; build github.com/statsite/statsite and put it on PATH"),
    "gostatsd": Program(("gostatsd",), "build it with Go from github.com/atlassian/gostatsd and put it on PATH"),
    "statsd_exporter": Program(
        ("statsd_exporter", "prometheus-statsd-exporter"),
        "`make peers` in a checkout, or `go install github.com/prometheus/statsd_exporter@v0.28.0`; both need Go",
        peer="go/statsd_exporter",
    ),
    "telegraf": Program(
        ("telegraf",),
        "`make peers` in a checkout, which needs Go, or `brew install telegraf`",
        peer="go/telegraf",
    ),
    "veneur": Program(("veneur",), "build it with Go from github.com/stripe/veneur and put it on PATH"),
}


def search_path(environment: Mapping[str, str]) -> str:
    """Return the folders of PATH, then DAEMON_FOLDERS, in the form of PATH."""
    return os.pathsep.join([environment.get("PATH", os.defpath), *DAEMON_FOLDERS])


def peers_folders() -> tuple[Path, ...]:
    """Return where `.peers` may be: the current folder, then the checkout that this package lies in."""
    return tuple(dict.fromkeys((Path.cwd() / ".peers", Path(__file__).resolve().parents[2] / ".peers")))


def find(name: str, *, path: str | None = None, peers: Sequence[Path] | None = None) -> Found | Missing:
    """Return the command of the program called `name` (a key of PROGRAMS), or how to install it.

    Args:
        name: what the project calls the program.
        path: folders to search first, as in PATH; by default `search_path()` of this process.
        peers: folders to search then; by default `peers_folders()`.

    Raises:
        ValueError: the project knows no such program.
    """
    if name not in PROGRAMS:
        raise ValueError(f"no program {name!r} is known; there are {', '.join(PROGRAMS)}")
    program = PROGRAMS[name]
    path = search_path(os.environ) if path is None else path
    folders = peers_folders() if peers is None else peers
    command = next(_commands(program, path, folders), None)
    return Found(command) if command else Missing(f"{name} is not installed: {program.install}")


def _commands(program: Program, path: str, peers: Sequence[Path]) -> Iterator[tuple[str, ...]]:
    for name in program.names:
        if executable := shutil.which(name, path=path):
            yield (executable,)
    for folder in peers if program.peer else ():
        script = folder / program.peer
        if not program.interpreter:
            if os.access(script, os.X_OK):
                yield (str(script),)
            continue
        beside = folder / program.interpreter
        interpreter = str(beside) if beside.is_file() else shutil.which(program.interpreter, path=path)
        if script.is_file() and interpreter:
            yield (interpreter, str(script))
