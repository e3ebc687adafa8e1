"""PACK: several values on one line.

Two dialects do it: a line may go on with whole samples of the same name (`N:1|c:2|c`, the original), or one sample may
hold several values (`N:1:2:3|c`, DogStatsD 1.1).
Not tested because no source decides it: whether a value that is no number spoils those packed with it. Datadog's Agent
refuses all of them.
"""

from collections.abc import Mapping
from typing import Final

import pytest

from statsd_conformance.flushed import Flushed, about
from statsd_conformance.requirement import EXT, MUST, ROBUST, SHOULD, requirement
from statsd_conformance.target import Target, sandwich

_MULTI_SAMPLE: Final = "multi-sample"
_PACKING: Final = "packing"
_AGENT: Final = "DataDog/datadog-agent comp/dogstatsd/server/impl/parse.go"
_DOGSTATSD: Final = f"DogStatsD documentation, Datagram format, protocol 1.1; {_AGENT}, parseMetricSample"

# What the packed values 1, 2 and 3 make of each type, and what the last of them makes alone.
_WHOLE: Final[Mapping[str, Mapping[str, float]]] = {
    "c": {"value": 6},
    "g": {"value": 3},
    "ms": {"count": 3, "lower": 1, "upper": 3, "sum": 6, "mean": 2},
}
_LAST: Final[Mapping[str, Mapping[str, float]]] = {
    "c": {"value": 3},
    "g": {"value": 3},
    "ms": {"count": 1, "lower": 3, "upper": 3, "sum": 3, "mean": 3},
}


def _read(flushed: Flushed, bucket: bytes, type: str) -> dict[str, float]:
    """Return what was published of a bucket: a value, or of a timer those statistics that the target publishes."""
    if type == "c":
        return {"value": flushed.count(bucket)}
    if type == "g":
        return {"value": flushed.gauge(bucket)}
    read = {name: flushed.timer(bucket, name) for name in _WHOLE["ms"] if name in flushed.profile.statistics}
    if "count" in read:
        # An idle interval behind the busy one says 0.
        read["count"] = sum(flushed.numbers("timer", bucket, "count"))
    return read


def _is(read: Mapping[str, float], expected: Mapping[str, float]) -> bool:
    return all(value == about(expected[name], 1e-6) for name, value in read.items())


def _said(read: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in read.items())


@requirement("PACK-01", EXT, MUST, cites="stats.js:277-323")
async def test_samples_on_one_line_share_its_name(target: Target) -> None:
    """Each `value|type` behind the name (`N:1|c:2|c`) MUST be read as a sample of that name."""
    target.needs_extension(_MULTI_SAMPLE)
    counter, gauge = target.bucket("c"), target.bucket("g")
    flushed = await sandwich(target, counter + b":1|c:2|c:4|c", gauge + b":5|g:+2|g")
    assert flushed.count(counter) == 7
    assert flushed.gauge(gauge) == 7


@requirement("PACK-02", EXT, MUST, cites="stats.js:277-323")
async def test_samples_on_one_line_have_types_of_their_own(target: Target) -> None:
    """The samples of one line MAY be of different types (`N:1|c:5|ms`), and each MUST be read as its own."""
    target.needs_extension(_MULTI_SAMPLE)
    target.needs("ms")
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":1|c:5|ms:7|g")
    assert flushed.count(bucket) == 1
    assert flushed.time(bucket) == about(5, 1e-6)
    assert flushed.gauge(bucket) == 7


@requirement("PACK-03", EXT, MUST, cites="stats.js:281-292")
async def test_rate_is_of_its_own_sample(target: Target) -> None:
    """A sample rate MUST scale its own sample and no other one of the line: `N:1|c|@0.5:2|c` gives 4."""
    target.needs_extension(_MULTI_SAMPLE)
    first, last = target.bucket("a"), target.bucket("b")
    flushed = await sandwich(target, first + b":1|c|@0.5:2|c", last + b":1|c:2|c|@0.5")
    assert flushed.count(first) == 4
    assert flushed.count(last) == 5


@requirement("PACK-04", EXT, MUST, cites="stats.js:281-288")
async def test_bad_sample_harms_no_other_of_its_line(target: Target) -> None:
    """A bad sample MUST NOT affect the others of its line, before it or behind it: `N:x|c:2|c` gives 2."""
    target.needs_extension(_MULTI_SAMPLE)
    first, last, rate = target.bucket("a"), target.bucket("b"), target.bucket("c")
    flushed = await sandwich(target, first + b":x|c:2|c", last + b":3|c:x|c", rate + b":1|c|@x:4|c")
    assert [flushed.count(bucket) for bucket in (first, last)] == [2, 3]
    # Whether a rate that is no number is refused is for RATE-08 to judge.
    assert flushed.count(rate) in (4, 5)


@pytest.mark.parametrize("type", ["c", "g", "ms"])
@requirement("PACK-05", EXT, MUST, cites=_DOGSTATSD)
async def test_packed_values_share_type_and_rate(target: Target, type: str) -> None:
    """Packed values (`N:1:2:3|c`) MUST be read as samples of one type and rate: counters add up, gauges keep the last,
    timers take each. Members of a set are not packed.
    """
    target.needs_extension(_PACKING)
    target.needs(type)
    bucket, sampled, members = target.bucket("a"), target.bucket("b"), target.bucket("c")
    lines = [bucket + b":1:2:3|" + type.encode(), sampled + b":1:2:3|c|@0.5"]
    has_sets = "s" in target.profile.types
    flushed = await sandwich(target, *lines, *[members + b":1:2:3|s"] * has_sets)
    read = _read(flushed, bucket, type)
    assert _is(read, _WHOLE[type]), f"1, 2 and 3 packed came out as {_said(read)}"
    assert flushed.count(sampled) == 12
    if has_sets:
        assert flushed.members(members) == 1, f"the member 1:2:3 came out as {flushed.members(members):g}"


@pytest.mark.parametrize("type", ["c", "g", "ms"])
@requirement(
    "PACK-06",
    ROBUST,
    MUST,
    cites="statsite src/conn_handler.c:384-413 and collectd src/statsd.c:378-388, where it does not hold",
)
async def test_packed_values_are_not_read_in_part(target: Target, type: str) -> None:
    """A server that does not know packed values (`N:1:2:3|c`) MUST refuse them, and publish neither a part of them nor
    another name; to one that reads several samples on a line, `3|c` is the only one there.
    """
    target.needs(type)
    bucket, alone = target.bucket("packed"), target.bucket("single")
    fields = b"|" + type.encode()
    flushed = await sandwich(target, bucket + b":1:2:3" + fields, *(alone + b":%d%b" % (n, fields) for n in (1, 2, 3)))
    strays = _named_otherwise(flushed, b"packed", b"single")
    assert not strays, f"1, 2 and 3 packed were published as {strays[0].decode()}"
    if flushed.has(bucket):
        read = _read(flushed, bucket, type)
        right = [_WHOLE, _LAST] if _MULTI_SAMPLE in target.profile.extensions else [_WHOLE]
        assert any(_is(read, expected[type]) for expected in right), f"1, 2 and 3 packed came out as {_said(read)}"


def _named_otherwise(flushed: Flushed, leaf: bytes, like: bytes) -> list[bytes]:
    """Return the paths that hold `leaf` and are none that there is with `like` in its place."""
    paths = {line.path for line in flushed.own}
    return sorted(path for path in paths if leaf in path and path.replace(leaf, like) not in paths)


@requirement("PACK-07", EXT, SHOULD, cites=f"{_AGENT}, parseFloat64List")
async def test_empty_packed_values_are_skipped(target: Target) -> None:
    """Empty packed values (`N:1::2|c`, `N:1:|c`) SHOULD be skipped."""
    target.needs_extension(_PACKING)
    inside, last, first = target.bucket("a"), target.bucket("b"), target.bucket("c")
    flushed = await sandwich(target, inside + b":1::2|c", last + b":1:|c", first + b"::4|c")
    assert [flushed.count(bucket) for bucket in (inside, last, first)] == [3, 1, 4]


@requirement("PACK-08", EXT, MUST, cites=_DOGSTATSD)
async def test_rate_scales_the_count_of_packed_times(target: Target) -> None:
    """The count of packed times with a rate MUST be their number divided by it: 6 for `N:1:2:3|ms|@0.5`."""
    target.needs_extension(_PACKING)
    target.needs_statistics("count")
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":1:2:3|ms|@0.5")
    counted = sum(flushed.numbers("timer", bucket, "count"))
    assert counted == 6, f"three packed times at a rate of 0.5 came out as {counted:g}, not 6"
