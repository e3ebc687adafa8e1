"""The proxy that comes with StatsD, before three nodes, all of which are the suite."""

import json
from dataclasses import dataclass
from typing import Final

from statsd_conformance.address import Address
from statsd_conformance.programs import Found, Missing, find
from statsd_conformance.targets.named import LOCAL, Launch, Place
from statsd_conformance.targets.statsd import stated_version

# Milliseconds between two questions for the health of a node, which has as long to answer, also where all is busy.
_CHECKED_EVERY_MS: Final = 500


@dataclass(frozen=True, slots=True)
class StatsdProxy:
    """proxy.js of npm `statsd`."""

    name: str = "statsd-proxy"
    profile: str = "proxy"
    behind: tuple[Address, ...] = (LOCAL, LOCAL, LOCAL)

    def find(self) -> Found | Missing:
        """Return the command of proxy.js, or how to install it."""
        return find("statsd-proxy")

    def version(self, program: Found) -> str:
        """Return the version that its package states."""
        return stated_version(program)

    def prepare(self, program: Found, place: Place) -> Launch:
        """Write its configuration."""
        configuration = {
            "nodes": [{"host": one.host, "port": one.port, "adminport": one.port} for one in place.behind],
            "server": "./servers/udp",
            "address": "127.0.0.1",
            "port": place.port,
            "mgmt_address": "127.0.0.1",
            "mgmt_port": place.admin_port,
            "checkInterval": _CHECKED_EVERY_MS,
        }
        path = place.directory / "proxy.json"
        path.write_text(json.dumps(configuration, indent=2))
        return Launch((*program.command, str(path)), admin=Address("tcp", "127.0.0.1", place.admin_port))
