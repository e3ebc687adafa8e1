"""A Prometheus page, looked at once an interval; what counts from the target's start on becomes what was added since.

A page has no flushes: each look is taken for one. Its lines are shown as Graphite's, in one spelling: the name, the
label of a quantile or of a bucket's bound, then the other labels in the order of their names, each as `;label=value`,
which is how Graphite writes tags.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, ClassVar, Final

from statsd_conformance.graphite import Snapshot, read_line
from statsd_conformance.observers.observer import MakeObserver
from statsd_conformance.observers.polling import PollingObserver, Unreadable, fetch

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric
    from prometheus_client.samples import Sample

_FORMAT: Final = "text/plain;version=0.0.4"
_COUNTER: Final = re.compile(r"^(#[ \t]+TYPE[ \t]+(\S+))[ \t]+counter[ \t]*$", re.MULTILINE)
_PARTS: Final = ("_sum", "_count", "_bucket")
# When the target's process began, in seconds since 1970: every client library of Prometheus publishes it.
_BEGUN: Final = b"process_start_time_seconds"
# The labels that a summary or histogram has for itself.
_OWN_LABELS: Final = ("quantile", "le")


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a page.

    `total` tells whether it counts from the start of the target on. What is a part of a summary or histogram says in
    `of` under which path that publishes how many samples it holds; else `of` is empty.
    """

    path: bytes
    value: float
    total: bool = False
    of: bytes = b""


def read_page(text: str) -> list[Series]:
    """Return the series of a page in Prometheus' text format, in their order.

    Raises:
        Unreadable: it is not of that format.
    """
    # Brings an HTTP server along, for which no other run should wait.
    from prometheus_client.parser import text_string_to_metric_families

    counters = {found[2] for found in _COUNTER.finditer(text)}
    try:
        # The parser lets the name of a counter end in `_total`, whatever the page calls it; a gauge keeps its name.
        families = list(text_string_to_metric_families(_COUNTER.sub(r"\1 gauge", text)))
    except (ValueError, IndexError) as error:
        # IndexError is what it raises on a line that ends too early.
        raise Unreadable(f"the page is not of Prometheus' text format: {error}") from None
    return [_series(family, sample, counters) for family in families for sample in family.samples]


def _series(family: "Metric", sample: "Sample", counters: set[str]) -> Series:
    path = _path(sample.name, sample.labels)
    if family.type not in ("summary", "histogram"):
        return Series(path, sample.value, family.name in counters)
    shared = {label: value for label, value in sample.labels.items() if label not in _OWN_LABELS}
    total = sample.name.removeprefix(family.name) in _PARTS
    return Series(path, sample.value, total, _path(f"{family.name}_count", shared))


def _path(name: str, labels: Mapping[str, str]) -> bytes:
    own = [label for label in _OWN_LABELS if label in labels]
    others = sorted(labels.keys() - set(own))
    tags = "".join(f";{label}={labels[label]}" for label in (*own, *others))
    return f"{name}{tags}".replace("\n", "\\n").encode("utf-8", "replace")


def since(page: Sequence[Series], before: Sequence[Series]) -> Iterator[tuple[bytes, float]]:
    """Yield path and value of each series for the interval between a page and the page `before` it.

    A total gives what was added, all of it at its first appearance and where the target was started in between. A sum
    gives nothing where no sample was added, for a sum of 0 would be one of samples.
    """
    old, new = ({one.path: one.value for one in series} for series in (before, page))
    if old.get(_BEGUN) != new.get(_BEGUN):
        old = {}
    for one in page:
        if not one.total:
            yield one.path, one.value
        elif one.path == one.of or not one.of or new.get(one.of) != old.get(one.of, 0):
            yield one.path, _added(one.value, old.get(one.path, 0))


def _added(total: float, before: float) -> float:
    """Return what was added; all of it where it can only have begun anew, and to what was no finite number before."""
    return total if total < before or not isfinite(before) else total - before


def _line(path: bytes, value: float, now: float) -> bytes:
    return b"%b %b %d" % (path, repr(value).removesuffix(".0").encode(), now)


@dataclass
class PrometheusObserver(PollingObserver):
    """Looks at a page once a `period`, and tells of what came since the look before.

    What stood there before anything was sent is not told.
    """

    output: ClassVar[str] = "prometheus"
    remedy: ClassVar[str] = "Let the target serve its page there, choose another with --sink"
    path: str = "/metrics"
    _before: Sequence[Series] | None = None

    async def open(self) -> int:
        """Look for the first time, and begin to look again and again; return 0."""
        port = await super().open()
        if self._before is None:
            # The page is not there yet, so whatever will stand on it came later.
            self._before = ()
        return port

    async def look(self) -> None:
        """Fetch the page."""
        body = await fetch(self.host, self.port, self.path, _FORMAT)
        page, before = read_page(body.decode("utf-8", "replace")), self._before
        self._before = page
        if before is not None:
            now = time.time()
            lines = tuple(read_line(_line(path, value, now)) for path, value in since(page, before))
            self.on_snapshot(Snapshot(lines, time.monotonic(), now))

    def lose(self) -> None:
        """Go on: a page tells itself when its target was started anew."""


def prometheus(host: str, port: int, path: str, interval: float) -> MakeObserver:
    """Return what makes an observer that looks at a page every `interval` seconds."""
    return lambda profile, on_snapshot, silence: PrometheusObserver(
        profile, on_snapshot, host, port, interval, path=path
    )
