"""COUNTER: type `c`.

Not tested because no source decides it: whether a counter that was never sent may be published.
"""

from statsd_conformance.requirement import CORE, MUST, requirement
from statsd_conformance.target import Target


@requirement("COUNTER-01", CORE, MUST, cites="statsd docs/metric_types.md, Counting; stats.js:317-322")
async def test_increments_of_one_interval_are_summed(target: Target) -> None:
    """All increments of one name inside one flush interval MUST be summed, whatever datagram they came from."""
    bucket = target.bucket()
    target.send(bucket + b":1|c")
    flushed = await target.after(bucket + b":2|c", bucket + b":4|c")
    assert flushed.count(bucket) == 7
