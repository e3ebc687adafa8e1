"""LOSS: datagrams that are lost, doubled, put out of order or cut on their way, and bursts that no buffer holds.

The ids are this suite's own, and appended to the catalogue. What a bad path does to the examples of LOSS-01 to -03 is
decided as `statsd-conformance relay` does it, before they are sent; a quarter as many are tried as of a PROPERTY.

Not tested because no source decides it: what a line means that was cut, how large a receive buffer is (LOSS-04 tells
what it takes), and whether a target says of itself how much it lost.
"""

from statsd_conformance.bursts import growing, judged
from statsd_conformance.lossy import as_let_through, cut_and_left_out, doubled_and_repeated, impaired_traffic
from statsd_conformance.properties import Property, added_statistics, hold
from statsd_conformance.requirement import CORE, MUST, ROBUST, requirement
from statsd_conformance.target import Target

ALL = ("c", "g", "ms", "s")
_HERE = "test_24_loss"
_PART = 4
# Of one line, and as many lines as an emitter puts into a frame of Ethernet.
_BURSTS = {0: "largest burst without loss", 1432: "largest burst of full datagrams without loss"}

LOSS_01 = Property(
    *("LOSS-01", ALL, impaired_traffic, as_let_through, ("here", "in the model"), added_statistics),
    chapter=_HERE,
    part=_PART,
)
LOSS_02 = Property(
    *("LOSS-02", ("c", "ms", "s"), impaired_traffic, doubled_and_repeated),
    *(("in datagrams that come twice", "in as many others"), added_statistics),
    chapter=_HERE,
    part=_PART,
)
LOSS_03 = Property(
    *("LOSS-03", ALL, impaired_traffic, cut_and_left_out),
    *(("with cut lines between", "without them"), added_statistics),
    chapter=_HERE,
    part=_PART,
)


@requirement("LOSS-01", CORE, MUST, cites="RFC 768: delivery and duplicate protection are not guaranteed")
async def test_what_gets_through_comes_out_as_the_model_says(target: Target) -> str:
    """What gets through a path that loses, doubles, reorders and cuts MUST come out as the model says of it."""
    return await hold(LOSS_01, target)


@requirement("LOSS-02", CORE, MUST, cites="RFC 768, no duplicate protection; statsd servers/udp.js")
async def test_a_datagram_that_comes_twice_counts_twice(target: Target) -> str:
    """A datagram that comes twice MUST count twice: two emitters may send the same."""
    return await hold(LOSS_02, target)


@requirement("LOSS-03", ROBUST, MUST, cites="statsd stats.js, the loop over metrics; RFC 768")
async def test_a_datagram_that_is_cut_harms_no_line_but_the_cut_one(target: Target) -> str:
    """A datagram that is cut MUST NOT harm the lines before the cut, nor those of other datagrams."""
    return await hold(LOSS_03, target)


@requirement("LOSS-04", ROBUST, MUST, cites="statsd servers/udp.js; proc_pid_net(5), drops of a UDP socket", apart=True)
async def test_a_burst_loses_only_what_the_kernel_drops(target: Target) -> None:
    """What the kernel hands to a server MUST be counted: of a burst, all but what was dropped before its socket."""
    series = {what: await growing(target, size) for size, what in _BURSTS.items()}
    flushed = await target.flush()
    for what, bursts in series.items():
        target.measured(what, judged(target, flushed, bursts))
