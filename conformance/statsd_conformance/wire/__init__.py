"""A target over the wire: datagrams out through one socket, snapshots in through a sink, fences between the two.

A fence is sent on the same socket behind a case's own datagrams. A snapshot in which its name stands holds everything
sent before it. Read `fences`, `queued` and `ways`, then `wire`, which puts them together.
"""

from statsd_conformance.wire.fences import NoAnswer
from statsd_conformance.wire.queued import BURST, room
from statsd_conformance.wire.wire import LARGEST_BURST, Wire

__all__ = ["BURST", "LARGEST_BURST", "NoAnswer", "Wire", "room"]
