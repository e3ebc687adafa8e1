"""Make all recordings anew, but for those of client libraries that are not installed."""

from recorded.index import row_of, written
from recorded.recipes import RECIPES, Recipe
from recorded.said import capture
from statsd_corpora.recorded import TRAFFIC, Recording, recordings_of_traffic


def main() -> None:
    """Write the recordings and their index, and say what was written and what was left as it was."""
    before = {row.file: row for row in recordings_of_traffic()}
    rows = [row for recipe in RECIPES if (row := _made(recipe) or before.get(recipe.file))]
    (TRAFFIC / "index.toml").write_text(written(rows), encoding="utf-8")


def _made(recipe: Recipe) -> Recording | None:
    """Write a recording and return its row; None where its client is not installed."""
    try:
        raw = capture(recipe.make())
    except LookupError as missing:
        print(f"{recipe.file} is left as it is: {missing}")
        return None
    (TRAFFIC / recipe.file).write_bytes(raw)
    row = row_of(recipe, raw)
    print(f"{recipe.file}: {row.datagrams} datagrams, {row.lines} lines, {len(raw):,} bytes")
    return row


if __name__ == "__main__":
    main()
