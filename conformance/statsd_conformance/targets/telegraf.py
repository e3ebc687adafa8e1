"""Telegraf with its statsd input and a Graphite output."""

import subprocess
from dataclasses import dataclass
from string import Template
from typing import Final

from statsd_conformance.programs import Found, Missing, find
from statsd_conformance.targets.named import Launch, Place

# All series of an interval fit into one batch, so that they are written together.
_CONFIGURATION: Final = Template("""\
[agent]
  interval = "${interval}s"
  flush_interval = "${interval}s"
  flush_jitter = "0s"
  metric_batch_size = 1000000
  metric_buffer_limit = 1000000
  omit_hostname = true
[[inputs.statsd]]
  service_address = "127.0.0.1:$port"
  percentiles = [90.0]
  metric_separator = "."
  number_workers_threads = 1
[[outputs.graphite]]
  servers = ["127.0.0.1:$graphite_port"]
  template = "measurement.metric_type.field"
""")


@dataclass(frozen=True, slots=True)
class Telegraf:
    """Telegraf; one worker, so that lines keep their order."""

    name: str = "telegraf"
    profile: str = "telegraf"

    def find(self) -> Found | Missing:
        """Return the agent, or how to install it."""
        return find("telegraf")

    def version(self, program: Found) -> str:
        """Return name and version as it says them."""
        told = subprocess.run([*program.command, "--version"], capture_output=True, text=True, check=False).stdout
        return told.partition("(")[0].strip() or "Telegraf"

    def prepare(self, program: Found, place: Place) -> Launch:
        """Write its configuration."""
        path = place.directory / "telegraf.conf"
        path.write_text(
            _CONFIGURATION.substitute(
                interval=f"{place.interval:g}", port=place.port, graphite_port=place.graphite_port
            )
        )
        return Launch((*program.command, "--config", str(path)))
