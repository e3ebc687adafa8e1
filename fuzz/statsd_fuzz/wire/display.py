"""What a campaign is at, while it runs: one line that changes on a terminal, a line now and then where it is piped."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from statsd_conformance.progress import counted

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

# Seconds between two lines where nothing can be written over.
PLAIN_EVERY: Final = 10.0
_REFRESHES_A_SECOND: Final = 8
# Below so many seconds a fence is merely under way.
_LATE: Final = 1.0
# Characters of a target's name, which may be a command line, in a line of a terminal.
_NAME: Final = 32


def _none() -> float | None:
    return None


@dataclass
class Progress:
    """How far a campaign is.

    Attributes:
        target: as `--target` names it.
        seconds: how long it is to last.
        datagrams: how many were judged.
        findings: how many there are, known ones aside.
        known: how many are known.
        corpus: inputs that reached something new.
        restarts: how often the target had to be started again.
        step: what it does, where that is not looking for anything new.
        unanswered: tells when the oldest fence was raised that did not come back, None where all did.
        begun: when it began; all times are monotonic seconds.
        before: what to tell at a time before it began, None from then on.
    """

    target: str
    seconds: float
    datagrams: int = 0
    findings: int = 0
    known: int = 0
    corpus: int = 0
    restarts: int = 0
    step: str = ""
    unanswered: Callable[[], float | None] = _none
    begun: float = field(default_factory=time.monotonic)
    before: Callable[[float], str] | None = None

    def begin(self, unanswered: Callable[[], float | None]) -> None:
        """Begin the search."""
        self.before, self.unanswered, self.begun = None, unanswered, time.monotonic()

    def told(self, now: float) -> str:
        """Return all of that on one line.

        >>> Progress("statsd", 60, 52_000, findings=1, known=2, corpus=17, begun=10.0).told(now=15.0)
        'statsd: 5 of 60 s, 10,400 datagrams/s judged, 1 finding, 2 known, 17 inputs kept'
        """
        if self.before:
            return self.before(now)
        elapsed = now - self.begun
        # What is cut off on a narrow terminal is the end.
        parts = [
            self._time(elapsed),
            *([self.step] if self.step else []),
            *self._late(now),
            f"{self.datagrams / elapsed if elapsed > 0 else 0.0:,.0f} datagrams/s judged",
            counted(self.findings, "finding"),
            *([f"{self.known} known"] if self.known else []),
            f"{counted(self.corpus, 'input')} kept",
            *([counted(self.restarts, "restart")] if self.restarts else []),
        ]
        return f"{named(self.target)}: {', '.join(parts)}"

    def _time(self, elapsed: float) -> str:
        over = elapsed - self.seconds
        return f"{elapsed:.0f} of {self.seconds:g} s" if over < 1 else f"{self.seconds:g} s and {over:.0f} more"

    def _late(self, now: float) -> list[str]:
        raised = self.unanswered()
        waited = 0.0 if raised is None else now - raised
        return [f"no answer for {waited:.1f} s"] if waited > _LATE else []


def named(target: str) -> str:
    """Return what a line of a terminal calls a target: the beginning of what is long."""
    return target if len(target) <= _NAME else f"{target[: _NAME - 3]}..."


@asynccontextmanager
async def displayed(progress: Progress, console: "Console", every: float = PLAIN_EVERY) -> AsyncIterator[None]:
    """Show how far a campaign is until it is over; what is printed to the console meanwhile stands above that.

    On a terminal it is one line that is gone at the end, elsewhere a plain line `every` so many seconds.
    """
    if console.is_terminal and not console.is_dumb_terminal:
        with _live(progress, console):
            yield
        return
    lines = asyncio.create_task(_plain_lines(progress, console, every))
    try:
        yield
    finally:
        lines.cancel()
        with suppress(asyncio.CancelledError):
            await lines


async def _plain_lines(progress: Progress, console: "Console", every: float) -> None:
    while True:
        await asyncio.sleep(every)
        console.print(progress.told(time.monotonic()), soft_wrap=True, highlight=False, markup=False)


def _live(progress: Progress, console: "Console") -> AbstractContextManager[object]:
    # Who looks at no terminal need not wait for the import.
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.text import Text

    # No character beyond ASCII, for any terminal.
    spinner = Spinner("line")

    def line() -> "RenderableType":
        text = Text(progress.told(time.monotonic()))
        text.truncate(console.width - 3, overflow="crop")
        spinner.update(text=text)
        return spinner

    return Live(console=console, get_renderable=line, refresh_per_second=_REFRESHES_A_SECOND, transient=True)
