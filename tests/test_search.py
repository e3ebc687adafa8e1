import pytest
from hypothesis import settings

from statsd_fuzz.search import PROFILES, UnknownProfileError, choose_profile, in_ci


@pytest.mark.parametrize(
    ("value", "unwatched"), [("true", True), ("1", True), ("", False), ("0", False), ("False", False)]
)
def test_ci_is_what_the_variable_says(value: str, unwatched: bool) -> None:
    assert in_ci({"CI": value}) is unwatched


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "dev"),
        ({"CI": "true"}, "ci"),
        ({"HYPOTHESIS_PROFILE": ""}, "dev"),
        ({"HYPOTHESIS_PROFILE": "nightly"}, "nightly"),
        ({"HYPOTHESIS_PROFILE": "dev", "CI": "true"}, "dev"),
    ],
)
def test_the_environment_chooses_the_profile(environment: dict[str, str], name: str) -> None:
    assert choose_profile(environment) == name


def test_an_unknown_profile_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownProfileError, match="HYPOTHESIS_PROFILE=weekly is unknown; there are dev, ci, nightly"):
        choose_profile({"HYPOTHESIS_PROFILE": "weekly"})


@pytest.mark.parametrize("name", PROFILES)
def test_no_profile_has_a_deadline(name: str) -> None:
    assert PROFILES[name].deadline is None


def test_ci_tries_the_same_examples_on_every_run() -> None:
    assert PROFILES["ci"].derandomize


def test_this_run_has_one_of_the_profiles() -> None:
    assert settings.get_current_profile_name() in PROFILES
