"""Recorded traffic, sent again: at its own pace or another, under other names, from a socket for each source."""

from statsd_conformance.replay.names import Names, PrefixError, read_prefix, wanted
from statsd_conformance.replay.pace import recorded, steady
from statsd_conformance.replay.player import Plan, Played, Player, Reading
from statsd_conformance.replay.receiver import Receiver
from statsd_conformance.replay.sockets import Sockets, Unreachable

__all__ = [
    "Names",
    "Plan",
    "Played",
    "Player",
    "PrefixError",
    "Reading",
    "Receiver",
    "Sockets",
    "Unreachable",
    "read_prefix",
    "recorded",
    "steady",
    "wanted",
]
