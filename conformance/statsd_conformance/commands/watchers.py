"""`statsd-conformance watchers`: from which place of an event loop counters are best looked at."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from statsd_conformance.commands.finite import FiniteRange

if TYPE_CHECKING:
    from rich.table import Table

    from statsd_conformance.watchers.experiment import Scale
    from statsd_conformance.watchers.measure import Trial

_ENDINGS: Final = (".png", ".svg")


@click.command()
@click.option(
    "--output",
    default="watchers",
    show_default=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="write PATH.md, PATH.png and PATH.svg",
)
@click.option("--quick", is_flag=True, help="seconds in place of minutes: once, shorter, under fewer loads")
@click.option("--seconds", type=FiniteRange(0.1, 3600), help="for each trial  [default: 2; quick: 0.3]")
@click.option("--repeats", type=click.IntRange(1, 1000), help="of each trial  [default: 3; quick: 1]")
def watchers(output: Path, quick: bool, seconds: float | None, repeats: int | None) -> None:
    """Measure an emitter on libev with each watcher: prepare, check, idle and a timer.

    How many metrics a second it sends, how old they are, how many datagrams a change takes, and what it costs when
    nothing comes. A quiet machine is needed for figures that are to be shown to others.
    """
    from statsd_conformance.watchers.experiment import QUICK, Scale
    from statsd_conformance.watchers.figure import FigureMissing, draw, require_matplotlib
    from statsd_conformance.watchers.trial import TrialFailed
    from statsd_reference.emitter.libev import LibevMissing, require_libev

    if not output.absolute().parent.is_dir():
        raise click.UsageError(
            f"there is no folder {output.parent} to write to; make it, or name another with --output"
        )
    scale = QUICK if quick else Scale()
    scale = replace(scale, seconds=seconds or scale.seconds, repeats=repeats or scale.repeats)
    try:
        require_libev()
        require_matplotlib()
        trials = _measured(scale)
        draw(trials, [output.with_name(output.name + ending) for ending in _ENDINGS])
        _write_page(trials, scale, output.with_name(output.name + ".md"))
    except (LibevMissing, FigureMissing, TrialFailed) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        message = f"cannot write {error.filename}: {error.strerror}; name a path in a folder of yours with --output"
        raise click.ClickException(message) from None
    _print_tables(trials)


def _measured(scale: "Scale") -> "list[Trial]":
    from rich.console import Console
    from rich.progress import Progress

    from statsd_conformance.watchers.experiment import experiment

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("watchers", total=scale.trials)
        return experiment(scale, told=lambda trial: progress.advance(task))


def _write_page(trials: "Sequence[Trial]", scale: "Scale", file: Path) -> None:
    from statsd_conformance.watchers.page import page

    text = page(trials, scale)
    file.write_text(text.replace("(watchers.svg)", f"({file.with_suffix('.svg').name})"), encoding="utf-8")


def _print_tables(trials: "Sequence[Trial]") -> None:
    from rich.console import Console

    from statsd_conformance.watchers.experiment import NOTED
    from statsd_conformance.watchers.page import explained, middle, reported
    from statsd_conformance.watchers.summary import WORDS, count, per_change, rows, seconds, share

    made, console = rows(trials), Console()
    speed = _table("metrics/s", "flood", NOTED.name, "notes", "at rest", "notes")
    cost = _table("staleness, cost", "99 % within", "longest", "datagrams/change", "processor")
    for row in made:
        name = WORDS[row.watcher]
        figures = (middle(row.peak, count), middle(row.noted, count), reported(row, 0), middle(row.rest, count))
        speed.add_row(name, *figures, reported(row, 1))
        stale = (middle(row.late, seconds), middle(row.longest, seconds))
        cost.add_row(name, *stale, middle(row.per_change, per_change), middle(row.processor, share))
    for part in (speed, "", cost, ""):
        console.print(part)
    for sentence in explained(made):
        console.print(f"- {sentence}", markup=False, highlight=False)


def _table(title: str, *headings: str) -> "Table":
    from rich.table import Table

    table = Table(title, box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
