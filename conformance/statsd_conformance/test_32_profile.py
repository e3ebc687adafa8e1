"""Chapter 32: an emitter of counters, by its profile: which names, in which datagrams, and when.

An emitter profile (`--emitter-profile`) says what it has to send; names are compared byte for byte, and nothing is
stripped, because an aggregator that strips hides a blank that another one keeps.

Not tested: what can be seen only inside the emitter, which is listed below; and whether it takes part in a switch.
"""

from statsd_conformance.emitters import laws
from statsd_conformance.emitters.emission import Emission, refuse
from statsd_conformance.emitters.requirement import emitter_requirement, emitter_untestable
from statsd_conformance.requirement import EXT, MUST, SHOULD, Unsupported
from statsd_reference.emitter import EmitterProfile

_SOURCE = "flux-core, message counters over StatsD"


@emitter_requirement("EPROFILE-01", EXT, MUST, cites=f"{_SOURCE}: names are closed over the declared set")
def test_every_line_is_a_declared_one(emission: Emission) -> None:
    """Each line MUST be a declared name, byte for byte, and behind it a colon, a whole number, a bar and the type."""
    refuse(laws.undeclared(emission.datagrams, emission.need_profile()))


@emitter_requirement("EPROFILE-02", EXT, MUST, cites=f"{_SOURCE}: eight lines, one datagram")
def test_a_snapshot_is_whole(emission: Emission) -> None:
    """A datagram with a snapshot MUST have each counter of the module in it, once."""
    refuse(laws.incomplete(emission.datagrams, emission.need_profile("snapshot")))


@emitter_requirement("EPROFILE-03", EXT, MUST, cites=f"{_SOURCE}: fixed order")
def test_counters_come_in_their_order(emission: Emission) -> None:
    """The counters of a snapshot MUST come in the order of the profile."""
    refuse(laws.disordered(emission.datagrams, emission.need_profile("snapshot")))


@emitter_requirement("EPROFILE-04", EXT, MUST, cites=f"{_SOURCE}: one datagram per snapshot")
def test_a_datagram_holds_one_snapshot(emission: Emission) -> None:
    """A datagram MUST hold the snapshot of one module only, so that loss takes all of one or nothing."""
    refuse(laws.crowded(emission.datagrams, emission.need_profile("snapshot")))


@emitter_requirement("EPROFILE-05", EXT, MUST, cites=f"{_SOURCE}: packet limit")
def test_no_datagram_is_longer_than_the_profile_allows(emission: Emission) -> None:
    """A datagram MUST NOT have more bytes than `max_payload`, nor a line more than `max_line`."""
    refuse(laws.oversized(emission.datagrams, emission.need_profile()))


@emitter_requirement("EPROFILE-06", EXT, MUST, cites=f"{_SOURCE}: newline between lines, none at the end")
def test_a_datagram_ends_as_the_profile_says(emission: Emission) -> None:
    """A datagram MUST end in LF where the profile says so, and without one elsewhere."""
    refuse(laws.wrong_ends(emission.datagrams, emission.need_profile()))


@emitter_requirement("EPROFILE-07", EXT, MUST, cites=f"{_SOURCE}: nothing is sent while the counters are equal")
def test_nothing_is_sent_that_has_not_changed(emission: Emission) -> None:
    """A snapshot, or where metrics are sent alone a line, MUST NOT say what the one before said."""
    profile = emission.need_profile()
    if profile.quiet == "resend" or profile.type == "c":
        raise Unsupported(f"its profile {profile.name} has equal lines sent again")
    emission.need_all()
    refuse(laws.repeated(emission.datagrams, profile))


@emitter_requirement("EPROFILE-08", EXT, MUST, cites=f"{_SOURCE}: an all-zero start sends nothing")
def test_nothing_is_sent_before_anything_was_counted(emission: Emission) -> None:
    """The first snapshot of a module MUST have a counter in it that is not 0."""
    profile = emission.need_profile("snapshot")
    emission.need_all()
    refuse(laws.nothing_counted(emission.datagrams, profile))


@emitter_requirement("EPROFILE-09", EXT, MUST, cites=f"{_SOURCE}: counters rise until they are cleared")
def test_counters_rise_until_they_are_cleared(emission: Emission) -> None:
    """A counter of a snapshot MUST NOT fall while another one of its module rises."""
    profile = emission.need_profile("snapshot")
    if profile.type == "c":
        raise Unsupported(f"its profile {profile.name} sends what was added, not totals")
    refuse(laws.fallen(emission.datagrams, profile))


@emitter_requirement("EPROFILE-10", EXT, SHOULD, cites=f"{_SOURCE}: one socket for life")
def test_all_comes_from_one_socket(emission: Emission) -> None:
    """An emitter SHOULD send all its datagrams from one socket."""
    emission.need_profile()
    if not any(datagram.source.port for datagram in emission.datagrams):
        raise Unsupported("where its datagrams came from is not recorded")
    refuse(laws.other_sockets(emission.datagrams, emission.need_profile()))


@emitter_requirement("EPROFILE-11", EXT, MUST, cites=f"{_SOURCE}: many changes in a period make one line")
def test_a_metric_comes_once_a_period(emission: Emission) -> None:
    """However often a metric changes in a period, it MUST have one line in it."""
    refuse(laws.lines_twice(emission.datagrams, _with_period(emission)))


@emitter_requirement("EPROFILE-12", EXT, SHOULD, cites=f"{_SOURCE}: at most one burst a period")
def test_datagrams_come_once_a_period(emission: Emission) -> None:
    """Datagrams SHOULD come in one burst a period at most."""
    refuse(laws.hurried(emission.datagrams, _with_period(emission)))


@emitter_requirement("EPROFILE-13", EXT, SHOULD, cites="pystatsd, Pipeline: a payload of exactly maxudpsize is split")
def test_datagrams_of_a_batch_are_full(emission: Emission) -> None:
    """A line SHOULD NOT begin a datagram when it had fitted into the one before, of the same period and module."""
    profile = emission.need_profile("metric")
    emission.need_all()
    refuse(laws.not_full(emission.datagrams, profile))


def _with_period(emission: Emission) -> EmitterProfile:
    """Return the profile of an emitter that sends changed metrics once a period, and of which the times are known."""
    profile = emission.need_profile("metric")
    if profile.trigger != "period":
        raise Unsupported(f"its profile {profile.name} has the trigger {profile.trigger!r}, not 'period'")
    if not emission.datagrams[0].time:
        raise Unsupported("when its datagrams came is not recorded")
    return profile


_INSIDE = "only the emitter knows its counters; `statsd_reference.emitter` is held to it by tests of its own"
emitter_untestable(
    "EPROFILE-14",
    EXT,
    MUST,
    "When nothing changes any more, the last line of every name MUST say what the counter is at.",
    cites=f"{_SOURCE}: quiescence",
    reason=_INSIDE,
)
emitter_untestable(
    "EPROFILE-15",
    EXT,
    MUST,
    "Sending MUST NOT change the counters that are sent, also when it fails.",
    cites=f"{_SOURCE}: observing must not change what is observed",
    reason=_INSIDE,
)
emitter_untestable(
    "EPROFILE-16",
    EXT,
    MUST,
    "Where nobody listens, or its switch is off, an emitter MUST go on as it does without one.",
    cites=f"{_SOURCE}: a dead sink changes nothing else",
    reason="who does not listen sees nothing, and what else it does is no datagram",
)
