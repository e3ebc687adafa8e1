"""Bursts grow until the kernel drops some, and the target has to count the rest."""

import asyncio

import pytest

from statsd_conformance.address import Address
from statsd_conformance.bursts import Burst, growing, judged
from statsd_conformance.flushed import Flushed
from statsd_conformance.kernel import visible
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.profile import load_profile
from statsd_conformance.requirement import Inconclusive, Unsupported
from statsd_conformance.target import InProcess
from statsd_conformance.wire import Wire
from statsd_reference import REFERENCE
from trials import PROFILE, right
from wire_trials import serving


class Tank(InProcess):
    """A target whose socket holds `room` datagrams, and that counts all of them but `lost`."""

    def __init__(self, room: int, lost: int = 0) -> None:
        super().__init__(REFERENCE, PROFILE)
        self.room, self.lost = room, lost

    async def burst(self, datagram: bytes, number: int) -> int:
        """Take what there is room for."""
        await super().burst(datagram, min(number, self.room) - self.lost)
        return max(0, number - self.room)


async def tried(target: InProcess, size: int = 0) -> tuple[list[int], str]:
    """Return how large the bursts were that were sent, and what was said of them."""
    bursts = await growing(target, size)
    return list(dict.fromkeys(one.number for one in bursts)), judged(target, await target.flush(), bursts)


class Tiring(Tank):
    """A target with less room for what comes the third time."""

    async def burst(self, datagram: bytes, number: int) -> int:
        """Take what there is room for."""
        self.room = 100 if b"x2:" in datagram else 10_000
        return await super().burst(datagram, number)


def test_what_a_target_takes_twice_and_not_three_times_is_not_without_loss() -> None:
    numbers, words = asyncio.run(tried(Tiring(0)))
    assert numbers == [32, 64, 128, 96, 112, 104, 100, 102]
    assert words == "100 datagrams of 28 bytes; of 102 the kernel dropped 2, the target counted 100"


def test_a_large_burst_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("statsd_conformance.bursts._OFTEN", 64)
    bursts = asyncio.run(growing(Tank(10_000), 0))
    assert [one.number for one in bursts] == [32, 32, 32, 64, 64, 64, 128, 256]


@pytest.mark.parametrize(
    ("room", "sent", "said"),
    [
        (10_000, [32, 64, 128, 256], "256 datagrams of 28 bytes or more"),
        (
            150,
            [32, 64, 128, 256, 192, 160, 144, 152, 148],
            "148 datagrams of 28 bytes; of 152 the kernel dropped 2, the target counted 150",
        ),
        (128, [32, 64, 128, 256, 192, 160, 144, 136, 132], "128 datagrams of 28 bytes; of 132 the kernel dropped 4, "),
        (3, [32, 16, 8, 4, 2, 3], "3 datagrams of 28 bytes; of 4 the kernel dropped 1, the target counted 3"),
        (0, [32, 16, 8, 4, 2, 1], "not one datagram; of 1 the kernel dropped 1, the target counted 0"),
    ],
)
def test_the_largest_burst_without_loss_is_found(room: int, sent: list[int], said: str) -> None:
    numbers, words = asyncio.run(tried(Tank(room)))
    assert numbers == sent
    assert words.startswith(said)


def test_a_large_datagram_counts_once_however_many_lines_it_has() -> None:
    numbers, words = asyncio.run(tried(Tank(20), 1432))
    assert numbers == [32, 16, 24, 20, 22, 21]
    assert words == "20 datagrams of 1,420 bytes; of 21 the kernel dropped 1, the target counted 20"


def test_what_the_target_loses_itself_is_told_with_all_numbers_and_is_the_evidence() -> None:
    target = Tank(150, lost=1)
    with pytest.raises(
        AssertionError,
        match=r"of 32 datagrams of \d+ bytes the kernel dropped 0 and handed over 32, the target counted 31",
    ):
        asyncio.run(tried(target))
    assert target.trace.datagrams == [target.bucket("b0000x00032x0") + b":1|c"] * 32


def test_a_rate_that_is_rounded_to_seven_digits_is_no_loss() -> None:
    profile = load_profile("netdata")
    burst = Burst(b"q.b", b"q.b:1|c", 32_768, 0)

    class Rounded(Flushed):
        def counts(self, bucket: bytes) -> list[float]:
            return [32_767.997]

    assert judged(Tank(0), Rounded(profile, 1.0, b"q", ()), [burst]) == "32,768 datagrams of 7 bytes or more"


def over(wire: Wire, number: int = 1) -> int:
    return asyncio.run(OverTheWire(wire).burst(b"a:1|c", number))


def test_a_target_that_others_may_use_gets_no_burst_unless_that_is_allowed() -> None:
    wire = Wire("x", Address("udp", "127.0.0.1", 9), PROFILE, largest_burst=0)
    with pytest.raises(Unsupported, match=r"the suite did not start the target, .*; --bursts allows it"):
        over(wire)


@pytest.mark.parametrize("address", [Address("udp", "192.0.2.1", 9), Address("unix", path="/tmp/x")])
def test_where_drops_cannot_be_seen_there_is_no_burst(address: Address) -> None:
    with pytest.raises(Unsupported, match="of UDP to this machine only"):
        over(Wire("x", address, PROFILE))


@pytest.mark.skipif(not visible(), reason="this machine does not show its UDP sockets")
def test_what_the_kernel_drops_of_a_burst_is_what_the_target_does_not_count() -> None:
    async def scene() -> tuple[float, float]:
        async with serving(right) as subject:
            target = OverTheWire(subject.wire)
            bucket = target.bucket()
            dropped = await target.burst(bucket + b":1|c", 20_000)
            return dropped, (await target.flush()).count(bucket)

    dropped, counted = asyncio.run(scene())
    assert dropped + counted == 20_000


def test_a_burst_during_which_packets_are_lost_elsewhere_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = iter((5, 6))
    monkeypatch.setattr("statsd_conformance.wire.wire.backlog_drops", lambda: next(lost))

    async def scene() -> None:
        async with serving(right) as subject:
            target = OverTheWire(subject.wire)
            await target.burst(target.bucket() + b":1|c", 1)

    with pytest.raises(Inconclusive, match="dropped packets before they came to any socket"):
        asyncio.run(scene())
