"""Anyone's aggregator, started by a command line with places to fill in."""

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Final

from statsd_conformance.programs import Found, Missing
from statsd_conformance.targets.named import Launch, Place

PLACES: Final = ("port", "admin_port", "graphite_host", "graphite_port", "interval", "directory")


class CommandError(ValueError):
    """A command line that cannot be filled in; the message names the place that nobody knows."""


@dataclass(frozen=True, slots=True)
class Command:
    """`exec:COMMAND`: split as a shell splits words, without a shell; `{port}` and the other PLACES are filled in."""

    text: str
    profile: str = "statsd"

    def __post_init__(self) -> None:
        try:
            shlex.split(self.text)
            wanted = [name for _, name, _, _ in Formatter().parse(self.text) if name is not None]
        except ValueError as error:
            raise CommandError(f"exec:{self.text}: {error}") from None
        known = ", ".join(f"{{{place}}}" for place in PLACES)
        if unknown := [name for name in wanted if name not in PLACES]:
            raise CommandError(f"exec:{self.text}: nobody knows {{{unknown[0]}}}; there are {known}")
        if not {"port", "graphite_port"} <= set(wanted):
            raise CommandError(f"exec:{self.text}: needs {{port}} and {{graphite_port}}; there are {known}")

    @property
    def name(self) -> str:
        """The command as the user typed it."""
        return f"exec:{self.text}"

    def find(self) -> Found | Missing:
        """Return the command's words, or say that its program is not there."""
        words = tuple(shlex.split(self.text))
        if not words or (shutil.which(words[0]) is None):
            return Missing(f"{words[0] if words else 'nothing'}: no such program on PATH")
        return Found(words)

    def version(self, program: Found) -> str:
        """Return nothing: who started it knows."""
        return ""

    def prepare(self, program: Found, place: Place) -> Launch:
        """Fill in the place."""
        filled = {
            "port": place.port,
            "admin_port": place.admin_port,
            "graphite_host": "127.0.0.1",
            "graphite_port": place.graphite_port,
            "interval": f"{place.interval:g}",
            "directory": place.directory,
        }
        # What the user named as a file is one from where the user is.
        return Launch(tuple(word.format(**filled) for word in program.command), folder=Path.cwd())
