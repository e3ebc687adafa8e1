"""Which known implementation a target may be, by what a probe found."""

from dataclasses import replace

import pytest

from statsd_conformance.likeness import spelled_as, suggestion
from statsd_conformance.probe import UNKNOWN
from statsd_conformance.profile import Profile, load_profile

STATSD = load_profile("statsd")
COLLECTD = load_profile("collectd")


def probed(known: Profile, **paths: str) -> Profile:
    """Return what a probe makes of a target like a known one, but for some paths."""
    spelled = {kind: path.replace("*", "some.host", 1) for kind, path in known.paths.items()}
    return replace(UNKNOWN, paths={**spelled, **paths})


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        (probed(STATSD), "statsd"),
        (probed(COLLECTD), "collectd"),
        (probed(load_profile("brubeck")), "brubeck"),
        (probed(STATSD, gauge="gauges.{bucket}"), ""),
        (probed(STATSD, histogram="h.{bucket}"), ""),
        (UNKNOWN, ""),
        (STATSD, ""),
    ],
    ids=["statsd", "collectd with its host", "brubeck", "another gauge", "one more", "nothing", "nobody probed it"],
)
def test_known_implementation_is_recognised_by_all_of_its_spelling(profile: Profile, name: str) -> None:
    assert spelled_as(profile) == name


def test_suggestion_names_the_option() -> None:
    assert "--deviations collectd" in suggestion("collectd")
