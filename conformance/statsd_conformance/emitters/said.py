"""What lines say: names, values and tags exactly as they were sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from statsd_conformance.recording import Datagram, Endpoint
from statsd_reference import BadLine, Kind, Options, make_server

# Names are not cleaned: what an emitter sends is looked at byte for byte.
_PARSE: Final = make_server(
    Options(extensions=("dogstatsd", "packing", "h", "d", "C", "m", "kv"), key_name_sanitize=False)
).parse


@dataclass(frozen=True, slots=True)
class Said:
    """One sample as an emitter sent it.

    `tags` are sorted and as sent, `env:prod`. `value` is the number (0 for a set, whose `member` counts), `rate` the
    sample rate, above 0. `signed` says that a gauge's text began with a sign, so that the value is a change.
    """

    name: bytes
    kind: Kind
    value: float
    rate: float = 1.0
    signed: bool = False
    member: bytes = b""
    tags: tuple[bytes, ...] = ()


@lru_cache(maxsize=4096)
def said(line: bytes) -> tuple[Said | BadLine, ...]:
    r"""Return what a line without its LF says: several samples perhaps, none for an event of DogStatsD.

    >>> said(b"logins:1|c|@0.5|#env:prod")[0].tags
    (b'env:prod',)
    """
    body, mark, rest = line.partition(b"|#")
    section, bar, late = rest.partition(b"|")
    tags = tuple(sorted({tag for tag in section.split(b",") if tag})) if mark else ()
    plain = body if line.startswith((b"_e{", b"_sc|")) else body + bar + late
    found: list[Said | BadLine] = []
    for one in _PARSE(plain):
        if isinstance(one, BadLine):
            found.append(BadLine(line, one.reason))
        else:
            found.append(Said(one.bucket, one.kind, one.value, one.rate, one.signed, one.member, tags))
    return tuple(found)


def lines_of(datagrams: Iterable[Datagram]) -> Iterator[bytes]:
    """Yield the lines of datagrams, without LF and without empty ones.

    The lines of a TCP stream go on from piece to piece; its last line counts when a LF has ended it.
    """
    rests: dict[Endpoint, bytes] = {}
    for datagram in datagrams:
        whole = datagram.payload
        if datagram.stream:
            whole, _, rests[datagram.source] = (rests.get(datagram.source, b"") + whole).rpartition(b"\n")
        yield from (line for line in whole.split(b"\n") if line)


def samples_of(lines: Iterable[bytes]) -> Iterator[Said]:
    """Yield the samples of lines, in order; a line that says nothing is passed over."""
    for line in lines:
        yield from (one for one in said(line) if isinstance(one, Said))
