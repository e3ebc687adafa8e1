"""A server to which what has a rate costs memory or a processor: `python hungry_server.py HOW PORT HOST PORT SECONDS`.

It ends with the program that started it.
"""

import socket
import sys
import threading
import time
from collections import Counter

# Of one line.
LEAK = 16 << 20


def main() -> None:
    """Serve on a port, and publish to Graphite at another, every so many seconds; HOW is `leaks` or `spins`."""
    how, port, host, graphite_port, interval = sys.argv[1:]
    counted: Counter[bytes] = Counter()
    kept: list[bytes] = []
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", int(port)))
    graphite = socket.create_connection((host, int(graphite_port)))
    threading.Thread(target=publish, args=(graphite, counted, float(interval)), daemon=True).start()
    while True:
        for line in receiver.recv(65536).split(b"\n"):
            name, _, rest = line.partition(b":")
            counted[name] += rest.endswith(b"|c")
            if b"|@" in rest and how == "leaks":
                kept.append(b"x" * LEAK)
            elif b"|@" in rest:
                threading.Thread(target=spin, daemon=True).start()


def publish(graphite: socket.socket, counted: Counter[bytes], interval: float) -> None:
    """Send what was counted since the last time, every interval."""
    while True:
        time.sleep(interval)
        lines = [b"stats_counts.%b %d %d\n" % (name, number, time.time()) for name, number in counted.copy().items()]
        counted.clear()
        graphite.sendall(b"".join([*lines, b"stats_counts.up 1 1\n"]))


def spin() -> None:
    """Be busy."""
    while True:
        pass


if __name__ == "__main__":
    main()
