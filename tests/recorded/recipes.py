"""How each recording is made, in the order of the index."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from recorded import client, counters, framing, missing, sizes
from recorded.said import Said, in_turn

_BY_HAND: Final = "written by hand"
_DIMENSIONS: Final = {"signalfx": ", with dimensions that the service wrote into the names"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recording: what its row in the index says, and what makes its datagrams.

    `make` raises LookupError where `client` is not installed.
    """

    file: str
    title: str
    source: str
    made: str
    make: Callable[[], Sequence[Said]]
    dialect: str = "etsy"
    client: str = ""


def _by_hand(name: str, title: str, maker: str, payloads: Callable[[], Iterable[bytes]]) -> Recipe:
    return Recipe(f"{name}.pcap", title, _BY_HAND, f"tests/recorded/{maker}.py", lambda: in_turn(payloads()))


def _of_size(boundary: str, of: Sequence[int]) -> Recipe:
    title = f"datagrams of {', '.join(f'{size:,}' for size in of)} bytes, which end in a number or a rate"
    return _by_hand(f"size-{boundary}", title, "sizes", partial(sizes.datagrams, boundary))


def _counters(watcher: str) -> Recipe:
    return Recipe(
        f"counters-{watcher}.pcap",
        f"message counters of {len(counters.MODULES)} modules, looked at by a watcher of the sort {watcher}",
        "the reference emitter, as emit --watcher has it",
        "tests/recorded/counters.py",
        partial(counters.message_counters, watcher),
    )


def _missing(place: str, title: str) -> Recipe:
    recipe = _by_hand(f"missing-{place}", f"counters go missing: {title}", "missing", partial(missing.payloads, place))
    return replace(recipe, source="the lines of the first emitter of message counters, with one fault")


def _client(spoken: client.Spoken) -> Recipe:
    name = spoken.library.name
    return Recipe(
        f"client-{spoken.name}.pcap",
        f"what {name} sends of a service in twelve requests{_DIMENSIONS.get(spoken.dialect, '')}",
        f"{name} of {spoken.of}",
        f"tests/recorded/clients/{spoken.program}",
        partial(client.recorded, spoken),
        spoken.dialect,
        name,
    )


RECIPES: Final = (
    _by_hand("framing", "one to eight lines, without and with a LF at the end", "framing", framing.line_ends),
    _by_hand("framing-types", "every type in one datagram, and each again", "framing", framing.types),
    _by_hand("framing-blank-lines", "blank lines in front, between, at the end, alone", "framing", framing.blank_lines),
    _by_hand("framing-crlf", "lines that end in CR LF", "framing", framing.cr_lf),
    *(_of_size(boundary, of) for boundary, of in sizes.BOUNDARIES.items()),
    *(_counters(watcher) for watcher in ("prepare", "check", "idle")),
    *(_missing(place, title) for place, (title, _) in missing.PLACES.items()),
    *map(_client, client.SPOKEN),
)
