"""gostatsd with its Graphite backend: one reader, one parser and one worker, so that lines keep their order."""

import subprocess
from dataclasses import dataclass
from string import Template
from typing import Final

from statsd_conformance.programs import Found, Missing, find
from statsd_conformance.targets.named import Launch, Place

_CONFIGURATION: Final = Template("""\
[graphite]
address = "127.0.0.1:$graphite_port"
mode = "tags"
""")


@dataclass(frozen=True, slots=True)
class Gostatsd:
    """gostatsd; all lines of a datagram get one time, which all datagrams of a batch would share."""

    name: str = "gostatsd"
    profile: str = "gostatsd"

    def find(self) -> Found | Missing:
        """Return the daemon, or how to install it."""
        return find("gostatsd")

    def version(self, program: Found) -> str:
        """Return its name, and the version where it was built into it."""
        told = subprocess.run([*program.command, "--version"], capture_output=True, text=True, check=False).stdout
        version = told.removeprefix("Version:").partition(" - ")[0].strip()
        return f"gostatsd {version}".strip()

    def prepare(self, program: Found, place: Place) -> Launch:
        """Write its configuration; a host among the tags would make a series of each sender."""
        path = place.directory / "gostatsd.toml"
        path.write_text(_CONFIGURATION.substitute(graphite_port=place.graphite_port))
        options = {
            "config-path": path,
            "backends": "graphite",
            "metrics-addr": f"127.0.0.1:{place.port}",
            "flush-interval": f"{place.interval:g}s",
            "ignore-host": "true",
            "max-readers": 1,
            "max-parsers": 1,
            "max-workers": 1,
            "receive-batch-size": 1,
        }
        return Launch((*program.command, *(f"--{name}={value}" for name, value in options.items())))
