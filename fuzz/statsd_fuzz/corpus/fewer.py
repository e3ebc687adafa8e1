"""A corpus made fewer: what is left shows all that the whole one shows."""

import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from statsd_fuzz.corpus.cover import covering
from statsd_fuzz.corpus.entry import CorpusError, Input
from statsd_fuzz.corpus.naming import by_hash
from statsd_fuzz.corpus.shape import shape

# What libFuzzer says of an input under which the process of a merge ended; it goes on without it.
_FAILED: Final = re.compile(r"MERGE-INNER: '(.*)' caused a failure at the previous merge step")


def by_shape(inputs: Sequence[Input]) -> list[Input]:
    """Return inputs that show all that the model reads in any of them."""
    return [inputs[place] for place in covering([shape(one.data) for one in inputs], [len(one.data) for one in inputs])]


def targets() -> list[str]:
    """Return the names of the fuzz targets, by which coverage can be had."""
    folder = Path(__file__).parents[1]
    return sorted(path.stem for path in folder.glob("[a-z]*.py") if "fuzz(check, SEEDS" in path.read_text("utf-8"))


def is_guided() -> bool:
    """Tell whether there is Atheris, and so coverage."""
    return find_spec("atheris") is not None


def by_coverage(inputs: Sequence[Input], target: str) -> list[Input]:
    """Return inputs that cover all that any of them covers of a fuzz target, and those under which it fails.

    Raises:
        CorpusError: libFuzzer could not merge them.
    """
    with TemporaryDirectory() as folder:
        old, new = Path(folder, "old"), Path(folder, "new")
        old.mkdir()
        new.mkdir()
        for one in by_hash(inputs):
            (old / one.name).write_bytes(one.data)
        longest = max(len(one.data) for one in inputs)
        options = ["-set_cover_merge=1", f"-max_len={max(1, longest)}", str(new), str(old)]
        done = subprocess.run(
            [sys.executable, "-m", f"statsd_fuzz.{target}", *options], capture_output=True, check=False, cwd=folder
        )
        said = done.stderr.decode("utf-8", "replace")
        if done.returncode or not any(new.iterdir()):
            raise CorpusError(f"{target}: libFuzzer could not merge: {said.strip().splitlines()[-1]}")
        kept = {path.read_bytes() for path in new.iterdir()}
        kept |= {Path(path).read_bytes() for path in _FAILED.findall(said)}
    return [one for one in inputs if one.data in kept]
