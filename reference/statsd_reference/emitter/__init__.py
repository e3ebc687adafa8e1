"""The reference emitter: the message counters of a module as StatsD lines, and when they are sent."""

from statsd_reference.emitter.batch import BatchEmitter
from statsd_reference.emitter.lines import NameRefused, Refused
from statsd_reference.emitter.machine import Emitter, Send, Watch
from statsd_reference.emitter.profile import (
    EmitterProfile,
    EmitterProfileError,
    known_emitter_profiles,
    load_emitter_profile,
    read_emitter_profile,
)
from statsd_reference.emitter.snapshot import SnapshotEmitter

__all__ = [
    "BatchEmitter",
    "Emitter",
    "EmitterProfile",
    "EmitterProfileError",
    "NameRefused",
    "Refused",
    "Send",
    "SnapshotEmitter",
    "Watch",
    "known_emitter_profiles",
    "load_emitter_profile",
    "make_emitter",
    "read_emitter_profile",
]


def make_emitter(
    profile: EmitterProfile, module: str, rank: int, send: Send, watch: Watch = lambda active: None
) -> Emitter:
    """Return the emitter of one module that a profile describes.

    Args:
        profile: how it spells, and when it sends.
        module: name of the module.
        rank: of the process that it runs in.
        send: takes a datagram and says whether it went out.
        watch: is told when calls of `look`, at each pass of a loop or after each period, begin and end to be needed.

    Raises:
        NameRefused: the module's name or the rank is refused.
    """
    kinds = {"snapshot": SnapshotEmitter, "metric": BatchEmitter}
    return kinds[profile.gate](profile, module, rank, send, watch)
