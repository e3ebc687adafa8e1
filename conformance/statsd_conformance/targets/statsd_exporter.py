"""statsd_exporter, whose output is a Prometheus page."""

import subprocess
from dataclasses import dataclass

from statsd_conformance.address import Address
from statsd_conformance.behind import BehindError
from statsd_conformance.observers import MakeObserver, prometheus
from statsd_conformance.programs import Found, Missing, find
from statsd_conformance.targets.named import Launch, Place


@dataclass(frozen=True, slots=True)
class StatsdExporter:
    """statsd_exporter without mappings; its page is where other targets have their console.

    It relays what it gets to the place behind it, if there is one.
    """

    name: str = "statsd_exporter"
    profile: str = "statsd_exporter"
    behind: tuple[Address, ...] = ()

    def find(self) -> Found | Missing:
        """Return the daemon, or how to install it."""
        return find("statsd_exporter")

    def version(self, program: Found) -> str:
        """Return name and version as it says them; what `go install` built knows no version."""
        told = subprocess.run([*program.command, "--version"], capture_output=True, text=True, check=False)
        words = (told.stdout + told.stderr).partition("(branch")[0].replace(",", "").replace("version", "").split()
        return " ".join(words) or "statsd_exporter"

    def observer(self, place: Place) -> MakeObserver:
        """Return what makes the observer of its page."""
        return prometheus("127.0.0.1", place.admin_port, "/metrics", place.interval)

    def prepare(self, program: Found, place: Place) -> Launch:
        """Return the command line; it needs no file.

        Raises:
            BehindError: it cannot relay to what is behind it.
        """
        if [one.scheme for one in place.behind] not in ([], ["udp"]):
            named = " and ".join(map(str, place.behind))
            raise BehindError(f"statsd_exporter relays to one place, over UDP, and not to {named}; name one --behind")
        options = {
            "web.listen-address": f"127.0.0.1:{place.admin_port}",
            "statsd.listen-udp": f"127.0.0.1:{place.port}",
            "statsd.listen-tcp": f"127.0.0.1:{place.port}",
        }
        for one in place.behind:
            options["statsd.relay.address"] = f"{one.host}:{one.port}"
        return Launch((*program.command, *(f"--{name}={value}" for name, value in options.items())))
