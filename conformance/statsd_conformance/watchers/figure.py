"""The figure: metrics over time, staleness, datagrams for a change, and the cost. The one module with matplotlib."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from statsd_conformance.watchers.experiment import FLOOD, LOADS, NOTHING, WATCHERS
from statsd_conformance.watchers.measure import BIN, LINES, Load, Trial, spread
from statsd_conformance.watchers.summary import WORDS, rows, under

# Okabe and Ito's colours, which people who see fewer colours tell apart.
_COLOURS: Final = dict(zip(WATCHERS, ("#0072B2", "#D55E00", "#E69F00", "#CC79A7", "#009E73"), strict=True))
# A figure drawn twice from the same trials is the same file.
_SETTINGS: Final[Any] = {
    **{"svg.hashsalt": "watchers", "svg.fonttype": "path", "font.size": 9},
    **{"axes.spines.top": False, "axes.spines.right": False},
}
_METADATA: Final = {".svg": {"Date": None}, ".png": {"Software": None}}


class FigureMissing(Exception):
    """matplotlib is not installed; the message says how to install it."""


def require_matplotlib() -> None:
    """Import matplotlib.

    Raises:
        FigureMissing: it is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401  # only asked whether it is there
    except ImportError:
        hint = "matplotlib, which draws, is not installed: pip install 'statsd-conformance[watchers]'"
        raise FigureMissing(hint) from None


def draw(trials: Sequence[Trial], files: Iterable[Path]) -> None:
    """Draw what came out into files, whose names say in which form.

    Raises:
        FigureMissing: matplotlib is not installed.
        OSError: a file cannot be written.
    """
    require_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(11, 8), layout="constrained")
        over_time, stale, per_change, cost = figure.subplots(2, 2).flat
        _draw_curves(over_time, trials)
        _draw_staleness(stale, trials)
        _draw_per_change(per_change, trials)
        _draw_cost(cost, trials)
        figure.legend(*over_time.get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
        for file in files:
            figure.savefig(file, dpi=110, metadata=_METADATA.get(file.suffix))


def _draw_curves(axes: Any, trials: Sequence[Trial]) -> None:
    for watcher in WATCHERS:
        curves = [trial.curve for trial in under(trials, watcher, FLOOD)]
        points = [[count * LINES / BIN for count in moment] for moment in zip(*curves, strict=True)]
        times = [BIN * (place + 0.5) for place in range(len(points))]
        middle = [sorted(point)[len(point) // 2] for point in points]
        axes.plot(times, middle, color=_COLOURS[watcher], label=WORDS[watcher])
        axes.fill_between(times, list(map(min, points)), list(map(max, points)), color=_COLOURS[watcher], alpha=0.15)
    axes.set(title=f"Metrics/s over time, {FLOOD.rate:,.0f} messages/s offered", xlabel="seconds", ylabel="metrics/s")
    axes.set_yscale("symlog", linthresh=1000)
    axes.set_ylim(bottom=0)


def _loads(trials: Sequence[Trial]) -> list[Load]:
    tried = {trial.load for trial in trials}
    return [load for load in LOADS if load.name in tried and load != NOTHING]


def _draw_staleness(axes: Any, trials: Sequence[Trial]) -> None:
    """Draw a line from the median to the longest, a dot at the median, a bar at the 99th per cent."""
    loads = _loads(trials)
    for place, load in enumerate(loads):
        for step, watcher in enumerate(WATCHERS):
            found = under(trials, watcher, load)
            x = place + (step - 2) * 0.15
            middle, late, longest = (
                max(spread(found, figure).middle, 1e-6)
                for figure in (
                    lambda trial: trial.emitted.median,
                    lambda trial: trial.emitted.late,
                    lambda trial: trial.emitted.longest,
                )
            )
            axes.plot([x, x], [middle, longest], color=_COLOURS[watcher], linewidth=1.5)
            axes.plot([x], [middle], "o", color=_COLOURS[watcher])
            axes.plot([x], [late], "_", color=_COLOURS[watcher], markersize=10, markeredgewidth=2)
    axes.set(title="Staleness: median (dot), 99 % (bar), longest (end)", ylabel="seconds from change to datagram")
    axes.set_yscale("log")
    axes.set_xticks(range(len(loads)), [load.name for load in loads])


def _draw_per_change(axes: Any, trials: Sequence[Trial]) -> None:
    loads = _loads(trials)
    for step, watcher in enumerate(WATCHERS):
        heights = [spread(under(trials, watcher, load), lambda trial: trial.per_change).middle for load in loads]
        places = [place + (step - 2) * 0.15 for place in range(len(loads))]
        axes.bar(places, heights, width=0.14, color=_COLOURS[watcher])
    axes.set(title="Datagrams for a change", ylabel="datagrams / changes")
    axes.set_xticks(range(len(loads)), [load.name for load in loads])


def _draw_cost(axes: Any, trials: Sequence[Trial]) -> None:
    made = rows(trials)
    for place, row in enumerate(made):
        if row.processor:
            axes.bar([place - 0.2], [100 * row.processor.middle], width=0.36, color=_COLOURS[row.watcher])
        if row.beside:
            axes.bar(
                [place + 0.2],
                [100 * row.beside.middle],
                width=0.36,
                fill=False,
                edgecolor=_COLOURS[row.watcher],
                hatch="//",
            )
    axes.set(title="Nothing comes: processor taken, left to a neighbour (hatched)", ylabel="per cent")
    axes.set_xticks(range(len(made)), [row.watcher for row in made])
    axes.set_ylim(0, 105)
