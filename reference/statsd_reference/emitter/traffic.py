"""Made-up messages among modules, which add up as real ones do.

Each message is sent by one module and received by one. Of every module, once all requests are answered,

    request_tx == response_rx        request_rx == response_tx        event_rx - event_tx == heartbeats

as the tables of the first emitter show for a Flux instance at rest.
"""

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Final

from statsd_reference.emitter.profile import MESSAGE_COUNTERS

# Which module counted, and which counter, by their places.
Counted = tuple[int, int]

REQUEST_TX, REQUEST_RX, RESPONSE_TX, RESPONSE_RX, EVENT_TX, EVENT_RX, *_ = range(len(MESSAGE_COUNTERS))
# Seconds between heartbeats.
HEARTBEAT: Final = 2.0
# About as often as in those tables: of ten messages one is an event.
_EVENTS: Final = 0.1
_WAITING: Final = 8


class Traffic:
    """Messages among so many modules, one at a time, as the dice say."""

    def __init__(self, modules: int, dice: Random) -> None:
        self._modules = modules
        self._dice = dice
        self._unanswered: deque[Counted] = deque()

    def message(self) -> tuple[Counted, Counted]:
        """Return who sent the next message and who received it."""
        draw = self._dice.random()
        if draw < _EVENTS:
            module = self._dice.randrange(self._modules)
            return (module, EVENT_TX), (module, EVENT_RX)
        if self._unanswered and (draw < (1 + _EVENTS) / 2 or len(self._unanswered) >= _WAITING):
            return self._answer()
        asking, asked = self._dice.randrange(self._modules), self._dice.randrange(self._modules)
        self._unanswered.append((asking, asked))
        return (asking, REQUEST_TX), (asked, REQUEST_RX)

    def heartbeat(self) -> Iterator[Counted]:
        """Yield who hears a heartbeat: every module."""
        return ((module, EVENT_RX) for module in range(self._modules))

    def settle(self) -> Iterator[tuple[Counted, Counted]]:
        """Yield the answers to all requests that have none."""
        while self._unanswered:
            yield self._answer()

    def _answer(self) -> tuple[Counted, Counted]:
        asking, asked = self._unanswered.popleft()
        return (asked, RESPONSE_TX), (asking, RESPONSE_RX)
