"""Files of TOML that a user names: one that comes with the suite, or one of the user's own."""

from importlib.resources import files
from pathlib import Path


class NoText(Exception):
    """A file that is not there or cannot be read; the message names it, and says which there are."""


def shipped(folder: str) -> list[str]:
    """Return the names of the files in a folder of the package, in order, without their ending."""
    entries = (files("statsd_conformance") / folder).iterdir()
    return sorted(entry.name.removesuffix(".toml") for entry in entries if entry.name.endswith(".toml"))


def text_of(name: str, folder: str, what: str) -> str:
    """Return the text of the file of that name in a folder of the package, or of the file at that path.

    Raises:
        NoText: there is neither, or it cannot be read; `what` is what the message calls it.
    """
    if name in shipped(folder):
        return (files("statsd_conformance") / folder / f"{name}.toml").read_text(encoding="utf-8")
    path = Path(name)
    if not path.is_file():
        raise NoText(f"no {what} {name!r}: neither a file nor one of {', '.join(shipped(folder))}")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoText(f"{what} {name}: cannot be read: {error}") from None
