"""The reference aggregator that comes with the suite."""

import sys
from dataclasses import dataclass

from statsd_conformance import __version__
from statsd_conformance.address import Address
from statsd_conformance.programs import Found
from statsd_conformance.targets.named import REMEMBERED, Launch, Place, socket_in


@dataclass(frozen=True, slots=True)
class Reference:
    """`python -m statsd_reference`."""

    name: str = "reference"
    profile: str = "reference"

    def find(self) -> Found:
        """Return the command; it is always there."""
        return Found((sys.executable, "-m", "statsd_reference"))

    def version(self, program: Found) -> str:
        """Return the suite's own version."""
        return f"statsd-conformance {__version__}"

    def prepare(self, program: Found, place: Place) -> Launch:
        """Return the command line; it needs no file."""
        local, stream = socket_in(place, "datagrams"), socket_in(place, "stream")
        options = {
            "port": place.port,
            "tcp": "true",
            "socket": local,
            "streamSocket": stream,
            "address": "127.0.0.1",
            "mgmt_port": place.admin_port,
            "mgmt_address": "127.0.0.1",
            "flushInterval": round(place.interval * 1000),
            "graphiteHost": "127.0.0.1",
            "graphitePort": place.graphite_port,
        }
        if place.forgets:
            options |= {"deleteIdleStats": "true", "gaugesMaxTTL": REMEMBERED}
        flags = [f"--{name}={value}" for name, value in options.items()]
        # A checkout has the packages on this process's path only.
        environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
        also = (
            Address("tcp", "127.0.0.1", place.port),
            Address("unix", path=str(local)),
            Address("unixstream", path=str(stream)),
        )
        console = Address("tcp", "127.0.0.1", place.admin_port)
        return Launch((*program.command, *flags), environment, also=also, admin=console)
