"""Counts that go on from the start of a target, read as what they grew by from flush to flush."""

import re
from dataclasses import dataclass, field, replace

from statsd_conformance.graphite import GraphiteLine, Snapshot
from statsd_conformance.profile import Profile


@dataclass
class Totals:
    """The last count of every path, since the target was started."""

    _last: dict[bytes, float] = field(default_factory=dict)

    def by_flush(self, snapshot: Snapshot, profile: Profile) -> Snapshot:
        """Return the snapshot with what each count grew by as its number; what was written stays as it was.

        A path that was not there before has grown from 0.
        """
        counts = _counts(profile)
        return replace(snapshot, lines=tuple(self._grown(line, counts) for line in snapshot.lines))

    def _grown(self, line: GraphiteLine, counts: "re.Pattern[bytes]") -> GraphiteLine:
        if line.number is None or not counts.fullmatch(line.path):
            return line
        before = self._last.get(line.path, 0.0)
        self._last[line.path] = line.number
        return line._replace(number=line.number - before)


def _counts(profile: Profile) -> "re.Pattern[bytes]":
    """Return what the paths of counters match, whatever prefix or tags they have."""
    template = profile.paths.get("counter", "")
    head, _, tail = template.removeprefix("*").encode().partition(b"{bucket}")
    anything = b".*" if template.startswith("*") else b""
    return re.compile(anything + re.escape(head) + b".+" + re.escape(tail) + b"(;.*)?", re.DOTALL)
