"""Mistakes that real aggregators made, planted one at a time in the reference.

A module for a subject holds a function for a defect, named by its id: a right server to a wrong one. Its docstring says
what goes wrong, and after the semicolon what is right.
"""

from dataclasses import dataclass
from importlib import import_module

from defects.steps import Break

EXAMINED = ("framing", "size", "output", "counters", "gauges", "numbers", "survival", "timers", "sets")
# The chapter on tags is not written yet, so nothing can find these.
NOT_EXAMINED = ("tags",)


@dataclass(frozen=True, slots=True)
class Defect:
    """A planted mistake: its id (`A01`), its subject, what is wrong and right in a sentence, and how it is planted."""

    id: str
    subject: str
    title: str
    plant: Break

    @property
    def examined(self) -> bool:
        """Whether there is a chapter that could find it."""
        return self.subject in EXAMINED


def _planted(subject: str) -> list[Defect]:
    module = import_module(f"{__name__}.{subject}")
    functions = [function for name, function in vars(module).items() if len(name) == 3 and name[1:].isdigit()]
    return [Defect(one.__name__.upper(), subject, one.__doc__, one) for one in functions]


DEFECTS = [defect for subject in EXAMINED + NOT_EXAMINED for defect in _planted(subject)]
