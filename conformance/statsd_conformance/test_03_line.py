"""LINE: the grammar of one line.

Not tested because no source decides it: blanks inside a type, and whether a refused sample spoils the others of its
line.
"""

from collections.abc import Iterable
from math import isnan

import pytest

from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import GraphiteLine
from statsd_conformance.requirement import CORE, MUST, QUIRK, ROBUST, SHOULD, SPEC, Unsupported, requirement
from statsd_conformance.target import Target, assert_rejected, sandwich, sentinels


@requirement("LINE-01", CORE, MUST, cites="statsd docs/metric_types.md; stats.js:277-323")
async def test_the_four_types_are_accepted(target: Target) -> None:
    """`N:v|t` and `N:v|t|@r` MUST be accepted for the types c, g, ms and s, a rate on c and ms."""
    counter, sampled, gauge = target.bucket("c"), target.bucket("cr"), target.bucket("g")
    timer, sampled_timer, members = target.bucket("t"), target.bucket("tr"), target.bucket("s")
    target.needs("c", "g")
    flushed = await target.after(
        counter + b":3|c",
        sampled + b":3|c|@0.5",
        gauge + b":5|g",
        timer + b":320|ms",
        sampled_timer + b":320|ms|@0.5",
        members + b":765|s",
    )
    assert flushed.count(counter) == 3
    assert flushed.count(sampled) == 6
    assert flushed.gauge(gauge) == 5
    if "ms" in target.profile.types:
        assert flushed.time(timer) == pytest.approx(320)
        assert flushed.has(sampled_timer), "a timer with a sample rate was not published"
    if "s" in target.profile.types:
        assert flushed.members(members) == 1


@requirement("LINE-02", CORE, MUST, cites="lib/helpers.js:27-32; stats.js:277-280")
async def test_line_without_a_colon_is_rejected(target: Target) -> None:
    """A line with a type but no colon (`N|c`) MUST be rejected."""
    await assert_rejected(target, target.bucket() + b"|c")


@requirement("LINE-03", CORE, MUST, cites="lib/helpers.js:27-32")
async def test_line_without_a_type_is_rejected(target: Target) -> None:
    """A line with a value but no bar (`N:1`) MUST be rejected."""
    await assert_rejected(target, target.bucket() + b":1")


@requirement("LINE-04", SPEC, MUST, cites="b/statsd_spec README, Meters; stats.js:277-280")
async def test_bare_name(target: Target) -> str:
    """A bare name is refused by the original, and an abbreviated meter to b/statsd_spec; a server MUST do one of
    both.
    """
    flushed = await sandwich(target, target.bucket())
    return "as the original: rejected" if not flushed.has(target.bucket()) else "as b/statsd_spec: a meter"


@requirement("LINE-05", QUIRK, SHOULD, cites="lib/helpers.js:27-56; stats.js:317-322")
async def test_empty_type(target: Target) -> str:
    """An empty type (`N:1|`) SHOULD be rejected; the original counts it as a counter."""
    return _read_as(target.bucket(), await sandwich(target, target.bucket() + b":7|"))


@requirement("LINE-06", QUIRK, SHOULD, cites="stats.js:253-268, 317-322", hostile=True)
async def test_empty_name(target: Target) -> str:
    """An empty name (`:1|c`) SHOULD be rejected; no Graphite line with an empty path MUST come of it."""
    flushed = await sandwich(target, b":12345|c")
    empty = [line for line in flushed.lines if line.number == 12345 and target.token[:6] not in line.key]
    return f"published as {empty[0].path.decode('utf-8', 'replace') or 'an empty path'!r}" if empty else "rejected"


@pytest.mark.parametrize("type", ["c", "g", "ms"])
@requirement("LINE-07", CORE, MUST, cites="lib/helpers.js:10-12, 42-53", hostile=True)
async def test_empty_value_is_rejected(target: Target, type: str) -> None:
    """An empty value (`N:|c`, `N:|g`, `N:|ms`) MUST be rejected."""
    target.needs(type)
    await assert_rejected(target, target.bucket() + b":|" + type.encode())


@requirement("LINE-08", QUIRK, SHOULD, cites="stats.js:317-322")
async def test_unknown_type(target: Target) -> str:
    """An unknown type (`N:7|zz`) SHOULD be rejected; the original counts it as a counter."""
    return _read_as(target.bucket(), await sandwich(target, target.bucket() + b":7|zz"))


@pytest.mark.parametrize("type", ["cc", "c1", "gg", "msx", "sx"])
@requirement("LINE-09", CORE, MUST, cites="stats.js:294-322")
async def test_types_are_matched_exactly(target: Target, type: str) -> None:
    """Types MUST be matched exactly: `cc`, `c1`, `gg`, `msx` and `sx` are unknown types, not their first letters."""
    unknown, longer = target.bucket("unknown"), target.bucket("longer")
    flushed = await sandwich(target, unknown + b":7|zz", longer + b":7|" + type.encode())
    assert flushed.kinds(longer) == flushed.kinds(unknown), (
        f"type {type} was read otherwise than type zz: {_read_as(longer, flushed)}, {_read_as(unknown, flushed)}"
    )


@pytest.mark.parametrize("type", ["C", "G", "MS", "S"])
@requirement("LINE-10", QUIRK, SHOULD, cites="stats.js:294-322")
async def test_types_in_capitals(target: Target, type: str) -> str:
    """Types are case-sensitive: `C`, `G`, `MS` and `S` are unknown and SHOULD be rejected."""
    return _read_as(target.bucket(), await sandwich(target, target.bucket() + b":7|" + type.encode()))


@requirement("LINE-11", QUIRK, MUST, cites="lib/helpers.js:34-39")
async def test_empty_type_before_a_third_field(target: Target) -> str:
    """`N:1||c`, an empty type and then something that is no rate, MUST be rejected."""
    return _read_as(target.bucket(), await sandwich(target, target.bucket() + b":7||c"))


@requirement("LINE-12", CORE, MUST, cites="lib/helpers.js:18-25, 34-39")
async def test_trailing_bar_is_rejected(target: Target) -> None:
    """A trailing bar (`N:1|c|`) MUST be rejected: the third field is empty, and no rate."""
    await assert_rejected(target, target.bucket() + b":1|c|")


@pytest.mark.parametrize("field", ["foo", "0.1", "c"])
@requirement("LINE-13", CORE, MUST, cites="lib/helpers.js:18-25, 34-39")
async def test_third_field_has_to_be_a_rate(target: Target, field: str) -> None:
    """A third field that is not `@` and a number MUST be rejected."""
    await assert_rejected(target, target.bucket() + b":3|c|" + field.encode())


@requirement("LINE-14", QUIRK, SHOULD, cites="stats.js:282-292")
async def test_fields_behind_the_rate(target: Target) -> str:
    """Fields behind a valid rate (`N:1|c|@0.5|x|y`) are ignored by the original, and a server SHOULD do as it does."""
    return _read_as(target.bucket(), await sandwich(target, target.bucket() + b":1|c|@0.5|x|y"))


@requirement("LINE-15", QUIRK, SHOULD, cites="stats.js:290-292")
async def test_two_rates(target: Target) -> str:
    """Of two rates (`|@0.1|@0.5`) the original uses the first, and a server SHOULD do as it does."""
    return _read_as(target.bucket(), await sandwich(target, target.bucket() + b":3|c|@0.1|@0.5"))


@requirement("LINE-16", QUIRK, SHOULD, cites="stats.js:164-172")
async def test_bar_in_a_name(target: Target) -> str:
    """A bar inside the name (`a|b:1|c`) is stripped from it by the original, and a server SHOULD do as it does."""
    flushed = await sandwich(target, target.bucket("a") + b"|b:3|c")
    if flushed.has(target.bucket("ab")):
        return "the bar is stripped"
    strays = flushed.strays(*sentinels(target))
    if not strays:
        return "rejected"
    shown = ", ".join(_shown(path.replace(target.token, b"K")) for path in strays)
    kept = any(b"a|b" in path for path in strays)
    return f"the bar is kept: {shown}" if kept else f"the name is changed: {shown}"


@pytest.mark.parametrize("name", ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"])
@pytest.mark.parametrize("type", ["c", "g", "ms", "s"])
@requirement("LINE-17", ROBUST, MUST, cites="stats.js:16-23, 296-321: plain objects hold the names", lethal=True)
async def test_names_of_language_internals_are_ordinary(target: Target, name: str, type: str) -> None:
    """Names that a host language has a use for (`constructor`, `__proto__`, …) MUST behave like any other name."""
    target.needs(type)
    paths = target.profile.paths
    if type != "c" and paths.get("counter") == paths.get("gauge"):
        raise Unsupported("a name has one type for ever there, and these names are tried as counters")
    if type == "s" and paths["set"] == paths.get("gauge"):
        raise Unsupported("a set is published as a gauge there, and these names are tried as gauges")
    # Without a dot and with as many `_`, as the other name has them: some spell such names otherwise, or refuse them.
    bucket = name.encode()
    ordinary = bucket.replace(bucket.strip(b"_"), target.token + b"z")
    values = {"c": (b":3|c",), "g": (b":5|g", b":+1|g"), "ms": (b":7|ms",), "s": (b":x|s",)}[type]
    flushed = await sandwich(target, *(one + value for one in (bucket, ordinary) for value in values))
    # These names cannot carry the case's own prefix, so every line of the flush is looked at.
    greatest = _greatest(flushed.lines)
    published = [path for path in greatest if ordinary in path]
    if not published:
        raise Unsupported("names with such underscores are not published there as they are; NAME-10 judges that")
    for path in published:
        twin = path.replace(ordinary, bucket.lower())
        assert twin in greatest, f"{_shown(path)} was published, but no {_shown(twin)}"
        right = pytest.approx(greatest[path], rel=0.02)
        assert greatest[twin] == right, f"{_shown(twin)} came out as {greatest[twin]:g}, not {greatest[path]:g}"


def _greatest(lines: Iterable[GraphiteLine]) -> dict[bytes, float]:
    """Return the greatest number of each path, in lower case: in an idle interval it may have been 0."""
    found: dict[bytes, float] = {}
    for line in lines:
        if line.number is not None and not isnan(line.number):
            found[line.key] = max(line.number, found.get(line.key, line.number))
    return found


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")


def _read_as(bucket: bytes, flushed: Flushed) -> str:
    """Return in a few words what a bucket's line was taken for."""
    kinds = flushed.kinds(bucket)
    if not kinds:
        return "rejected"
    if "counter" in kinds or "rate" in kinds:
        return f"a counter of {flushed.count(bucket):g}"
    return f"a {' and a '.join(sorted(kinds))}"
