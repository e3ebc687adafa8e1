"""The search for the largest datagram that is taken whole, on servers of which the largest is known."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from defects.steps import Break, cut, datagrams
from statsd_conformance.address import read_address
from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import Snapshot, read_line
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.requirement import Inconclusive, Unsupported
from statsd_conformance.sizes import FIRST_ROUND, LARGEST, Line, astride, largest, misread, sized
from statsd_conformance.target import InProcess, Target
from statsd_conformance.test_02_size import test_next_larger_datagram_is_not_counted_wrong as case_of_the_next_larger
from statsd_conformance.wire import Wire
from statsd_reference import REFERENCE, Server
from trials import PROFILE, right
from wave_trials import case, run

OWN = b"q123456789"


def dropping(size: int) -> Break:
    """Drop what is larger."""
    return lambda server: datagrams(server, lambda: lambda datagram: (datagram,) if len(datagram) <= size else ())


def losing(size: int) -> Break:
    """Cut what is larger, and lose the line that was cut."""

    def receive(datagram: bytes) -> tuple[bytes]:
        return (datagram if len(datagram) <= size else datagram[:size].rpartition(b"\n")[0],)

    return lambda server: datagrams(server, lambda: receive)


def cutting(size: int) -> Break:
    """Cut what is larger, and read what is left."""
    return lambda server: cut(server, size)


class Counting(InProcess):
    """A target that counts its flushes."""

    flushes = 0

    async def flush(self) -> Flushed:
        """Flush, and count it."""
        self.flushes += 1
        return await super().flush()


def searched(plant: Break) -> tuple[str, int]:
    """Return what was found of a server, and in how many flushes."""
    target = Counting(plant(REFERENCE), PROFILE)
    return str(asyncio.run(largest(target))), target.flushes


@pytest.mark.parametrize(
    ("plant", "found", "flushes"),
    [
        (right, "65,507 bytes, the most that UDP over IPv4 carries", 1),
        (dropping(127), "none: not even one of 128 bytes", 1),
        (dropping(4096), "4,096 bytes; a larger one is dropped", 2),
        (losing(8191), "8,191 bytes; a larger one loses its last line", 2),
        (cutting(8999), "8,999 bytes; a larger one is cut and counted wrong: a line that means 8 was applied as 10", 2),
        # Buffers that nobody would guess take a round more, or some.
        (losing(128), "128 bytes; a larger one loses its last line", 3),
        (cutting(1259), "1,259 bytes; a larger one is cut and counted wrong: a line that means 8 was applied as 10", 3),
        (losing(1234), "1,234 bytes; a larger one loses its last line", 3),
        (losing(12287), "12,287 bytes; a larger one loses its last line", 3),
        (dropping(1234), "1,234 bytes; a larger one is dropped", 4),
        (dropping(65506), "65,506 bytes; a larger one is dropped", 4),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_size_is_found_to_the_byte(plant: Break, found: str, flushes: int) -> None:
    assert searched(plant) == (found, flushes)


@pytest.mark.parametrize("size", FIRST_ROUND)
def test_datagram_has_the_size_that_is_asked_for_and_lines_that_are_counted(size: int) -> None:
    one = sized(OWN, size)
    assert len(one.datagram) == size
    assert one.datagram.count(one.lines + b":1|c\n") == one.number == one.datagram.count(b"\n") > 0
    assert one.datagram.endswith(b"\n" + one.last + b":123456|c")


def wavering(change: Callable[[int, bytes], bytes]) -> Break:
    """Read `change(number, datagram)` in place of each datagram, numbered from 0 on."""

    def plant(server: Server) -> Server:
        def make_receive() -> Callable[[bytes], tuple[bytes]]:
            numbers = iter(range(10**6))
            return lambda datagram: (change(next(numbers), datagram),)

        return replace(server, make_receive=make_receive)

    return plant


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            lambda number, datagram: b"" if number == 3 else datagram,
            "512 bytes were not taken whole, and 65507 bytes were",
        ),
        (
            lambda number, datagram: datagram[:4096] if number < len(FIRST_ROUND) else datagram,
            "4096 bytes were the most that was counted whole, and the next time they were not",
        ),
    ],
    ids=["loses a small one", "takes it the next time"],
)
def test_target_that_loses_datagrams_says_nothing_of_sizes(change: Callable[[int, bytes], bytes], why: str) -> None:
    with pytest.raises(Inconclusive, match=why):
        searched(wavering(change))


LINE = Line(OWN + b".a", OWN + b".a:123", b"456|c", 123456)


@pytest.mark.parametrize("size", [511, 4096, 65500])
def test_line_is_cut_where_it_is_asked_for(size: int) -> None:
    datagram = astride(OWN + b".pad", LINE, size)
    assert datagram[:size].endswith(b"\n" + LINE.kept)
    assert datagram[size:].startswith(LINE.lost)
    assert len(datagram) <= LARGEST
    assert b"\n\n" not in datagram


def flushed(*lines: bytes) -> Flushed:
    return Flushed(PROFILE, 1.0, OWN, (Snapshot(tuple(map(read_line, lines)), 0.0, 0.0),))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], ""),
        ([b"stats_counts.q123456789.a 123456 1", b"stats_counts.q123456789.pad 9 1"], ""),
        ([b"stats_counts.q123456789.a 123 1"], "a line that means 123456 was applied as 123"),
        ([b"stats.gauges.q123456789.a 123 1"], "a line that was cut was published as stats.gauges.q123456789.a 123"),
        ([b"stats_counts.q123456789.p 1 1"], "a line that was cut was published as stats_counts.q123456789.p 1"),
        ([b"stats_counts.q123456789.before 0 1"], ""),
    ],
    ids=["lost", "as sent", "shorter", "of another type", "of another name", "of an earlier interval"],
)
def test_line_that_was_cut_is_told_from_one_that_was_not(lines: list[bytes], said: str) -> None:
    pad, idle = OWN + b".pad", b"stats_counts.q123456789.before"
    assert misread(flushed(*lines), [LINE], [pad], [idle]) == said


async def measure(target: Target) -> None:
    await case_of_the_next_larger(target)


def test_largest_datagram_is_told_in_the_report() -> None:
    target = InProcess(dropping(4096)(REFERENCE), PROFILE)
    asyncio.run(measure(target))
    [told] = target.trace.measured
    assert (told.what, told.said) == ("largest datagram taken whole", "4,096 bytes; a larger one is dropped")


def test_evidence_is_of_the_datagrams_that_show_what_becomes_of_a_larger_one() -> None:
    target = InProcess(cutting(4096)(REFERENCE), PROFILE)
    asyncio.run(largest(target))
    assert [len(datagram) - 4096 for datagram in target.trace.datagrams[:2]] == [0, 1]
    assert (len(target.trace.datagrams), len(target.trace.flushes)) == (5, 1)


async def counting(target: Target) -> None:
    await target.after(target.bucket() + b":1|c")
    target.forget()
    flushed = await target.after(target.bucket() + b":1|c")
    assert flushed.own_count("packets_received") == 1


def test_what_is_sent_after_forgetting_is_the_case_s_own() -> None:
    assert run([case(counting, quiet=True)]).verdicts == {"TESTING-01": "PASS"}


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8125", "unixstream:///x"])
def test_stream_has_no_datagrams(address: str) -> None:
    target = OverTheWire(Wire("x", read_address(address), PROFILE))
    with pytest.raises(Unsupported, match="over a stream"):
        target.needs_datagrams()


class Streamed(InProcess):
    """A target that is sent a stream."""

    def needs_datagrams(self) -> None:
        """Refuse."""
        raise Unsupported("over a stream")


def test_size_is_not_measured_over_a_stream() -> None:
    target = Streamed(REFERENCE, PROFILE)
    with pytest.raises(Unsupported):
        asyncio.run(measure(target))
    assert not target.trace.measured
