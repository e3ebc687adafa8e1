"""Real client libraries, each with a small program that sends what is hard to get right: README.md says what."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from statsd_conformance.programs import Found, Missing, peers_folders, search_path

FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Client:
    """One library. Its `program` here is run by `interpreter`, a name on PATH or a file of `.peers/clients`.

    `installed` is a file or folder of `.peers/clients` that is there when the library is; for a library of the system,
    arguments with which the interpreter succeeds when it is.
    """

    name: str
    program: str
    interpreter: str
    installed: str | tuple[str, ...]
    install: str = "`make peers` in a checkout"

    def find(self, peers: Sequence[Path] | None = None, path: str | None = None) -> Found | Missing:
        """Return the command that runs its program, or how to install what is missing."""
        folders = [folder / "clients" for folder in (peers_folders() if peers is None else peers)]
        path = search_path(os.environ) if path is None else path
        for folder in folders if isinstance(self.installed, str) else [None]:
            interpreter = self._interpreter(folder, path)
            if interpreter and self._is_there(folder, interpreter):
                modules = folder / "node_modules" if folder else Path()
                environment = ("env", f"NODE_PATH={modules}") if modules.is_dir() and folder else ()
                return Found((*environment, interpreter, str(FOLDER / self.program)))
        return Missing(f"{self.name} is not installed: {self.install}")

    def _interpreter(self, folder: Path | None, path: str) -> str | None:
        beside = folder / self.interpreter if folder else None
        return str(beside) if beside and beside.is_file() else shutil.which(self.interpreter, path=path)

    def _is_there(self, folder: Path | None, interpreter: str) -> bool:
        if isinstance(self.installed, str):
            return folder is not None and any(folder.glob(self.installed))
        ran = subprocess.run([interpreter, *self.installed], capture_output=True, check=False)
        return ran.returncode == 0


def _of_python(name: str, module: str) -> Client:
    program = f"python_{name}.py"
    return Client(name, program, "bin/python", f"lib/python*/site-packages/{module}")


def _of_node(name: str) -> Client:
    return Client(name, f"node_{name.replace('-', '_')}.js", "node", f"node_modules/{name}/package.json")


CLIENTS: Final = (
    _of_python("statsd", "statsd"),
    _of_python("datadog", "datadog"),
    _of_python("aiodogstatsd", "aiodogstatsd"),
    _of_python("gunicorn", "gunicorn"),
    _of_node("hot-shots"),
    _of_node("statsd-client"),
    _of_node("lynx"),
    Client(
        "Net::Statsd",
        "perl_net_statsd.pl",
        "perl",
        ("-MNet::Statsd", "-e", "1"),
        "`make peers` in a checkout, `apt-get install libnet-statsd-perl` or `cpan Net::Statsd`",
    ),
    Client(
        "statsd-ruby",
        "ruby_statsd.rb",
        "ruby",
        ("-e", "require 'statsd'"),
        "`make peers` in a checkout, `apt-get install ruby ruby-statsd` or `gem install statsd-ruby`",
    ),
)
Command = Callable[[Client], tuple[str, ...]]
