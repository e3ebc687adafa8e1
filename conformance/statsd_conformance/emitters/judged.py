"""The outcome of a case on what an emitter has sent, with the datagrams that it blames for evidence."""

from collections.abc import Iterator, Sequence
from typing import Final

from statsd_conformance.emitters.captured import Captured
from statsd_conformance.emitters.emission import Broken, Emission, Fault
from statsd_conformance.emitters.requirement import EMITTER_CASES
from statsd_conformance.refused import Refused
from statsd_conformance.requirement import Requirement, unmet_shoulds
from statsd_conformance.target import Trace
from statsd_conformance.verdict import Outcome, Verdict, failed, passed

# More than anybody looks at is not kept.
_KEPT: Final = 64


def judged(requirement: Requirement, emission: Emission, again: str) -> Outcome:
    """Return the outcome of the case of a requirement; `again` is a shell line that shows the same once more."""
    trace = Trace(again=again)
    case = EMITTER_CASES[requirement.id]
    with unmet_shoulds() as unmet:
        try:
            case(emission)
        except Exception as error:
            if isinstance(error, Broken):
                trace.datagrams.extend(_captured(error.faults, emission))
            return failed(requirement, error, trace)
    outcome = passed(requirement, None, unmet, trace)
    if emission.lost and outcome.verdict is Verdict.PASS:
        return Outcome(Verdict.INCONCLUSIVE, f"it holds of what came, but {emission.lost}", trace=trace)
    return outcome


def _captured(faults: Sequence[Fault], emission: Emission) -> Iterator[Captured]:
    """Yield each datagram once, with its marks, and how long after the first of all it came."""
    begun = emission.datagrams[0].time
    numbers = list(dict.fromkeys(fault.datagram.number for fault in faults))[:_KEPT]
    for number in numbers:
        own = [fault for fault in faults if fault.datagram.number == number]
        datagram = own[0].datagram
        marks = tuple(Refused(one.start, one.stop, one.message) for one in own if one.stop)
        yield Captured(datagram.payload, number, datagram.time - begun, marks)
