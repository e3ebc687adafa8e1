"""One line of progress below pytest's own, on a terminal, while the cases of a target wait for flushes."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

import pytest

from statsd_conformance.progress import WATCHED, Progress

_TERMINAL: Final = pytest.StashKey[TextIO]()
_REFRESHES_A_SECOND: Final = 8


def prepare_terminal(config: pytest.Config) -> None:
    """Keep hold of the terminal where there is one: while a test runs, pytest has standard output for itself."""
    # Without its terminal plugin, pytest has no such option.
    quiet = config.getoption("verbose", 0) < 0
    if hasattr(config, "workerinput") or quiet or not sys.stdout.isatty():
        return
    terminal = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding=sys.stdout.encoding, errors="replace")
    config.stash[_TERMINAL] = terminal
    config.add_cleanup(terminal.close)


@contextmanager
def watched(config: pytest.Config, target: str) -> Iterator[None]:
    """Show how far the examination of a target is until it is over; afterwards the terminal is as it was before."""
    progress = Progress(target)
    token = WATCHED.set(progress)
    terminal = config.stash.get(_TERMINAL, None)
    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    try:
        if terminal is None or reporter is None:
            yield
        else:
            with _line_below(terminal, reporter, progress):
                yield
    finally:
        WATCHED.reset(token)


@contextmanager
def _line_below(terminal: TextIO, reporter: pytest.TerminalReporter, progress: Progress) -> Iterator[None]:
    # Who looks at no terminal need not wait for the import.
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.text import Text

    console = Console(file=terminal)
    if not console.is_terminal or console.is_dumb_terminal:
        yield
        return
    # No character beyond ASCII, for any terminal.
    spinner = Spinner("line")

    def line() -> RenderableType:
        # Console asks the standard streams, which pytest has replaced.
        console.width = os.get_terminal_size(terminal.fileno()).columns
        text = Text(progress.told(time.monotonic()))
        text.truncate(console.width - 3, overflow="ellipsis" if console.encoding.startswith("utf") else "crop")
        spinner.update(text=text)
        return spinner

    column = reporter._tw.width_of_current_line % console.width
    terminal.write("\n")
    try:
        live = Live(
            console=console,
            get_renderable=line,
            refresh_per_second=_REFRESHES_A_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        with live:
            yield
    finally:
        # Back to where pytest had stopped writing, one line up.
        terminal.write("\x1b[A\r" + (f"\x1b[{column}C" if column else ""))
        terminal.flush()
