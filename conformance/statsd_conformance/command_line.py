"""Where the installed command begins: Ctrl-C ends it without a word while everything else is still being imported."""

import signal
import sys

# As of what a signal ended, for a shell.
_INTERRUPTED = 128 + signal.SIGINT


def main() -> None:
    """Run `statsd-conformance`."""
    try:
        from statsd_conformance.__main__ import main as commands
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    commands()
