"""PROPERTY: what holds of all traffic, tried on generated examples.

The ids are this suite's own, and appended to the catalogue. `--examples` says how many each tries, `--seed` which.
The traffic is well-behaved on purpose: odd lines have cases of their own, which say more than an example can.

Not tested because no source decides it: the order of gauges, and what a percentile is where a target publishes none of
the statistics that the original works out of the times up to one. Counters get whole counts here, and gauges fractions:
COUNTER-07 is about fractions of a count.
"""

from statsd_conformance.properties import (
    Property,
    added_statistics,
    all_statistics,
    as_it_is,
    behind_others_and_alone,
    counted_statistics,
    cut_and_whole,
    cut_traffic,
    hold,
    ordered_traffic,
    plain_traffic,
    reordered_and_not,
    sampled_and_repeated,
    sampled_traffic,
    traffic_of_two_intervals,
    traffic_with_bad_lines,
    twice_as_it_is,
    with_bad_and_without,
)
from statsd_conformance.requirement import CORE, EXT, MUST, requirement
from statsd_conformance.target import Target

ALL = ("c", "g", "ms", "s")

PROPERTY_01 = Property("PROPERTY-01", ALL, plain_traffic, as_it_is, ("here", "in the model"), all_statistics)
PROPERTY_02 = Property("PROPERTY-02", ALL, cut_traffic, cut_and_whole, ("cut", "whole"), all_statistics)
PROPERTY_03 = Property(
    *("PROPERTY-03", ("c", "ms", "s"), ordered_traffic, reordered_and_not),
    *(("in another order", "as sent first"), all_statistics),
)
PROPERTY_04 = Property(
    *("PROPERTY-04", ALL, traffic_with_bad_lines, with_bad_and_without),
    *(("with bad lines between", "without them"), all_statistics),
)
PROPERTY_05 = Property(
    *("PROPERTY-05", ("c", "ms"), sampled_traffic, sampled_and_repeated),
    *(("with sample rates", "repeated without"), counted_statistics),
)
PROPERTY_06 = Property(
    *("PROPERTY-06", ("c", "ms", "s"), traffic_of_two_intervals, behind_others_and_alone),
    *(("behind an interval with traffic", "behind one without"), added_statistics),
)
PROPERTY_07 = Property(
    *("PROPERTY-07", ALL, plain_traffic, twice_as_it_is),
    *(("over TCP", "over UDP"), all_statistics, True),
)


@requirement("PROPERTY-01", CORE, MUST, cites="statsd docs/metric_types.md; the reference aggregator")
async def test_target_agrees_with_the_model(target: Target) -> str:
    """What well-behaved traffic comes out as MUST be what the model of the protocol says."""
    return await hold(PROPERTY_01, target)


@requirement("PROPERTY-02", CORE, MUST, cites="statsd README.md, Usage; docs/metric_types.md, Multi-Metric Packets")
async def test_cut_between_lines_changes_nothing(target: Target) -> str:
    """Which of the lines travel in one datagram MUST make no difference."""
    return await hold(PROPERTY_02, target)


@requirement("PROPERTY-03", CORE, MUST, cites="statsd docs/metric_types.md, Counting, Timing, Sets")
async def test_order_of_lines_changes_nothing(target: Target) -> str:
    """The order of counters, timers and sets MUST make no difference."""
    return await hold(PROPERTY_03, target)


@requirement("PROPERTY-04", CORE, MUST, cites="statsd stats.js, the loop over metrics; docs/metric_types.md")
async def test_bad_line_between_good_ones_changes_nothing(target: Target) -> str:
    """A bad line between good ones MUST change nothing for the good ones."""
    return await hold(PROPERTY_04, target)


@requirement("PROPERTY-05", CORE, MUST, cites="statsd docs/metric_types.md, Sampling")
async def test_sampled_line_counts_for_as_many_as_it_stands_for(target: Target) -> str:
    """A line of sample rate r MUST count as 1/r lines without one."""
    return await hold(PROPERTY_05, target)


@requirement("PROPERTY-06", CORE, MUST, cites="statsd docs/metric_types.md: at each flush the count is reset to 0")
async def test_interval_does_not_depend_on_the_one_before(target: Target) -> str:
    """Counters, timers and sets of one interval MUST NOT depend on those of the one before it."""
    return await hold(PROPERTY_06, target)


@requirement("PROPERTY-07", EXT, MUST, cites="statsd servers/tcp.js and servers/udp.js hand on the same lines")
async def test_lines_over_tcp_come_out_as_over_udp(target: Target) -> str:
    """Where a target reads TCP and UDP, lines over TCP MUST come out as the same lines over UDP."""
    return await hold(PROPERTY_07, target)
