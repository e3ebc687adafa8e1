"""How a target's output is seen: one small interface, one file for each form of output. A case never knows which."""

from statsd_conformance.observers.graphite import GraphiteObserver, graphite
from statsd_conformance.observers.observer import MakeObserver, Observer
from statsd_conformance.observers.pickled import PickleObserver, pickled
from statsd_conformance.observers.stream import StreamObserver, as_graphite, stream

__all__ = [
    "GraphiteObserver",
    "MakeObserver",
    "Observer",
    "PickleObserver",
    "StreamObserver",
    "as_graphite",
    "graphite",
    "pickled",
    "stream",
]
