"""Daemons that break one requirement each by what no step of a server decides: how they send what was flushed."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from statsd_reference import Server
from statsd_reference.daemon import Daemon
from statsd_reference.output import GraphiteOutput


class OneConnection(GraphiteOutput):
    """Connects once in its life."""

    async def _run(self) -> None:
        await self._wanted.wait()
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            await self._serve(reader, writer)
        finally:
            # The end of the daemon waits for nothing more.
            self._idle.set()
            writer.transport.abort()


@dataclass
class ReadsWhileConnected(Daemon):
    """Lies down for good when a connection to Graphite fails: it reads no datagram any more."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.make_output = partial(_Telling, self._stop_reading)

    def _stop_reading(self) -> None:
        for listener in self._datagrams:
            asyncio.get_running_loop().remove_reader(listener.socket)


class _Telling(GraphiteOutput):
    """Tells when a connection failed."""

    def __init__(self, failed: Callable[[], None], host: str, port: int, *rest: object) -> None:
        super().__init__(host, port, *rest)  # type: ignore[arg-type]  # handed on as they came
        self.tell = failed

    def _failed(self, what: str) -> None:
        super()._failed(what)
        self.tell()


WRONG_DAEMONS: Final[Mapping[str, Callable[[Server], Daemon]]] = {
    "FLUSH-13": partial(Daemon, make_output=OneConnection),
    "FLUSH-13/reads": ReadsWhileConnected,
}
