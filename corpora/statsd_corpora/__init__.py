"""Seeds of StatsD traffic, one file each: what fuzzing starts from, and what has once gone wrong."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from statsd_corpora.recorded import Recording, recordings_of_traffic

__all__ = ["Recording", "corpora", "dictionary", "recordings_of_traffic", "seeds"]

_ROOT: Final = files(__name__)


def corpora() -> list[str]:
    """Return the names of the corpora, sorted: folders that hold seeds, such as `lines/good`."""
    return sorted(_folders(_ROOT, ""))


def seeds(name: str) -> dict[str, bytes]:
    """Return the seeds of a corpus by file name, in the order of the names; the bytes are exactly those of the file.

    An ending, as captures have, is no part of the name.

    Raises:
        KeyError: there is no such corpus; the message names those that there are.

    >>> seeds("lines/good")["counter"]
    b'gorets:1|c'
    """
    if name not in (known := corpora()):
        raise KeyError(f"no corpus {name!r}; there are {', '.join(known)}")
    folder = _ROOT.joinpath(*name.split("/"))
    named = {entry.name.partition(".")[0]: entry for entry in _files(folder)}
    return {name: named[name].read_bytes() for name in sorted(named)}


def dictionary() -> bytes:
    """Return the libFuzzer dictionary of StatsD's tokens, for `-dict=`."""
    return (_ROOT / "statsd.dict").read_bytes()


def _files(folder: Traversable) -> list[Traversable]:
    """Return the seeds in a folder; an index beside them is none."""
    return [entry for entry in folder.iterdir() if entry.is_file() and not entry.name.endswith(".toml")]


def _folders(folder: Traversable, prefix: str) -> list[str]:
    """Return the names of the folders below that hold files themselves."""
    inner = [entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("__")]
    found = [prefix + entry.name for entry in inner if _files(entry)]
    return found + [name for entry in inner for name in _folders(entry, f"{prefix}{entry.name}/")]
