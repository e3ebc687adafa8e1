"""How long and how Hypothesis searches: three profiles, and the choice among them."""

from collections.abc import Mapping
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis.database import ExampleDatabase

# No profile has a deadline: how long an example takes says more about the machine than about the code.
PROFILES: Final = {
    "dev": settings(deadline=None),
    # The same examples on every run, and a failure that can be reproduced from the log alone.
    "ci": settings(deadline=None, derandomize=True, database=None, print_blob=True),
    "nightly": settings(
        deadline=None, max_examples=5_000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
    ),
}


class UnknownProfileError(ValueError):
    """A profile that does not exist was asked for; the message names it and those that do."""


def in_ci(environment: Mapping[str, str]) -> bool:
    """Tell whether this is a run that nobody watches: `CI` is set, and to something else than 0 or false."""
    return environment.get("CI", "").lower() not in ("", "0", "false")


def choose_profile(environment: Mapping[str, str]) -> str:
    """Return the profile that `HYPOTHESIS_PROFILE` names; without it `ci` in a CI run, `dev` elsewhere.

    Raises:
        UnknownProfileError: there is no such profile.
    """
    name = environment.get("HYPOTHESIS_PROFILE") or ("ci" if in_ci(environment) else "dev")
    if name not in PROFILES:
        raise UnknownProfileError(f"HYPOTHESIS_PROFILE={name} is unknown; there are {', '.join(PROFILES)}")
    return name


def load_profile(name: str, database: ExampleDatabase | None = None) -> None:
    """Make the profile the default of every Hypothesis test of this process.

    With a database failing examples are kept and tried there, whatever the profile says: then `ci` tries new examples
    on every run, for what was found is not lost.
    """
    profile = PROFILES[name]
    if database is not None:
        profile = settings(profile, database=database, derandomize=False)
    settings.register_profile(name, profile)
    settings.load_profile(name)
