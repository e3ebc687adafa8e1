"""What a judge finds wrong with how a target took an input."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What broke, as a name that other inputs may share (`counter-differs`), and in a sentence about this input."""

    name: str
    sentence: str
