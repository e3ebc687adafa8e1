"""StatsD, the original, for Node.js."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from statsd_conformance.address import Address
from statsd_conformance.programs import Found, Missing, find
from statsd_conformance.targets.named import REMEMBERED, Launch, Place, beside6, socket_in

# What `repeaterProtocol` calls the kind of an address.
_PROTOCOLS: Final = {"udp": "udp4", "udp6": "udp6", "tcp": "tcp"}


def stated_version(program: Found) -> str:
    """Return name and version as the npm package of a program states them, the name alone where it has none."""
    package = Path(program.command[-1]).resolve().parent / "package.json"
    for folder in (package, package.parent.parent / "package.json"):
        if folder.is_file() and (stated := json.loads(folder.read_text())).get("name") == "statsd":
            return f"statsd {stated['version']}"
    return "statsd"


@dataclass(frozen=True, slots=True)
class Statsd:
    """npm `statsd`, or `statsd` on PATH: its defaults but for the interval, the addresses, and what it listens on.

    It repeats what it gets to all that is behind it.
    """

    name: str = "statsd"
    profile: str = "statsd"
    behind: tuple[Address, ...] = ()

    def find(self) -> Found | Missing:
        """Return the command of stats.js, or how to install it."""
        return find("statsd")

    def version(self, program: Found) -> str:
        """Return the version that its package states, where it has one."""
        return stated_version(program)

    def prepare(self, program: Found, place: Place) -> Launch:
        """Write its configuration, which is JavaScript; JSON is that, too."""
        stream, ipv6 = socket_in(place, "stream"), beside6(place)
        servers: list[dict[str, Any]] = [
            {"server": f"./servers/{transport}", "address": "127.0.0.1", "port": place.port}
            for transport in ("udp", "tcp")
        ]
        servers.append({"server": "./servers/tcp", "socket": str(stream)})
        if ipv6:
            servers.append({"server": "./servers/udp", "address": place.ipv6, "address_ipv6": True, "port": place.port})
        configuration = {
            "servers": servers,
            "mgmt_port": place.admin_port,
            "mgmt_address": "127.0.0.1",
            "flushInterval": round(place.interval * 1000),
            "graphiteHost": "127.0.0.1",
            "graphitePort": place.graphite_port,
            "backends": ["./backends/graphite"],
            "automaticConfigReload": False,
        }
        if place.forgets:
            # Nobody follows it from flush to flush, as the reference is: a slow machine may have some too many.
            configuration |= {"deleteIdleStats": True, "gaugesMaxTTL": 3 * REMEMBERED}
        if place.behind:
            configuration["backends"] = ["./backends/graphite", "./backends/repeater"]
            configuration["repeater"] = [{"host": one.host, "port": one.port} for one in place.behind]
            configuration["repeaterProtocol"] = _PROTOCOLS[place.behind[0].kind]
        path = place.directory / "statsd.json"
        path.write_text(json.dumps(configuration, indent=2))
        also = [Address("tcp", "127.0.0.1", place.port), Address("unixstream", path=str(stream))]
        console = Address("tcp", "127.0.0.1", place.admin_port)
        return Launch((*program.command, str(path)), also=(*also, *([ipv6] if ipv6 else [])), admin=console)
