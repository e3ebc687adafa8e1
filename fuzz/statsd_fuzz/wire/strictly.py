"""What the reference has to publish, line by line: its own model, fed with what it was sent in the same order.

The model goes the plain way, datagram by datagram and line by line; the reference itself goes a clever one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from statsd_conformance.graphite import GraphiteLine
from statsd_conformance.profile import Profile
from statsd_fuzz.comparing import shown
from statsd_fuzz.fault import Fault
from statsd_reference import Options, Server, make_server
from statsd_reference.accumulate import Gathering
from statsd_reference.number import write_number

# Paths, and the text that stands behind each.
Published = Mapping[bytes, bytes]

_ORDER: Final = ("counter", "gauge", "set", "timer", "rate")


class Model:
    """The reference from interval to interval."""

    def __init__(self, options: Options) -> None:
        self._server: Server = make_server(options)
        self._gathering = Gathering(options, self._server.first_window())

    def take(self, datagrams: Iterable[bytes]) -> None:
        """Take datagrams of this interval."""
        read, add = self._server.read, self._gathering.add
        for datagram in datagrams:
            for outcome in read(datagram).outcomes:
                add(outcome)

    def flush(self, datagrams: Iterable[bytes] = ()) -> dict[bytes, bytes]:
        """Return what it publishes of an interval with what it took and these; texts of one path behind one another."""
        self.take(datagrams)
        flush, window = self._server.flush(self._gathering.window(), 0)
        self._gathering = Gathering(self._server.options, window)
        published: dict[bytes, bytes] = {}
        for path, value, _ in self._server.points(flush):
            text = write_number(value)
            published[path] = published[path] + b" " + text if path in published else text
        return published


def table_of(lines: Sequence[GraphiteLine]) -> dict[bytes, bytes]:
    """Return values by path; those of a path that stands twice behind one another."""
    table: dict[bytes, bytes] = {}
    for line in lines:
        path = line.path
        table[path] = table[path] + b" " + line.value if path in table else line.value
    return table


def differences(profile: Profile, wanted: Published, got: Published, where: str) -> list[Fault]:
    """Return what differs between what one scenario had to come to and what it came to, the plainest first."""
    faults = []
    for path in sorted(wanted.keys() | got.keys()):
        kind, statistic = _what(profile, path)
        about = f"{kind}-{statistic}" if statistic else kind
        if path not in got:
            fault = Fault(f"{about}-missing", f"{where} has no {shown(path)}, required is {_text(wanted[path])}")
        elif path not in wanted:
            fault = Fault(
                "path-nobody-asked-for", f"{where} has {shown(path)} {_text(got[path])}, of which no line says"
            )
        elif b" " in got[path]:
            fault = Fault(f"{about}-published-twice", f"{where} has {shown(path)} with {_text(got[path])}")
        elif got[path] != wanted[path]:
            told = f"{where} has {shown(path)} {_text(got[path])}, required is {_text(wanted[path])}"
            fault = Fault(f"{about}-differs", told)
        else:
            continue
        faults.append((_ORDER.index(kind) if kind in _ORDER else len(_ORDER), fault))
    return [fault for _, fault in sorted(faults, key=lambda one: one[0])]


def _what(profile: Profile, path: bytes) -> tuple[str, str]:
    """Return kind and statistic of a path, by the longest beginning of a template that it has."""
    heads = {template.partition("{")[0].encode(): kind for kind, template in profile.paths.items()}
    head = max((one for one in heads if path.startswith(one)), key=len, default=b"")
    kind = heads.get(head, "line")
    last = path.partition(b";")[0].rpartition(b".")[2].decode("latin-1")
    return kind, last if kind == "timer" and last in profile.statistics else ""


def _text(text: bytes) -> str:
    return text.decode("latin-1").encode("unicode_escape").decode()[:80]
