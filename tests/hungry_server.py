"""The reference, to which a datagram with a rate costs memory or a processor: HOW PORT HOST PORT SECONDS.

    python hungry_server.py keeps 8125 127.0.0.1 2003 1

It goes on to answer.
"""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from statsd_reference import Options, make_server
from statsd_reference.daemon import Daemon

_KEPT: Final[list[bytes]] = []
# What a datagram is received into.
_BUFFER: Final = 1 << 16
LEAK: Final = 16 << 20


def keeps(datagram: bytes) -> None:
    """Keep a datagram for ever, with all of the buffer that it came in."""
    _KEPT.append(datagram.ljust(_BUFFER, b"x"))


def leaks(datagram: bytes) -> None:
    """Keep much more than a datagram has."""
    _KEPT.append(b"x" * LEAK)


def spins(datagram: bytes) -> None:
    """Be busy from now on, beside everything else."""
    if "spinning" not in {one.name for one in threading.enumerate()}:
        threading.Thread(target=_spin, name="spinning", daemon=True).start()


def _spin() -> None:
    while True:
        pass


def eats(datagram: bytes) -> None:
    """Take no more than is needed."""


HUNGERS: Final[dict[str, Callable[[bytes], None]]] = {one.__name__: one for one in (keeps, leaks, spins, eats)}


async def main() -> None:
    """Serve until the process is ended."""
    how, port, host, graphite_port, interval = sys.argv[1:]
    take = HUNGERS[how]

    def receive(datagram: bytes) -> Iterable[bytes]:
        if b"|@" in datagram:
            take(datagram)
        return (datagram,)

    options = Options(
        address="127.0.0.1", port=int(port), mgmt_port=0, graphite_host=host, graphite_port=int(graphite_port),
        flush_interval=int(float(interval) * 1000), delete_idle_stats=True, gauges_max_ttl=100,
    )  # fmt: skip
    async with Daemon(replace(make_server(options), make_receive=lambda: receive)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
