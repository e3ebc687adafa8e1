"""A program beside the emitter: `python -m statsd_conformance.watchers.working PROCESSOR SECONDS`.

Waits for a line on its standard input, works for so long on one processor, and says how many turns a second it did.
"""

import os
import sys
import time


def work(seconds: float) -> float:
    """Return how many turns of a loop a second can be done."""
    turns, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        turns += 1
    return turns / seconds


def main(processor: str, seconds: str) -> None:
    """Be the program beside the emitter of one trial."""
    os.sched_setaffinity(0, {int(processor)})
    print("ready", flush=True)
    sys.stdin.readline()
    print(work(float(seconds)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
