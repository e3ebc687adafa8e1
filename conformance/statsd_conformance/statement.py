"""What a probe says of a target, one statement at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """What the probe says of one entry of the profile; `sure` is False where `found` is an assumption."""

    entry: str
    found: str
    sure: bool
    why: str
