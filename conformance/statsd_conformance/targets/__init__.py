"""The targets that the suite can start itself: known implementations by name, and any command by `exec:`."""

from dataclasses import replace
from typing import Final

from statsd_conformance.targets.brubeck import Brubeck
from statsd_conformance.targets.collectd import Collectd
from statsd_conformance.targets.command import Command, CommandError
from statsd_conformance.targets.gostatsd import Gostatsd
from statsd_conformance.targets.named import LOCAL, Launch, Named, Observed, Passing, Place
from statsd_conformance.targets.netdata import Netdata
from statsd_conformance.targets.reference import Reference
from statsd_conformance.targets.statsd import Statsd
from statsd_conformance.targets.statsd_exporter import StatsdExporter
from statsd_conformance.targets.statsd_proxy import StatsdProxy
from statsd_conformance.targets.statsite import Statsite
from statsd_conformance.targets.telegraf import Telegraf
from statsd_conformance.targets.veneur import Veneur

_TARGETS: Final[tuple[Named, ...]] = (
    Reference(),
    Statsd(),
    Statsd("statsd-repeater", behind=(LOCAL, LOCAL)),
    Statsd("statsd-repeater-tcp", behind=(replace(LOCAL, scheme="tcp"),)),
    StatsdProxy(),
    Collectd(),
    Netdata(),
    Brubeck(),
    Statsite(),
    Gostatsd(),
    StatsdExporter(),
    StatsdExporter("statsd_exporter-relay", behind=(LOCAL,)),
    Telegraf(),
    Veneur(),
)
NAMED: Final[dict[str, Named]] = {target.name: target for target in _TARGETS}

__all__ = ["NAMED", "Command", "CommandError", "Launch", "Named", "Observed", "Passing", "Place", "is_startable"]


def is_startable(spec: str) -> bool:
    """Tell whether what a user calls a target is one that the suite starts, and no address."""
    return spec in NAMED or spec.startswith("exec:")
