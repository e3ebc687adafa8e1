"""The process of the emitter: `python -m statsd_conformance.watchers.emitting WATCHER PORT SECONDS PROCESSOR`.

Says on which port it hears messages, waits for a line on its standard input, and then counts messages for so long and
sends its counters to PORT. Says what it saw as JSON. It keeps to PROCESSOR, unless that is -1.
"""

import json
import os
import socket
import sys
import time
from array import array
from dataclasses import asdict

from statsd_conformance.watchers.measure import Emitted, part, staleness
from statsd_reference.emitter import Emitter, load_emitter_profile, make_emitter
from statsd_reference.emitter.destination import open_udp
from statsd_reference.emitter.libev import LibevLoop
from statsd_reference.emitter.points import LIBEV
from statsd_reference.emitter.run import woken_by
from statsd_reference.emitter.traffic import REQUEST_RX

# What is asked for, and what the system grants of it: room for the messages of some milliseconds.
_BUFFER = 4 * 2**20


class Reactor:
    """One module on libev, whose messages come over a socket, one a pass."""

    def __init__(self, watcher: str, port: int, seconds: float) -> None:
        self._loop = LibevLoop()
        self._destination = open_udp("127.0.0.1", port)
        self._changes, self._sent = array("d"), array("d")
        self._known = array("q")
        self._looks = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self.socket.bind(("127.0.0.1", 0))
        self._emitter = self._made(watcher)
        self._loop.reader(self.socket.fileno(), self._hear).start()
        self._seconds = seconds

    def _made(self, watcher: str) -> Emitter:
        profile = woken_by(load_emitter_profile("snapshot"), watcher)

        def watch(active: bool) -> None:
            # The timer goes on though nothing waits: at rest it costs what it costs.
            if active:
                woken.start()

        def look() -> None:
            self._looks += 1
            emitter.look()

        woken = self._loop.timer(profile.period, look) if watcher == "timer" else self._loop.watch(LIBEV[watcher], look)
        emitter = make_emitter(profile, "kvs", 0, self._send, watch)
        return emitter

    def run(self) -> Emitted:
        """Count and send for the time that was given; return what was seen."""
        self._emitter.set_mask(0x1000)
        self._emitter.wait()
        self._loop.timer(self._seconds, self._loop.stop).start()
        began, used = time.monotonic(), time.process_time()
        self._loop.run()
        used, took = time.process_time() - used, time.monotonic() - began
        self._emitter.close()
        waited = sorted(staleness(self._changes, list(zip(self._sent, self._known, strict=True))))
        return Emitted(
            changes=len(self._changes),
            datagrams=self._emitter.account.datagrams,
            looks=self._looks,
            processor=used / took,
            median=part(waited, 0.5),
            late=part(waited, 0.99),
            longest=part(waited, 1.0),
        )

    def close(self) -> None:
        """Close its sockets and its loop."""
        self._loop.close()
        self._destination.close()
        self.socket.close()

    def _hear(self) -> None:
        self.socket.recv(64)
        self._emitter.add(REQUEST_RX)
        self._changes.append(time.monotonic())

    def _send(self, datagram: bytes) -> bool:
        went = self._destination.send(datagram)
        self._sent.append(time.monotonic())
        self._known.append(len(self._changes))
        return went


def main(watcher: str, port: str, seconds: str, processor: str) -> None:
    """Be the emitter of one trial."""
    if int(processor) >= 0:
        os.sched_setaffinity(0, {int(processor)})
    reactor = Reactor(watcher, int(port), float(seconds))
    print(reactor.socket.getsockname()[1], flush=True)
    sys.stdin.readline()
    print(json.dumps(asdict(reactor.run())), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
