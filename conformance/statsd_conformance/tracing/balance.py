"""Conservation: every line on the wire is in a series, or in the count of refused lines, or unaccounted for."""

from dataclasses import dataclass

from statsd_conformance.tracing.cause import Traced, counted_errors
from statsd_conformance.tracing.journey import found, paths_of
from statsd_conformance.tracing.seen import Sent
from statsd_reference.grammar import clean_name


@dataclass(frozen=True, slots=True)
class Balance:
    """What went in and what came out, of the aggregator.

    Attributes:
        lines: on the wire, those that were cut with them.
        in_series: good lines of names that have a series.
        doubtful: lines that the reference refuses, of names that have a series: the aggregator may have taken them.
        errors: what the aggregator counted; None where it does not say.
        names: different names on the wire.
        series: so many of them have a series in the aggregator's output; two that clean-up makes one count twice.
    """

    lines: int
    in_series: int
    doubtful: int
    errors: float | None
    names: int
    series: int

    @property
    def unaccounted(self) -> float:
        """Lines that are neither in a series nor counted as refused; below 0 when more were counted than lost."""
        left = self.lines - self.in_series - (self.errors or 0)
        return max(0.0, left - self.doubtful) if left > 0 else left

    @property
    def holds(self) -> bool:
        """Whether lines in are series out and counted errors; also where nobody counts errors and none is missing."""
        return self.unaccounted == 0


def balance(traced: Traced) -> Balance | None:
    """Return what the aggregator made of all lines on the wire; None where either side was not seen."""
    wire, output = traced.seen.wire, traced.seen.output
    if not wire or not output:
        return None
    sent = list(wire.sent.values())
    paths = found(output.flushed, [_paths(traced, one) for one in sent])
    known = [one for one, path in zip(sent, paths, strict=True) if path is not None]
    return Balance(
        wire.lines,
        sum(one.lines - one.refused for one in known),
        sum(one.refused for one in known),
        counted_errors(traced),
        len(sent),
        len(known),
    )


def _paths(traced: Traced, sent: Sent) -> list[bytes]:
    """Return where the lines of a name may have gone: clean-up may make one series of several names."""
    names = dict.fromkeys((sent.name, sent.name.strip(), clean_name(sent.name)))
    return [path for name in names for path in paths_of(traced.seen.profile, name, sent)]
