"""Mistakes that real aggregators made, planted one at a time in the reference, and those of emitters in a small one.

A module for a subject holds a function for a defect, named by its id: a right server to a wrong one. Its docstring says
what goes wrong, and after the semicolon what is right.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from defects.emitters import Break as EmitterBreak
from defects.steps import Break

SUBJECTS = ("framing", "size", "output", "counters", "gauges", "numbers", "survival", "timers", "sets", "tags")


@dataclass(frozen=True, slots=True)
class Defect:
    """A planted mistake: its id (`A01`), what is wrong and right in a sentence, and how it is planted."""

    id: str
    title: str
    plant: Break


@dataclass(frozen=True, slots=True)
class EmitterDefect:
    """A mistake of an emitter, as Defect is one of a server."""

    id: str
    title: str
    plant: EmitterBreak


def _functions(subject: str) -> list[Any]:
    module = import_module(f"{__name__}.{subject}")
    return [function for name, function in vars(module).items() if len(name) == 3 and name[1:].isdigit()]


DEFECTS = [Defect(one.__name__.upper(), one.__doc__, one) for subject in SUBJECTS for one in _functions(subject)]
EMITTER_DEFECTS = [EmitterDefect(one.__name__.upper(), one.__doc__, one) for one in _functions("emitters")]
