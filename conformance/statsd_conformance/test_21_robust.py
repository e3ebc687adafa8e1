"""ROBUST: what has stopped real servers, or spoilt their output.

Each case is the class of an input that did so somewhere, and is tried on every target alike: it still serves, in the
same datagram, in the next one and in the next interval, and no line of its output is broken.
Not tested because no source decides it: what such a line means, beyond harming nothing else.
"""

from math import isfinite
from typing import Final

import pytest

from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import CR_LF, NOT_FINITE
from statsd_conformance.profile import same_path
from statsd_conformance.requirement import MUST, ROBUST, requirement, untestable
from statsd_conformance.target import Target, assert_next_counts, sandwich

# What comes of no odd input: every line of some targets ends so, a rate is `nan` in its first interval, and a statistic
# in an idle one. OUT-03 and OUT-07 judge these.
_ALWAYS: Final = (CR_LF, NOT_FINITE)


async def _survives(target: Target, *lines: bytes) -> Flushed:
    """Send lines between sentinels, and sentinels again an interval later; return the first flush.

    Asserts that all sentinels arrived, and that no line to Graphite that was published of the case is broken.
    """
    first = await sandwich(target, *lines)
    second = await sandwich(target)
    for line in [*first.own, *second.own] if target.output == "graphite" else []:
        faults = [fault for fault in line.faults if fault not in _ALWAYS]
        assert not faults, f"a line of the output {faults[0]}: {line}"
    return first


def _assert_finite(flushed: Flushed, bucket: bytes) -> None:
    """Assert that no count and no gauge of the bucket was published as anything but a finite number."""
    count = "counter" if "counter" in flushed.profile.paths else "rate"
    paths = [path for kind, _, path in flushed.profile.all_paths(bucket) if kind in (count, "gauge")]
    for line in flushed.lines:
        if any(same_path(path, line.path) for path in paths):
            faults = [fault for fault in line.faults if fault != CR_LF]
            assert not faults, f"a line of the output {faults[0]}: {line}"


@pytest.mark.parametrize("rate", ["+0.5", " 0.5", " ", "Infinity", "+1"])
@pytest.mark.parametrize("sample", ["1|c", "5|g", "x|s", "1|ms"])
@requirement("ROBUST-01", ROBUST, MUST, cites="stats.js:255-291, where the original stops", lethal=True)
async def test_odd_sample_rate_is_survived(target: Target, sample: str, rate: str) -> None:
    """Signs, blanks and words in a sample rate MUST NOT stop the server."""
    await _survives(target, target.bucket() + b":" + f"{sample}|@{rate}".encode())


@requirement("ROBUST-04", ROBUST, MUST, cites="lib/process_metrics.js:44-75, where the original publishes NaN")
async def test_threshold_below_zero_makes_numbers(target: Target) -> None:
    """A negative threshold and few times MUST NOT make values that are no numbers."""
    tops = ("sum_top90", "mean_top90", "sum_squares_top90", "lower_top90")
    target.needs_statistics(tops[0])
    bucket = target.bucket()
    flushed = await target.after(*(bucket + b":%d|ms" % time for time in (1, 2, 3, 4, 5)))
    odd = [text for name in tops for text in flushed.texts("timer", bucket, name) if not isfinite(float(text))]
    assert not odd, f"a statistic of five times came out as {odd[0].decode('latin-1')}: {flushed.summary()}"


@pytest.mark.parametrize("length", [1015, 4200])
@requirement("ROBUST-05", ROBUST, MUST, cites="brubeck src/backends/carbon.c and src/metric.c, buffers", hostile=True)
async def test_long_name_is_survived(target: Target, length: int) -> None:
    """A name longer than a buffer MUST NOT stop the server, on receipt or at the flush."""
    # Alone in its datagram, which need not be read whole; that is SIZE-02's to judge.
    target.send(target.bucket("n".ljust(length, "x")) + b":1|c")
    await _survives(target)


async def _last_rate_is_whole(target: Target, buffer: int) -> None:
    """Send a datagram whose last rate lies across the end of a buffer, and assert that no part of it was taken."""
    bucket, pad = target.bucket("z"), target.bucket("pad")
    line = pad + b":1|c\n"
    head = bucket + b":1|c|@0.1"
    number, rest = divmod(buffer - len(head), len(line))
    filler = pad + b":" + b"1|c\n".rjust(rest + len(line) - len(pad) - 1, b"0")
    target.send(line * (number - 1) + filler + head + b"25")
    flushed = await target.flush()
    counted = sum(flushed.counts(bucket))
    assert counted in (0, 8), f"1|c|@0.125 across the end of {buffer} bytes came out as {counted:g}, not 8"


@requirement("ROBUST-06", ROBUST, MUST, cites="brubeck src/samplers/statsd.c, MAX_PACKET_SIZE", hostile=True)
async def test_value_across_8191_bytes_is_whole_or_missing(target: Target) -> None:
    """A datagram of more than 8191 bytes MUST NOT be read with its last sample rate cut."""
    await _last_rate_is_whole(target, 8191)


@requirement("ROBUST-07", ROBUST, MUST, cites="collectd src/statsd.c, buffer of 4096 bytes", hostile=True)
async def test_value_across_4095_bytes_is_whole_or_missing(target: Target) -> None:
    """A datagram of more than 4095 bytes MUST NOT be read with its last sample rate cut."""
    await _last_rate_is_whole(target, 4095)


@requirement("ROBUST-08", ROBUST, MUST, cites="bucky carbon.py:102, statsd.py:457-461")
async def test_first_datagram_and_first_flush_are_not_the_last(target: Target) -> None:
    """A first datagram and a first flush MUST NOT be the last."""
    bucket = target.bucket()
    for number in (1, 2):
        target.send(b"%b:%d|c" % (bucket, number), b"%b:%d|c" % (bucket, number))
        assert (await target.flush()).count(bucket) == 2 * number


@pytest.mark.parametrize("line", [b"\xff\xfe:1|c", b"EXIT", b"\xc3(:1|g"], ids=["ff-fe", "exit", "cut-utf-8"])
@requirement("ROBUST-09", ROBUST, MUST, cites="bucky statsd.py, handle", hostile=True)
async def test_bytes_and_words_stop_nothing(target: Target, line: bytes) -> None:
    """Bytes that are no UTF-8, and words that mean something inside the server, MUST NOT stop it."""
    target.send(line)
    await _survives(target, line)


@pytest.mark.parametrize("value", ["", ":"], ids=["empty", "colon"])
@requirement("ROBUST-10", ROBUST, MUST, cites="gostatsd pkg/statsd/parser.go; metric_map.go:306", hostile=True)
async def test_gauge_without_a_value_is_survived(target: Target, value: str) -> None:
    """A gauge without a value MUST NOT stop the server."""
    await _survives(target, target.bucket() + b":" + value.encode() + b"|g")


@requirement("ROBUST-11", ROBUST, MUST, cites="gostatsd internal/lexer/lexer.go, lengths of an event", hostile=True)
async def test_length_that_wraps_32_bits_is_survived(target: Target) -> None:
    """An event whose length wraps in 32 bits MUST NOT stop the server."""
    await _survives(target, b"_e{1,4294967295}:a|b")


@requirement("ROBUST-12", ROBUST, MUST, cites="gostatsd pkg/statsd/aggregator.go:134", hostile=True)
async def test_threshold_below_zero_is_survived(target: Target) -> None:
    """A negative threshold and few times MUST NOT stop the server."""
    target.needs_statistics("lower_top90")
    await _survives(target, *(target.bucket() + b":%d|ms" % time for time in (1, 2, 3, 4, 5)))


@pytest.mark.parametrize("lengths", ["9223372036854775807,1", "1,9223372036854775807"])
@requirement("ROBUST-13", ROBUST, MUST, cites="telegraf plugins/inputs/statsd/datadog.go:65-71", hostile=True)
async def test_length_that_wraps_64_bits_is_survived(target: Target, lengths: str) -> None:
    """An event whose length wraps in 64 bits MUST NOT stop the server."""
    await _survives(target, b"_e{%b}:a|b" % lengths.encode())


@requirement("ROBUST-14", ROBUST, MUST, cites="telegraf plugins/inputs/statsd/statsd.go:402-405, 902", hostile=True)
async def test_counter_of_a_second_interval_is_survived(target: Target) -> None:
    """A counter that is received again in a later interval, whole or with a fraction, MUST NOT stop the server."""
    bucket = target.bucket()
    await sandwich(target, bucket + b":1|c")
    await sandwich(target, bucket + b":1.5|c")


@requirement("ROBUST-15", ROBUST, MUST, cites="statsd_exporter pkg/line/line.go; telegraf statsd.go", hostile=True)
async def test_tiny_sample_rate_is_survived(target: Target) -> None:
    """A timer with a tiny sample rate MUST NOT cost the server as many steps as it stands for."""
    await _survives(target, target.bucket() + b":1|ms|@0.0000000001")


@pytest.mark.parametrize("sample", ["nan|c", "inf|c", "1|c|@nan"])
@requirement("ROBUST-16", ROBUST, MUST, cites="statsd_exporter pkg/line/line.go, strconv.ParseFloat", hostile=True)
async def test_odd_number_does_not_spoil_a_counter(target: Target, sample: str) -> None:
    """`nan` and `inf` MUST NOT spoil a counter, and what is sent to it an interval later MUST be counted."""
    bucket = target.bucket()
    _assert_finite(await sandwich(target, bucket + b":" + sample.encode()), bucket)
    assert (await target.after(bucket + b":2|c")).count(bucket) == 2


@requirement("ROBUST-17", ROBUST, MUST, cites="statsite src/conn_handler.c, binary protocol", hostile=True)
async def test_first_byte_chooses_no_other_protocol(target: Target) -> None:
    """A datagram whose first byte is 0xAA MUST NOT harm the lines of other datagrams."""
    await assert_next_counts(target, b"\xaa\x01\x02\n")
    await sandwich(target, b"\xaa")


@pytest.mark.parametrize("name", ["a|b", "a b", "a\tb"], ids=["pipe", "blank", "tab"])
@requirement("ROBUST-18", ROBUST, MUST, cites="statsite src/streaming.c; carbon lib/carbon/protocols.py", hostile=True)
async def test_separator_in_a_name_breaks_no_line(target: Target, name: str) -> None:
    """A name that holds a separator MUST NOT make a line that Graphite cannot read."""
    await _survives(target, target.bucket(name) + b":1|c")


@requirement("ROBUST-19", ROBUST, MUST, cites="gostatsd pkg/backends/graphite/graphite.go", hostile=True)
async def test_blank_in_a_tag_breaks_no_line(target: Target) -> None:
    """A tag value that holds a blank MUST NOT make a line that Graphite cannot read."""
    await _survives(target, target.bucket() + b":1|c|#k:v w")


@requirement("ROBUST-20", ROBUST, MUST, cites="netdata collectors/statsd.plugin, STATSD_UDP_MAX_PACKET", hostile=True)
async def test_value_across_8999_bytes_is_whole_or_missing(target: Target) -> None:
    """A datagram of more than 9000 bytes MUST NOT be read with its last sample rate cut."""
    await _last_rate_is_whole(target, 8999)


@requirement("ROBUST-21", ROBUST, MUST, cites="netdata collectors/statsd.plugin/statsd.c", hostile=True)
async def test_marks_in_a_set_member_are_part_of_it(target: Target) -> None:
    """`@` or `#` inside a member MUST NOT make a set another type."""
    target.needs("s")
    bucket, plain = target.bucket("a"), target.bucket("b")
    flushed = await _survives(target, bucket + b":a@b|s", bucket + b":a#b|s", bucket + b":a#c|s", plain + b":a|s")
    # Some publish a set where a gauge would be.
    kinds, right = flushed.kinds(bucket), {"set"} | flushed.kinds(plain)
    assert kinds <= right, f"a set was published as {', '.join(sorted(kinds))}"
    assert sum(flushed.numbers("set", bucket)) in (0, 3), f"three members came out as {flushed.summary()}"


@requirement(
    "ROBUST-22", ROBUST, MUST, cites="telegraf plugins/inputs/statsd/datadog.go, parseDataDogTags", hostile=True
)
async def test_tags_without_values_are_survived(target: Target) -> None:
    """Tags without values MUST NOT stop the server, nor become one tag."""
    flushed = await _survives(target, target.bucket() + b":1|c|#ka,kb")
    joined = [line for line in flushed.own if b"ka=kb" in line.path or b"ka:kb" in line.path]
    assert not joined, f"two tags came out as one: {joined[0]}"


untestable(
    "ROBUST-02",
    ROBUST,
    MUST,
    "A timer or set named like a property of the host's language MUST NOT stop the server.",
    cites="stats.js:16-23, 296-321",
    reason="these names cannot be a case's own, and the case of LINE-17 sends the same lines: it is tested there",
)

untestable(
    "ROBUST-03",
    ROBUST,
    MUST,
    "A counter, gauge or member named like a property of the host's language MUST be published as a number, or not.",
    cites="stats.js:16-23, 296-321",
    reason="these names cannot be a case's own, and the case of LINE-17 sends the same lines: it is tested there",
)
