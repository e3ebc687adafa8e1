"""Lines that no reader of Graphite plaintext takes, whatever was sent: OUT-01, NAME-06, NUM-11, RATE-05.

And those of which it keeps one alone, for they have one path: OUT-05.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Final

from statsd_conformance.graphite import NOT_FINITE, GraphiteLine
from statsd_fuzz.comparing import shown
from statsd_fuzz.fault import Fault
from statsd_fuzz.plain import plain_part
from statsd_fuzz.wire.scenario import Scenario

# What is found in a fault of a line, and what that is called.
_NAMES: Final = {
    "blank": "blank-in-a-path",
    "fields": "fields-missing",
    "no number": "value-no-number",
    NOT_FINITE: "value-not-finite",
}
# What is about a path that stands twice in a flush.
_ONCE: Final = "OUT-05"
# Who is sent numbers without end, or beyond all range, may publish one: NUM-06, COUNTER-11.
_ENDLESS: Final = re.compile(rb"(?i)inf|nan|[0-9]e\+?[0-9]|[0-9]{16}")


def is_beyond_range(scenario: Scenario) -> bool:
    """Tell whether a scenario has numbers without end, or so large that sums of them may be beyond all range."""
    return any(_ENDLESS.search(one) for some in scenario.intervals for one in some)


def unreadable(scenario: Scenario, lines: Iterable[GraphiteLine]) -> Iterator[Fault]:
    """Yield a fault for each line of a scenario that is broken in such a way."""
    endless = is_beyond_range(scenario)
    for line in lines:
        for words in line.faults:
            name = next((name for part, name in _NAMES.items() if part in words), "")
            if name and not (words == NOT_FINITE and endless):
                yield Fault(name, f"the flush has {shown(line.raw)}, which {words}")


def twice(scenario: Scenario, paths: Sequence[bytes], unmet: Set[str] = frozenset()) -> Iterator[Fault]:
    """Yield a fault where a path stands twice in one flush, of a scenario all of whose lines are judged.

    Names that are odd, or end as a statistic does, may share one (OUT-08). Of a target that is known not to meet some
    requirements fewer lines are judged, and none of one that is known to do so (OUT-05).
    """
    if paths and _ONCE not in unmet and _is_judged_whole(scenario, unmet):
        yield Fault("path-published-twice", f"the flush has {shown(paths[0])} more than once")


def _is_judged_whole(scenario: Scenario, unmet: Set[str]) -> bool:
    lines = [line for some in scenario.intervals for one in some for line in one.split(b"\n") if line]
    judged = plain_part(scenario.intervals, unmet=unmet).intervals
    return len(lines) == sum(len(some) for one in judged for some in one.values())


def doubled(flush: Sequence[GraphiteLine]) -> list[bytes]:
    """Return paths that stand more than once in a flush."""
    paths = [line.path for line in flush]
    return [] if len(set(paths)) == len(paths) else [path for path, number in Counter(paths).items() if number > 1]
