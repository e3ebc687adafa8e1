"""netdata with its statsd collector and a Graphite exporter; everything else of it is turned off."""

import getpass
import subprocess
from dataclasses import dataclass
from string import Template
from typing import Final

from statsd_conformance.address import Address
from statsd_conformance.programs import Found, Missing, find
from statsd_conformance.targets.named import Launch, Place, beside6

_CONFIGURATION: Final = Template("""\
[global]
    run as user = $user
[directories]
    config = $directory
    stock config = $directory
    cache = $directory/cache
    lib = $directory/lib
    log = $directory
    home = $directory
[db]
    mode = ram
    update every = $interval
[logs]
    access = none
[web]
    mode = none
[cloud]
    enabled = no
[health]
    enabled = no
[ml]
    enabled = no
[registry]
    enabled = no
[plugins]
    timex = no
    tc = no
    idlejitter = no
    proc = no
    cgroups = no
    diskspace = no
    slabinfo = no
    netdata monitoring = no
    netdata monitoring extended = no
    enable running new plugins = no
    check for new plugins every = 3600
    apps = no
    charts.d = no
    fping = no
    go.d = no
    ioping = no
    node.d = no
    python.d = no
    perf = no
    nfacct = no
    ebpf = no
    freeipmi = no
    statsd = yes
[statsd]
    enabled = yes
    bind to = udp:127.0.0.1:$port tcp:127.0.0.1:$port$ipv6
    update every (flushInterval) = $interval
    max private charts hard limit = 20000
""")
_EXPORTING: Final = Template("""\
[exporting:global]
    enabled = yes
    update every = $interval
[graphite:suite]
    enabled = yes
    destination = 127.0.0.1:$graphite_port
    data source = average
    prefix = nd
    hostname = h
    update every = $interval
    send charts matching = statsd_*
    send configured labels = no
    send automatic labels = no
""")


@dataclass(frozen=True, slots=True)
class Netdata:
    """netdata in the foreground, with every folder it writes to in the place's; it knows whole seconds only."""

    name: str = "netdata"
    profile: str = "netdata"

    def find(self) -> Found | Missing:
        """Return the daemon, or how to install it."""
        return find("netdata")

    def version(self, program: Found) -> str:
        """Return what it says of itself."""
        told = subprocess.run([*program.command, "-V"], capture_output=True, text=True, check=False).stdout
        return told.strip().partition("\n")[0] or "netdata"

    def prepare(self, program: Found, place: Place) -> Launch:
        """Write its configuration; anonymous statistics are off, by the file that turns them off."""
        ipv6 = beside6(place)
        fill = {
            "ipv6": f" udp:[{place.ipv6}]:{place.port}" if ipv6 else "",
            "directory": place.directory,
            "port": place.port,
            "graphite_port": place.graphite_port,
            "interval": max(1, round(place.interval)),
            "user": getpass.getuser(),
        }
        for folder in ("cache", "lib", "lib/registry", "lib/health"):
            (place.directory / folder).mkdir(exist_ok=True)
        (place.directory / ".opt-out-from-anonymous-statistics").touch()
        (place.directory / "exporting.conf").write_text(_EXPORTING.substitute(fill))
        path = place.directory / "netdata.conf"
        path.write_text(_CONFIGURATION.substitute(fill))
        environment = {"DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
        also = (Address("tcp", "127.0.0.1", place.port), *([ipv6] if ipv6 else []))
        return Launch((*program.command, "-D", "-c", str(path)), environment, also=also)
