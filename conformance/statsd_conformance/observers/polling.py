"""Output that has to be asked for, again and again: a console, a page."""

import asyncio
import http.client
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Final

from statsd_conformance.graphite import Snapshot
from statsd_conformance.profile import Profile

# Seconds between two answers: well below any flush interval. A target that takes longer to answer is asked less often.
PERIOD: Final = 0.05
# What one answer may take: a page that takes longer is as good as none, and the suite does not end before it has come.
PATIENCE: Final = 2.0
_LONGEST_PAGE: Final = 1 << 26


class Unreadable(ValueError):
    """An answer of another form than expected; the message says what is wrong with it."""


@dataclass
class PollingObserver(ABC):
    """Asks a target for its output every `period` seconds, and tells `on_snapshot` of every flush that has ended.

    While nobody answers, as before the target was started, it goes on asking. `connections` counts answers, `problem`
    says how the last attempt failed.
    """

    profile: Profile
    on_snapshot: Callable[[Snapshot], None]
    host: str
    port: int
    period: float = PERIOD
    connections: int = 0
    problem: str = "it was not asked yet"
    _asking: list["asyncio.Task[None]"] = field(default_factory=list)

    output: ClassVar[str]
    # What a user can do when it does not answer: a sentence without its full stop.
    remedy: ClassVar[str]

    async def open(self) -> int:
        """Ask for the first time, and begin to ask again and again; return 0, for it listens nowhere."""
        await self._attempt()
        self._asking = [asyncio.create_task(self._ask())]
        return 0

    async def close(self) -> None:
        """Stop asking.

        Raises:
            Exception: a mistake of the observer had stopped it.
        """
        for task in self._asking:
            task.cancel()
        for result in await asyncio.gather(*self._asking, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    def heard(self) -> str:
        """Return what there was to hear, where that was no flush, and what to do about it."""
        if self.connections:
            return f"{self.connections} answers came in, but nothing that was sent. {self.remedy}"
        return f"{self.problem}. {self.remedy}"

    async def _ask(self) -> None:
        due = time.monotonic()
        while True:
            await asyncio.sleep(due - time.monotonic())
            begun = time.monotonic()
            await self._attempt()
            now = time.monotonic()
            due = max(due + self.period, 2 * now - begun)

    async def _attempt(self) -> None:
        try:
            # asyncio.wait_for loses a cancellation that comes with the end of what it waits for, in Python 3.11.
            async with asyncio.timeout(PATIENCE):
                await self.look()
            self.connections += 1
        except (TimeoutError, OSError, EOFError, http.client.HTTPException, Unreadable) as error:
            why = str(error) or "it took too long"
            self.problem = f"{self.host}:{self.port} gave no answer that can be used: {why}"
            self.lose()

    @abstractmethod
    async def look(self) -> None:
        """Ask once, and tell of the flush that this shows to have ended, if there is one.

        Raises:
            OSError, EOFError, HTTPException: nobody answers, or not to the end.
            Unreadable: the answer has another form than expected.
        """

    @abstractmethod
    def lose(self) -> None:
        """Let go of what belongs to one run of the target: it did not answer, and may be another one from now on."""


async def fetch(host: str, port: int, path: str, accept: str = "*/*") -> bytes:
    """Return the page at an HTTP address.

    Raises:
        OSError, HTTPException: nobody answers there, or no HTTP.
        Unreadable: the answer has another status than 200.
    """
    # A thread, for a target that does not answer may not hold up what is being sent.
    return await asyncio.to_thread(_fetched, host, port, path, accept)


def _fetched(host: str, port: int, path: str, accept: str) -> bytes:
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Accept": accept})
        answer = connection.getresponse()
        body = answer.read(_LONGEST_PAGE)
    finally:
        connection.close()
    if answer.status != http.client.OK:
        said = body.decode("utf-8", "replace").strip().partition("\n")[0][:200]
        raise Unreadable(f"{path} is answered with {answer.status} {answer.reason}: {said}")
    return body
