"""The process of the load: `python -m statsd_conformance.watchers.loading PORT RATE BURST SECONDS`.

Waits for a line on its standard input, sends messages for so long, and says how many it sent.
"""

import socket
import sys
import time

# Seconds between turns at the least; a faster load sends several a turn, which arrive together.
_TURN = 0.0001


def offer(connected: socket.socket, rate: float, burst: int, seconds: float) -> int:
    """Send `burst` messages at a time, `rate` a second in all; return how many were sent.

    What is late is made up for, but not what is more than a tenth of a second late.
    """
    sent, began = 0, time.monotonic()
    skipped = 0
    while (now := time.monotonic() - began) < seconds:
        due = int(now * rate / burst) * burst - skipped
        if due - sent > rate / 10 + burst:
            skipped += due - sent - burst
            due = sent + burst
        for _ in range(due - sent):
            connected.send(b"message")
        sent = due
        time.sleep(max(burst / rate / 4, _TURN) if rate else seconds)
    return sent


def main(port: str, rate: str, burst: str, seconds: str) -> None:
    """Be the load of one trial."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connected:
        connected.connect(("127.0.0.1", int(port)))
        print("ready", flush=True)
        sys.stdin.readline()
        print(offer(connected, float(rate), int(burst), float(seconds)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
