"""brubeck with its carbon backend: one worker that takes one datagram at a time, so that lines keep their order."""

import json
import subprocess
from dataclasses import dataclass

from statsd_conformance.programs import Found, Missing, find
from statsd_conformance.targets.named import Launch, Place


@dataclass(frozen=True, slots=True)
class Brubeck:
    """brubeck; it knows whole seconds only."""

    name: str = "brubeck"
    profile: str = "brubeck"

    def find(self) -> Found | Missing:
        """Return the daemon, or how to install it."""
        return find("brubeck")

    def version(self, program: Found) -> str:
        """Return what it says of itself."""
        told = subprocess.run([*program.command, "--version"], capture_output=True, text=True, check=False)
        return (told.stdout + told.stderr).strip().partition("\n")[0] or "brubeck"

    def prepare(self, program: Found, place: Place) -> Launch:
        """Write its configuration."""
        local = "127.0.0.1"
        configuration = {
            "server_name": "brubeck",
            "dumpfile": str(place.directory / "brubeck.dump"),
            "capacity": 15,
            "backends": [
                {
                    "type": "carbon",
                    "address": local,
                    "port": place.graphite_port,
                    "frequency": max(1, round(place.interval)),
                }
            ],
            "samplers": [{"type": "statsd", "address": local, "port": place.port, "workers": 1, "multimsg": 1}],
        }
        path = place.directory / "brubeck.json"
        path.write_text(json.dumps(configuration, indent=2))
        return Launch((*program.command, f"--config={path}"))
