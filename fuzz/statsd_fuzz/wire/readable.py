"""Lines that no reader of Graphite plaintext takes, whatever was sent: OUT-01, NAME-06, NUM-11, RATE-05."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from statsd_conformance.graphite import NOT_FINITE, GraphiteLine
from statsd_fuzz.comparing import shown
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.scenario import Scenario

# What is found in a fault of a line, and what that is called.
_NAMES: Final = {
    "blank": "blank-in-a-path",
    "fields": "fields-missing",
    "no number": "value-no-number",
    NOT_FINITE: "value-not-finite",
}
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
