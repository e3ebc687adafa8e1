"""The index of the recordings: what is found in each, beside what its recipe says."""

from collections import Counter
from collections.abc import Iterable, Sequence
from io import BytesIO

import tomli_w

from recorded.recipes import Recipe
from statsd_conformance.lint import Settings, lint
from statsd_conformance.recording import read_recording
from statsd_corpora.recorded import EXTENSIONS, Recording
from statsd_reference import BadLine, Options, make_server

_HEAD = "# What the recordings here are. Made by `make corpora`, from tests/recorded.\n\n"


def row_of(recipe: Recipe, raw: bytes) -> Recording:
    """Return the row of a capture."""
    datagrams = list(read_recording(BytesIO(raw)))
    server = make_server(Options(extensions=EXTENSIONS[recipe.dialect]))
    readings = [server.read(one.payload) for one in datagrams]
    found = Counter(finding.code for finding in lint(datagrams, Settings(recipe.dialect)))
    return Recording(
        recipe.file,
        recipe.title,
        recipe.source,
        recipe.made,
        recipe.dialect,
        recipe.client,
        datagrams=len(datagrams),
        lines=sum(reading.lines for reading in readings),
        refused=sum(isinstance(outcome, BadLine) for reading in readings for outcome in reading.outcomes),
        largest=max(len(one.payload) for one in datagrams),
        lint=dict(sorted(found.items())),
    )


def written(rows: Iterable[Recording]) -> str:
    """Return the index as a file."""
    tables: Sequence[dict[str, object]] = [
        {field: getattr(row, field) for field in Recording.__dataclass_fields__} for row in rows
    ]
    return _HEAD + tomli_w.dumps({"recording": tables})
