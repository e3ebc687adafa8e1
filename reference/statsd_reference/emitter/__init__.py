"""The reference emitter: the message counters of a module as StatsD lines, and when they are sent."""

from statsd_reference.emitter.profile import (
    EmitterProfile,
    EmitterProfileError,
    known_emitter_profiles,
    load_emitter_profile,
    read_emitter_profile,
)

__all__ = [
    "EmitterProfile",
    "EmitterProfileError",
    "known_emitter_profiles",
    "load_emitter_profile",
    "read_emitter_profile",
]
