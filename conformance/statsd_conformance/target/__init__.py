"""What a case talks to, and what it leaves behind.

Read `target`, then `needs`, `between` and `trace`. `in_process` is a target without a socket; the one over sockets is
in `statsd_conformance.over_the_wire`.
"""

from statsd_conformance.target.between import (
    assert_next_counts,
    assert_rejected,
    sandwich,
    sandwich_with_harm,
    sentinels,
)
from statsd_conformance.target.in_process import InProcess
from statsd_conformance.target.places import unknown
from statsd_conformance.target.target import Crashed, Target
from statsd_conformance.target.tokens import DIGITS, token
from statsd_conformance.target.trace import Trace, note, note_reset

__all__ = [
    "DIGITS",
    "Crashed",
    "InProcess",
    "Target",
    "Trace",
    "assert_next_counts",
    "assert_rejected",
    "note",
    "note_reset",
    "sandwich",
    "sandwich_with_harm",
    "sentinels",
    "token",
    "unknown",
]
