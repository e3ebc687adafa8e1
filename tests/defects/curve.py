"""The figure of how many planted defects are found within which time. The one module of these with matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from defects.timed import Timed

# Okabe and Ito's colours, which people who see fewer colours tell apart.
_COLOURS: Final = ("#0072B2", "#D55E00")
# A figure drawn twice from the same numbers is the same file.
_SETTINGS: Final[Any] = {
    **{"svg.hashsalt": "defects", "svg.fonttype": "path", "font.size": 9},
    **{"axes.spines.top": False, "axes.spines.right": False},
}
# What is found sooner stands here: a flush and a half.
_SOONEST: Final = 0.3
MARKS: Final = (1.0, 10.0, 60.0)


def draw(curves: Mapping[str, Sequence[Timed]], file: Path) -> None:
    """Draw a line for each way of judging: the share of the defects that was found, over seconds.

    Raises:
        OSError: the file cannot be written.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(7, 3.6), layout="constrained")
        axes = figure.subplots()
        for (label, results), colour in zip(curves.items(), _COLOURS, strict=False):
            times, shares = steps(results)
            axes.step([*times, MARKS[-1]], [*shares, shares[-1]], where="post", color=colour, label=label)
        axes.set(xscale="log", xlabel="seconds from the first datagram", ylabel="planted defects found, per cent")
        axes.set_xticks([0.3, *MARKS], ["0.3", *(f"{mark:g}" for mark in MARKS)])
        axes.set_xticks([], minor=True)
        axes.set_xlim(_SOONEST, MARKS[-1])
        axes.set_ylim(0, 100)
        axes.axhline(90, color="#999999", linewidth=0.8, linestyle="--")
        axes.grid(visible=True, axis="x", color="#dddddd", linewidth=0.8)
        axes.legend(frameon=False, loc="lower right")
        figure.savefig(file, metadata={"Date": None})


def steps(results: Sequence[Timed]) -> tuple[list[float], list[float]]:
    """Return seconds, ever more of them, and the per cent of the defects that was found by each."""
    times = sorted(max(_SOONEST, one.seconds) for one in results if one.seconds is not None)
    shares = [100 * (number + 1) / len(results) for number in range(len(times))]
    return [_SOONEST, *times], [0.0, *shares]


def within(results: Sequence[Timed], seconds: float) -> int:
    """Return how many of the defects were found within some seconds."""
    return sum(one.seconds is not None and one.seconds <= seconds for one in results)
