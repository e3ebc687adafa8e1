"""MTU: what the network does with datagrams: cuts them into fragments, loses some of these, swallows what is too long.

A target that the suite starts is put at the end of paths that the suite makes: network namespaces, joined by links of
MTU 1500, 1280 and 576 bytes, and one whose far end takes less than the near one sends. That takes root. What is crafted
goes to any target on this machine. Where the kernel puts datagrams together, which is nearly everywhere, the verdicts
are about that kernel, too.

Not tested because no source decides it: which of two fragments counts where they overlap and differ, how long a
receiver waits for a missing one (Linux 30 seconds, RFC 8200 60), and how many datagrams in pieces it holds.
"""

from typing import Final

import pytest

from statsd_conformance import namespaces
from statsd_conformance.crafted import HOLED, IPV6, UNSUMMED, UNSURE, WHOLE
from statsd_conformance.flushed import Flushed
from statsd_conformance.passage import explained, passage
from statsd_conformance.requirement import CORE, MAY, MUST, QUIRK, ROBUST, Inconclusive, requirement
from statsd_conformance.target import Target

_CUT: Final = tuple(kind for kind in namespaces.KINDS if not kind.startswith("hole"))
_HOLES: Final = tuple(kind for kind in namespaces.KINDS if kind.startswith("hole"))
# Of IPv4 and of IPv6, with the header of a fragment; of UDP.
_IPV4, _IPV6, _UDP = 20, 48, 8
# Jumbo frames, and all that UDP carries over IPv4.
_JUMBO, _MOST = 8932, 65_507
# Three frames of Ethernet, and within every receive buffer that is known.
_THREE: Final = 3000
# What the link with a hole lets through over IPv4 and IPv6, and what it swallows: whole, and the first of fragments.
_SMALL: Final = (64, 500, 1200)
_LARGE: Final = (1400, _THREE)
# What is left of a frame of Ethernet by tunnels, and what MTUs are usual.
_USUAL: Final = (508, 548, 1232, 1252, 1372, 1432, 1452, 1472, 1473, 2000, 4000, 8000, _JUMBO, 16_000, 32_000, _MOST)


def _filled(bucket: bytes, size: int) -> tuple[bytes, int]:
    """Return a datagram of exactly `size` bytes, increments of one bucket by 1, and how many they are."""
    line = bucket + b":1|c\n"
    number = (size - len(line)) // len(line)
    last = b"1|c".rjust(size - number * len(line) - len(bucket) - 1, b"0")
    return number * line + bucket + b":" + last, number + 1


def _counted(flushed: Flushed, bucket: bytes) -> float:
    return sum(flushed.counts(bucket))


def _in_fragments(kind: str) -> list[int]:
    """Return sizes that a link cuts: in two with a byte more than it carries, in two as large as can be, in many."""
    headers = _IPV6 if kind.endswith(IPV6) else _IPV4
    carried = (namespaces.link_of(kind).mtu - headers) // 8 * 8
    return [namespaces.link_of(kind).mtu - headers - _UDP + 1, 2 * carried - _UDP, _JUMBO, _MOST]


@pytest.mark.parametrize("kind", _CUT)
@requirement("MTU-01", CORE, MUST, cites="RFC 791, section 3.2; RFC 8200, section 4.5; RFC 768", network=True)
async def test_datagram_that_comes_in_fragments_counts_as_if_it_had_not(target: Target, kind: str) -> None:
    """A datagram that is longer than the MTU of a link MUST have the effect that it has in one piece, once."""
    await target.needs_address(kind)
    sizes = _in_fragments(kind)
    pairs = {size: (target.bucket(f"w{size:05}"), target.bucket(f"f{size:05}")) for size in sizes}
    for size, (whole, cut) in pairs.items():
        target.send(_filled(whole, size)[0])
        target.send_by(kind, _filled(cut, size)[0])
    flushed = await target.flush_holding(*(bucket for pair in pairs.values() for bucket in pair))
    for size, (whole, cut) in pairs.items():
        expected, counted = _counted(flushed, whole), _counted(flushed, cut)
        assert counted == expected, (
            f"a datagram of {size} bytes was counted as {expected:g}, and in fragments as {counted:g}"
        )


@pytest.mark.parametrize("kind", WHOLE)
@requirement("MTU-02", ROBUST, MUST, cites="RFC 791, section 3.2; RFC 8200, section 4.5")
async def test_fragments_in_any_order_count_once(target: Target, kind: str) -> None:
    """A datagram whose fragments come in another order, or twice, MUST be counted whole, and once."""
    await target.needs_address(kind)
    whole, cut, behind = target.bucket("whole"), target.bucket("parts"), target.bucket("behind")
    target.send(_filled(whole, _THREE)[0])
    target.send_by(kind, _filled(cut, _THREE)[0])
    target.send(behind + b":1|c")
    flushed = await target.flush_holding(whole, cut, behind)
    expected, counted = _counted(flushed, whole), _counted(flushed, cut)
    assert counted == expected, f"a datagram was counted as {expected:g}, and with its fragments {kind} as {counted:g}"
    assert _counted(flushed, behind) == 1, "the datagram behind one in fragments was not counted once"


@pytest.mark.parametrize("kind", HOLED)
@requirement("MTU-03", ROBUST, MUST, cites="RFC 791, section 3.2; RFC 8200, section 4.5; RFC 5722; RFC 9099")
async def test_datagram_with_a_gap_counts_in_no_part(target: Target, kind: str) -> None:
    """A datagram of which a fragment is missing or overlaps MUST NOT be counted in part, nor harm its neighbours."""
    await target.needs_address(kind)
    before, broken, cut, behind = (target.bucket(leaf) for leaf in ("before", "broken", "cuts", "behind"))
    others = f"backwards{IPV6}" if kind.endswith(IPV6) else "backwards"
    await target.needs_address(others)
    holed, number = _filled(broken, _THREE)
    target.send(before + b":1|c")
    target.send_by(kind, holed)
    target.send_by(others, _filled(cut, _THREE)[0])
    target.send(behind + b":1|c")
    flushed = await target.flush_holding(before, cut, behind)
    counted = _counted(flushed, broken)
    # Where fragments overlap by the same bytes, all of it may be there.
    allowed = (0, number) if kind.startswith("overlapping") else (0,)
    assert counted in allowed, f"a datagram of {number} lines with a fragment {kind} was counted as {counted:g}"
    assert [_counted(flushed, one) for one in (before, behind)] == [1, 1], "a datagram beside it was not counted once"
    assert flushed.has(cut), "a datagram in fragments that came next was lost"
    strays = flushed.strays(before, broken, cut, behind)
    assert not strays, f"a part of a line was published: {flushed.summary(*strays)}"


@pytest.mark.parametrize("kind", UNSURE)
@requirement("MTU-04", CORE, MUST, cites="RFC 1122, section 4.1.3.4; RFC 8200, section 8.1")
async def test_datagram_with_a_wrong_checksum_is_not_counted(target: Target, kind: str) -> None:
    """A datagram whose UDP checksum is wrong, or over IPv6 left out, MUST NOT be counted, nor harm its neighbours."""
    await target.needs_address(kind)
    before, wrong, behind = target.bucket("before"), target.bucket("wrong"), target.bucket("behind")
    target.send(before + b":1|c")
    target.send_by(kind, wrong + b":1|c")
    target.send(behind + b":1|c")
    flushed = await target.flush_holding(before, behind)
    counted = _counted(flushed, wrong)
    assert counted == 0, f"a datagram with {kind} was counted as {counted:g}"
    assert [_counted(flushed, one) for one in (before, behind)] == [1, 1], "a datagram beside it was not counted once"


@requirement("MTU-05", CORE, MUST, cites="RFC 768; RFC 1122, section 4.1.3.4")
async def test_datagram_without_a_checksum_is_counted(target: Target) -> None:
    """A datagram whose sender left out the UDP checksum MUST be counted, over IPv4."""
    await target.needs_address(UNSUMMED)
    bucket = target.bucket("unsummed")
    target.send_by(UNSUMMED, bucket + b":1|c")
    flushed = await target.flush_holding(bucket)
    assert _counted(flushed, bucket) == 1


@pytest.mark.parametrize("kind", _HOLES)
@requirement("MTU-06", ROBUST, MUST, cites="RFC 2923, section 2.1; RFC 4821", network=True)
async def test_what_a_path_swallows_takes_nothing_with_it(target: Target, kind: str) -> str:
    """What a path swallows for its size MUST NOT be counted in part, nor harm the datagrams that come through."""
    await target.needs_address(kind)
    sizes = [size for pair in zip(_SMALL, (*_LARGE, 0), strict=True) for size in pair if size]
    buckets = {size: target.bucket(f"s{size}") for size in sizes}
    read = {size: target.bucket(f"r{size}") for size in sizes}
    for size in sizes:
        target.send_by(kind, _filled(buckets[size], size)[0])
        target.send(_filled(read[size], size)[0])
    flushed = await target.flush_holding(*read.values(), *(buckets[size] for size in _SMALL))
    for size in _SMALL:
        expected, counted = _counted(flushed, read[size]), _counted(flushed, buckets[size])
        assert counted == expected, f"{size} bytes beside what the path swallows count as {counted:g}, not {expected:g}"
    parts = [size for size in _LARGE if flushed.has(buckets[size])]
    assert not parts, f"of a datagram of {parts[0]} bytes that the path swallows a part was counted"
    found = passage((size, flushed.has(buckets[size])) for size in sizes)
    assert found
    return explained(found, ipv6=kind.endswith(IPV6))


@requirement("MTU-07", QUIRK, MAY, cites="RFC 8899; statsd docs/metric_types.md, Multi-Metric Packets")
async def test_path_to_the_target_takes_some_sizes(target: Target) -> str:
    """A path MAY swallow what is longer than one of its links takes; the report says which datagrams arrive."""
    mtu = target.needs_distance()
    buckets = {size: target.bucket(f"s{size}") for size in _USUAL}
    for size in _USUAL:
        target.send(_filled(buckets[size], size)[0])
    flushed = await target.flush()
    fates = [(size, flushed.has(buckets[size])) for size in _USUAL]
    what = "datagrams that reach the target"
    if all(arrived for _, arrived in fates):
        target.measured(what, f"every size up to {_MOST:,} bytes")
        return f"datagrams of every size up to {_MOST:,} bytes arrive"
    found = passage(fates)
    if found is None:
        lost = ", ".join(f"{size:,}" for size, arrived in fates if not arrived)
        raise Inconclusive(f"of datagrams of many sizes those of {lost} bytes were lost, and longer ones were not")
    why = explained(found, mtu=mtu)
    target.measured(what, why)
    return why
