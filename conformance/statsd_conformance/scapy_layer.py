"""StatsD datagrams in scapy: lines, samples, rates and tags as fields, for showing and for crafting.

In scapy's shell, or behind `from scapy.all import *`:

    from statsd_conformance.scapy_layer import *
    rdpcap("traffic.pcap")[0][StatsD].show()
    line = StatsDLine(bucket="gorets", samples=[StatsDSample(value=7, extensions=[StatsDRate(rate=0.1)])])
    send(IP(dst="127.0.0.1") / UDP() / StatsD(lines=[line, line]))
    send(IP(dst="127.0.0.1") / UDP() / fuzz(StatsD()), count=100)

UDP to 8125 and 8126 is dissected so. The layer judges nothing: any bytes are lines, and build the same bytes again.
They are cut at LF, at the first colon of a line, at bars and at commas. Tags inside a name, as Influx, SignalFX and
Graphite have them, stay part of the bucket; events and service checks of DogStatsD are cut like any other line.

The only module that imports scapy, which is GPL-2.0-only and an extra: pip install 'statsd-conformance[replay]'.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Final

from scapy.fields import PacketListField, StrField
from scapy.layers.inet import UDP
from scapy.packet import Packet, bind_top_down
from scapy.volatile import RandBin, RandChoice, RandNum, VolatileValue

__all__ = ["StatsD", "StatsDLine", "StatsDOther", "StatsDRate", "StatsDSample", "StatsDTag", "StatsDTags"]

PORTS: Final = (8125, 8126)
_KINDS: Final = (b"c", b"ms", b"g", b"s", b"h", b"d", b"m", b"kv", b"C")
# Nothing, the widest numbers, what some languages read as a number, and what is none.
_NUMBERS: Final = (b"1", b"0", b"-1", b"+1", b"", b"9223372036854775808", b"1e309", b"0x10", b"nan", b"-inf", b"1,5")
_RATES: Final = (b"0.1", b"1", b"0", b"-1", b"2", b"1e-320", b"", b"nan")
_SECTION: Final = re.compile(rb"[^|:]*")


def _encoded(value: Any) -> Any:
    """Return text and numbers as bytes; bytes, None and scapy's random values as they are."""
    return value if value is None or isinstance(value, bytes | VolatileValue) else str(value).encode()


class _Text(StrField):
    """Bytes behind a mark, up to the first of some delimiters; None is the absence of mark and text.

    Without a mark the text is always there. `dice` is what fuzz() puts here.
    """

    __slots__ = ["delimiter", "dice", "mark"]

    def __init__(
        self,
        name: str,
        default: bytes | None,
        delimiter: bytes = b"",
        mark: bytes = b"",
        dice: Sequence[bytes] = (),
    ) -> None:
        super().__init__(name, default)
        self.delimiter, self.mark, self.dice = delimiter, mark, dice

    def any2i(self, packet: Any, value: Any) -> Any:
        """Return what a user gave as it is kept."""
        return _encoded(value)

    def getfield(self, packet: Any, raw: bytes) -> tuple[bytes, Any]:
        """Take the mark and the text off the front of `raw`."""
        if not raw.startswith(self.mark):
            return raw, None
        start = len(self.mark)
        end = raw.find(self.delimiter, start) if self.delimiter else -1
        end = len(raw) if end < 0 else end
        return raw[end:], raw[start:end]

    def addfield(self, packet: Any, before: bytes, value: Any) -> bytes:
        """Put mark and text behind `before`."""
        return before if value is None else before + self.mark + bytes(_encoded(value))

    def randval(self) -> Any:
        """Return what is drawn anew at each build: a telling text, or where there are none, any short bytes."""
        return RandChoice(*self.dice) if self.dice else RandBin(RandNum(0, 40))


class _Ended(_Text):
    r"""The LF that may end a datagram: b"\n", or nothing."""

    def randval(self) -> Any:
        """Return an end or none, drawn anew at each build."""
        return RandChoice(b"", b"\n")


class _Parts(PacketListField):
    """Packets that are parted by `between`; `first` stands before the first of them.

    `cut` yields the bytes of each, by default whatever `between` parts; `class_of` says which packet they are.
    """

    __slots__ = ["between", "class_of", "cut", "first"]

    def __init__(
        self,
        name: str,
        default: list[Any],
        class_of: Callable[[bytes], type[Packet]],
        first: bytes,
        between: bytes,
        cut: Callable[[bytes], Iterator[bytes]] | None = None,
    ) -> None:
        super().__init__(name, default, None)
        self.class_of, self.first, self.between = class_of, first, between
        self.cut = cut or (lambda raw: iter(raw.split(between)))

    def getfield(self, packet: Any, raw: bytes) -> tuple[bytes, Any]:
        """Take all there is, except for what an end of a datagram is."""
        if not raw.startswith(self.first) or not raw:
            return raw, []
        return b"", [self.class_of(part)(part, _parent=packet) for part in self.cut(raw[len(self.first) :])]

    def addfield(self, packet: Any, before: bytes, value: Any) -> bytes:
        """Put the packets behind `before`."""
        return before + (self.first + self.between.join(map(bytes, value)) if value else b"")


class _Lines(_Parts):
    """The lines of a datagram, up to a LF at its end."""

    def getfield(self, packet: Any, raw: bytes) -> tuple[bytes, Any]:
        """Take all but that LF."""
        end = len(raw) - raw.endswith(b"\n")
        _, lines = super().getfield(packet, raw[:end])
        return raw[end:], lines


class _Whole(Packet):
    """A packet of which no bytes are bytes, too: scapy takes them for none given, and would fill in defaults."""

    fields_desc: ClassVar = []
    nothing: ClassVar[dict[str, Any]] = {}

    def __init__(self, *raw: Any, **fields: Any) -> None:
        super().__init__(*raw, **(self.nothing | fields if raw == (b"",) else fields))


class StatsDTag(_Whole):
    """One tag, `key:value` or `key`."""

    name = "StatsD tag"
    fields_desc: ClassVar = [_Text("key", b"env", b":"), _Text("value", None, mark=b":")]
    nothing: ClassVar = {"key": b""}


class StatsDTags(_Whole):
    """Tags of DogStatsD: `#key:value,key`."""

    name = "StatsD tags"
    fields_desc: ClassVar = [_Parts("tags", [StatsDTag()], lambda raw: StatsDTag, b"#", b",")]


class StatsDRate(_Whole):
    """A sample rate: `@0.1`."""

    name = "StatsD sample rate"
    fields_desc: ClassVar = [_Text("rate", b"0.1", mark=b"@", dice=_RATES)]


class StatsDOther(_Whole):
    """What else may stand between bars behind a type: a container, a time, anything."""

    name = "StatsD other"
    fields_desc: ClassVar = [_Text("text", b"")]


def _extension(raw: bytes) -> type[Packet]:
    return {b"@": StatsDRate, b"#": StatsDTags}.get(raw[:1], StatsDOther)


class StatsDSample(_Whole):
    """One sample, `value|type`, and what follows: rate, tags, others in any order."""

    name = "StatsD sample"
    fields_desc: ClassVar = [
        _Text("value", b"1", b"|", dice=_NUMBERS),
        _Text("type", b"c", b"|", mark=b"|", dice=_KINDS),
        _Parts("extensions", [], _extension, b"|", b"|"),
    ]
    nothing: ClassVar = {"value": b"", "type": None}


def _samples(raw: bytes) -> Iterator[bytes]:
    """Yield samples: they are parted by colons, and colons in tags and the like part none."""
    start = at = bars = 0
    while True:
        if bars >= 2 and raw[at : at + 1] != b"@":
            bar = raw.find(b"|", at)
            at = len(raw) if bar < 0 else bar
        else:
            at += len(_SECTION.match(raw, at)[0])  # type: ignore[index]  # it matches nothing, too
        if at == len(raw):
            yield raw[start:]
            return
        bars = bars + 1 if raw[at] == ord("|") else 0
        at += 1
        if not bars:
            yield raw[start : at - 1]
            start = at


class StatsDLine(_Whole):
    """One line: `bucket:sample`, or several samples of that bucket with colons between them."""

    name = "StatsD line"
    fields_desc: ClassVar = [
        _Text("bucket", b"gorets", b":"),
        _Parts("samples", [StatsDSample()], lambda raw: StatsDSample, b":", b":", _samples),
    ]
    nothing: ClassVar = {"bucket": b"", "samples": []}


class StatsD(_Whole):
    r"""The payload of a datagram: lines with LF between them; `end` is b"\n" where the last has one, too."""

    name = "StatsD"
    fields_desc: ClassVar = [_Lines("lines", [StatsDLine()], lambda raw: StatsDLine, b"", b"\n"), _Ended("end", b"")]
    nothing: ClassVar = {"lines": []}

    def mysummary(self) -> str:
        """Return the first line, and how many there are."""
        first = bytes(self.lines[0]).decode("latin-1") if self.lines else ""
        more = f" and {len(self.lines) - 1} more" if len(self.lines) > 1 else ""
        return f"StatsD {first!r}{more}"


bind_top_down(UDP, StatsD, dport=PORTS[0])
# In front of others: scapy's datagrams come from port 53 unless told otherwise, and would be shown as DNS.
UDP.payload_guess = [({"dport": port}, StatsD) for port in PORTS] + UDP.payload_guess
