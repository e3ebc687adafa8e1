"""Mistakes of emitters, planted one at a time in a small right one.

As for servers: a function for a defect, named by its id, makes a right emitter a wrong one. Its docstring says what
goes wrong, and after the semicolon what is right.
"""

import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from statsd_reference.emitter import EmitterProfile

LIMIT: Final = 512
# The lines of one call, which one datagram has to carry.
Unit = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """What an application asks for: a name, a value or member, a kind, and a sample rate."""

    name: bytes
    value: bytes = b"1"
    kind: bytes = b"c"
    rate: bytes = b""


@dataclass(frozen=True, slots=True)
class Emitter:
    """The steps of an emitter: calls become lines, lines datagrams of `limit` bytes at a flush.

    `size` is what it takes the size of a datagram with these units for. `full` tells whether these are too many bytes.
    """

    write: Callable[[Call], Unit]
    join: Callable[[Iterable[bytes]], bytes]
    size: Callable[[Sequence[Unit]], int]
    full: Callable[[int], bool]
    pack: Callable[["Emitter", Sequence[Unit]], Iterator[bytes]]
    flushes: Callable[[Sequence[Unit]], bool] = bool
    closes: bool = True

    def sent(self, batches: Sequence[Sequence[Call]]) -> list[bytes]:
        """Return the datagrams of batches; each but the last is flushed, and the last is left to the close."""
        *flushed, left = [[self.write(call) for call in batch] for batch in batches]
        units = [*flushed, *([left] if self.closes else [])]
        return [datagram for batch in units if self.flushes(batch) for datagram in self.pack(self, batch)]


def write(call: Call) -> Unit:
    """Return the lines of a call: a level below 0 behind its zero, a member without separators."""
    value = call.value.translate(bytes.maketrans(b":|\n", b"___")) if call.kind == b"s" else call.value
    rate = b"|@" + call.rate if call.rate else b""
    line = call.name + b":" + value + b"|" + call.kind + rate
    return (call.name + b":0|g", line) if call.kind == b"g" and value.startswith(b"-") else (line,)


def size(units: Sequence[Unit]) -> int:
    """Return the bytes of the lines and of the LFs between them."""
    return sum(len(line) + 1 for unit in units for line in unit) - 1


def pack(emitter: Emitter, units: Sequence[Unit]) -> Iterator[bytes]:
    """Yield datagrams that are as full as they may be; what fits into none is left out."""
    batch: list[Unit] = []
    for unit in units:
        if emitter.full(emitter.size([unit])):
            continue
        if emitter.full(emitter.size([*batch, unit])):
            yield emitter.join(line for one in batch for line in one)
            batch = []
        batch.append(unit)
    yield emitter.join(line for one in batch for line in one)


RIGHT: Final = Emitter(write, b"\n".join, size, lambda number: number > LIMIT, pack)
Break = Callable[[Emitter], Emitter]


def counters(number: int, name: bytes = b"full", first: bytes = b"") -> list[Call]:
    """Return increments whose lines take 12 bytes with their LF, `first` more in the name of the first."""
    return [Call(b"%b.%02d%b" % (name, place, first if place == 0 else b"")) for place in range(number)]


# Exactly full, one byte more, many; a level whose zero is the last that fits; what is too long, and what is behind it.
BATCHES: Final[Sequence[Sequence[Call]]] = (
    counters(42, first=b"x" * 9),
    counters(42, b"over", first=b"x" * 10),
    counters(99, b"many"),
    [*counters(41, b"near", first=b"x" * 11), Call(b"level", b"-5", b"g")],
    [Call(b"sampled", rate=b"0.5"), Call(b"user", b"x|s\nb:9|c", b"s")],
    [Call(b"long" * 200), Call(b"behind")],
    [],
    [Call(b"last")],
)
# How the counters of the first batch are spelt.
PROFILE: Final = EmitterProfile(
    name="filled",
    template="{counter}",
    counters=tuple(call.name.decode() for call in BATCHES[0]),
    type="c",
    max_payload=LIMIT,
    gate="metric",
    trigger="immediate",
    overflow="split",
)


def a37(right: Emitter) -> Emitter:
    """Lines of a batch are joined without LF; there is one between two lines."""
    return replace(right, join=b"".join)


def b10(right: Emitter) -> Emitter:
    """A batch is one datagram, however long; it is split at the limit."""
    return replace(right, full=lambda number: False)


def b11(right: Emitter) -> Emitter:
    """A datagram of exactly the limit is split; it is allowed."""
    return replace(right, full=lambda number: number >= LIMIT)


def b13(right: Emitter) -> Emitter:
    """The LFs between lines are left out of the size; they count."""
    return replace(right, size=lambda units: sum(len(line) for unit in units for line in unit))


def b15(right: Emitter) -> Emitter:
    """A flush of an empty buffer sends an empty datagram; it sends nothing."""
    return replace(right, flushes=lambda batch: True)


def b20(right: Emitter) -> Emitter:
    """The buffer is sliced every so many bytes, inside a metric; it is split at a LF."""

    def sliced(emitter: Emitter, units: Sequence[Unit]) -> Iterator[bytes]:
        whole = emitter.join(line for unit in units for line in unit if len(line) <= LIMIT)
        yield from (whole[start : start + LIMIT] for start in range(0, len(whole), LIMIT))

    return replace(right, pack=sliced)


def b30(right: Emitter) -> Emitter:
    """One metric that is too long for a datagram takes those behind it away; they are sent."""

    def until_too_long(emitter: Emitter, units: Sequence[Unit]) -> Iterator[bytes]:
        long = [place for place, unit in enumerate(units) if emitter.full(emitter.size([unit]))]
        if kept := units[: long[0]] if long else units:
            yield from pack(emitter, kept)

    return replace(right, pack=until_too_long)


def d36(right: Emitter) -> Emitter:
    """The bar before a sample rate is missing; it stands there."""
    return replace(right, write=lambda call: tuple(line.replace(b"|@", b"@") for line in right.write(call)))


def e01(right: Emitter) -> Emitter:
    """A gauge below 0 is sent as it is, which is a change; its zero goes before it."""
    return replace(right, write=lambda call: right.write(call)[-1:])


def e04(right: Emitter) -> Emitter:
    """The zero and the level of a gauge are two items, and go in two datagrams; they are kept together."""

    def apart(emitter: Emitter, units: Sequence[Unit]) -> Iterator[bytes]:
        yield from pack(emitter, [(line,) for unit in units for line in unit])

    return replace(right, pack=apart)


def k16(right: Emitter) -> Emitter:
    """What is in the buffer is lost at the close; it is flushed."""
    return replace(right, closes=False)


def l03(right: Emitter) -> Emitter:
    """Members of sets go out with separators in them; they are made harmless, as names are."""

    def raw(call: Call) -> Unit:
        return (call.name + b":" + call.value + b"|s",) if call.kind == b"s" else right.write(call)

    return replace(right, write=raw)


def meant() -> list[bytes]:
    """Return the lines of all calls that a datagram can carry."""
    units = [RIGHT.write(call) for batch in BATCHES for call in batch]
    return [line for unit in units if size([unit]) <= LIMIT for line in unit]


def main(id: str, which: str) -> None:
    """Send what the emitter with a defect makes of all batches, or of the first, to the address in the environment."""
    emitter: Emitter = globals()[id.lower()](RIGHT)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect((os.environ["STATSD_HOST"], int(os.environ["STATSD_PORT"])))
        for datagram in emitter.sent(BATCHES if which == "all" else [BATCHES[0], []]):
            udp.send(datagram)
    if which == "all":
        Path(os.environ["STATSD_MEANT"]).write_bytes(b"\n".join(meant()))


# A program of its own, of which nothing else of the tests is imported.
if __name__ == "__main__":
    main(*sys.argv[1:])
