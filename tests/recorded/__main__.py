"""Make all recordings anew, but for those of client libraries that are not installed."""

from recorded.index import row_of, written
from recorded.recipes import RECIPES
from recorded.said import capture
from statsd_corpora.recorded import TRAFFIC


def main() -> None:
    """Write the recordings and their index, and say what was written."""
    rows = []
    for recipe in RECIPES:
        raw = capture(recipe.make())
        (TRAFFIC / recipe.file).write_bytes(raw)
        rows.append(row_of(recipe, raw))
        print(f"{recipe.file}: {rows[-1].datagrams} datagrams, {len(raw):,} bytes")
    (TRAFFIC / "index.toml").write_text(written(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
