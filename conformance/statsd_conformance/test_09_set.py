"""SET: type `s`.

Not tested because no source decides it: how many members a set may have, and how far an approximate count may be off
with fewer than a hundred of them.
"""

import pytest

from statsd_conformance.flushed import Flushed, about
from statsd_conformance.requirement import CORE, MUST, QUIRK, ROBUST, SHOULD, requirement, should
from statsd_conformance.target import Target, sandwich, sentinels

_MANY = 10_000
_LINES_A_DATAGRAM = 20
_TWICE = 4


@requirement("SET-01", CORE, MUST, cites="statsd docs/metric_types.md, Sets; stats.js:312-316")
async def test_distinct_members_are_counted(target: Target) -> None:
    """The number of distinct members received in the interval MUST be published."""
    target.needs("s")
    bucket, apart = target.bucket("a"), target.bucket("b")
    flushed = await target.after(bucket + b":x|s", bucket + b":y|s", apart + b":x|s", bucket + b":y|s")
    _assert_members(flushed, bucket, 2)
    _assert_members(flushed, apart, 1)


@requirement("SET-02", CORE, MUST, cites="lib/set.js: members are the keys of an object")
async def test_members_are_compared_exactly(target: Target) -> None:
    """Members are texts and MUST be compared exactly: `01` and `1` differ, as do `a` and `A`."""
    target.needs("s")
    numbers, letters = target.bucket("a"), target.bucket("b")
    flushed = await target.after(
        numbers + b":1|s", numbers + b":01|s", numbers + b":1.0|s", letters + b":a|s", letters + b":A|s"
    )
    _assert_members(flushed, numbers, 3)
    _assert_members(flushed, letters, 2)


@requirement("SET-03", CORE, MUST, cites="stats.js:123-130")
async def test_set_is_emptied_at_each_flush(target: Target) -> None:
    """A set MUST be emptied at each flush: what came before is no member any more, and counts when it comes again."""
    target.needs("s")
    bucket = target.bucket()
    first = await target.after(bucket + b":x|s", bucket + b":y|s")
    # Whether an idle set has to be published is for FLUSH-06 to judge.
    idle = await target.flush()
    again = await target.after(bucket + b":x|s")
    _assert_members(first, bucket, 2)
    assert not any(idle.numbers("set", bucket)), f"an idle set came out as {idle.summary()}"
    _assert_members(again, bucket, 1)


@requirement("SET-04", CORE, MUST, cites="lib/set.js; statsite src/set.c, which counts by HyperLogLog beyond 64")
async def test_many_members_are_counted(target: Target) -> None:
    """10,000 members MUST be counted to within 2 per cent, and SHOULD be counted exactly."""
    target.needs("s")
    bucket = target.bucket()
    lines = [b"%b:m%d|s" % (bucket, number) for number in range(_MANY)]
    parts = [lines[at : at + _LINES_A_DATAGRAM] for at in range(0, _MANY, _LINES_A_DATAGRAM)]
    # Some come twice, in one datagram, so that they meet in one flush.
    target.send(*(b"\n".join([*part, *part[:_TWICE]]) for part in parts))
    flushed = await target.flush()
    counted = flushed.members(bucket)
    said = f"{_MANY} members came out as {counted:.9g}"
    assert counted == about(_MANY, 0.02), said
    with should():
        assert counted == _MANY, said


@requirement("SET-05", QUIRK, SHOULD, cites="stats.js:315: an empty member is counted as `0`")
async def test_empty_member(target: Target) -> str:
    """An empty member SHOULD be counted like any other, or its line be rejected."""
    target.needs("s")
    return await _beside(target, b"", b"0")


@requirement("SET-06", QUIRK, SHOULD, cites="stats.js:277-281: a line is split at every colon")
async def test_member_with_a_colon(target: Target) -> str:
    """A member that holds a colon SHOULD NOT be taken for another one without a word."""
    target.needs("s")
    return await _beside(target, b"x:y", b"y")


@pytest.mark.parametrize("between", ["@", "#", " ", "/", "é"], ids=["at", "hash", "blank", "slash", "accent"])
@requirement("SET-07", QUIRK, SHOULD, cites="stats.js:312-316: members are not cleaned")
async def test_odd_character_in_a_member(target: Target, between: str) -> str:
    """Members that hold `@`, `#`, a blank, `/` or letters beyond ASCII SHOULD be told apart."""
    target.needs("s")
    bucket = target.bucket()
    lines = [f":u{between}{tail}|s".encode() for tail in ("a", "b")]
    flushed = await sandwich(target, *(bucket + line for line in lines))
    shown = f"u{between}a and u{between}b"
    return f"{shown} are {flushed.members(bucket):g}" if flushed.has(bucket) else f"{shown} are rejected"


@requirement("SET-08", CORE, MUST, cites="stats.js:312-316, where no rate is looked at")
async def test_rate_scales_no_set(target: Target) -> None:
    """A rate on a set MUST be ignored: a member counts as one, whatever its rate."""
    target.needs("s")
    bucket = target.bucket()
    flushed = await target.after(bucket + b":x|s|@0.1", bucket + b":x|s", bucket + b":y|s|@0.5")
    _assert_members(flushed, bucket, 2)


@pytest.mark.parametrize("member", ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "None"])
@requirement("SET-09", ROBUST, MUST, cites="lib/set.js, where members are keys of a plain object", hostile=True)
async def test_member_with_the_name_of_a_language_internal(target: Target, member: str) -> None:
    """A member that a host language has a use for (`__proto__`, …) MUST count as one member."""
    target.needs("s")
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":" + member.encode() + b"|s", bucket + b":other|s")
    _assert_members(flushed, bucket, 2)


async def _beside(target: Target, odd: bytes, plain: bytes) -> str:
    """Return what an odd member counts as, alone and beside the plain one that it may be taken for."""
    alone, both = target.bucket("a"), target.bucket("b")
    flushed = await sandwich(target, alone + b":%b|s" % odd, both + b":%b|s" % odd, both + b":%b|s" % plain)
    if not flushed.has(alone):
        strays = flushed.strays(*sentinels(target), alone, both)
        seen = f"read as a part of the name, published as {flushed.summary(strays[0])}" if strays else "rejected"
        return f"{odd.decode()!r} is {seen}"
    shown = f"{odd.decode()!r} counts as {flushed.members(alone):g}"
    return f"{shown}, beside {plain.decode()!r} as {flushed.members(both):g}" if flushed.has(both) else shown


def _assert_members(flushed: Flushed, bucket: bytes, right: int) -> None:
    members = flushed.members(bucket)
    assert members == right, f"the set came out as {members:g}, not {right}"
