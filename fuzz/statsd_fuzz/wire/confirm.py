"""Whether a fault shows again where a scenario is all that a target is sent."""

from typing import Final

from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.naming import what_broke
from statsd_fuzz.wire.scenario import Judge, Scenario

_TIMES: Final = 3


async def confirmed(scenario: Scenario, fault: Fault, judge: Judge) -> Fault | None:
    """Return the fault as a scenario shows it alone, each of three times; None where it did not once.

    What stopped the target finds it started again each time, as the judge does that.
    """
    last = None
    for _ in range(_TIMES):
        (last,) = await judge([scenario])
        if last is None or what_broke(last) != what_broke(fault):
            return None
    return last
