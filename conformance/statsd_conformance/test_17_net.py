"""NET: the ways that lines come in: UDP, TCP, IPv6, Unix sockets.

Not tested because no source decides it: how many connections a server takes, how long an idle one lasts, and how long a
line may be.
"""

import struct
from contextlib import AsyncExitStack
from typing import Final

import pytest

from statsd_conformance.connection import Connection
from statsd_conformance.crafted import ODD
from statsd_conformance.flushed import Flushed
from statsd_conformance.requirement import (
    CORE,
    EXT,
    MUST,
    ROBUST,
    Inconclusive,
    Unsupported,
    requirement,
    untestable,
)
from statsd_conformance.target import Target, sandwich

_SAMPLE = b":12|c|@0.5\n"
_COUNT = 24
_MANY = 200
_BREAKS = 3
# More than the memory of a server changes by what other cases send.
_MEGABYTES = 32
_MEGABYTE = 1 << 20
# Longer than a frame of Ethernet, shorter than any buffer that a known server reads into.
_FRAGMENTED = 3000

untestable(
    "NET-01",
    CORE,
    MUST,
    "Lines MUST be taken over UDP, by default on port 8125 of all interfaces.",
    cites="statsd exampleConfig.js; servers/udp.js",
    reason="a target is told, or tells, the one address that the suite uses, so its default is not in force; that "
    "lines are taken over UDP at all is what every other case shows",
)


def _assert_counted(flushed: Flushed, bucket: bytes, what: str) -> None:
    counted = sum(flushed.counts(bucket))
    assert counted == _COUNT, f"{what} came out as {counted:g}, not {_COUNT}"


def _together(line: bytes, length: int) -> list[bytes]:
    """Return two segments of lines, the first of which ends inside the last of `length` lines."""
    return [line * (length - 1) + line[:5], line[5:] + line]


@requirement("NET-02", EXT, MUST, cites="statsd servers/tcp.js:17-27")
async def test_line_of_a_stream_may_be_cut_anywhere(target: Target) -> None:
    """Lines over TCP end in LF: one line MAY come in several segments, and several lines in one."""
    length = len(target.bucket("c00") + _SAMPLE)
    cut = {offset: target.bucket(f"c{offset:02}") for offset in range(1, length)}
    single, several = target.bucket("single"), target.bucket("several")
    async with target.connection() as tcp:
        for offset, bucket in cut.items():
            line = bucket + _SAMPLE
            await tcp.send(line[:offset], line[offset:])
        await tcp.send(*(bytes([byte]) for byte in single + _SAMPLE))
        await tcp.send(*_together(several + b":4|c\n", 5))
        flushed = await target.flush_holding(*cut.values(), single, several)
    for offset, bucket in cut.items():
        _assert_counted(flushed, bucket, f"a line of {length} bytes, cut behind {offset},")
    _assert_counted(flushed, single, "a line of which each byte came alone")
    _assert_counted(flushed, several, "six lines in two segments")
    strays = flushed.strays(*cut.values(), single, several)
    assert not strays, f"a part of a line was published: {flushed.summary()}"


@requirement("NET-03", EXT, MUST, cites="statsd servers/tcp.js:17-27, where what has no LF stays in the buffer")
async def test_last_line_of_a_stream(target: Target) -> str:
    """A line that LF ends MUST be counted when the connection closes right behind it; one without MAY be dropped."""
    ended, before, unended = target.bucket("ended"), target.bucket("before"), target.bucket("unended")
    async with target.connection() as tcp:
        await tcp.send(ended + _SAMPLE)
    async with target.connection() as tcp:
        await tcp.send(before + _SAMPLE, unended + _SAMPLE.rstrip())
    flushed = await target.flush_holding(ended, before, unended)
    _assert_counted(flushed, ended, "the last line of a connection")
    _assert_counted(flushed, before, "the line before one that had no LF")
    if not flushed.has(unended):
        return "a last line without LF is dropped"
    _assert_counted(flushed, unended, "a last line without LF")
    return "a last line without LF is read"


@requirement("NET-04", EXT, MUST, cites="statsd servers/tcp.js; stats.js:284-288")
async def test_bad_line_neither_ends_a_stream_nor_harms_it(target: Target) -> None:
    """A bad line over TCP MUST NOT close the connection, and MUST NOT affect other lines."""
    good = [target.bucket(leaf) for leaf in ("before", "behind", "later", "last")]
    bad = target.bucket("bad")
    async with target.connection() as tcp:
        await tcp.send(
            b"".join([good[0] + _SAMPLE, bad + b":1\n", bad + b"\n", b"\n", good[1] + _SAMPLE]),
            good[2] + _SAMPLE + bad + b":x|c\n",
            good[3] + _SAMPLE,
        )
        flushed = await target.flush_holding(*good)
    for bucket in good:
        _assert_counted(flushed, bucket, f"the line {bucket.decode()} beside bad ones")


@requirement("NET-05", ROBUST, MUST, cites="statsd servers/tcp.js:17-27, where the buffer has no limit", hostile=True)
async def test_endless_line_is_not_kept(target: Target) -> None:
    """A line over TCP that never ends MUST NOT grow the server's memory without bound."""
    before, grown, sent = target.memory(), 0, 0
    piece = b"x" * _MEGABYTE
    async with target.connection() as tcp:
        await tcp.send(target.bucket())
        while tcp.takes and sent < _MEGABYTES and grown < _MEGABYTES // 2:
            await tcp.send(piece)
            sent += 1
            grown = (target.memory() - before) // _MEGABYTE
    await sandwich(target)
    assert grown < _MEGABYTES // 2, f"{sent} MiB without LF made the server {grown} MiB larger"


async def _connected(target: Target, stack: AsyncExitStack, number: int) -> Connection | None:
    """Return one more connection, None when the target takes no further one, which is its right."""
    try:
        return await stack.enter_async_context(target.connection())
    except (Unsupported, Inconclusive):
        if not number:
            raise
        return None


@pytest.mark.parametrize("way", ["many", "idle", "closed", "reset"])
@requirement(
    "NET-06",
    ROBUST,
    MUST,
    cites="statsd servers/tcp.js, where no error of a connection is met",
    lethal=True,
    apart=True,
)
async def test_connections_that_end_badly_stop_no_datagrams(target: Target, way: str) -> None:
    """Many connections, idle ones, and such that are closed or reset inside a line MUST NOT stop UDP reception."""
    async with AsyncExitStack() as stack:
        for number in range(_MANY if way == "many" else _BREAKS):
            tcp = await _connected(target, stack, number)
            if tcp is None:
                break
            await tcp.send(target.bucket(way) + b":1")
            if way == "closed":
                tcp.close()
            if way == "reset":
                tcp.reset()
        if way in ("many", "idle"):
            await sandwich(target)
    # By now all have ended inside a line.
    await sandwich(target)


@requirement("NET-07", EXT, MUST, cites="statsd servers/udp.js:3, address_ipv6")
async def test_ipv6_is_as_good_as_ipv4(target: Target) -> None:
    """A datagram sent to `::1` MUST have the effect that it has over IPv4."""
    await target.needs_address("udp6")
    counter, gauge = target.bucket("c"), target.bucket("g")
    target.send_by("udp6", counter + _SAMPLE + gauge + b":5|g", counter + _SAMPLE)
    flushed = await target.flush_holding(counter, gauge)
    assert flushed.count(counter) == 2 * _COUNT
    assert flushed.gauge(gauge) == 5


@pytest.mark.parametrize("kind", ["datagram", "stream"])
@requirement("NET-08", EXT, MUST, cites="statsd servers/tcp.js:36, socket; DogStatsD over Unix Domain Socket")
async def test_unix_sockets_are_read_like_others(target: Target, kind: str) -> str:
    """A Unix datagram MUST be read like one of UDP, a Unix stream like TCP or, as in DogStatsD, by lengths."""
    first, second = target.bucket("a"), target.bucket("b")
    if kind == "datagram":
        await target.needs_address("unix")
        target.send_by("unix", first + _SAMPLE + second + _SAMPLE.rstrip())
        flushed = await target.flush_holding(first, second)
        _assert_counted(flushed, first, "the first line of a Unix datagram")
        _assert_counted(flushed, second, "the last line of a Unix datagram")
        return "datagrams are read"
    async with target.connection("unixstream") as lines:
        await lines.send(first + _SAMPLE[:5], _SAMPLE[5:])
    async with target.connection("unixstream") as parts:
        part = second + _SAMPLE.rstrip()
        await parts.send(struct.pack("<I", len(part)) + part)
    flushed = await target.flush()
    if not flushed.has(first):
        flushed = await target.flush_holding(second)
    if flushed.has(first):
        _assert_counted(flushed, first, "a line of a Unix stream")
        return "a line ends in LF"
    _assert_counted(flushed, second, "a part with its length before it")
    return "a length of four bytes stands before each part"


@pytest.mark.parametrize("kind", ["empty", *ODD])
@requirement("NET-09", ROBUST, MUST, cites="RFC 768; RFC 791, fragmentation", hostile=True)
async def test_odd_datagrams_stop_nothing(target: Target, kind: str) -> None:
    """Datagrams that are empty, come in fragments, or from a multicast address MUST NOT stop the server."""
    if kind == "empty":
        target.send(b"")
        target.send_from_elsewhere(b"", b"")
        await sandwich(target)
        return
    await target.needs_address(kind)
    whole, crafted = target.bucket("whole"), target.bucket("crafted")
    size = _FRAGMENTED if kind != "strangers" else 1
    datagram = b"\n".join([b"%b:1|c"] * (size // len(whole + b":1|c") + 1))
    number = datagram.count(b"%b")
    target.send(datagram.replace(b"%b", whole))
    target.send_by(kind, datagram.replace(b"%b", crafted))
    flushed = await sandwich(target)
    if kind != "strangers" and flushed.count(whole) == number:
        assert flushed.count(crafted) == number, (
            f"a datagram of {number} lines was counted as {number}, and in fragments as {flushed.count(crafted):g}"
        )


@pytest.mark.parametrize("sockets", [1, 2], ids=["one socket", "two sockets"])
@requirement("NET-10", CORE, MUST, cites="statsd servers/udp.js; stats.js:238-249")
async def test_datagrams_are_not_joined(target: Target, sockets: int) -> None:
    """A line that is cut at the end of a datagram MUST NOT be completed by the next one, whoever sends that."""
    bucket, end = target.bucket("cut"), target.bucket("end")
    send_next = target.send if sockets == 1 else target.send_from_elsewhere
    target.send(bucket + b":1")
    send_next(b"2|c\n" + end + _SAMPLE)
    flushed = await target.flush()
    # Where a line needs no type, the first half is one.
    joined = 12 in flushed.counts(bucket) if "typeless" in target.profile.extensions else flushed.has(bucket)
    assert not joined, f"two halves of a line in two datagrams came out as {flushed.summary()}"
    _assert_counted(flushed, end, "the line behind the second half")


# What stands behind the name `a` of a line, and the name that such a line is of where its top bits are taken off.
_BEYOND_ASCII: Final = {
    "letter": (b"\xf5b", "aub"),
    "colon": ("\N{LATIN SMALL LETTER E WITH DOT BELOW}b".encode(), "aa"),
    "line-end": ("\N{LATIN CAPITAL LETTER C WITH DOT ABOVE}".encode(), "other"),
}


@pytest.mark.parametrize(("behind", "other"), list(_BEYOND_ASCII.values()), ids=list(_BEYOND_ASCII))
@requirement(
    "NET-11",
    ROBUST,
    MUST,
    cites="b/statsd_spec README: UTF-8; statsd servers/tcp.js:14, which decodes ASCII, servers/udp.js, which does not",
    hostile=True,
)
async def test_byte_beyond_ascii_becomes_no_other_character_on_a_stream(
    target: Target, behind: bytes, other: str
) -> None:
    """A byte above 127 over TCP MUST NOT become a character of ASCII, neither a letter, which merges two names, nor
    what separates.
    """
    bucket = target.bucket(other)
    # Where it became an end of line, what stands behind it would be a line of the other name.
    odd = target.bucket("a") + behind + (bucket if other == "other" else b"")
    async with target.connection() as tcp:
        await tcp.send(bucket + _SAMPLE + odd + _SAMPLE)
        flushed = await target.flush_holding(bucket)
    _assert_counted(flushed, bucket, f"{other}, beside a name with the bytes {behind.hex(' ')}")
