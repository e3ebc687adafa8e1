"""Folders of inputs, a file each: plain ones, libFuzzer's, and what AFL++ leaves behind."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn

from statsd_fuzz.corpus.entry import CorpusError, Input, distinct, without
from statsd_fuzz.corpus.naming import named, spoken
from statsd_fuzz.corpus.whole import write_whole

# In what AFL++ writes only these hold inputs; beside them stand its figures.
_OF_AFL: Final = ("queue", "crashes", "hangs")


def read_folder(folder: Path) -> list[Input]:
    """Return the inputs in a folder and the folders below, by path; of an AFL++ output its queue, crashes and hangs.

    Raises:
        CorpusError: it cannot be read, or has no file.
    """
    try:
        files = sorted(path for path in _below(folder) if path.is_file() and _is_input(path.relative_to(folder)))
        if any(path.parent.name == "queue" for path in files):
            files = [path for path in files if path.parent.name in _OF_AFL and path.name.startswith("id")]
        inputs = [Input(spoken(path.name), path.read_bytes()) for path in files]
    except OSError as error:
        raise CorpusError(f"{error.filename}: cannot be read: {error.strerror}") from None
    if not inputs:
        raise CorpusError(f"{folder}: no file in it; name a folder of inputs, one a file")
    return inputs


def _below(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder and in those below; unlike `rglob`, raise where one of them cannot be read."""

    def refuse(error: OSError) -> NoReturn:
        raise error

    for place, _, names in os.walk(folder, onerror=refuse):
        yield from (Path(place, name) for name in names)


def _is_input(path: Path) -> bool:
    return not any(part.startswith((".", "__pycache__")) for part in path.parts)


def write_new(folder: Path, inputs: Sequence[Input]) -> None:
    """Write inputs into a folder that is new or empty.

    Raises:
        CorpusError: something is in it, or it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CorpusError(f"{folder}: is not empty; name a new folder, or add to it with `corpus merge`")
    _write(folder, inputs)


def add(folder: Path, inputs: Sequence[Input]) -> list[Input]:
    """Write into a folder, which may be new, what it does not hold yet, and return that; no file there is touched.

    Raises:
        CorpusError: it cannot be read or written.
    """
    try:
        there = read_folder(folder) if folder.is_dir() and any(folder.iterdir()) else []
        taken = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    except OSError as error:
        raise CorpusError(f"{folder}: cannot be read: {error.strerror}") from None
    new = named(without(distinct(inputs), there), taken)
    _write(folder, new)
    return new


def _write(folder: Path, inputs: Sequence[Input]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in inputs:
            # Whoever writes the same folder at the same time loses nothing by this.
            write_whole(folder / one.name, one.data)
    except OSError as error:
        raise CorpusError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
