"""Who has a target when: many share it, and one that wants it alone has it before those that come later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """The turns of one target."""

    def __init__(self) -> None:
        self._sharing = 0
        self._wanting = 0
        self._alone = False
        self._waiters: list[asyncio.Future[None]] = []

    async def enter(self) -> None:
        """Wait until the target may be shared, and share it until `leave`."""
        while self._alone or self._wanting:
            await self._change()
        self._sharing += 1

    def leave(self) -> None:
        """Share it no more."""
        self._sharing -= 1
        self._changed()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Share the target, until left."""
        await self.enter()
        try:
            yield
        finally:
            self.leave()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Have the target alone, until left: wait for all that share it, while nobody else begins to."""
        self._wanting += 1
        try:
            while self._alone or self._sharing:
                await self._change()
            self._alone = True
        finally:
            self._wanting -= 1
            self._changed()
        try:
            yield
        finally:
            self._alone = False
            self._changed()

    async def _change(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def _changed(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
