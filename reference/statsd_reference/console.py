"""The socket of the management console; what it says is `admin`'s business."""

import asyncio
from collections.abc import Callable

from statsd_reference.admin import Reply, split_commands
from statsd_reference.listen import ListenError, reason_of

# A command line is short; what comes in longer pieces is garbage, and answered as that (ADMIN-10).
_READ = 65_536


class ConsoleListener:
    """Takes commands over TCP and writes the replies of `execute`."""

    def __init__(self, execute: Callable[[bytes], Reply]) -> None:
        self._execute = execute
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self, address: str, port: int) -> int:
        """Listen; return the port.

        Raises:
            ListenError: the address cannot be had.
        """
        try:
            self._server = await asyncio.start_server(self._serve, address or None, port, limit=_READ)
        except OSError as error:
            raise ListenError(
                f"cannot open the management console on TCP {address or 'any address'}:{port}: {reason_of(error)}; "
                "choose another place with mgmt_port and mgmt_address, or a mgmt_port of 0 for none"
            ) from None
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while chunk := await reader.read(_READ):
                for command in split_commands(chunk):
                    reply = self._execute(command)
                    writer.write(reply.text)
                    if reply.close:
                        return
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
