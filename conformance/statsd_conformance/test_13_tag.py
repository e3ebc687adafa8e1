"""TAG: tags, in the dialects that carry them.

What tags mean binds a target whose profile claims their dialect; that they break nothing binds every target.
Not tested because no source decides it: how keys and values are cleaned, which tags a server adds of its own, what a
tag without a value gets for one, and whether a point with a time of its own is published under that time.
"""

from collections.abc import Mapping
from typing import Final

import pytest

from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import CR_LF, NOT_FINITE, tag_faults
from statsd_conformance.requirement import EXT, MUST, ROBUST, requirement, should
from statsd_conformance.target import Target, sandwich, sentinels

_DATADOG: Final = "Datadog, Datagram Format and Shell Usage"
# What comes of no tags: OUT-03 and OUT-07 judge these.
_ALWAYS: Final = (CR_LF, NOT_FINITE)


@pytest.mark.parametrize("type", ["c", "g", "ms", "s"])
@requirement("TAG-01", EXT, MUST, cites=f"{_DATADOG}; stats.js:256-268")
async def test_tags_cost_no_value(target: Target, type: str) -> None:
    """A sample with tags (`N:3|c|#k:v`) MUST keep its value where tags are read; elsewhere the whole line SHOULD be
    rejected, and not only its tags dropped.
    """
    target.needs(type)
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|%b|#k:v" % type.encode())
    if "dogstatsd" in target.profile.extensions:
        assert _value(flushed, type, bucket, b"k=v") == (1 if type == "s" else pytest.approx(3))
        return
    with should():
        strays = flushed.strays(*sentinels(target))
        dropped = [path for path in strays if b"k=v" not in path]
        assert not dropped, f"the tags were dropped and the rest of the line was read: {flushed.summary(*dropped)}"


@requirement("TAG-02", EXT, MUST, cites=_DATADOG)
async def test_rate_before_the_tags_is_applied(target: Target) -> None:
    """A sample rate before the tags (`|@0.5|#k:v`) MUST be applied."""
    target.needs_extension("dogstatsd")
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|c|@0.5|#k:v")
    _assert_counted(flushed, bucket, {(b"k=v",): 6})


@requirement("TAG-03", EXT, MUST, cites=f"{_DATADOG}; datadog-agent comp/dogstatsd/server/impl/parse_metrics.go")
async def test_rate_behind_the_tags_is_applied(target: Target) -> None:
    """A sample rate behind the tags (`|#k:v|@0.5`) MUST be applied: the order of the fields is free."""
    target.needs_extension("dogstatsd")
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|c|#k:v|@0.5")
    _assert_counted(flushed, bucket, {(b"k=v",): 6})


@requirement("TAG-04", EXT, MUST, cites=_DATADOG)
async def test_other_tag_values_are_other_series(target: Target) -> None:
    """Samples that differ in the value of a tag, or in having it, MUST be counted as different series."""
    target.needs_extension("dogstatsd")
    target.needs_tags()
    bucket = target.bucket()
    flushed = await sandwich(
        target, bucket + b":1|c|#k:1", bucket + b":2|c|#k:2", bucket + b":4|c|#k:1", bucket + b":8|c"
    )
    _assert_counted(flushed, bucket, {(b"k=1",): 5, (b"k=2",): 2, (): 8})


@requirement("TAG-05", EXT, MUST, cites="veneur samplers/parser.go:399-462; gostatsd tags.go, SortedString")
async def test_order_of_tags_is_no_matter(target: Target) -> None:
    """The order of tags MUST NOT matter: `#a:1,b:2` and `#b:2,a:1` are one series."""
    target.needs_extension("dogstatsd")
    target.needs_tags()
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|c|#a:1,b:2", bucket + b":4|c|#b:2,a:1")
    _assert_counted(flushed, bucket, {(b"a=1", b"b=2"): 7})


@pytest.mark.parametrize("tags", ["k", "k,l:w", "k,m"])
@requirement("TAG-06", EXT, MUST, cites=f"{_DATADOG}; carbon lib/carbon/util.py, TaggedSeries")
async def test_tag_needs_no_value(target: Target, tags: str) -> None:
    """A tag without a value (`#k`) is legal: the sample MUST be kept, under a path that Graphite can read."""
    target.needs_extension("dogstatsd")
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|c|#" + tags.encode())
    _assert_counted(flushed, bucket, {((b"l=w",) if "l" in tags else ()): 3})
    _assert_readable(target, flushed)


@pytest.mark.parametrize("tags", ["", ",", "k:v,,l:w", ",k:v", "k:v,"])
@requirement("TAG-07", EXT, MUST, cites="datadog-agent comp/dogstatsd/server/impl/parse.go, parseTags")
async def test_empty_tags_cost_no_sample(target: Target, tags: str) -> None:
    """An empty section of tags (`|#`) and empty tags (`#k:v,,l:w`) MUST NOT invalidate the sample."""
    target.needs_extension("dogstatsd")
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|c|#" + tags.encode())
    kept = tuple(tag.replace(":", "=").encode() for tag in tags.split(",") if tag)
    _assert_counted(flushed, bucket, {kept: 3})
    _assert_readable(target, flushed)


@requirement("TAG-08", EXT, MUST, cites="gostatsd, statsd_exporter, veneur and vector differ; Graphite keeps the last")
async def test_key_that_stands_twice_costs_no_sample(target: Target) -> str:
    """A key that stands twice in the tags MUST NOT invalidate the sample: a value of it is kept, or both are."""
    target.needs_extension("dogstatsd")
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|c|#k:v,k:w")
    _assert_counted(flushed, bucket, {(): 3})
    if flushed.profile.tags == "none":
        return "publishes no tags"
    (tags,) = flushed.tags(bucket)
    kept = [value for value in (b"v", b"w") if b"k=" + value in tags.split(b";")]
    assert kept, f"neither value of the key was kept: {flushed.summary()}"
    return "keeps both values" if len(kept) == 2 else f"keeps the {'first' if kept == [b'v'] else 'last'} value"


@requirement("TAG-09", EXT, MUST, cites="datadog-agent: a tag is text, its first colon ends the key")
async def test_colon_in_a_tag_value_belongs_to_it(target: Target) -> None:
    """A colon inside a tag value (`#url:http://x`) MUST be a part of the value, and not end it."""
    target.needs_extension("dogstatsd")
    target.needs_tags()
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|c|#k:v:1", bucket + b":4|c|#k:v:2")
    for end, count in ((b"1", 3), (b"2", 4)):
        # What stands for the colon is the server's business.
        series = [tags for tags in flushed.tags(bucket) if tags.partition(b";k=v")[2].partition(b";")[0].endswith(end)]
        counts = [flushed.count(bucket + tags) for tags in series]
        assert counts == [count], f"no series of {count} has a tag k=v…{end.decode()}: {flushed.summary()}"


@pytest.mark.parametrize(
    "value",
    ["v w", "v\tw", "v\rw", "v\vw", "v\x85w", "v;w", "v;l=w;m=x", "v=w"],
    ids=["blank", "tab", "cr", "vt", "nel", "semicolon", "semicolons", "equals"],
)
@requirement(
    "TAG-10", ROBUST, MUST, cites="gostatsd pkg/backends/graphite/graphite.go; carbon, TaggedSeries", hostile=True
)
async def test_tags_break_no_line(target: Target, value: str) -> None:
    """Blanks, control characters and `;` in a tag MUST NOT make a line that Graphite cannot read, or other tags."""
    target.needs_graphite()
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|c|#k:" + value.encode("latin-1"))
    _assert_readable(target, flushed)
    made = [line.path for line in flushed.own if b";l=" in line.path or b";m=" in line.path]
    assert not made, f"the value of one tag made another one: {made[0].decode('utf-8', 'backslashreplace')}"


@pytest.mark.parametrize("before", ["", "|#k:v", "|@0.5|#k:v"], ids=["alone", "tags", "rate-tags"])
@pytest.mark.parametrize(
    ("version", "field"),
    [
        ("dogstatsd-1.2", "83c0a99c0a54c0c187f461c7980e9b57f3f6a8b0c918c8d93df19a9de6f3fe1d"),
        ("dogstatsd-1.4", "in-4026531839"),
        ("dogstatsd-1.4", "ci-83c0a99c0a54"),
    ],
    ids=["id", "inode", "prefixed"],
)
@requirement("TAG-11", EXT, MUST, cites=f"{_DATADOG}, v1.2; dogstatsd-csharp-client 9.0.0, v1.4")
async def test_container_id_costs_no_sample(target: Target, version: str, field: str, before: str) -> None:
    """A container id (`|c:<id>`) MUST NOT invalidate the sample."""
    target.needs_extension(version)
    await _field_is_set_aside(target, before, f"c:{field}")


@pytest.mark.parametrize("before", ["", "|#k:v"], ids=["alone", "tags"])
@pytest.mark.parametrize("type", ["c", "g"])
@requirement("TAG-12", EXT, MUST, cites=f"{_DATADOG}, v1.3")
async def test_timestamp_costs_no_sample(target: Target, type: str, before: str) -> None:
    """A timestamp (`|T<seconds>`) on a counter or a gauge MUST NOT invalidate the sample, and MUST NOT be taken for a
    value or for a part of a tag.
    """
    target.needs_extension("dogstatsd-1.3")
    bucket = target.bucket()
    line = f":3|{type}{before}|T".encode()
    flushed = await sandwich(target, bucket + line + b"1656581400", bucket + line + b"1656581401")
    assert _value(flushed, type, bucket, *_tags_of(before)) == (6 if type == "c" else 3)


@pytest.mark.parametrize("before", ["", "|#k:v", "|@0.5|#k:v"], ids=["alone", "tags", "rate-tags"])
@requirement("TAG-13", EXT, MUST, cites="dogstatsd-csharp-client 9.0.0, v1.5; datadogpy dogstatsd/base.py:1481")
async def test_external_data_costs_no_sample(target: Target, before: str) -> None:
    """External data (`|e:<text>`) MUST NOT invalidate the sample."""
    target.needs_extension("dogstatsd-1.5")
    await _field_is_set_aside(target, before, "e:it-false,cn-web,pu-8f2d")


@pytest.mark.parametrize("before", ["", "|#k:v", "|@0.5|#k:v|c:in-4026531839|e:it-false"], ids=["alone", "tags", "all"])
@pytest.mark.parametrize("cardinality", ["none", "low", "orchestrator", "high"])
@requirement("TAG-14", EXT, MUST, cites="dogstatsd-csharp-client 9.0.0, v1.6; datadogpy dogstatsd/base.py:1481")
async def test_cardinality_costs_no_sample(target: Target, cardinality: str, before: str) -> None:
    """A cardinality (`|card:<none, low, orchestrator or high>`) MUST NOT invalidate the sample."""
    target.needs_extension("dogstatsd-1.6")
    await _field_is_set_aside(target, before, f"card:{cardinality}")


@requirement("TAG-15", EXT, MUST, cites="InfluxData, Getting Started with Sending StatsD Metrics to Telegraf, tags")
async def test_tags_of_influx_are_read(target: Target) -> None:
    """Tags in the style of Influx (`N,k=v:3|c`) MUST be read."""
    target.needs_extension("influx")
    await _name_carries_tags(target, b",%b")


@requirement("TAG-16", EXT, MUST, cites="statsd_exporter README, Tagging Extensions; pkg/line/line.go:97-202")
async def test_tags_of_signalfx_are_read(target: Target) -> None:
    """Tags in the style of SignalFX (`N[k=v]:3|c`) MUST be read."""
    target.needs_extension("signalfx")
    await _name_carries_tags(target, b"[%b]")


@requirement("TAG-17", EXT, MUST, cites="statsd_exporter README, Tagging Extensions; pkg/line/line.go:97-202")
async def test_tags_of_librato_are_read(target: Target) -> None:
    """Tags in the style of Librato (`N#k=v:3|c`) MUST be read."""
    target.needs_extension("librato")
    await _name_carries_tags(target, b"#%b")


@requirement("TAG-18", EXT, MUST, cites="stats.js:164-172; backends/graphite.js:174-180; Graphite, Tag Support")
async def test_tags_of_graphite_are_kept(target: Target) -> None:
    """Tags in the style of Graphite (`N;k=v:3|c`) MUST stay at the end of each path."""
    target.needs_extension("graphite-tags")
    await _name_carries_tags(target, b";%b", separator=b";")


@pytest.mark.parametrize(
    ("dialect", "name"),
    [("influx", ",l=w"), ("signalfx", "[l=w]"), ("librato", "#l=w"), ("graphite-tags", ";l=w")],
    ids=["influx", "signalfx", "librato", "graphite"],
)
@requirement("TAG-19", EXT, MUST, cites="statsd_exporter pkg/line/line.go, mixed_tagging_styles")
async def test_two_dialects_on_a_line_are_survived(target: Target, dialect: str, name: str) -> None:
    """A line with tags in two dialects (`N,l=w:3|c|#k:v`) MUST NOT stop the server; one that reads both MUST reject
    the line, or keep the sample with the tags of both.
    """
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + name.encode() + b":3|c|#k:v")
    if {dialect, "dogstatsd"} <= set(target.profile.extensions) and flushed.strays(*sentinels(target)):
        _assert_counted(flushed, bucket, {(b"k=v", b"l=w"): 3})


def _value(flushed: Flushed, type: str, bucket: bytes, *tags: bytes) -> float:
    """Return what was published of samples of a type: count, level, time or number of members.

    Asserts that it was one series of the bucket, with `tags` and maybe others.
    """
    kind = {"c": "counter", "g": "gauge", "ms": "timer", "s": "set"}[type]
    found = flushed.tags(bucket, kind)
    assert len(found) == 1, f"one series was sent, published: {flushed.summary()}"
    assert _carries(flushed, found[0], tags), f"the tag {tags[0].decode()} is missing: {flushed.summary()}"
    read = {"c": flushed.count, "g": flushed.gauge, "ms": flushed.time, "s": flushed.members}[type]
    return read(bucket + found[0])


def _tags_of(fields: str) -> tuple[bytes, ...]:
    return (b"k=v",) if "#k:v" in fields else ()


def _carries(flushed: Flushed, behind: bytes, tags: tuple[bytes, ...]) -> bool:
    return flushed.profile.tags == "none" or set(tags) <= set(behind.split(b";"))


def _assert_counted(flushed: Flushed, bucket: bytes, expected: Mapping[tuple[bytes, ...], float]) -> None:
    """Assert that a counter was published as these series and no others: tags that one has to carry, and its count.

    A server may add tags of its own, but not to tell apart what has the same tags.
    """
    counts = {behind: flushed.count(bucket + behind) for behind in flushed.tags(bucket)}
    for tags, count in sorted(expected.items(), key=lambda entry: -len(entry[0])):
        carrying = [behind for behind in counts if _carries(flushed, behind, tags)]
        shown = f"{count} under the tags {b', '.join(tags).decode()}" if tags else f"{count}"
        assert carrying, f"a counter of {shown} was sent, published: {flushed.summary()}"
        assert [counts.pop(behind) for behind in carrying] == [count], (
            f"one counter of {shown} was sent, published: {flushed.summary()}"
        )
    assert not counts, f"{len(expected)} series were sent, published: {flushed.summary()}"


def _assert_readable(target: Target, flushed: Flushed) -> None:
    """Assert that Graphite can read every line of the case that is for it, and the tags in it."""
    for line in flushed.own if target.output == "graphite" else []:
        faults = [fault for fault in line.faults if fault not in _ALWAYS] + tag_faults(line.path)
        assert not faults, f"a line of the output {faults[0]}: {line}"


async def _field_is_set_aside(target: Target, before: str, field: str) -> None:
    """Send a counter with an optional field, behind other ones, and assert that it is published without it."""
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + f":3|c{before}|{field}".encode())
    _assert_counted(flushed, bucket, {_tags_of(before): 6 if "@0.5" in before else 3})


async def _name_carries_tags(target: Target, style: bytes, separator: bytes = b",") -> None:
    """Send counters whose names carry tags, in a style with a place for them, and assert that they are read."""
    target.needs_tags()
    bucket = target.bucket()
    two = style % separator.join([b"k=1", b"l=w"])
    flushed = await sandwich(target, bucket + two + b":3|c", bucket + style % b"k=2" + b":4|c", bucket + b":8|c")
    _assert_counted(flushed, bucket, {(b"k=1", b"l=w"): 3, (b"k=2",): 4, (): 8})
