"""The case of a recording: play it, window by window, and see whether the target made of it what the model does."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from typing import Final

from statsd_conformance.graphite import GraphiteLine
from statsd_conformance.profile import Profile
from statsd_conformance.replayed.compared import STRAY, Comparison, Difference, Played, compared
from statsd_conformance.replayed.demands import Demands, about, demands_of
from statsd_conformance.replayed.modelled import Modelled, modelled
from statsd_conformance.replayed.published import Came, came, published
from statsd_conformance.replayed.recorded import Recording, dialect_of, payloads_of, renamed, windows_of
from statsd_conformance.replayed.told import first_told, told_of
from statsd_conformance.requirement import MUST, SHOULD, Inconclusive, Unsupported, should
from statsd_conformance.target import Target

# Datagrams of a window for each second of an interval: what a wire sends, and most servers read, in half of it.
_BY_SECOND: Final = 8_000
_FEWEST: Final = 1_000
# Evidence of a failure is about so many series, and has so many datagrams.
_SHOWN: Final = 20
_FEW: Final = 1_000


async def agree(target: Target, recording: Recording) -> str:
    """Play a recording to a target; return what agreed with the model, in words.

    Raises:
        AssertionError: something did not, of what is demanded; the message says what.
        Inconclusive: a user's recording comes to nothing in the model.
        Unsupported: the target's profile lacks the dialect of the recording, or all of its types.
    """
    payloads = await asyncio.to_thread(payloads_of, recording)
    dialect = _dialect(target, recording, payloads)
    if len(payloads) > _FEWEST:
        await _settle(target)
    datagrams = renamed(payloads, target.token + b".")
    windows = windows_of(datagrams, max(_FEWEST, round(_BY_SECOND * target.interval)))
    demands = await asyncio.to_thread(demands_of, datagrams, dialect, target.profile)
    model = await asyncio.to_thread(modelled, windows, dialect, target.interval, target.token)
    flushes = await _played(target, windows)
    played = Played(recording.name, dialect, target.token)
    comparison = await asyncio.to_thread(_compared, target.profile, played, flushes, model, demands)
    target.trace.replayed = comparison
    said = told_of(comparison, demands, len(payloads))
    if recording.own:
        target.measured(f"replay of {recording.name}", said)
        if not comparison.numbers and not comparison.unread:
            raise Inconclusive(f"nothing can be told, for the model makes nothing of it: {said}")
    return _judged(target, comparison, datagrams, flushes, said)


def _dialect(target: Target, recording: Recording, payloads: Sequence[bytes]) -> str:
    """Return the dialect to read a recording in: its own where the target has it.

    Raises:
        Unsupported: it has not, and the recording is one that is about it.
    """
    dialect = recording.dialect or dialect_of(payloads)
    if dialect == "etsy":
        return dialect
    try:
        target.needs_extension(dialect)
    except Unsupported:
        if recording.own:
            # What has no tags is judged all the same.
            return "etsy"
        raise
    return dialect


async def _settle(target: Target) -> None:
    """Wait for two flushes, so that the interval has been measured where nobody said it.

    What follows takes its time, and a target that nobody has sent anything for long seems not to answer.
    """
    for _ in range(2):
        await target.flush()


async def _played(target: Target, windows: Sequence[Sequence[bytes]]) -> list[Came]:
    """Send each window right behind a flush, all of it before the next one; return what came of each."""
    flushes = []
    for window in windows:
        target.send(*window)
        flushes.append(came(await target.flush()))
        target.release()
    return flushes


def _compared(
    profile: Profile, played: Played, flushes: Sequence[Came], model: Modelled, demands: Demands
) -> Comparison:
    found = published(flushes, profile, played.token, model.kinds())
    return compared(played, model, found, demands, profile)


def _judged(
    target: Target, comparison: Comparison, datagrams: Sequence[bytes], flushes: Sequence[Came], said: str
) -> str:
    """Return the words for what agreed, or raise what did not."""
    if not comparison.series and comparison.unread:
        raise Unsupported(said)
    for level in (MUST, SHOULD):
        if wrong := comparison.of(level):
            _leave_evidence_of(target, wrong, flushes)
            with nullcontext() if level is MUST else should():
                raise AssertionError(first_told(wrong, datagrams, target.token, said))
    return said


def _leave_evidence_of(target: Target, differences: Sequence[Difference], flushes: Sequence[Came]) -> None:
    """Leave of what was sent and published what the first differences are about: a recording may be a hundred MB."""
    shown = differences[:_SHOWN]
    names = {target.token + b"." + one.series.partition(b";")[0] for one in shown if one.what != STRAY}
    if names and len(target.trace.datagrams) > _FEW:
        kept = [one for one in target.trace.datagrams if any(name in one for name in names) and _is_about(one, names)]
        target.trace.datagrams[:] = kept[:_FEW]
    paths = {one.path for one in shown}

    def is_shown(line: GraphiteLine) -> bool:
        return line.path in paths or any(name in line.path for name in names)

    target.trace.flushes[:] = [one.read(target.profile, target.token, is_shown) for one in flushes]


def _is_about(datagram: bytes, names: Collection[bytes]) -> bool:
    return any(about(line, name) for line in datagram.split(b"\n") for name in names)
