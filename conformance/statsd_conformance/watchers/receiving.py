"""The process of the receiver: `python -m statsd_conformance.watchers.receiving SECONDS`.

Says on which port it listens, waits for a line on its standard input, and then receives for so long, and until nothing
more comes. Says as JSON when each datagram came, in a curve, and how many were no snapshot.
"""

import json
import socket
import sys
import time
from array import array

from statsd_conformance.watchers.measure import LINES, curve

_BUFFER = 4 * 2**20
# Seconds between looks at the socket: it holds more than comes meanwhile, and a look has its price.
_PAUSE = 0.002
# Seconds after the end in which late ones may come, and the last snapshot.
_LATE = 0.6


def received(bound: socket.socket, seconds: float, late: float = _LATE) -> tuple["array[float]", int]:
    """Return when each datagram came, in seconds from now, up to `late` seconds after, and how many are no snapshot."""
    began = time.monotonic()
    arrivals, wrong = array("d"), 0
    while (now := time.monotonic() - began) < seconds + late:
        try:
            while True:
                payload = bound.recv(2048)
                arrivals.append(now)
                wrong += payload.count(b"\n") != LINES - 1
        except BlockingIOError:
            time.sleep(_PAUSE)
    return arrivals, wrong


def main(seconds: str) -> None:
    """Be the receiver of one trial."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        print(bound.getsockname()[1], flush=True)
        sys.stdin.readline()
        arrivals, wrong = received(bound, float(seconds))
    print(json.dumps({"curve": curve(arrivals, float(seconds)), "received": len(arrivals), "wrong": wrong}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
