"""Verdicts, and the outcome of one case."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from statsd_conformance.requirement import Class, Inconclusive, Level, Requirement, Unsupported
from statsd_conformance.target import Trace


class Verdict(Enum):
    """What the suite says of one requirement on one target."""

    PASS = "PASS"
    FAIL = "FAIL"
    NON_STRICT = "NON-STRICT"
    DEVIATION = "DEVIATION"
    INFO = "INFO"
    UNSUPPORTED = "UNSUPPORTED"
    CRASHED = "CRASHED"
    INCONCLUSIVE = "INCONCLUSIVE"


# In tables: what was met, what was not, and what says nothing of that.
IN_TABLES: Final = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.CRASHED,
    Verdict.INCONCLUSIVE,
    Verdict.NON_STRICT,
    Verdict.DEVIATION,
    Verdict.INFO,
    Verdict.UNSUPPORTED,
)
# Of several cases of one requirement the first of these that occurs is shown.
_WORST_FIRST: Final = [
    Verdict.CRASHED,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.DEVIATION,
    Verdict.NON_STRICT,
    Verdict.INFO,
    Verdict.PASS,
    Verdict.UNSUPPORTED,
]
NEEDS_EVIDENCE: Final = (Verdict.FAIL, Verdict.NON_STRICT, Verdict.CRASHED, Verdict.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one case, and what led to it.

    `note` is one line: what was observed, why nothing can be said. `error` is the assertion that failed, with its
    traceback. `trace` holds what was sent and what came back.
    """

    verdict: Verdict
    note: str = ""
    error: BaseException | None = None
    # Thousands of lines in a wave: asyncio would spend seconds on showing them when it shows a task.
    trace: Trace | None = field(default=None, repr=False)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that stands for several, of which there has to be one."""
    return min(verdicts, key=_WORST_FIRST.index)


def passed(requirement: Requirement, observed: str | None, unmet: list[AssertionError], trace: Trace) -> Outcome:
    """Return the outcome of a case that ran to its end."""
    if unmet:
        return Outcome(Verdict.NON_STRICT, first_line(unmet[0]), unmet[0], trace)
    if requirement.category is Class.QUIRK or (requirement.category is Class.SPEC and observed):
        return Outcome(Verdict.INFO, observed or "as the original", trace=trace)
    return Outcome(Verdict.PASS, observed or "", trace=trace)


def failed(requirement: Requirement, error: BaseException, trace: Trace) -> Outcome:
    """Return the outcome of a case that ended in `error`, by the class and level of its requirement."""
    if isinstance(error, Unsupported):
        return Outcome(Verdict.UNSUPPORTED, first_line(error), trace=trace)
    if isinstance(error, Inconclusive):
        return Outcome(Verdict.INCONCLUSIVE, first_line(error), error, trace)
    if not isinstance(error, AssertionError):
        # A mistake in the suite must never look like one of the target.
        return Outcome(Verdict.INCONCLUSIVE, f"error in the suite: {type(error).__name__}: {error}", error, trace)
    if requirement.category is Class.QUIRK:
        return Outcome(Verdict.INFO, first_line(error), trace=trace)
    if requirement.category is Class.SPEC or requirement.level is not Level.MUST:
        return Outcome(Verdict.NON_STRICT, first_line(error), error, trace)
    return Outcome(Verdict.FAIL, first_line(error), error, trace)


def first_line(error: BaseException) -> str:
    """Return the first line of what `error` says."""
    return str(error).partition("\n")[0] or type(error).__name__
