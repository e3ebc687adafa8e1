"""Where some of eight message counters go missing between an emitter and its aggregator: one place a recording."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from chain import SHORT, snapshot
from statsd_reference.emitter.run import MODULES

# Leaves six lines of kvs, and fewer of modules with longer names.
_LIMIT: Final = 190
_PACKET: Final = 1440
ROUNDS: Final = 3
Snapshot = Callable[[str, int, tuple[int, ...]], bytes]


def _of_all(made: Snapshot) -> Iterator[bytes]:
    """Yield three snapshots of each module, whose counters grow; `made` takes a module, the round and the values."""
    for number in range(1, ROUNDS + 1):
        for place, module in enumerate(MODULES):
            first = 100 * number + 10 * place
            yield made(module, number, tuple(range(first, first + 8)))


def _cut(module: str, number: int, values: tuple[int, ...]) -> bytes:
    return snapshot(module, values)[:_LIMIT]


def _cut_behind_a_line(module: str, number: int, values: tuple[int, ...]) -> bytes:
    return _cut(module, number, values).rpartition(b"\n")[0]


def _glued(module: str, number: int, values: tuple[int, ...]) -> bytes:
    lines = snapshot(module, values).split(b"\n")
    return b"\n".join([*lines[:3], lines[3] + lines[4], *lines[5:]])


def _nameless(module: str, number: int, values: tuple[int, ...]) -> bytes:
    lines = snapshot(module, values).split(b"\n")
    return b"\n".join([*lines[:5], lines[5][lines[5].index(b":") :], *lines[6:]])


def _lost(module: str, number: int, values: tuple[int, ...]) -> bytes:
    return b"" if module == "cron" or (module == "kvs" and number == ROUNDS) else snapshot(module, values)


def _two_types(module: str, number: int, values: tuple[int, ...]) -> bytes:
    return snapshot(module, values) if number == 1 else snapshot(module, values).replace(b"|g", b"|c")


def _poisoned(module: str, number: int, values: tuple[int, ...]) -> bytes:
    whole = snapshot(module, values)
    return whole.replace(b"flux.cron", b"flux.cron\xff") if number == 2 else whole


# By what the file is named after: what happens, and how a snapshot is made.
PLACES: Final[Mapping[str, tuple[str, Snapshot]]] = {
    "datagram": ("a datagram is lost: all of one module, and the last of another", _lost),
    "cut-in-a-line": (f"datagrams are cut at {_LIMIT} bytes, in a line", _cut),
    "cut-behind-a-line": (f"datagrams are cut behind the last line that {_LIMIT} bytes hold", _cut_behind_a_line),
    "five-printed": (
        "the emitter knows the first five only",
        lambda module, number, values: snapshot(module, values, counters=SHORT),
    ),
    "spaces": (
        "spaces in front of every other line, where the source went on",
        lambda module, number, values: snapshot(module, values, blanks=b"    "),
    ),
    "tabs": ("tabs there", lambda module, number, values: snapshot(module, values, blanks=b"\t\t")),
    "lf": ("no LF between the fourth line and the fifth", _glued),
    "crlf": ("CR LF between lines", lambda module, number, values: snapshot(module, values, end=b"\r\n")),
    "written-lf": (
        "the characters \\ and n in place of LF",
        lambda module, number, values: snapshot(module, values, end=b"\\n"),
    ),
    "name": ("the sixth line has no name", _nameless),
    "type": ("gauges that become counters", _two_types),
    "utf-8": ("one name is no UTF-8 for a while", _poisoned),
    "nul": (
        f"the whole buffer of {_PACKET} bytes is sent, NULs behind the lines",
        lambda module, number, values: snapshot(module, values).ljust(_PACKET, b"\0"),
    ),
}


def payloads(place: str) -> Iterator[bytes]:
    """Yield the datagrams of one recording."""
    return filter(None, _of_all(PLACES[place][1]))
