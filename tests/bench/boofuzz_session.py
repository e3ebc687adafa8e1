"""Sends what boofuzz makes of a StatsD line to a UDP port, and prints how many cases it sent in how many seconds.

    python tests/bench/boofuzz_session.py PORT SECONDS

As fast as it goes: no page, no log, nothing received, one socket, its database in memory.
"""

import os
import sys
import time
from importlib import import_module
from typing import Any


def main(port: int, seconds: float) -> None:
    """Fuzz for so many seconds."""
    boofuzz: Any = import_module("boofuzz")
    connection = boofuzz.UDPSocketConnection("127.0.0.1", port)
    session = boofuzz.Session(
        target=boofuzz.Target(connection=connection),
        web_port=None,
        keep_web_open=False,
        receive_data_after_each_request=False,
        reuse_target_connection=True,
        fuzz_loggers=[],
        fuzz_db_keep_only_n_pass_cases=1,
        db_filename=":memory:",
    )
    line = boofuzz.Request(
        "line",
        children=(
            boofuzz.String("name", "gorets"),
            boofuzz.Delim("colon", ":"),
            boofuzz.String("value", "1"),
            boofuzz.Delim("bar", "|"),
            boofuzz.Group("type", values=["c", "g", "ms", "s"]),
            boofuzz.Static("at", "|@"),
            boofuzz.String("rate", "0.1"),
        ),
    )
    session.connect(line)
    begun = time.monotonic()

    def count(*_: Any, **__: Any) -> None:
        elapsed = time.monotonic() - begun
        if elapsed > seconds:
            print(session.num_cases_actually_fuzzed, elapsed, flush=True)
            # It goes on to its last case otherwise, whatever is raised here.
            os._exit(0)

    session.register_post_test_case_callback(count)
    session.fuzz(max_depth=2)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
