from collections.abc import Iterator

import pytest

from statsd_conformance import requirement as module
from statsd_conformance.requirement import (
    CORE,
    MUST,
    REGISTER,
    ROBUST,
    SHOULD,
    requirement,
    requirement_of,
    should,
    unmet_shoulds,
)
from statsd_conformance.target import Target


@pytest.fixture(autouse=True)
def register() -> Iterator[None]:
    """Leave the register as it was."""
    before = dict(REGISTER)
    yield
    REGISTER.clear()
    REGISTER.update(before)


async def summed(target: Target) -> None:
    """Increments
    MUST   be summed.
    """  # noqa: D205


def test_case_is_registered_with_its_docstring_as_the_sentence() -> None:
    case = requirement("TESTING-01", CORE, MUST, cites="nowhere", quiet=True)(summed)
    assert case is summed
    entry = REGISTER["TESTING-01"]
    assert entry is requirement_of(summed)
    assert entry.sentence == "Increments MUST be summed."
    assert (entry.family, entry.category, entry.level, entry.quiet, entry.hostile) == (
        "TESTING",
        CORE,
        MUST,
        True,
        False,
    )


def test_id_has_one_case() -> None:
    requirement("TESTING-01", CORE, MUST, cites="nowhere")(summed)
    with pytest.raises(ValueError, match="TESTING-01 has two cases"):
        requirement("TESTING-01", ROBUST, SHOULD, cites="nowhere")(summed)


def test_case_has_a_sentence() -> None:
    async def silent(target: Target) -> None:
        pass

    with pytest.raises(ValueError, match="TESTING-02 has no sentence"):
        requirement("TESTING-02", CORE, MUST, cites="nowhere")(silent)
    assert "TESTING-02" not in REGISTER


def test_other_functions_are_no_cases() -> None:
    assert requirement_of(module.requirement) is None
    assert requirement_of(None) is None


def test_unmet_should_is_noted_and_the_case_goes_on() -> None:
    with unmet_shoulds() as unmet:
        with should():
            raise AssertionError("first")
        with should():
            pass
        with should():
            raise AssertionError("second")
    assert [str(error) for error in unmet] == ["first", "second"]


def test_should_outside_a_run_is_an_assertion() -> None:
    with pytest.raises(AssertionError, match="plain"), should():
        raise AssertionError("plain")


def test_should_hides_no_other_error() -> None:
    with unmet_shoulds() as unmet, pytest.raises(KeyError), should():
        raise KeyError("bucket")
    assert unmet == []


def test_notes_of_one_case_are_not_those_of_another() -> None:
    with unmet_shoulds() as outer:
        with unmet_shoulds() as inner, should():
            raise AssertionError("inner")
        with should():
            raise AssertionError("outer")
    assert ([str(error) for error in inner], [str(error) for error in outer]) == (["inner"], ["outer"])
