"""What is stored of recorded traffic is what `make corpora` makes."""

import os
import re
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType

import pytest

from needed_programs import command_of
from recorded.index import row_of
from recorded.recipes import RECIPES, Recipe
from recorded.said import Said, capture
from recorded.sizes import BOUNDARIES
from statsd_conformance.programs import Missing
from statsd_conformance.recording import read_recording
from statsd_corpora import Recording, recordings_of_traffic
from statsd_fuzz import conserve_counts, lint_datagrams, mark_refused, parse_datagram
from statsd_fuzz.search import in_ci

README = Path(__file__).resolve().parents[1] / "corpora" / "README.md"
ROWS = {row.file: row for row in recordings_of_traffic()}


def made(recipe: Recipe) -> Sequence[Said]:
    try:
        return recipe.make()
    except LookupError as missing:
        command_of(Missing(str(missing)), must_be_there=in_ci(os.environ))
        raise


def payloads(row: Recording) -> list[bytes]:
    return [one.payload for one in read_recording(row.path)]


# Clients are programs of their own; where one is not installed, its test is skipped by name.
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.file)
def test_a_recording_made_anew_is_the_one_that_is_stored(recipe: Recipe) -> None:
    raw = capture(made(recipe))
    assert ROWS[recipe.file].path.read_bytes() == raw
    assert ROWS[recipe.file] == row_of(recipe, raw)


def test_the_index_is_in_the_order_of_the_recipes() -> None:
    assert list(ROWS) == [recipe.file for recipe in RECIPES]


@pytest.mark.parametrize("file", ROWS)
def test_a_recording_has_its_row_in_the_readme(file: str) -> None:
    cells = [line.split("|")[1] for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    # `size-512` to `size-65507` are all sizes.
    named = [name for cell in cells for name in re.findall("`([^`]+)`", cell.replace("512` to `size-65507", "*"))]
    assert any(fnmatch(file, f"{name}.pcap") for name in named if name not in ("client-*", "missing-*"))


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_recording_of_a_size_has_datagrams_of_its_sizes(boundary: str) -> None:
    sizes = [len(payload) for payload in payloads(ROWS[f"size-{boundary}.pcap"])]
    assert sizes == [size for size in BOUNDARIES[boundary] for _ in range(2)]


@pytest.mark.parametrize(
    "target", [parse_datagram, conserve_counts, lint_datagrams, mark_refused], ids=lambda one: one.__name__
)
def test_recorded_datagrams_are_seeds_in_which_a_fuzz_target_finds_nothing(target: ModuleType) -> None:
    seeds = {payload for row in ROWS.values() for payload in payloads(row)}
    assert len(seeds) > 500
    for seed in sorted(seeds):
        target.check(seed)
