"""Which known implementation a target may be, by how it spells its output, where nobody has named it."""

from statsd_conformance.deviation import known_deviations
from statsd_conformance.probe import UNKNOWN
from statsd_conformance.profile import Profile, known_profiles, load_profile, same_path


def spelled_as(profile: Profile) -> str:
    """Return the one known implementation, with deviations, that spells each kind of output as a probe found it.

    Empty where there is none, or more than one, or the profile is no probe's.
    """
    if profile.name != UNKNOWN.name:
        return ""
    names = set(known_deviations()) & set(known_profiles())
    alike = [name for name in sorted(names) if _is_spelled(profile, load_profile(name))]
    return alike[0] if len(alike) == 1 else ""


def suggestion(name: str) -> str:
    """Return what a user may want to say to a target that may be the implementation of that name."""
    return f"its output is spelled as {name}'s: if it is {name}, --deviations {name} marks what is known of it"


def _is_spelled(found: Profile, known: Profile) -> bool:
    return found.paths.keys() == known.paths.keys() and all(
        same_path(path.encode(), found.paths[kind].encode()) for kind, path in known.paths.items()
    )
