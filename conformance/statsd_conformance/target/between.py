"""Lines sent between others, which have to come through unharmed."""

from typing import Final

from statsd_conformance.flushed import Flushed
from statsd_conformance.target.target import Target

_PAIRS: Final = 300


def sentinels(target: Target) -> list[bytes]:
    """Return the buckets that `sandwich` puts before, behind and after what it sends."""
    return [target.bucket(leaf) for leaf in ("pre", "post", "end")]


async def sandwich(target: Target, *lines: bytes) -> Flushed:
    """Send lines between two sentinels in one datagram, and an end sentinel in a second one; return what was flushed.

    Asserts that each sentinel arrived exactly once, with its own value: the lines between harmed no neighbour
    (semantics, section 4.4). Sentinels are the buckets `pre`, `post` and `end` of the case.
    """
    flushed, harm = await sandwich_with_harm(target, *lines)
    assert not harm, harm
    return flushed


async def sandwich_with_harm(target: Target, *lines: bytes) -> tuple[Flushed, str]:
    """Do as `sandwich`, but also return what became of the sentinels, in words, instead of asserting it.

    The words are empty when each of them arrived exactly once. For a case that has to say both what a line was taken
    for and whom it harmed.
    """
    pre, post, end = sentinels(target)
    target.send(b"\n".join([pre + b":1|c", *lines, post + b":1|c"]), end + b":1|c")
    flushed = await target.flush()
    arrived = [sum(flushed.counts(sentinel)) for sentinel in (pre, post, end)]
    if arrived == [1, 1, 1]:
        return flushed, ""
    return flushed, (
        f"the counters before, after and in the next datagram came out as {arrived}, each was sent once as 1"
    )


async def assert_rejected(target: Target, *lines: bytes) -> Flushed:
    """Send lines between sentinels and assert that they published nothing at all, and harmed no neighbour."""
    flushed = await sandwich(target, *lines)
    strays = flushed.strays(*sentinels(target))
    assert not strays, f"a line that has to be rejected was published: {flushed.summary(*strays)}"
    return flushed


async def assert_next_counts(target: Target, datagram: bytes) -> None:
    """Send a datagram many times, a sample right behind it each time, and assert that each sample was counted.

    Many times, for some servers read the two together only when they find both waiting.
    """
    bucket = target.bucket()
    target.send(*[datagram, bucket + b":1|c"] * _PAIRS)
    counted = sum((await target.flush()).counts(bucket))
    assert counted == _PAIRS, f"samples right behind such a datagram are lost; published: {counted:g} of {_PAIRS}"
