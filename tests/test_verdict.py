import pytest

from statsd_conformance.requirement import (
    CORE,
    EXT,
    MAY,
    MUST,
    QUIRK,
    ROBUST,
    SHOULD,
    SPEC,
    Class,
    Inconclusive,
    Level,
    Requirement,
    Unsupported,
)
from statsd_conformance.target import Crashed, Trace
from statsd_conformance.verdict import Verdict, failed, first_line, passed


def entry(category: Class, level: Level) -> Requirement:
    return Requirement("TESTING-01", category, level, "Something MUST hold.", "nowhere")


# What a failed assertion means, by class and level.
JUDGED = {
    (CORE, MUST): Verdict.FAIL,
    (CORE, SHOULD): Verdict.NON_STRICT,
    (CORE, MAY): Verdict.NON_STRICT,
    (ROBUST, MUST): Verdict.FAIL,
    (ROBUST, SHOULD): Verdict.NON_STRICT,
    (EXT, MUST): Verdict.FAIL,
    (SPEC, MUST): Verdict.NON_STRICT,
    (QUIRK, MUST): Verdict.INFO,
    (QUIRK, SHOULD): Verdict.INFO,
}
KINDS = [f"{category.value}-{level.value}" for category, level in JUDGED]


@pytest.mark.parametrize(("kind", "verdict"), JUDGED.items(), ids=KINDS)
def test_failed_assertion_is_judged_by_class_and_level(kind: tuple[Class, Level], verdict: Verdict) -> None:
    outcome = failed(entry(*kind), AssertionError("it came out as 3\nand more"), Trace())
    assert (outcome.verdict, outcome.note) == (verdict, "it came out as 3")


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.NON_STRICT])
def test_failure_keeps_its_error_for_the_traceback(verdict: Verdict) -> None:
    kind = next(kind for kind, judged in JUDGED.items() if judged is verdict)
    error = AssertionError()
    assert failed(entry(*kind), error, Trace()).error is error


def test_missing_feature_is_no_failure() -> None:
    outcome = failed(entry(CORE, MUST), Unsupported("no sets"), Trace())
    assert (outcome.verdict, outcome.note, outcome.error) == (Verdict.UNSUPPORTED, "no sets", None)


def test_case_that_cannot_tell_is_inconclusive() -> None:
    assert failed(entry(CORE, MUST), Inconclusive("lost"), Trace()).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("kind", JUDGED, ids=KINDS)
def test_mistake_of_the_suite_is_never_one_of_the_target(kind: tuple[Class, Level]) -> None:
    outcome = failed(entry(*kind), KeyError("bucket"), Trace())
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert outcome.note == "error in the suite: KeyError: 'bucket'"


def test_crash_of_the_target_is_an_assertion() -> None:
    assert failed(entry(CORE, MUST), Crashed("gone"), Trace()).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("category", "observed", "verdict", "note"),
    [
        (CORE, None, Verdict.PASS, ""),
        (CORE, "in 2 flushes", Verdict.PASS, "in 2 flushes"),
        (QUIRK, "counts as 0", Verdict.INFO, "counts as 0"),
        (QUIRK, None, Verdict.INFO, "as the original"),
        (SPEC, "sides with the specification", Verdict.INFO, "sides with the specification"),
        (SPEC, None, Verdict.PASS, ""),
    ],
)
def test_case_that_ends_passes_or_informs(category: Class, observed: str | None, verdict: Verdict, note: str) -> None:
    outcome = passed(entry(category, MUST), observed, [], Trace())
    assert (outcome.verdict, outcome.note) == (verdict, note)


def test_should_that_is_not_followed_makes_a_passing_case_non_strict() -> None:
    unmet = [AssertionError("counted twice"), AssertionError("late")]
    outcome = passed(entry(CORE, MUST), None, unmet, Trace())
    assert (outcome.verdict, outcome.note, outcome.error) == (Verdict.NON_STRICT, "counted twice", unmet[0])


def test_error_without_words_is_called_by_its_type() -> None:
    assert first_line(AssertionError()) == "AssertionError"
