"""The examples in docstrings are true, and every module can be imported from a checkout."""

import doctest
import importlib
import pkgutil

import pytest

import statsd_conformance
import statsd_corpora
import statsd_fuzz
import statsd_reference

PACKAGES = (statsd_reference, statsd_conformance, statsd_fuzz, statsd_corpora)
# A `__main__` runs on import; a chapter is collected by pytest, which rewrites its assertions.
MODULES = [
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.rpartition(".")[2].startswith(("__main__", "test_"))
]


@pytest.mark.parametrize("name", [*(package.__name__ for package in PACKAGES), *MODULES])
def test_the_examples_in_docstrings_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_some_docstrings_have_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(examples) > 3
