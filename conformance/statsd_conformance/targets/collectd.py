"""collectd with its statsd plugin, and write_graphite behind it."""

import asyncio
import subprocess
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from statsd_conformance.programs import Found, Missing, find
from statsd_conformance.targets.named import Launch, Place, socket_in

_CONFIGURATION: Final = Template("""\
Hostname "suite"
FQDNLookup false
Interval $interval
WriteThreads 1
BaseDir "$directory"
PIDFile "$directory/collectd.pid"
LoadPlugin logfile
<Plugin logfile>
  LogLevel info
  File STDOUT
</Plugin>
LoadPlugin statsd
LoadPlugin write_graphite
LoadPlugin unixsock
<Plugin statsd>
  Host "127.0.0.1"
  Port "$port"
  CounterSum true
  TimerLower true
  TimerUpper true
  TimerSum true
  TimerCount true
  TimerPercentile 90
</Plugin>
<Plugin write_graphite>
  <Node "suite">
    Host "127.0.0.1"
    Port "$graphite_port"
    Protocol "tcp"
    PreserveSeparator true
    StoreRates true
  </Node>
</Plugin>
<Plugin unixsock>
  SocketFile "$socket"
</Plugin>
""")


@dataclass(frozen=True, slots=True)
class Collectd:
    """collectd in the foreground, only the plugins that it needs."""

    name: str = "collectd"
    profile: str = "collectd"

    def find(self) -> Found | Missing:
        """Return the daemon, or how to install it."""
        return find("collectd")

    def version(self, program: Found) -> str:
        """Return name and version as its help text ends with them."""
        told = subprocess.run([*program.command, "-h"], capture_output=True, text=True, check=False).stdout
        words = next((line.split() for line in told.splitlines() if line.startswith("collectd ")), ["collectd"])
        return " ".join(words[:2]).rstrip(",")

    def prepare(self, program: Found, place: Place) -> Launch:
        """Write its configuration, with a socket through which its output can be pushed out."""
        socket = socket_in(place, "s")
        text = _CONFIGURATION.substitute(
            interval=place.interval,
            directory=place.directory,
            port=place.port,
            graphite_port=place.graphite_port,
            socket=socket,
        )
        path = place.directory / "collectd.conf"
        path.write_text(text)

        async def nudge() -> None:
            await flush_output(socket)

        return Launch((*program.command, "-f", "-C", str(path)), nudge=nudge)


async def flush_output(socket: Path) -> None:
    """Make collectd write out its Graphite buffer, which otherwise leaves in blocks of 1428 bytes, each when full.

    A socket that is not there, or not any more, is no error: the target may be starting or have ended.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return
    try:
        writer.write(b"FLUSH plugin=write_graphite/suite\n")
        await reader.readline()
    except OSError:
        return
    finally:
        writer.close()
