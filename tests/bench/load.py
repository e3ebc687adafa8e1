"""Sends a load at a steady rate, as a process of its own: `python load.py HOST PORT LOAD RATE SECONDS`.

Prints the number of datagrams sent and the seconds that took. A datagram has 40 lines. LOAD is `counters` (997 names in
turn, so that no two of 997 neighbouring datagrams are equal) or `mixed` (half counters of the same names, a quarter
timers with distinct values, an eighth gauges, an eighth sets).
"""

import random
import socket
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice

LINES = 40
NAMES = 997
_DISTINCT = 40_000


def counters() -> Iterator[bytes]:
    """Yield datagrams of counters, each line an increment of 1, for ever."""
    lines = cycle([b"bench.counter.%03d:1|c" % number for number in range(NAMES)])
    while True:
        yield b"\n".join(islice(lines, LINES))


def mixed() -> Iterator[bytes]:
    """Yield datagrams of all four kinds, for ever; timer values are distinct."""
    dice = random.Random(8125)
    number = 0
    while True:
        lines = []
        for place in range(LINES):
            number += 1
            if place % 2 == 0:
                lines.append(b"bench.counter.%03d:1|c" % (number % NAMES))
            elif place % 4 == 1:
                lines.append(b"bench.timer.%03d:%d.%03d|ms" % (number % 211, number % 10_007, dice.randrange(1000)))
            elif place % 8 == 3:
                lines.append(b"bench.gauge.%03d:%d|g" % (number % 199, dice.randrange(1000)))
            else:
                lines.append(b"bench.set.%02d:u%d|s" % (number % 97, dice.randrange(5000)))
        yield b"\n".join(lines)


LOADS: dict[str, Callable[[], Iterator[bytes]]] = {"counters": counters, "mixed": mixed}
COUNTER_SHARE = {"counters": 1.0, "mixed": 0.5}


def send(datagrams: list[bytes], host: str, port: int, rate: float, number: int) -> float:
    """Send `number` datagrams, in turn, at `rate` a second; return the seconds it took.

    They leave in fours on a schedule, which is watched without sleeping. A sender that was held up does not catch up: a
    burst of what it owes would fill any receive buffer, and measure the sender.
    """
    outgoing = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    outgoing.connect((host, port))
    transmit, clock = outgoing.send, time.perf_counter
    source = cycle(datagrams)
    step = 4 / rate
    begun = due = clock()
    for _ in range(0, number, 4):
        transmit(next(source))
        transmit(next(source))
        transmit(next(source))
        transmit(next(source))
        due = max(due + step, clock())
        while clock() < due:
            pass
    return clock() - begun


def main(host: str, port: str, load: str, rate: str, seconds: str) -> None:
    """Build the load before the clock starts, send it, print what was sent."""
    number = int(float(rate) * float(seconds)) // 4 * 4
    datagrams = list(islice(LOADS[load](), min(number, _DISTINCT)))
    print(number, send(datagrams, host, int(port), float(rate), number))


if __name__ == "__main__":
    main(*sys.argv[1:])
