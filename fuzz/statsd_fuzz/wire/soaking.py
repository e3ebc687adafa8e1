"""Whether a target keeps what it was sent: the same datagrams again and again, which cost a right one nothing new."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from statsd_conformance.wave import Subject
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.batch import cut
from statsd_fuzz.wire.scenario import STREAMED, Scenario
from statsd_fuzz.wire.tokens import BATCH, Tokens
from statsd_fuzz.wire.watch import Watch

# Datagrams of a round: at least so many, unless these are more bytes than a target reads in some intervals.
_DATAGRAMS: Final = 4000
_BYTES: Final = 1 << 20
# So many are sent at a time, at first and later, so that a target that keeps much of each does not take all of a
# machine's memory.
_FIRST: Final = 16
_AT_A_TIME: Final = 250
# Into how many parts scenarios are cut to see which of them costs most, and from what on it does.
_PARTS: Final = 4
_MUCH: Final = 8 * 2**20
# What a target may hold more than behind the first round, in bytes, and in how many rounds it has to come to that: a
# heap that is collected now and then grows for a while, and then no more, so it has to grow in each round.
KEPT: Final = 64 * 2**20
ROUNDS: Final = 16


@dataclass
class Soaking:
    """A judge of memory: all scenarios have the fault that they show together, and the target is started again then."""

    subject: Subject
    watch: Watch
    tokens: Tokens

    async def __call__(self, scenarios: Sequence[Scenario]) -> list[Fault | None]:
        """Return what is wrong with the memory of a target that is sent scenarios again and again.

        Raises:
            NoAnswer, Crashed: it stopped.
        """
        fault = await self._fault(scenarios)
        if fault:
            await self.subject.restart()
            self.watch.begin()
        return [fault] * len(scenarios)

    async def narrowed(self, scenarios: Sequence[Scenario]) -> Sequence[Scenario]:
        """Return the few of some scenarios that are likely what costs a target memory."""
        while len(scenarios) > 1:
            size = -(-len(scenarios) // _PARTS)
            parts = [scenarios[start : start + size] for start in range(0, len(scenarios), size)]
            costs = []
            for some in parts:
                before = self.watch.held()
                sent = await self._send(self._named(some), _MUCH)
                costs.append((self.watch.held() - before) / max(1, sent))
            scenarios = parts[costs.index(max(costs))]
        return scenarios

    async def _fault(self, scenarios: Sequence[Scenario]) -> Fault | None:
        named, held = self._named(scenarios), self.watch.held
        before = held()
        sent = await self._send(named, KEPT)
        begun = last = held()
        for _ in range(ROUNDS):
            if begun - before > self.watch.room(sent) or last - begun > KEPT:
                break
            sent += await self._send(named, KEPT)
            now = held()
            if now - last < KEPT / ROUNDS:
                return None
            last = now
        # What it keeps until the next flush it may keep, and a heap that is full grows no more.
        self.subject.wire.forget(await self.subject.wire.fence())
        left = held()
        sent += await self._send(named, KEPT)
        if left - before <= KEPT or held() - left < KEPT / ROUNDS:
            return None
        told = f"it holds {_mib(held() - before)} more after {sent:,} datagrams, the same again and again"
        return Fault("memory-grows", told)

    def _named(self, scenarios: Sequence[Scenario]) -> list[Scenario]:
        """Return scenarios under tokens that are the same each time; nobody looks at names that begin as marks do."""
        tokens = (self.tokens.marks + self.tokens.of(0, number)[BATCH:] for number in range(len(scenarios)))
        return [one.renamed(token) for one, token in zip(scenarios, tokens, strict=True)]

    async def _send(self, scenarios: Sequence[Scenario], enough: int) -> int:
        """Send scenarios, several times where they are few, until that has cost enough; return how many datagrams.

        Nobody waits for a flush for that: what is kept is kept at once.
        """
        wire = self.subject.wire
        streams = await wire.open_stream()
        sent, before, size = 0, self.watch.held(), _FIRST
        left = again_and_again(scenarios, streams=streams)
        while batch := list(islice(left, size)):
            for datagrams, streamed in batch:
                sent += len(datagrams)
                if streamed:
                    wire.transmit_pieces(cut(b"".join(one + b"\n" for one in datagrams)))
                for datagram in () if streamed else datagrams:
                    wire.transmit(datagram)
            if not await wire.settled():
                await wire.fence()
            if self.watch.held() - before > enough:
                break
            size = min(2 * size, _AT_A_TIME)
        return sent


def again_and_again(scenarios: Sequence[Scenario], *, streams: bool = False) -> Iterator[tuple[Sequence[bytes], bool]]:
    """Yield what scenarios send, several times where they are few: a datagram, or all that go over one stream.

    The second of each says that it goes over a stream.
    """
    datagrams, size = (max(1, sum(one.size[which] for one in scenarios)) for which in range(2))
    for _ in range(max(1, min(_DATAGRAMS // datagrams, _BYTES // size))):
        for scenario in scenarios:
            some = [one for interval in scenario.intervals for one in interval]
            if streams and STREAMED in scenario.features:
                yield some, True
            else:
                yield from (([one], False) for one in some)


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
