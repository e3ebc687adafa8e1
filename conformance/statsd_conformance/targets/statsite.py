"""statsite, its stream appended to a file: the sinks that come with it need a program of their own."""

import shlex
import subprocess
from dataclasses import dataclass
from string import Template
from typing import Final

from statsd_conformance.address import Address
from statsd_conformance.observers import MakeObserver, as_graphite, stream
from statsd_conformance.programs import Found, Missing, find
from statsd_conformance.targets.named import Launch, Place

_CONFIGURATION: Final = Template("""\
[statsite]
port = $port
udp_port = $port
bind_address = 127.0.0.1
flush_interval = $interval
log_level = INFO
extended_counters = false
stream_cmd = cat >> $stream
""")
_STREAM: Final = "stream"


@dataclass(frozen=True, slots=True)
class Statsite:
    """statsite in the foreground; it knows whole seconds only."""

    name: str = "statsite"
    profile: str = "statsite"

    def find(self) -> Found | Missing:
        """Return the daemon, or how to install it."""
        return find("statsite")

    def version(self, program: Found) -> str:
        """Return its name and version as `-v` prints them."""
        told = subprocess.run([*program.command, "-v"], capture_output=True, text=True, check=False)
        return (told.stdout + told.stderr).strip().replace(" version", "") or "statsite"

    def observer(self, place: Place) -> MakeObserver:
        """Return what makes the reader of its stream."""
        return stream(place.directory / _STREAM, as_graphite)

    def prepare(self, program: Found, place: Place) -> Launch:
        """Write its configuration."""
        text = _CONFIGURATION.substitute(
            port=place.port,
            interval=max(1, round(place.interval)),
            stream=shlex.quote(str(place.directory / _STREAM)),
        )
        path = place.directory / "statsite.ini"
        path.write_text(text)
        return Launch((*program.command, "-f", str(path)), also=(Address("tcp", "127.0.0.1", place.port),))
