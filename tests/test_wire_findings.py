"""What becomes of a fault: shrunk on a daemon with a planted mistake, seen again, named, saved, and tried by pytest."""

import asyncio
from collections.abc import Sequence

from defects.counters import d35
from defects.framing import a08
from defects.steps import Break
from statsd_conformance.address import Address
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.collected import Collected
from statsd_fuzz.wire.finding import Finding, Origin
from statsd_fuzz.wire.judge import Judge
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario
from statsd_fuzz.wire.surviving import Surviving
from wire_trials import serving

Q = PLACEHOLDER + b"."
ORIGIN = Origin("127.0.0.1:8125", Address("udp", "127.0.0.1", 8125), 0.5, seed=17)
SAMPLED = Fault("counter-differs", "the flush has 1, required is 10")
RATE = Finding("counter-differs-with-a-rate", SAMPLED, Scenario(((Q + b"a:1|c|@0.1",),)), ORIGIN)


def pursued(plant: Break, *intervals: Sequence[bytes]) -> tuple[Collected, int]:
    """Return what a campaign collects of one scenario on a daemon, and how often that was started again."""

    async def run() -> tuple[Collected, int]:
        async with serving(plant, options={"flush_interval": 50}) as subject:
            subject.wire.grace = 0.5
            judge = Surviving(subject, Judge(subject))
            collected = Collected(ORIGIN)
            scenario = Scenario(tuple(map(tuple, intervals)))
            (fault,) = await judge([scenario])
            assert fault
            await collected.take(scenario, fault, judge)
            return collected, judge.restarts

    return asyncio.run(run())


def test_rate_that_is_not_applied_is_found_as_one_line() -> None:
    noise = [Q + b"x:5|c\n" + Q + b"t:12|ms", Q + b"u:1|s"]
    collected, _ = pursued(d35, [*noise, Q + b"b.c:20|c|@0.25\n" + Q + b"g:5|g"])
    (finding,) = collected.findings
    assert finding.name == "counter-differs-with-a-rate"
    assert finding.scenario.intervals == ((Q + b"a:1|c|@0.1",),)
    assert "required is 10" in finding.fault.sentence


def test_line_that_kills_is_found_and_the_target_is_started_again() -> None:
    collected, restarts = pursued(a08, [Q + b"x:5|c", Q + b"a:1|c\n\n" + Q + b"b:1|c", Q + b"u:1|s"])
    (finding,) = collected.findings
    assert finding.name == "dies-of-an-empty-line"
    assert b"".join(finding.scenario.intervals[0]).count(b"|") <= 2
    assert "IndexError" in finding.fault.sentence
    assert 5 <= restarts < 40
