"""veneur with its prometheus sink, which sends what it aggregated on to a statsd_exporter: here, to the suite."""

from dataclasses import dataclass
from string import Template
from typing import Final

from statsd_conformance.observers import MakeObserver, repeated
from statsd_conformance.programs import Found, Missing, find
from statsd_conformance.targets.named import Launch, Place

# Its own metrics go to itself, and without an HTTP address it would end at once. An address that begins with a digit is
# no URI to it.
_CONFIGURATION: Final = Template("""\
interval: "${interval}s"
num_workers: 1
num_readers: 1
omit_empty_hostname: true
percentiles: [0.9]
aggregates: ["min", "max", "median", "avg", "count", "sum"]
http_address: "127.0.0.1:$admin_port"
stats_address: "127.0.0.1:$port"
statsd_listen_addresses: ["udp://127.0.0.1:$port", "tcp://127.0.0.1:$port"]
metric_sinks:
  - kind: prometheus
    name: suite
    config:
      repeater_address: "localhost:$graphite_port"
      network_type: tcp
""")


@dataclass(frozen=True, slots=True)
class Veneur:
    """veneur as a server of its own, which forwards to no other; one worker, so that lines keep their order."""

    name: str = "veneur"
    profile: str = "veneur"

    def find(self) -> Found | Missing:
        """Return the daemon, or how to install it."""
        return find("veneur")

    def version(self, program: Found) -> str:
        """Return its name; the program tells its version over HTTP only."""
        return "veneur"

    def observer(self, place: Place) -> MakeObserver:
        """Return what makes the listener that it sends to."""
        return repeated("127.0.0.1", 0)

    def prepare(self, program: Found, place: Place) -> Launch:
        """Write its configuration."""
        path = place.directory / "veneur.yaml"
        path.write_text(
            _CONFIGURATION.substitute(
                interval=f"{place.interval:g}",
                port=place.port,
                admin_port=place.admin_port,
                graphite_port=place.graphite_port,
            )
        )
        return Launch((*program.command, "-f", str(path)))
