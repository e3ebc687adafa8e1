"""The dialects that an emitter may write: which types, tags and fields each has."""

from dataclasses import dataclass
from typing import Final

_ETSY: Final = (b"c", b"g", b"ms", b"s")
_MORE: Final = (*_ETSY, b"h", b"d")


@dataclass(frozen=True, slots=True)
class Dialect:
    """A dialect by the name that `--dialect` takes.

    `mark` begins the tags in a name, and is empty where a name has none. `dogstatsd` means the fields behind a type, as
    `|#k:v` and `|T…`, several values in a sample, and events. `signed` says that a signed gauge is a change.
    """

    name: str
    types: tuple[bytes, ...]
    mark: bytes = b""
    dogstatsd: bool = False
    signed: bool = True


DIALECTS: Final = {
    dialect.name: dialect
    for dialect in (
        Dialect("etsy", _ETSY),
        Dialect("dogstatsd", _MORE, dogstatsd=True, signed=False),
        Dialect("influx", _MORE, mark=b","),
        Dialect("signalfx", _MORE, mark=b"["),
        Dialect("librato", _MORE, mark=b"#"),
        Dialect("graphite-tags", _ETSY, mark=b";"),
        Dialect("brubeck", (b"c", b"g", b"ms", b"h", b"C")),
        Dialect("statsite", (*_ETSY, b"h", b"kv")),
    )
}
