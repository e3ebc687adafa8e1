"""What real client libraries send of a made-up service: one program a library, in the folder `clients`."""

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from clients import CLIENTS, Client
from recorded.said import STEP, Said
from statsd_conformance.emitters.listening import Listening
from statsd_conformance.programs import Found, Missing
from statsd_conformance.recording import Datagram

FOLDER: Final = Path(__file__).parent / "clients"
_SECONDS: Final = 60.0
_BY_NAME: Final = {client.name: client for client in CLIENTS}
_AIO_STATSD: Final = Client("aio-statsd", "", "bin/python", "lib/python*/site-packages/aio_statsd")


@dataclass(frozen=True, slots=True)
class Spoken:
    """One recording of a client: which library, which program, in which dialect, and what its environment has more."""

    library: Client
    of: str
    program: str
    dialect: str = "etsy"
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the file is named after."""
        return "-".join([*self.program.partition(".")[0].split("_"), *map(str.lower, self.more)])

    def find(self) -> Found | Missing:
        """Return the command of the program, or how to install what is missing."""
        return replace(self.library, program=str(FOLDER / self.program)).find()


SPOKEN: Final = (
    Spoken(_BY_NAME["statsd"], "PyPI", "python_statsd.py"),
    Spoken(_BY_NAME["gunicorn"], "PyPI", "python_gunicorn.py"),
    Spoken(_BY_NAME["statsd-client"], "npm", "node_statsd_client.js"),
    Spoken(_BY_NAME["lynx"], "npm", "node_lynx.js"),
    Spoken(_BY_NAME["Net::Statsd"], "CPAN", "perl_net_statsd.pl"),
    Spoken(_BY_NAME["statsd-ruby"], "RubyGems", "ruby_statsd.rb"),
    Spoken(_BY_NAME["datadog"], "PyPI", "python_datadog.py", "dogstatsd"),
    Spoken(_BY_NAME["aiodogstatsd"], "PyPI", "python_aiodogstatsd.py", "dogstatsd"),
    Spoken(_BY_NAME["hot-shots"], "npm", "node_hot_shots.js", "dogstatsd"),
    Spoken(_BY_NAME["hot-shots"], "npm", "node_hot_shots.js", "influx", {"TELEGRAF": "1"}),
    Spoken(_AIO_STATSD, "PyPI", "python_aio_statsd.py", "influx"),
    Spoken(_BY_NAME["statsd"], "PyPI", "python_signalfx.py", "signalfx"),
)


def said_by(command: Iterable[str], more: Mapping[str, str]) -> tuple[Said, ...]:
    """Return what a program sends, its times and ports made the same every time.

    Raises:
        subprocess.SubprocessError: it failed, or did not end.
    """
    listening = Listening()
    try:
        where = {"STATSD_HOST": listening.host, "STATSD_PORT": str(listening.port)}
        # What Datadog's libraries read there would become tags.
        usual = {name: value for name, value in os.environ.items() if not name.startswith(("DD_", "DATADOG_"))}
        environment = {**usual, **more, **where}
        subprocess.run([*command], env=environment, check=True, timeout=_SECONDS, capture_output=True)
        return _regular(listening.datagrams())
    finally:
        listening.close()


def _regular(datagrams: Iterable[Datagram]) -> tuple[Said, ...]:
    """Return datagrams in their order, a step apart; emitters are numbered as they came."""
    numbers: dict[object, int] = {}
    return tuple(
        Said(one.payload, place * STEP, numbers.setdefault(one.source, len(numbers)))
        for place, one in enumerate(datagrams)
    )


def recorded(spoken: Spoken) -> tuple[Said, ...]:
    """Return what a client sends.

    Raises:
        LookupError: its library is not installed; the message says how to install it.
        subprocess.SubprocessError: its program failed.
    """
    found = spoken.find()
    if isinstance(found, Missing):
        raise LookupError(found.hint)
    return said_by(found.command, spoken.more)
