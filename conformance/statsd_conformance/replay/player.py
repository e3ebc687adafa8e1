"""Recordings, sent again to one address."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, count, islice
from typing import Final

from statsd_conformance.recording import DamagedRecording, Datagram
from statsd_conformance.recording.datagram import NOWHERE, Endpoint
from statsd_conformance.replay.names import Names
from statsd_conformance.replay.pace import Clock, Due, flat_out, paced
from statsd_conformance.replay.pieces import Piece, pieces
from statsd_conformance.replay.receiver import Receiver
from statsd_conformance.replay.sockets import Sockets, Unreachable

# Pieces that are read before the first is sent: reading takes as long as sending, and makes no pauses this way.
AHEAD: Final = 200_000
# Seconds that a target has to read what is left in its queue.
_SETTLE: Final = 2.0
_PAUSE: Final = 0.002
# Opens a recording, under its name.
Reading = tuple[str, Callable[[], Iterator[Datagram]]]


class Untimed(Exception):
    """A recording without times, of which the recorded pace was wanted; the message names it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to send: `due` is None for one piece behind the other, `loop` None for ever, `count` None for all.

    `ahead` is how many pieces are read before the first is sent; `needs_times` that `due` is about recorded ones.
    """

    names: Names = field(default_factory=Names)
    due: Due | None = None
    needs_times: bool = False
    count: int | None = None
    loop: int | None = 1
    ahead: int = AHEAD


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a replay.

    `refused` counts ICMP messages that nobody listens there, and `unsent` pieces that did not leave, by reason. `late`
    is by how many seconds the schedule was put off. The kernel of this machine tells of a local UDP socket: `dropped`
    datagrams, `highest` and `left`, the bytes that were seen in its queue at the most and at the end; of streams only
    `left`. They are None where it does not tell. `damaged` says of each recording what could not be read, and `problem`
    why the replay ended early.
    """

    sent: int
    size: int
    sources: int
    opened: int
    seconds: float
    late: float = 0.0
    refused: int = 0
    unsent: Mapping[str, int] = field(default_factory=dict)
    dropped: int | None = None
    highest: int | None = None
    left: int | None = None
    damaged: tuple[str, ...] = ()
    problem: str = ""
    interrupted: bool = False


class Player:
    """Sends recordings again. `total` is how many pieces that will be, None while nobody knows."""

    def __init__(
        self,
        readings: Iterable[Reading],
        plan: Plan,
        sockets: Sockets,
        receiver: Receiver,
        clock: Clock = time,
        told: Callable[["Player"], None] = lambda player: None,
    ) -> None:
        self._readings = tuple(readings)
        self._plan = plan
        self._sockets = sockets
        self._receiver = receiver
        self._clock = clock
        self._told = told
        # By the name of the recording, for a pass that is read again finds the same.
        self._damaged: dict[str, str] = {}
        self._sources: dict[Endpoint, int] = {}
        self._seconds = self._late = 0.0
        self.total: int | None = None

    @property
    def sent(self) -> int:
        """How many pieces have left so far."""
        return self._sockets.sent

    def play(self) -> Played:
        """Send everything, and return what came of it; Ctrl-C ends it early."""
        problem, interrupted = "", False
        try:
            for turn in self._turns():
                self._send(turn)
        except (Unreachable, Untimed) as error:
            problem = str(error)
        except KeyboardInterrupt:
            interrupted = True
        sockets, receiver = self._sockets, self._receiver
        left = receiver.settle(_SETTLE) if receiver.seen else self._left_on_streams()
        sockets.finish()
        return Played(
            sent=sockets.sent,
            size=sockets.size,
            sources=sockets.sources,
            opened=sockets.opened,
            seconds=self._seconds,
            late=self._late,
            refused=sockets.refused,
            unsent=dict(sockets.unsent),
            dropped=receiver.dropped,
            highest=receiver.highest if receiver.seen else None,
            left=left,
            damaged=tuple(f"{name}: {said}" for name, said in self._damaged.items()),
            problem=problem,
            interrupted=interrupted,
        )

    def _send(self, turn: Iterable[Piece]) -> None:
        begun = self._clock.monotonic()
        try:
            if self._plan.due is None:
                flat_out(turn, self._sockets.send, self._look)
            else:
                self._late += paced(turn, self._sockets.send, self._look, self._plan.due, self._clock)
        finally:
            self._seconds += self._clock.monotonic() - begun

    def _look(self) -> None:
        self._receiver.look()
        self._told(self)

    def _turns(self) -> Iterator[Iterable[Piece]]:
        """Yield what is sent in each turn through the recordings."""
        left = self._plan.count
        for turn in self._unlimited():
            counted = _Counted(islice(turn, left))
            yield counted
            left = None if left is None else left - counted.number
            if left == 0 or not counted.number:
                return

    def _unlimited(self) -> Iterator[Iterable[Piece]]:
        """Yield all of the recordings for each turn; read them once only, where they are short enough."""
        ahead, loop = self._plan.ahead, self._plan.loop
        kept: list[Piece] | None = None
        for _ in count() if loop is None else range(loop):
            if kept is None:
                source = self._read()
                head = list(islice(source, ahead))
                if len(head) == ahead:
                    yield chain(head, source)
                    continue
                kept = head
                self.total = None if loop is None else len(kept) * loop
            yield kept

    def _read(self) -> Iterator[Piece]:
        """Yield the pieces of all recordings, one recording behind the other."""
        names, base = self._plan.names, 0.0
        for name, opened in self._readings:
            readable = self._readable(name, opened)
            for piece in pieces(readable, names, self._sources, streamed=self._sockets.streamed, base=base):
                base = piece.offset
                yield piece

    def _readable(self, name: str, opened: Callable[[], Iterator[Datagram]]) -> Iterator[Datagram]:
        """Yield the datagrams of a recording as far as it can be read.

        Raises:
            Untimed: it is a text, and recorded times are wanted.
        """
        try:
            for datagram in opened():
                if self._plan.needs_times and not datagram.time and datagram.source == NOWHERE:
                    raise Untimed(f"{name} has no times to keep to; give --rate N or --speed max")
                yield datagram
        except DamagedRecording as error:
            self._damaged[name] = str(error)
        except OSError as error:
            self._damaged[name] = f"cannot be read: {error.strerror or error}"

    def _left_on_streams(self) -> int | None:
        """Wait until the target has read its streams, at most some seconds; return the bytes left."""
        until = self._clock.monotonic() + _SETTLE
        while (left := self._sockets.unread()) and self._clock.monotonic() < until:
            self._clock.sleep(_PAUSE)
        return left


class _Counted:
    """Pieces, and how many of them were taken."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self.number = 0

    def __iter__(self) -> Iterator[Piece]:
        for piece in self._pieces:
            self.number += 1
            yield piece
