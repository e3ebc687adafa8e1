"""Writes what lies beside the program of a fuzz target: its seeds, the dictionary, and options of libFuzzer.

python3 fuzz/oss-fuzz/beside.py NAME FOLDER
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final
from zipfile import ZipFile, ZipInfo

from statsd_corpora import dictionary, seeds
from statsd_fuzz.corpus import Input, distinct
from statsd_fuzz.corpus.naming import named

# Longer seeds are cut off; what a service runs for weeks may be longer than what somebody waits for.
OPTIONS: Final = """\
[libfuzzer]
max_len = 4096
timeout = 20
"""


def write(name: str, folder: Path) -> None:
    """Write the files of a target into a folder."""
    corpora: Sequence[str] = import_module(f"statsd_fuzz.{name}").SEEDS
    inputs = distinct(Input(seed, data) for corpus in corpora for seed, data in seeds(corpus).items())
    with ZipFile(folder / f"{name}_seed_corpus.zip", "w") as archive:
        for one in named(inputs):
            # Without the time of day: the same seeds make the same file.
            archive.writestr(ZipInfo(one.name), one.data)
    (folder / f"{name}.dict").write_bytes(dictionary())
    (folder / f"{name}.options").write_text(OPTIONS, encoding="utf-8")


if __name__ == "__main__":
    write(sys.argv[1], Path(sys.argv[2]))
