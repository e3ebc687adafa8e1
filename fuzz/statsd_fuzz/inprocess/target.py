"""`python:package.module:name` to something that takes bytes: an aggregator with `feed` and `flush`, or a callable."""

import copy
import importlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

PREFIX: Final = "python:"
_FORM: Final = "give python:package.module:name"


class TargetError(ValueError):
    """A target that cannot be had, or that nobody can judge; the message names it, and what to do."""


class Aggregator(Protocol):
    """Takes datagrams, and says at a flush what they came to."""

    def feed(self, datagram: bytes) -> object:
        """Take one datagram."""

    def flush(self) -> object:
        """End an interval, and return what it came to."""


@dataclass(frozen=True, slots=True)
class PythonTarget:
    """What a name led to: `make` gives a fresh aggregator, or `call` takes one datagram; the other is None.

    `packages` are those that guide a search: the target's, and what it imported that is not Python's own or ours.
    """

    spelling: str
    make: Callable[[], Aggregator] | None = None
    call: Callable[[bytes], object] | None = None
    packages: tuple[str, ...] = ()


def load(spelling: str) -> PythonTarget:
    """Import a target, also from the current folder.

    A class, or a function without parameters that gives an object with `feed` and `flush`, is called for each input; an
    object with both is copied for each. Any other callable takes a datagram.

    Raises:
        TargetError: there is no such thing, it raised when it was imported, or it takes no datagram.
    """
    module_name, colon, name = spelling.removeprefix(PREFIX).partition(":")
    if not (spelling.startswith(PREFIX) and module_name and colon and name):
        raise TargetError(f"{spelling!r} is no Python target: {_FORM}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    before = set(sys.modules)
    found = _found(spelling, module_name, name)
    packages = _packages(module_name, set(sys.modules) - before)
    if _aggregates(found):
        # A class is called for a fresh one.
        is_class = inspect.isclass(found)
        made = PythonTarget(spelling, make=found if is_class else lambda: copy.deepcopy(found), packages=packages)
        return _tried(made)
    if not callable(found):
        raise TargetError(
            f"{spelling}: what is of type {type(found).__name__} takes no datagram; {_FORM} of a callable"
        )
    if _takes(found, b""):
        return PythonTarget(spelling, call=found, packages=packages)
    return _tried(PythonTarget(spelling, make=found, packages=packages))


def _found(spelling: str, module_name: str, name: str) -> Any:
    try:
        found: Any = importlib.import_module(module_name)
    except ImportError as error:
        raise TargetError(f"{spelling}: cannot import {module_name}: {error}; is it installed here?") from None
    except SyntaxError as error:
        raise TargetError(f"{spelling}: {module_name} is no Python: {error}") from None
    except (Exception, SystemExit) as error:
        raise TargetError(f"{spelling}: {module_name} raises {error!r} when it is imported") from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise TargetError(f"{spelling}: {module_name} has no {name}")
        found = getattr(found, part)
    return found


def _packages(module_name: str, loaded: set[str]) -> tuple[str, ...]:
    known = {*sys.stdlib_module_names, "statsd_reference", "statsd_conformance", "statsd_fuzz", "statsd_corpora"}
    # What multiprocessing calls the program that runs is no package.
    others = {name.partition(".")[0] for name in loaded} - known - {"__main__", "__mp_main__"}
    return tuple(sorted(others | {module_name.partition(".")[0]}))


def _aggregates(found: object) -> bool:
    return callable(getattr(found, "feed", None)) and callable(getattr(found, "flush", None))


def _takes(function: Callable[..., object], *arguments: object) -> bool:
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        return False
    except ValueError:
        # Written in C, it does not say what it takes.
        return bool(arguments)
    return True


def _tried(target: PythonTarget) -> PythonTarget:
    assert target.make is not None
    try:
        made = target.make()
    except (Exception, SystemExit) as error:
        raise TargetError(
            f"{target.spelling}: making one raises {error!r}; name a function without parameters that does"
        ) from error
    if not _aggregates(made):
        raise TargetError(f"{target.spelling}: takes no datagram, and its {type(made).__name__} has no feed or flush")
    return target
