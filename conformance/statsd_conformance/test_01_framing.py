"""FRAMING: how a datagram becomes lines.

Not tested because no source decides it: whether blank lines count as received, and what a line of zero bytes amounts
to.
"""

from typing import Final

import pytest

from statsd_conformance.requirement import CORE, MUST, QUIRK, ROBUST, SHOULD, requirement, should
from statsd_conformance.target import Target, assert_next_counts, sandwich, sentinels

# One more than any known server has readers.
_BAD_LINES: Final = 17
_TRAILING: Final = 100
# As many as go with two others into a datagram that every server reads whole: SIZE is about longer ones.
_EMPTY_LINES: Final = 400
# What is behind the name of a line that a server may refuse; one that accepts it is for LINE, RATE and NUM to judge.
_BAD: Final = {
    "no-type": b":1",
    "no-colon": b"|c",
    "no-number": b":abc|c",
    "no-number-gauge": b":abc|g",
    "no-number-timer": b":abc|ms",
    "no-value": b":|c",
    "unknown-type": b":1|zz",
    "rate": b":1|c|@abc",
    "third-field": b":1|c|abc",
}

# The counters of a message bus, as its modules send them in one datagram: what they were, some of them 0.
_SNAPSHOT: Final = {
    **{"request_tx": 11, "request_rx": 12, "response_tx": 13, "response_rx": 14},
    **{"event_tx": 0, "event_rx": 16, "keepalive_tx": 0, "keepalive_rx": 18},
}


@requirement("FRAMING-01", CORE, MUST, cites="statsd docs/metric_types.md, Multi-Metric Packets; stats.js:238-242")
async def test_every_line_of_a_datagram_is_processed(target: Target) -> None:
    """A datagram MAY carry several metrics separated by LF; every one MUST be processed as if it were sent alone."""
    first, second, third = target.bucket("a"), target.bucket("b"), target.bucket("c")
    flushed = await target.after(first + b":1|c", second + b":2|c", first + b":4|c", third + b":8|g")
    assert flushed.count(first) == 5
    assert flushed.count(second) == 2
    assert flushed.gauge(third) == 8


@requirement("FRAMING-02", CORE, MUST, cites="statsd docs/metric_types.md, Multi-Metric Packets; stats.js:238-242")
async def test_last_line_needs_no_line_end(target: Target) -> None:
    """The last line of a datagram MUST be processed although no LF follows it."""
    alone, first, last = target.bucket("alone"), target.bucket("first"), target.bucket("last")
    target.send(alone + b":1|c")
    flushed = await target.after(first + b":2|c", last + b":4|c")
    assert flushed.count(alone) == 1
    assert flushed.count(first) == 2
    assert flushed.count(last) == 4


@requirement("FRAMING-03", CORE, MUST, cites="stats.js:238-249", quiet=True)
async def test_one_trailing_line_end_adds_nothing(target: Target) -> None:
    """One trailing LF MUST NOT create an error or a metric."""
    bucket = target.bucket()
    target.send(*[bucket + b":3|c\n"] * _TRAILING)
    flushed = await target.flush()
    assert flushed.count(bucket) == 3 * _TRAILING
    assert flushed.strays(bucket) == []
    errors = flushed.rejected() or 0
    assert not errors, f"{_TRAILING} good lines with an LF behind them made {errors:g} bad samples"


@requirement("FRAMING-04", CORE, MUST, cites="stats.js:247-249", quiet=True)
async def test_empty_lines_are_skipped(target: Target) -> None:
    """Empty lines (leading, doubled, trailing) MUST be skipped, and SHOULD NOT count as bad lines."""
    first, second = target.bucket("a"), target.bucket("b")
    empty = [b""] * (_EMPTY_LINES - 5)
    flushed = await target.after(b"", *empty, first + b":1|c", b"", b"", second + b":2|c", b"", b"")
    assert flushed.count(first) == 1
    assert flushed.count(second) == 2
    assert flushed.strays(first, second) == []
    with should():
        errors = flushed.rejected() or 0
        assert not errors, f"{_EMPTY_LINES} empty lines made {errors:g} bad samples"


@pytest.mark.parametrize("rest", list(_BAD.values()), ids=list(_BAD))
@requirement("FRAMING-05", CORE, MUST, cites="stats.js:284-288", quiet=True)
async def test_bad_line_harms_no_other(target: Target, rest: bytes) -> None:
    """A bad line MUST NOT affect the other lines of its datagram; it SHOULD be counted as bad exactly once."""
    bad = target.bucket("bad")
    # Each reader of a server that has several should meet one of its own.
    target.send(*[bad + rest] * (_BAD_LINES - 1))
    flushed = await sandwich(target, bad + rest)
    if flushed.strays(*sentinels(target)):
        # It is no bad line there.
        return
    with should():
        errors = flushed.rejected()
        assert errors in (None, _BAD_LINES), f"{_BAD_LINES} bad lines made {errors:g} bad samples"


@requirement("FRAMING-06", CORE, SHOULD, cites="stats.js:294")
async def test_counter_line_may_end_in_crlf(target: Target) -> None:
    """A counter line that ends in CR LF SHOULD be accepted as if it ended in LF."""
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":3|c\r")
    assert flushed.count(bucket) == 3


@pytest.mark.parametrize("type", ["g", "ms"])
@requirement("FRAMING-07", CORE, SHOULD, cites="stats.js:294")
async def test_gauge_and_timer_lines_may_end_in_crlf(target: Target, type: str) -> None:
    """Gauge and timer lines that end in CR LF SHOULD be accepted likewise."""
    target.needs(type)
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":5|" + type.encode() + b"\r")
    value = flushed.gauge(bucket) if type == "g" else flushed.time(bucket)
    assert value == pytest.approx(5, rel=0.1)


@requirement("FRAMING-08", QUIRK, SHOULD, cites="lib/helpers.js:42-53")
async def test_set_line_may_end_in_crlf(target: Target) -> str:
    """A set line that ends in CR LF SHOULD be accepted; the original refuses it unless the member is a number."""
    target.needs("s")
    text, number = target.bucket("text"), target.bucket("number")
    flushed = await sandwich(target, text + b":abc|s\r", number + b":12|s\r")
    accepted = [name for name, bucket in (("text", text), ("numeric", number)) if flushed.has(bucket)]
    return f"accepted members: {', '.join(accepted) or 'none'}"


@requirement("FRAMING-09", CORE, SHOULD, cites="stats.js:290-292")
async def test_crlf_behind_a_rate_leaves_the_rate(target: Target) -> None:
    """CR LF behind a sample rate SHOULD be accepted with the rate applied."""
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":1|c|@0.5\r")
    counted = flushed.count(bucket)
    assert counted == 2, f"1 at a rate of 0.5, CR LF behind it, came out as {counted:g}, not 2"


@requirement("FRAMING-10", ROBUST, MUST, cites="stats.js:270-323, where it credits the first name with both values")
async def test_bare_cr_credits_no_name_with_anothers_value(target: Target) -> None:
    """A bare CR is not a separator: a line that holds one MUST NOT credit one name with the other's value."""
    first, second = target.bucket("a"), target.bucket("b")
    flushed = await sandwich(target, first + b":1|c\r" + second + b":2|c")
    for bucket, own in ((first, 1), (second, 2)):
        counts = sum(flushed.counts(bucket))
        assert counts in (0, own), f"the line gave {bucket.decode()} a count of {counts:g}, its own value is {own}"


@requirement("FRAMING-11", ROBUST, MUST, cites="semantics of C strings; stats.js:239 reads on")
async def test_nul_in_a_name_hides_no_later_line(target: Target) -> None:
    """A NUL byte inside a name MUST NOT make later lines of the datagram disappear."""
    later = target.bucket("later")
    flushed = await sandwich(target, target.bucket("a") + b"\0x:1|c", later + b":2|c")
    assert flushed.count(later) == 2


@requirement("FRAMING-12", ROBUST, MUST, cites="semantics of C strings; stats.js:294")
async def test_nul_behind_the_type_hides_no_later_line(target: Target) -> None:
    """A NUL behind the type (padding of C strings) SHOULD be tolerated and MUST NOT hide the following lines."""
    bucket, later = target.bucket("a"), target.bucket("later")
    flushed = await sandwich(target, bucket + b":1|c\0", later + b":2|c")
    assert flushed.count(later) == 2
    with should():
        assert flushed.count(bucket) == 1


@requirement("FRAMING-13", ROBUST, MUST, cites="semantics of C strings; lib/helpers.js:10-12")
async def test_nul_in_a_value_hides_no_later_line(target: Target) -> None:
    """A NUL inside a value MUST NOT hide the following lines; the line itself SHOULD be rejected."""
    bucket, later = target.bucket("a"), target.bucket("later")
    flushed = await sandwich(target, bucket + b":1\0|c", later + b":2|c")
    assert flushed.count(later) == 2
    with should():
        assert not flushed.has(bucket), f"a value with a NUL in it was published: {flushed.summary()}"


@pytest.mark.parametrize(
    "separator",
    [
        pytest.param(b"\v", id="vt"),
        pytest.param(b"\f", id="ff"),
        pytest.param(b"\xc2\x85", id="nel"),
        pytest.param(b"\xe2\x80\xa8", id="ls"),
        pytest.param(b"\xe2\x80\xa9", id="ps"),
    ],
)
@requirement("FRAMING-14", ROBUST, MUST, cites="stats.js:238-242: only LF splits")
async def test_only_lf_separates_lines(target: Target, separator: bytes) -> None:
    """VT, FF, NEL (U+0085), LS and PS (U+2028, U+2029) MUST NOT act as line separators."""
    first, second = target.bucket("a"), target.bucket("b")
    flushed = await sandwich(target, first + b":1|c" + separator + second + b":2|c")
    assert not flushed.has(second), f"what follows the character was read as a line: {flushed.summary()}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b" ", b":1|c", id="before-name"),
        pytest.param(b"", b" :1|c", id="behind-name"),
        pytest.param(b"", b": 1|c", id="before-value"),
        pytest.param(b"", b":1 |c", id="behind-value"),
        pytest.param(b"", b":1|c ", id="behind-type"),
    ],
)
@requirement("FRAMING-15", QUIRK, SHOULD, cites="stats.js:164-172, 294; lib/helpers.js:10-12")
async def test_blanks_around_the_parts_of_a_line(target: Target, before: bytes, after: bytes) -> str:
    """Blanks around the line, the value or the type SHOULD be read as the original does: `_` in names, else skipped."""
    flushed = await sandwich(target, before + target.bucket("a") + after)
    sentinels = [target.bucket(leaf) for leaf in ("pre", "post", "end")]
    shown = [line for line in flushed.own if not any(sentinel in line.path for sentinel in sentinels)]
    published = ", ".join(str(line).removesuffix("\r").rpartition(" ")[0] for line in shown)
    return published.replace(target.token.decode(), "K") or "rejected"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"\xff", b":1|c", id="name"),
        pytest.param(b"", b":\xc3\x28|c", id="value"),
        pytest.param(b"", b":1|\xe2\x82", id="type"),
        pytest.param(b"", b":\xf0\x28\x8c\xbc|s", id="member"),
        pytest.param(b"", b":1|c|#k:\xc0\x80", id="tag"),
    ],
)
@requirement(
    "FRAMING-16", ROBUST, MUST, cites="b/statsd_spec README: UTF-8; stats.js:236 decodes with replacement", hostile=True
)
async def test_invalid_utf8_harms_no_other_line(target: Target, before: bytes, after: bytes) -> None:
    """Invalid UTF-8 anywhere in a datagram MUST NOT crash the server nor affect other lines."""
    await sandwich(target, target.bucket("a") + before + after)


@requirement("FRAMING-17", ROBUST, MUST, cites="stats.js:235-249")
async def test_empty_datagram_is_ignored(target: Target) -> None:
    """An empty datagram MUST be ignored."""
    bucket = target.bucket()
    target.send(b"")
    flushed = await target.after(bucket + b":1|c")
    assert flushed.count(bucket) == 1
    assert flushed.strays(bucket) == []


@requirement("FRAMING-18", CORE, MUST, cites="stats.js:246, 302-311")
async def test_lines_are_applied_in_order(target: Target) -> None:
    """The lines of one datagram MUST be applied in order."""
    bucket = target.bucket()
    # Without a delta: GAUGE-02 judges those.
    flushed = await target.after(bucket + b":1|g", bucket + b":5|g", bucket + b":7|g")
    value = flushed.gauge(bucket)
    assert value == 7, f"a gauge that was set to 1, 5 and 7 came out as {value:g}"


@pytest.mark.parametrize(
    "magic",
    [
        pytest.param(b"\xaa\x01\x02\x03\x00\x00\x00\x00", id="binary-protocol"),
        pytest.param(b"EXIT", id="exit"),
        pytest.param(b"quit\n", id="quit"),
        pytest.param(b"\x80\x02}q\x00.", id="pickle"),
        pytest.param(b"\x1f\x8b\x08\x00", id="gzip"),
    ],
)
@requirement("FRAMING-19", ROBUST, MUST, cites="catalogue, ROBUST-09 and ROBUST-17", hostile=True)
async def test_no_datagram_switches_the_server(target: Target, magic: bytes) -> None:
    """No single datagram may switch the server's protocol mode or stop it; the next one MUST count as ever."""
    await assert_next_counts(target, magic)


@requirement("FRAMING-20", CORE, MUST, cites="statsd docs/metric_types.md, Multi-Metric Packets; stats.js:238-242")
async def test_eight_lines_in_are_eight_series_out(target: Target) -> None:
    """A datagram of lines for eight names MUST come out as eight series, each under its own name, byte for byte."""
    target.needs("g")
    buckets = {target.bucket(f"kvs.0.{counter}"): value for counter, value in _SNAPSHOT.items()}
    flushed = await target.after(*(bucket + b":%d|g" % value for bucket, value in buckets.items()))
    lost = [place for place, bucket in enumerate(buckets, 1) if not flushed.has(bucket)]
    assert not lost, f"of {len(buckets)} lines, those that are missing are number {', '.join(map(str, lost))}"
    assert {bucket: flushed.gauge(bucket) for bucket in buckets} == buckets
    assert flushed.strays(*buckets) == []
