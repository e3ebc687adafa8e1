"""The reference emitter, as it is judged where nobody names another one."""

import shlex
import sys
from collections.abc import Mapping
from typing import Final

REFERENCE: Final = "reference emitter"
# Bytes of a datagram that goes through Ethernet whole.
SIZE: Final = 1432
PROFILE: Final = "snapshot"
# Of message counters: enough for some snapshots of three modules, and few enough for any buffer.
_RATE: Final = 200
_SECONDS: Final = 0.4
# A period of its own at the beginning and at the end.
_PERIODS: Final = 2.5


def reference_command(profile: str) -> str:
    """Return the command line that starts it, for so long that its profile shows."""
    # Its import is for those who have it run.
    from statsd_reference.emitter import load_emitter_profile

    known = load_emitter_profile(profile)
    seconds = _PERIODS * known.period if known.trigger == "period" else _SECONDS
    words = [sys.executable, "-m", "statsd_conformance", "emit", "--profile", profile]
    return shlex.join([*words, "--rate", f"{_RATE}", "--seconds", f"{seconds:g}"])


def reference_environment() -> Mapping[str, str]:
    """Return what it needs beside the address: a checkout has the packages on this process's path only."""
    return {"PYTHONPATH": ":".join(path for path in sys.path if path)}
