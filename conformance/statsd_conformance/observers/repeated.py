"""Aggregates that a target sends on as StatsD lines over TCP: `name:value|type|#tag:value`, as veneur does.

A line is shown as Graphite's: its type before the name, as in `c.name`, for a name may come with several; its tags
behind it as Graphite writes them; and the time at which it came, for it carries none.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from statsd_conformance.graphite import Snapshot
from statsd_conformance.observers.graphite import GraphiteObserver
from statsd_conformance.observers.observer import MakeObserver
from statsd_conformance.profile import Profile

_LINE: Final = re.compile(rb"(.*?):([^|]*)\|([^|]*)(?:\|#(.*))?")


def as_point(raw: bytes, now: float) -> bytes:
    """Return a repeated line as Graphite spells it; one of another form as it is.

    >>> as_point(b"a:3.5|c|#host:x,new", 100.7)
    b'c.a;host=x;new 3.5 100'
    """
    found = _LINE.fullmatch(raw)
    if not found:
        return raw
    name, value, type, tags = found.groups(default=b"")
    behind = b"".join(b";" + tag.replace(b":", b"=", 1) for tag in tags.split(b",") if tag)
    return b"%b.%b%b %b %d" % (type, name, behind, value, now)


@dataclass
class RepeatObserver(GraphiteObserver):
    """Listens for repeated lines; a flush ends as over Graphite's plaintext."""

    output: str = "statsd"

    def _take(self, raw_lines: list[bytes]) -> None:
        now = time.time()
        super()._take([as_point(raw, now) for raw in raw_lines])


def repeated(host: str, port: int) -> MakeObserver:
    """Return what makes an observer that listens there for repeated lines."""

    def make(profile: Profile, on_snapshot: Callable[[Snapshot], None], silence: Callable[[], float]) -> RepeatObserver:
        return RepeatObserver(profile, on_snapshot, silence, host, port)

    return make
