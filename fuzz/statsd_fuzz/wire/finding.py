"""What a campaign found: each finding once, grouped by what broke."""

from collections.abc import Iterable
from dataclasses import dataclass

from statsd_conformance.address import Address
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.naming import what_broke
from statsd_fuzz.wire.scenario import STREAMED, Scenario
from statsd_fuzz.wire.traits import traits_of


@dataclass(frozen=True, slots=True)
class Origin:
    """Where findings come from.

    Attributes:
        target: as `--target` names it.
        address: where the lines go that show a finding again.
        interval: seconds between two flushes of it.
        seed: of the dice.
        strict: whether it was held against the model in everything, and not in plain lines only.
        streams: whether it reads lines over TCP beside its datagrams.
    """

    target: str
    address: Address
    interval: float
    seed: int
    strict: bool = False
    streams: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault that was seen again, alone, each time, and the least scenario found that shows it."""

    name: str
    fault: Fault
    scenario: Scenario
    origin: Origin

    @property
    def group(self) -> str:
        """What broke."""
        return what_broke(self.fault)

    @property
    def streamed(self) -> bool:
        """Whether its lines went over TCP."""
        return self.origin.streams and STREAMED in self.scenario.features

    @property
    def segments(self) -> list[bytes]:
        """What its lines are on a stream, interval by interval: LF ends what is a datagram elsewhere."""
        return [b"".join(one + b"\n" for one in some) for some in self.scenario.intervals]


def explains(findings: Iterable[Finding], scenario: Scenario, fault: Fault) -> bool:
    """Tell whether a fault is likely one that was found already, so that it need not be pursued once more.

    It is where the same broke, and the scenario has all that was special about what broke it before.
    """
    mine = {trait.words for trait in traits_of(scenario)}
    return any(
        one.group == what_broke(fault) and {trait.words for trait in traits_of(one.scenario)[:1]} <= mine
        for one in findings
    )
