"""Plant every defect in a server of its own, search it over the wire, and print how long it took to find it."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import click
from rich.console import Console
from rich.table import Table

from defects import DEFECTS, EMITTER_DEFECTS, Defect
from defects.curve import MARKS, draw, within
from defects.timed import Timed, timed

# How a server is judged: as any one is, and as one that means to be like the original in everything.
PLAIN: Final = "plain lines compared, as for any server"
STRICT: Final = "every line compared (--strict)"


async def search(defect: Defect, seeds: Sequence[int], seconds: float, *, strict: bool) -> Timed:
    """Return the middle one of several searches by its time, where one that found nothing took longest."""
    found = [await timed(defect, seed, seconds, strict=strict) for seed in seeds]
    ordered = sorted(found, key=lambda one: float("inf") if one.seconds is None else one.seconds)
    return ordered[(len(ordered) - 1) // 2]


def table(curves: Mapping[str, Sequence[Timed]]) -> Table:
    """Return a row a defect: its id, what it is, and for each way of judging after how long it was found, as what."""
    made = Table("id", "planted", box=None, pad_edge=False, header_style="bold")
    for label in curves:
        made.add_column(label.partition(",")[0].partition(" (")[0])
    for rows in zip(*curves.values(), strict=True):
        title = rows[0].defect.title.partition(";")[0].removesuffix(".")
        made.add_row(rows[0].defect.id, title, *map(_said, rows))
    return made


def _said(one: Timed) -> str:
    wrong = f" (beside {', '.join(one.wrong)}, which it does not explain)" if one.wrong else ""
    return ("[red]not found[/red]" if one.seconds is None else f"{one.seconds:5.1f} s  {one.found}") + wrong


def summary(label: str, results: Sequence[Timed]) -> list[str]:
    """Return the closing lines of one way of judging."""
    shares = [f"{within(results, mark)} within {mark:g} s" for mark in MARKS]
    said = [f"{label}: of {len(results)} planted in servers {', '.join(shares)}"]
    if found := [one.seconds for one in results if one.seconds is not None]:
        said.append(f"  the middle one after {median(found):.1f} s")
    if missed := [one.defect.id for one in results if one.seconds is None]:
        said.append(f"  not found: {', '.join(missed)}")
    return said


def read_kept(file: Path) -> dict[tuple[str, str], Timed]:
    """Return what a file holds of earlier runs, by way of judging and id."""
    by_id = {one.id: one for one in DEFECTS}
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines()) if file.exists() else ()
    return {
        (row["judged"], row["id"]): Timed(
            by_id[row["id"]], row["seed"], row["seconds"], row["found"], tuple(row["wrong"])
        )
        for row in rows
    }


def _keep(file: Path, label: str, one: Timed) -> None:
    row = {"judged": label, "id": one.defect.id, "seed": one.seed, "seconds": one.seconds, "found": one.found}
    with file.open("a", encoding="utf-8") as kept:
        kept.write(json.dumps(row | {"wrong": one.wrong}) + "\n")


@click.command()
@click.option("--seconds", type=click.FloatRange(min=1), default=MARKS[-1], show_default=True, help="for each defect")
@click.option(
    "--seed", "seeds", type=int, multiple=True, default=(1,), help="of the dice; of several the middle one counts"
)
@click.option("--only", default="", metavar="IDS", help="these defects, with commas between them")
@click.option("--judged", type=click.Choice(["plain", "every"]), help="one way of judging (default: both)")
@click.option(
    "--kept", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="where results are kept; those that it has are not measured again",
)  # fmt: skip
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="where the curve is drawn")
def main(
    seconds: float, seeds: tuple[int, ...], only: str, judged: str | None, kept: Path | None, svg: Path | None
) -> None:
    """Plant each defect of a server, and print how long a search over the wire took to find it."""
    chosen = [one for one in DEFECTS if not only or one.id in only.split(",")]
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    curves: dict[str, list[Timed]] = {label: [] for label in (PLAIN, STRICT) if not judged or label.startswith(judged)}
    before = read_kept(kept) if kept else {}
    for defect in chosen:
        for label, results in curves.items():
            one = before.get((label, defect.id))
            if one is None:
                one = asyncio.run(search(defect, seeds, seconds, strict=label is STRICT))
                console.print(f"{defect.id} {label.split()[0]}: {_said(one)}", soft_wrap=True)
                if kept:
                    _keep(kept, label, one)
            results.append(one)
    console.print(table(curves))
    for label, results in curves.items():
        for line in summary(label, results):
            console.print(line, soft_wrap=True)
    console.print(
        f"left out: {len(EMITTER_DEFECTS)} of emitters, which send and cannot be sent to; make defects has them"
    )
    if svg and (only or judged):
        console.print(f"{svg} is left as it is: it shows all of them, and both ways", soft_wrap=True)
    elif svg:
        draw(curves, svg)


if __name__ == "__main__":
    main()
