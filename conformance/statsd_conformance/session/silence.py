"""A target that does not answer at all, told from one that is slow."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Final, TypeVar

from statsd_conformance.session.passing import only_passes
from statsd_conformance.session.settings import Settings, TargetError
from statsd_conformance.session.subject import Subject, bound
from statsd_conformance.targets import Command

# Without a known interval a first flush may take the ten seconds of most defaults; the run must not wait for ever.
_FIRST_FLUSH: Final = 12.0
# Seconds for a target to listen.
_BIND: Final = 3.0

T = TypeVar("T")


async def unless_silent(run: Coroutine[None, None, T], subject: Subject, settings: Settings) -> T:
    """Return what `run` returns, unless the target turns out not to answer at all.

    The cases are under way meanwhile, so that waiting for a first flush costs no interval.
    """
    running_cases = asyncio.ensure_future(run)
    silence = asyncio.ensure_future(_silence(subject, settings))
    try:
        await asyncio.wait({running_cases, silence}, return_when=asyncio.FIRST_COMPLETED)
        if not running_cases.done():
            raise TargetError(silence.result())
        return running_cases.result()
    finally:
        running_cases.cancel()
        silence.cancel()
        await asyncio.gather(running_cases, silence, return_exceptions=True)


async def _silence(subject: Subject, settings: Settings) -> str:
    """Return, once it is certain that the target does not answer, what to tell the user; never before."""
    wire = subject.wire
    begun = time.monotonic()
    while bound(wire.address) is False and subject.process is None:
        if time.monotonic() - begun > _BIND:
            return (
                f"nothing answered: no program on this machine listens on {wire.address}, and nothing came out at "
                f"{settings.sink}. Start the target, or correct --target"
            )
        await asyncio.sleep(0.05)
    known = None if only_passes(wire) else wire.known_interval
    limit = _FIRST_FLUSH if known is None else 2 * known + wire.profile.lag + _BIND
    while not wire.snapshots:
        # A target that each case stops, and that is started again, has no time for a flush.
        if time.monotonic() - max(begun, subject.started) > limit:
            return _unheard(subject, settings, limit)
        await asyncio.sleep(0.05)
    never: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    return await never


def _unheard(subject: Subject, settings: Settings, waited: float) -> str:
    wire = subject.wire
    sent, heard = f"nothing answered: sent lines to {wire.address} and", wire.sink.heard()
    if subject.place and isinstance(subject.named, Command):
        # It was told another place than --sink.
        return (
            f"{sent} listened as Graphite for {waited:.0f} s, but "
            f"{heard.partition('. ')[0]}. Hand on {{graphite_host}} and {{graphite_port}} in its command line, and "
            f"{{interval}} or --interval SECONDS; {subject.last_words()}"
        )
    return (
        f"{sent} watched {settings.sink} for {waited:.0f} s, but {heard}, or say --interval SECONDS when it flushes "
        "less often"
    )
