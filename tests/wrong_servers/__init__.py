"""Servers that break one requirement each, so that every case is seen to fail.

A module for a family holds `WRONG`, from a requirement's id, or `id/what` where there are several, to a function that
takes a right server and returns the wrong one.
"""

from importlib import import_module
from pkgutil import iter_modules

from defects.steps import Break


def merged(*tables: dict[str, Break]) -> dict[str, Break]:
    """Return one table out of several.

    Raises:
        ValueError: a key stands in two of them.
    """
    together: dict[str, Break] = {}
    for table in tables:
        if twice := sorted(together.keys() & table.keys()):
            raise ValueError(f"{twice[0]} has two wrong servers of that name")
        together |= table
    return together


WRONG = merged(*(import_module(f"{__name__}.{module.name}").WRONG for module in iter_modules(__path__)))
