"""OTHER: meters, and what single servers read: brubeck's `C`, statsite's `kv`, netdata's `d` and lines without a type.

Not tested because no source decides it: what a sample rate means for any of these, and whether a running total outlives
an interval without samples.
"""

from statsd_conformance.requirement import EXT, MUST, SPEC, requirement
from statsd_conformance.target import Target, sandwich, sentinels

# netdata keeps this many strings of a dictionary by default, and more than two datagrams of them are sent.
_KEPT = 200
_STRINGS = 260
_LINES_A_DATAGRAM = 50


@requirement("OTHER-01", SPEC, MUST, cites="b/statsd_spec README, Meters; stats.js:317-322")
async def test_meter_type(target: Target) -> str:
    """The values of type `m` MUST be added up, as a meter (b/statsd_spec) or as a counter (the original), or the line
    be rejected.
    """
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":7|m", bucket + b":3|m")
    strays = flushed.strays(bucket, *sentinels(target))
    assert not strays, f"type m was published under another name: {flushed.summary(*strays)}"
    kinds = flushed.kinds(bucket)
    if not kinds:
        return "rejected"
    assert kinds & {"counter", "rate", "meter"}, f"type m was read as a {' and a '.join(sorted(kinds))}"
    summed = flushed.metered(bucket)
    assert summed == 10, f"7 and 3 of type m came out as {summed:g}"
    return "as b/statsd_spec: a meter" if "meter" in kinds else "as the original: a counter"


@requirement("OTHER-02", EXT, MUST, cites="brubeck src/metric.c:110-144; src/samplers/statsd.c:194-212")
async def test_running_total(target: Target) -> None:
    """Of a client's running total, type `C`, the growth since the sample before MUST be published: 0 for the first
    one, and all of a total that is smaller than the one before.
    """
    target.needs_extension("C")
    bucket, together = target.bucket("a"), target.bucket("b")
    first = await target.after(bucket + b":5|C", together + b":5|C", together + b":9|C", together + b":2|C")
    assert first.count(bucket) == 0
    assert first.count(together) == 6
    grown = await target.after(bucket + b":9|C", bucket + b":12|C")
    assert grown.count(bucket) == 7
    restarted = await target.after(bucket + b":2|C")
    assert restarted.count(bucket) == 2


@requirement("OTHER-03", EXT, MUST, cites="statsite src/metrics.c:175-182, 271-277")
async def test_key_value_samples_come_out_one_by_one(target: Target) -> None:
    """Each sample of type `kv` MUST be published as a line of its own, the newest first, and none again later."""
    target.needs_extension("kv")
    target.needs_paths("kv")
    bucket = target.bucket()
    flushed = await sandwich(target, *(bucket + b":%b|kv" % value for value in (b"7", b"-2.5", b"7", b"9")))
    assert flushed.numbers("kv", bucket) == [9, 7, -2.5, 7]
    idle = await target.flush()
    assert idle.numbers("kv", bucket) == []


@requirement("OTHER-04", EXT, MUST, cites="netdata src/collectors/statsd.plugin/statsd.c:618-648, 1767-1811")
async def test_strings_of_a_dictionary_are_counted(target: Target) -> None:
    """Of a dictionary, type `d` of netdata, the occurrences of each string MUST be published; of more strings than it
    keeps the others MUST count as the string `other`.
    """
    target.needs_extension("dictionary")
    target.needs_paths("dictionary")
    few, many = target.bucket("few"), target.bucket("many")
    lines = [many + b":w%d|d" % number for number in range(_STRINGS)]
    target.send(*(b"\n".join(lines[at : at + _LINES_A_DATAGRAM]) for at in range(0, _STRINGS, _LINES_A_DATAGRAM)))
    flushed = await sandwich(target, few + b":ada|d", few + b":bob|d", few + b":ada|d")
    counted = flushed.occurrences(few)
    assert counted == {b"ada": 2, b"bob": 1}, f"ada, bob and ada came out as {flushed.summary()}"
    kept = flushed.occurrences(many)
    assert sum(kept.values()) == _STRINGS, f"{_STRINGS} strings, each sent once, came out as {sum(kept.values()):g}"
    strays = [word for word, number in kept.items() if word != b"other" and number != 1]
    assert not strays, f"{strays[0].decode()} was sent once, and came out as {kept[strays[0]]:g}"
    assert len(kept) > _KEPT, f"of {_STRINGS} strings {len(kept)} were kept apart"


@requirement("OTHER-05", EXT, MUST, cites="netdata src/collectors/statsd.plugin/statsd.c:687-736")
async def test_line_without_a_type_is_a_meter(target: Target) -> None:
    """To a server that reads lines without a type, a bare name MUST be one event of a meter, and a value that many."""
    target.needs_extension("typeless")
    bare, typeless = target.bucket("a"), target.bucket("b")
    flushed = await sandwich(target, bare, typeless + b":7", bare)
    assert flushed.metered(bare) == 2
    assert flushed.metered(typeless) == 7
