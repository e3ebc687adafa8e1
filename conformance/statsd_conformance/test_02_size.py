"""SIZE: datagrams, lines and buffers.

Not tested because no source decides it: which size a server should read at least above Ethernet's, and whether a
datagram that is too long should be dropped whole or only the line that was cut. Whether a cut line is counted as bad
cannot be told apart from what other cases make the server count.
"""

from typing import Final

import pytest

from statsd_conformance.long_names import longest
from statsd_conformance.requirement import CORE, MAY, MUST, QUIRK, ROBUST, SHOULD, requirement, untestable
from statsd_conformance.sizes import SMALLEST, astride, largest, lines_to_cut, misread
from statsd_conformance.target import Target

# Receive buffers of real servers, of one that reserves a byte in them, and of one that has a byte to spare.
_BUFFERS: Final = (
    *(511, 512, 513, 1023, 1024, 1025, 1432, 1433, 1440, 1441, 1472, 1473, 1500),
    *(4095, 4096, 4097, 8191, 8192, 8193, 8998, 8999, 9000, 9001, 16384, 32768, 65000),
    # The largest datagram of UDP ends with the line that is astride this one.
    65500,
)


def _filled(bucket: bytes, pad: bytes, size: int) -> tuple[bytes, int]:
    """Return a datagram of exactly `size` bytes, and how many increments of 1 for `bucket` it holds.

    What is left over becomes a last line: an increment of `pad` with zeros in front.
    """
    line = bucket + b":1|c\n"
    number = (size - len(pad) - 8) // len(line)
    left = size - number * len(line)
    last = pad + b":" + b"1|c".rjust(left - len(pad) - 1, b"0")
    return number * line + last, number


async def _whole(target: Target, size: int) -> None:
    """Send a datagram of `size` bytes in which every line has a bucket of its own, so that the flush is large, too."""
    stem, pad = target.bucket("a"), target.bucket("pad")
    filled, number = _filled(stem + b"0000", pad, size)
    buckets = [stem + b"%04d" % place for place in range(number)]
    last = filled.rpartition(b"\n")[2]
    datagram = b"".join(bucket + b":1|c\n" for bucket in buckets) + last
    assert len(datagram) == size
    target.send(datagram)
    flushed = await target.flush()
    wrong = [bucket for bucket in [*buckets, pad] if sum(flushed.counts(bucket)) != 1]
    first = b"".join(wrong[:1]).decode()
    assert not wrong, f"of {number + 1} lines in {size} bytes {len(wrong)} did not come out as sent, first {first}"


@requirement("SIZE-01", CORE, MUST, cites="statsd docs/metric_types.md, Multi-Metric Packets: Fast Ethernet")
async def test_1432_bytes_are_processed(target: Target) -> None:
    """Payloads of up to 1432 bytes MUST be processed completely."""
    await _whole(target, 1432)


@requirement("SIZE-02", CORE, SHOULD, cites="statsd docs/metric_types.md, Multi-Metric Packets: Gigabit Ethernet")
async def test_8932_bytes_are_processed(target: Target) -> None:
    """Payloads of up to 8932 bytes SHOULD be processed completely."""
    await _whole(target, 8932)


@requirement("SIZE-03", CORE, SHOULD, cites="RFC 768 and RFC 791: 65535 - 20 - 8; servers/udp.js")
async def test_65507_bytes_are_processed(target: Target) -> None:
    """Payloads of up to the maximum of UDP over IPv4, 65507 bytes, SHOULD be processed completely."""
    await _whole(target, 65507)


@pytest.mark.parametrize("size", _BUFFERS)
@requirement("SIZE-04", ROBUST, MUST, cites="collectd src/statsd.c:441-463; brubeck src/samplers/statsd.c:34")
async def test_cut_line_is_never_applied(target: Target, size: int) -> None:
    """A server whose receive buffer is shorter than a datagram MUST NOT apply the line that was cut."""
    lines, pad = lines_to_cut(target), target.bucket("pad")
    target.send(*(astride(pad, line, size) for line in lines))
    wrong = misread(await target.flush(), lines, [pad])
    assert not wrong, f"cut after {size} bytes, {wrong}"


@pytest.mark.parametrize("length", [1000, 4000, 8000, 60000])
@requirement("SIZE-05", ROBUST, MUST, cites="brubeck src/backends/carbon.c:53-69, where it does not hold", hostile=True)
async def test_very_long_line_does_no_harm(target: Target, length: int) -> None:
    """A single very long line MUST NOT crash or stall the server."""
    bucket = target.bucket("b")
    target.send(target.bucket("a".ljust(length, "x")) + b":1|c")
    first = await target.after(bucket + b":1|c")
    assert first.count(bucket) == 1
    # A crash may come with the flush that writes the name out.
    second = await target.after(bucket + b":2|c")
    assert second.count(bucket) == 2


@pytest.mark.parametrize("length", [130, 200, 300, 1000])
@requirement("SIZE-06", ROBUST, MUST, cites="collectd src/daemon/globals.h:30, where names are cut", hostile=True)
async def test_long_names_do_not_collide(target: Target, length: int) -> None:
    """Long names MUST NOT silently collide by being cut to the same key."""
    stem = "n".ljust(length - 12, "x")
    first, second = target.bucket(stem + "1"), target.bucket(stem + "2")
    # A datagram each: SIZE-01 is about what both together take.
    target.send(first + b":1|c")
    flushed = await target.after(second + b":2|c")
    for bucket, own in ((first, 1), (second, 2)):
        counted = sum(flushed.counts(bucket))
        assert counted in (0, own), f"a name of {len(bucket)} bytes has a count of {counted:g}, its own value is {own}"
    strays = flushed.strays(first, second)
    assert not strays, (
        f"a name of {len(first)} bytes was cut to {max(map(len, strays))} bytes: {strays[0].decode()[-40:]}"
    )


@requirement("SIZE-08", ROBUST, MUST, cites="statsd docs/metric_types.md, Multi-Metric Packets; veneur server.go:1110")
async def test_next_larger_datagram_is_not_counted_wrong(target: Target) -> None:
    """A datagram larger than the largest that is taken whole MUST be dropped, or lose no more than what was cut."""
    target.needs_datagrams()
    found = await largest(target)
    target.measured("largest datagram taken whole", str(found))
    assert found.size, f"not even a datagram of {SMALLEST} bytes was taken whole"
    assert not found.wrong, f"cut after {found.size} bytes, {found.wrong}"


@requirement("SIZE-09", QUIRK, MAY, cites="collectd src/daemon/globals.h:30, DATA_MAX_NAME_LEN", hostile=True)
async def test_longest_name(target: Target) -> str:
    """A server MAY limit the length of a name."""
    found = str(await longest(target))
    target.measured("longest name published whole", found)
    return found


untestable(
    "SIZE-07",
    QUIRK,
    MAY,
    "A server MAY ask for a larger receive buffer; nobody MUST rely on one.",
    cites="brubeck src/utils.c:54-60; statsite networking.c, udp_rcvbuf",
    reason="what a server asks its kernel for does not show in what it publishes; the suite paces its sending",
)
