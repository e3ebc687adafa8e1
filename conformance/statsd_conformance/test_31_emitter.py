"""Chapter 31: what an emitter sends, whatever it counts: the rules of the linter, and whether all of it came.

A rule is tested where something of its sort was sent. EFLUSH looks at a program that tells what it means to send, EMTU
has a program that sends more than 548 bytes in a datagram run once more, where packets have 576 at most.

Not tested: whether a value is right, which only the program can know; what it sends to others than the suite.
"""

from statsd_conformance.emitters.emission import Emission
from statsd_conformance.emitters.meant import gaps
from statsd_conformance.emitters.narrow import lost_of_long, lost_of_short
from statsd_conformance.emitters.requirement import emitter_requirement, rule_case
from statsd_conformance.lint import RULES
from statsd_conformance.requirement import CORE, MUST, SHOULD, Unsupported

for _rule in RULES.values():
    globals()[f"test_{_rule.code.lower().replace('-', '_')}"] = rule_case(_rule)


def _refuse(emission: Emission, *, more: bool) -> None:
    """Pass when nothing differs from what the emitter means to have sent, by more or by less."""
    if emission.meant is None:
        raise Unsupported("it does not tell what it means to send, as lines in the file that STATSD_MEANT names")
    found = [gap.message for gap in gaps(emission.meant, emission.samples) if gap.more is more]
    emission.need_all()
    if found:
        raise AssertionError("; ".join(found))


@emitter_requirement(
    "EFLUSH-01", CORE, MUST, cites="datadog-go CHANGELOG, 4.8.1: Close flushes; DogStatsD client specification, Flush"
)
def test_nothing_is_lost(emission: Emission) -> None:
    """What an emitter was told to send MUST have left it when it has ended, in buffers that are not full yet, too."""
    _refuse(emission, more=False)


@emitter_requirement("EFLUSH-02", CORE, MUST, cites="statsd docs/metric_types.md: each line of a counter adds to it")
def test_nothing_is_sent_twice(emission: Emission) -> None:
    """What an emitter was told to send once MUST be sent once, with the value that it was told."""
    _refuse(emission, more=True)


@emitter_requirement("EMTU-01", CORE, MUST, cites="ip(7), IP_MTU_DISCOVER; udp(7), EMSGSIZE; RFC 1122, section 4.1.4")
def test_what_is_too_long_for_a_path_takes_nothing_with_it(emission: Emission) -> None:
    """Where a path takes less than some of its datagrams, an emitter MUST go on, and send those that the path takes."""
    if lost := lost_of_short(emission, emission.need_narrow):
        raise AssertionError(lost)


@emitter_requirement("EMTU-02", CORE, SHOULD, cites="RFC 8085, section 3.2; udp(7), EMSGSIZE")
def test_what_is_too_long_for_a_path_comes_in_pieces(emission: Emission) -> None:
    """What a path does not take in one packet SHOULD arrive all the same, in fragments or in smaller datagrams."""
    if lost := lost_of_long(emission, emission.need_narrow):
        raise AssertionError(lost)
