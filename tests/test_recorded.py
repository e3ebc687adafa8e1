"""What is stored of recorded traffic is what `make corpora` makes."""

import pytest

from recorded.index import row_of
from recorded.recipes import RECIPES, Recipe
from recorded.said import capture
from recorded.sizes import BOUNDARIES
from statsd_conformance.recording import read_recording
from statsd_corpora import Recording, recordings_of_traffic

ROWS = {row.file: row for row in recordings_of_traffic()}


def payloads(row: Recording) -> list[bytes]:
    return [one.payload for one in read_recording(row.path)]


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if not recipe.client], ids=lambda one: one.file)
def test_a_recording_made_anew_is_the_one_that_is_stored(recipe: Recipe) -> None:
    raw = capture(recipe.make())
    assert ROWS[recipe.file].path.read_bytes() == raw
    assert ROWS[recipe.file] == row_of(recipe, raw)


def test_the_index_is_in_the_order_of_the_recipes() -> None:
    assert list(ROWS) == [recipe.file for recipe in RECIPES]


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_recording_of_a_size_has_datagrams_of_its_sizes(boundary: str) -> None:
    sizes = [len(payload) for payload in payloads(ROWS[f"size-{boundary}.pcap"])]
    assert sizes == [size for size in BOUNDARIES[boundary] for _ in range(2)]
