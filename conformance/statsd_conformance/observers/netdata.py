"""netdata's own API: the page of all charts, each with what it collected last.

A page shows of each chart one interval, and its second. The charts of one second make a flush, which is over when a
chart shows a later one. Paths are `netdata.CHART.DIMENSION`, as an exporter with that prefix would write them.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from statsd_conformance.graphite import GraphiteLine, Snapshot, read_line
from statsd_conformance.observers.observer import MakeObserver
from statsd_conformance.observers.polling import PollingObserver, Unreadable, fetch

_PAGE: Final = "/api/v1/allmetrics?format=json&filter=statsd_*"
# Whole intervals that a sample may wait in netdata before the page shows it.
_LATE: Final = 2

# Of each chart the second that it was collected in, and its Graphite lines.
Charts = Mapping[str, tuple[int, tuple[GraphiteLine, ...]]]


def read_page(body: bytes) -> Charts:
    """Return the charts of a page in the format `json`.

    Raises:
        Unreadable: it is no such page.
    """
    try:
        # Numbers stay texts: every digit is wanted.
        page = json.loads(body, parse_float=str, parse_int=str)
        return {name: (int(chart["last_updated"]), tuple(_lines(name, chart))) for name, chart in page.items()}
    except (ValueError, TypeError, LookupError, AttributeError):
        raise Unreadable(f"{body[:60]!r} is no page of netdata's charts") from None


def _lines(name: str, chart: Mapping[str, Any]) -> Iterator[GraphiteLine]:
    for dimension in chart["dimensions"].values():
        if (value := dimension["value"]) is not None:
            yield read_line(f"netdata.{name}.{dimension['name']} {value} {chart['last_updated']}".encode())


@dataclass
class NetdataObserver(PollingObserver):
    """Fetches the page again and again."""

    output: ClassVar[str] = "netdata"
    remedy: ClassVar[str] = (
        "Name netdata's web server with --sink netdata://HOST:PORT, which is on port 19999 by default"
    )
    _seconds: dict[str, int] = field(default_factory=dict)
    _gathered: dict[int, list[GraphiteLine]] = field(default_factory=dict)
    _step: float = float("inf")
    _looked: float = 0.0

    async def look(self) -> None:
        """Fetch the page, and tell of each second that is over."""
        begun = time.monotonic()
        charts = read_page(await fetch(self.host, self.port, _PAGE))
        before = max(self._seconds.values(), default=None)
        for name, (second, lines) in charts.items():
            if self._seconds.get(name) != second:
                self._seconds[name] = second
                self._gathered.setdefault(second, []).extend(lines)
        newest = max(self._seconds.values(), default=0)
        unseen_since = self._missed(before, newest)
        self._looked = begun
        for second in sorted(second for second in self._gathered if second < newest):
            lines = tuple(self._gathered.pop(second))
            self.on_snapshot(Snapshot(lines, time.monotonic(), time.time(), unseen_since))

    def _missed(self, before: int | None, newest: int) -> float | None:
        """Return since when something sent may never have been on a page that was fetched; None when nothing can."""
        if before is None or before == newest:
            return None
        jump = newest - before
        self._step = min(self._step, jump)
        return self._looked - _LATE * self._step if jump > self._step else None

    def lose(self) -> None:
        """Go on: a netdata that was started again has later seconds."""


def netdata(host: str, port: int) -> MakeObserver:
    """Return what makes an observer that fetches the charts of the netdata there."""
    return lambda profile, on_snapshot, silence: NetdataObserver(profile, on_snapshot, host, port)
