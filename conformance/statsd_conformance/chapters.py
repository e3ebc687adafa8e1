"""The cases of all chapters with all their parameters, found without pytest's own collection."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from inspect import iscoroutinefunction
from itertools import product
from pkgutil import iter_modules
from types import FunctionType
from typing import Any

import pytest

import statsd_conformance
from statsd_conformance.emitters.requirement import EMITTER_CASES
from statsd_conformance.requirement import requirement_of
from statsd_conformance.wave import Case


def chapter_names() -> list[str]:
    """Return the names of the modules that hold cases, in the order of the chapters."""
    names = [module.name for module in iter_modules(statsd_conformance.__path__) if module.name.startswith("test_")]
    return [f"statsd_conformance.{name}" for name in sorted(names)]


def all_cases() -> list[Case]:
    """Return every case of every chapter, in the order of the chapters, with ids as pytest writes them."""
    return [case for name in chapter_names() for case in cases_of(vars(import_module(name)))]


def listable() -> list[tuple[str, str]]:
    """Return what a file of deviations may list: id and parameters of each case, those on emitters too."""
    listed = [(case.requirement.id, case.id.partition("[")[2].removesuffix("]")) for case in all_cases()]
    return [*listed, *((id, "") for id in EMITTER_CASES)]


def cases_of(chapter: Mapping[str, object]) -> Iterator[Case]:
    """Yield the cases among the names of one chapter."""
    for name, function in chapter.items():
        requirement = requirement_of(function) if iscoroutinefunction(function) else None
        if requirement is None:
            continue
        assert isinstance(function, FunctionType)
        for id, parameters in _parametrisations(function):
            yield Case(f"{requirement.id}:{name}{id}", requirement, function, parameters)


def _parametrisations(function: FunctionType) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the id and the parameters of each run that the marks of `function` ask for; one without any for none."""
    tables = [list(_rows(mark)) for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
    for rows in product(*tables):
        id = "-".join(id for id, _ in rows)
        parameters = {name: value for _, row in rows for name, value in row.items()}
        yield (f"[{id}]" if id else ""), parameters


def _rows(mark: pytest.Mark) -> Iterator[tuple[str, dict[str, Any]]]:
    names, rows = mark.args[:2] if len(mark.args) > 1 else (mark.args[0], mark.kwargs["argvalues"])
    ids = mark.kwargs.get("ids")
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",")]
    for number, row in enumerate(rows):
        marked = row if isinstance(row, _PARAM) else None
        values = marked.values if marked else (row if len(names) > 1 else (row,))
        id = marked.id if marked and marked.id else None
        if id is None and ids is not None:
            id = ids(*values) if callable(ids) else ids[number]
        parameters = dict(zip(names, values, strict=True))
        yield str(id or "-".join(_shown(value, name, number) for name, value in parameters.items())), parameters


_PARAM = type(pytest.param(0))


def _shown(value: object, name: str, number: int) -> str:
    if isinstance(value, bytes):
        return value.decode("ascii", "backslashreplace")
    return str(value) if isinstance(value, str | int | float) else f"{name}{number}"
