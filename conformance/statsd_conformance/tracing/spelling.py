"""Which profile an aggregator has, guessed from where the counters of a trace are published."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from statsd_conformance.profile import Profile, known_profiles, load_profile
from statsd_conformance.tracing.journey import Names, paths_of, skeleton

# The first of those that fit alike is taken.
_FIRST: Final = ("statsd", "brubeck", "collectd")
# They publish nothing to Graphite.
_NOT: Final = ("proxy", "console")


def candidates() -> Iterator[Profile]:
    """Yield the profiles that come with the suite, and that of StatsD with its modern namespace."""
    names = [*_FIRST, *(name for name in known_profiles() if name not in (*_FIRST, *_NOT))]
    yield from map(load_profile, names)
    yield modern()


def modern() -> Profile:
    """Return the profile of StatsD without its legacy namespace."""
    legacy = load_profile("statsd")
    paths = {
        **legacy.paths,
        "counter": "stats.counters.{bucket}.count",
        "rate": "stats.counters.{bucket}.rate",
    }
    own = {
        name: f"stats.counters.statsd.{name}.count"
        for name in ("packets_received", "metrics_received", "bad_lines_seen")
    }
    return replace(legacy, name="statsd, modern namespace", paths=paths, own=own, errors=own["bad_lines_seen"])


def guess(profiles: Sequence[Profile], counters: Iterable[bytes], paths: Collection[bytes]) -> tuple[Profile, int]:
    """Return the profile under whose paths most of the counters are, and how many; the first one where none is."""
    counters, there, bones = list(counters), Names(paths), Names({skeleton(path) for path in paths})
    scored = [(sum(_is_there(profile, one, there, bones) for one in counters), profile) for profile in profiles]
    best = max(score for score, _ in scored)
    return next((profile, score) for score, profile in scored if score == best)


def _is_there(profile: Profile, counter: bytes, there: Names, bones: Names) -> bool:
    """Tell whether a counter is published, exactly or, where the whole path is known, under a like name."""
    return any(
        there.find(path) is not None or (not path.startswith(b"*") and bones.like(path) is not None)
        for path in paths_of(profile, counter, None)
    )
