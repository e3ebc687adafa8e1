"""Who sends to a sink: the target, and whether somebody else publishes flushes there meanwhile, where that is certain.

A target may hold several connections, open one a flush, or connect again, so a second connection tells nothing. It is
somebody else's where it is alive beside one by which names of the suite come, where none of these ever came by it, and
where both publish a name of neither's samples in turn, again and again: an aggregator's own counter, for example.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from statsd_conformance.graphite import TOKEN

# Turns of two that publish the same name one after the other, again and again.
_TURNS: Final = 6
# Names of a connection that are remembered; an aggregator has its own counters among the first or in each flush.
_NAMES: Final = 1000
_OWN: Final = re.compile(TOKEN.pattern, re.IGNORECASE)


@dataclass(eq=False)
class Peer:
    """One connection.

    Attributes:
        address: of its other end.
        has_own: whether names of the suite ever came by it.
        turns: by name, how often it came by this connection and by one with names of the suite, in turn.
    """

    address: str
    has_own: bool = False
    turns: dict[bytes, int] = field(default_factory=dict)

    def says(self, names: Iterable[bytes]) -> None:
        """Take down the names that came by it."""
        for name in names:
            if name and (len(self.turns) < _NAMES or name in self.turns):
                self._turn(name, other=False)

    def hears(self, names: Iterable[bytes]) -> bool:
        """Take down what came by another connection; tell whether both have taken turns often enough."""
        return any(self._turn(name, other=True) >= _TURNS for name in names if name in self.turns)

    def _turn(self, name: bytes, *, other: bool) -> int:
        turns = self.turns.get(name, 0)
        # Odd where this connection was the last to have it.
        self.turns[name] = turns + 1 if turns % 2 == other else turns
        return self.turns[name]


@dataclass
class Peers:
    """The connections of a sink that are alive; `two` is the target's end and somebody else's, once that is certain."""

    alive: list[Peer] = field(default_factory=list)
    two: tuple[str, str] | None = None

    def warning(self, sink: str) -> str:
        """Return what to tell of it, and what to do, on one line; empty where nobody else is there for certain."""
        if not self.two:
            return ""
        target, other = self.two
        return (
            f"two programs publish at {sink} at once: the target from {target}, and another one from {other}; their "
            "flushes are taken for those of one, so a verdict may be about either. Stop the other one, or give the "
            "target a place of its own, and name that with --sink"
        )

    def came(self, name: object) -> Peer:
        """Return a new connection, from its socket's name of the other end."""
        host, port = name[:2] if isinstance(name, tuple) and len(name) >= 2 else (name, "")
        peer = Peer(f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}")
        self.alive.append(peer)
        return peer

    def went(self, peer: Peer) -> None:
        """Note that a connection has ended."""
        self.alive.remove(peer)

    def take(self, peer: Peer, lines: Sequence[bytes]) -> None:
        """Take the lines of Graphite that came by a connection."""
        if self.two:
            return
        # All at once: a flush may have a hundred thousand lines.
        peer.has_own = peer.has_own or _OWN.search(b"\n".join(lines)) is not None
        if len(self.alive) < 2:
            return
        names = [line.partition(b" ")[0] for line in lines]
        if not peer.has_own:
            peer.says(names)
            return
        for other in self.alive:
            if not other.has_own and other.hears(names):
                self.two = peer.address, other.address
