"""How a target spells its output, found out by a probe."""

from typing import Final

from statsd_conformance.address import AddressError
from statsd_conformance.probe import UNKNOWN, Probed, probe, use
from statsd_conformance.process import StartError
from statsd_conformance.profile import ProfileError
from statsd_conformance.progress import step
from statsd_conformance.requirement import Inconclusive
from statsd_conformance.session.settings import Settings, TargetError
from statsd_conformance.session.silence import unless_silent
from statsd_conformance.session.subject import running
from statsd_conformance.target import Crashed
from statsd_conformance.targets import CommandError
from statsd_conformance.wire import NoAnswer, Wire

# Probes before one that lost canaries has to do.
_PROBES: Final = 3


async def find_profile(wire: Wire) -> Probed:
    """Find out how a target spells its output, and go by that from now on.

    Raises:
        TargetError: no counter came back.
        NoAnswer, Crashed: nothing did.
    """
    step("probing how it spells its output")
    for _ in range(_PROBES):
        drops, unseen = wire.drops(), wire.unseen
        probed = await probe(wire)
        if wire.drops() == drops and wire.unseen == unseen:
            break
    if not {"counter", "rate"} & set(probed.profile.paths):
        raise TargetError(f"{wire.name} flushes, but no counter came back under its name; say how with --profile FILE")
    use(wire, probed.profile)
    return probed


async def probe_target(spec: str, settings: Settings) -> Probed:
    """Return how the target that `spec` names spells its output, whatever profile it may have.

    Raises:
        TargetError: it cannot be found, started or heard.
    """
    try:
        async with running(spec, settings) as subject:
            use(subject.wire, UNKNOWN)
            return await unless_silent(find_profile(subject.wire), subject, settings)
    except (AddressError, CommandError, ProfileError, StartError, NoAnswer, Crashed, Inconclusive) as error:
        raise TargetError(str(error)) from None
