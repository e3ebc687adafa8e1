"""How a target's output is seen: one small interface, one file for each form of output. A case never knows which."""

from statsd_conformance.observers.console import ConsoleObserver, console
from statsd_conformance.observers.graphite import GraphiteObserver, graphite
from statsd_conformance.observers.netdata import NetdataObserver, netdata
from statsd_conformance.observers.observer import MakeObserver, Observer
from statsd_conformance.observers.passed import PassedObserver, passed_on
from statsd_conformance.observers.pickled import PickleObserver, pickled
from statsd_conformance.observers.polling import PollingObserver, Unreadable, fetch
from statsd_conformance.observers.prometheus import PrometheusObserver, prometheus
from statsd_conformance.observers.repeated import RepeatObserver, repeated
from statsd_conformance.observers.stream import StreamObserver, as_graphite, stream

__all__ = [
    "ConsoleObserver",
    "GraphiteObserver",
    "MakeObserver",
    "NetdataObserver",
    "Observer",
    "PassedObserver",
    "PickleObserver",
    "PollingObserver",
    "PrometheusObserver",
    "RepeatObserver",
    "StreamObserver",
    "Unreadable",
    "as_graphite",
    "console",
    "fetch",
    "graphite",
    "netdata",
    "passed_on",
    "pickled",
    "prometheus",
    "repeated",
    "stream",
]
