"""A finding as a case of the conformance suite, in a module of its own, and what such a case calls."""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from statsd_conformance.flushed import Flushed
from statsd_conformance.target import Target
from statsd_fuzz.comparing import compared
from statsd_fuzz.fault import Fault
from statsd_fuzz.plain import plain_part
from statsd_fuzz.wire.closure import stray_names
from statsd_fuzz.wire.either_way import send_interval
from statsd_fuzz.wire.finding import Finding
from statsd_fuzz.wire.naming import is_fatal
from statsd_fuzz.wire.readable import doubled, twice, unreadable
from statsd_fuzz.wire.relations import ALONE, APART, BACKWARDS, RATE_LAST, TAGS_BACKWARDS, TWICE
from statsd_fuzz.wire.scenario import Intervals, Scenario, as_file
from statsd_fuzz.wire.soaking import KEPT, ROUNDS
from statsd_fuzz.wire.strictly import Model, differences, table_of
from statsd_fuzz.wire.watch import BUSY, LOOKS
from statsd_reference import Options

_BREAKS: Final = re.compile(rb"(?<=\n)")
_MODULE: Final = '''\
"""{title}

Found by statsd-conformance fuzz --target {target} --seed {seed}. To try it again:

    pytest -p statsd_conformance.plugin {file} --target {place}
"""

from statsd_conformance.requirement import MUST, ROBUST, requirement
from statsd_conformance.target import Target
from statsd_fuzz.wire.{module} import {check}

INTERVALS = (
{intervals})


@requirement("FOUND-{digest}", ROBUST, MUST, cites="a scenario that fuzzing found"{more})
async def test_{function}(target: Target) -> None:
    """What is sent here MUST {must}."""
    await {check}(target, INTERVALS{relation}{strict}{streamed})
'''


@dataclass(frozen=True, slots=True)
class _Check:
    """What a case calls, in which module and for which relation, and what it says; `starts` wants a started target."""

    function: str
    must: str
    module: str = "case"
    relation: str = ""
    starts: bool = False


def _either_way(must: str, relation: str) -> _Check:
    return _Check("go_either_way", must, "either_way", relation)


# By what broke; anything else is held against the model.
_CHECKS: Final = {
    "apart-differs-from-together": _either_way("come to the same with each line in a datagram of its own", APART),
    "order-of-counters-matters": _either_way("come to the same in any order", BACKWARDS),
    "twice-is-not-two-times": _either_way("come to two times as much where each datagram is sent twice", TWICE),
    "names-collide": _either_way("come to the same of its first line alone", ALONE),
    "order-of-tags-matters": _either_way("come to the same with its tags in reverse", TAGS_BACKWARDS),
    "rate-behind-tags-differs": _either_way("come to the same with its rates behind the tags", RATE_LAST),
    "memory-grows": _Check("keep_nothing", "cost no more memory each time that it is sent", starts=True),
    "burns-the-processor": _Check("come_to_rest", "leave the server with nothing to do", starts=True),
}
# Datagrams of a round of `keep_nothing`, few enough for a target that keeps much of each.
_DATAGRAMS: Final = 1000
# Seconds of a look at a target that has nothing to do.
_LOOK: Final = 0.5


def case_of(finding: Finding) -> str:
    """Return a finding as a module of pytest, for a folder of its reader's."""
    function = finding.name.replace("-", "_")
    fatal = is_fatal(finding.fault)
    usual = _Check("hold", "be survived" if fatal else "come to what the model says")
    check = _CHECKS.get(finding.fault.name, usual)
    return _MODULE.format(
        title=f"{finding.name}: {finding.fault.sentence}".replace("\\", "\\\\").replace('"""', "'''"),
        target=finding.origin.target,
        seed=finding.origin.seed,
        file=f"test_{function}.py",
        intervals=_written(finding.scenario.intervals),
        digest=sha256(as_file(finding.scenario)).hexdigest()[:12],
        more=", hostile=True" if fatal else "",
        function=function,
        place="'exec:COMMAND'" if check.starts else "HOST:PORT",
        module=check.module,
        check=check.function,
        must=check.must,
        relation=f", {check.relation!r}" if check.relation else "",
        strict=", strict=True" if finding.origin.strict and check is usual else "",
        streamed=", streamed=True" if finding.streamed else "",
    )


def _written(intervals: Intervals) -> str:
    """Return intervals as rows of Python, a line of text for each of their lines."""
    rows = []
    for some in intervals:
        rows.append("    (\n" if some else "    (),\n")
        for datagram in some:
            lines = _BREAKS.split(datagram)
            lines = lines[:-1] if len(lines) > 1 and not lines[-1] else lines
            rows += [f"        {line!r}\n" for line in lines[:-1]]
            rows.append(f"        {lines[-1]!r},\n")
        rows += ["    ),\n"] if some else []
    return "".join(rows)


async def hold(target: Target, intervals: Intervals, *, strict: bool = False, streamed: bool = False) -> None:
    """Send the datagrams of each interval to a target, under a token of its own, and hold what comes against the model.

    `strict` compares every line that is published, which only a target that is the reference in everything passes.
    `streamed` sends over TCP, where LF ends what is a datagram elsewhere.

    Raises:
        AssertionError: it came to anything else, or the target stopped.
        Unsupported: it is to be sent over TCP, and the target reads none beside its datagrams.
    """
    if streamed:
        await target.needs_stream()
    scenario = Scenario(intervals).renamed(target.token)
    flushes = []
    for some in scenario.intervals:
        send_interval(target, some, streamed=streamed)
        flushes.append(await target.flush())
    faults = list(_strict_faults(scenario, flushes) if strict else _plain_faults(scenario, flushes, target.output))
    assert not faults, "; ".join(fault.sentence for fault in faults)


async def keep_nothing(target: Target, intervals: Intervals, *, streamed: bool = False) -> None:
    """Send the datagrams of intervals to a target again and again, and hold that its memory grows no more some time.

    Raises:
        AssertionError: it grows each time, or the target stopped.
        Unsupported: the memory of the target cannot be seen, or it is to be sent over TCP, and the target reads none.
    """
    begun = last = target.memory()
    for number in range(ROUNDS + 1):
        sent = await _send(target, intervals, _DATAGRAMS, streamed=streamed)
        target.release()
        held = target.memory()
        # The first round is for what it needs for these names.
        begun = begun if number else held
        assert number < 2 or held - begun < KEPT, (
            f"{sent:,} datagrams that it had before cost {(held - last) >> 20} MiB"
        )
        if number and held - last < KEPT / ROUNDS:
            break
        last = held


async def come_to_rest(target: Target, intervals: Intervals, *, streamed: bool = False) -> None:
    """Send the datagrams of intervals to a target, and hold that it works no more when it has published them.

    Raises:
        AssertionError: it is busy with nothing to do, or the target stopped.
        Unsupported: the process of the target cannot be seen, or it is to be sent over TCP, and the target reads none.
    """
    target.worked()
    await _send(target, intervals, 1, streamed=streamed)
    part = 1.0
    for _ in range(LOOKS):
        worked, begun = target.worked(), time.monotonic()
        await asyncio.sleep(_LOOK)
        part = (target.worked() - worked) / (time.monotonic() - begun)
        if part <= BUSY:
            return
    raise AssertionError(f"it takes {100 * part:.0f} per cent of a processor with nothing to do")


async def _send(target: Target, intervals: Intervals, most: int, *, streamed: bool) -> int:
    """Send intervals as one, again until it is so many datagrams, and wait for the flush; return how many."""
    if streamed:
        await target.needs_stream()
    scenario = Scenario(intervals).renamed(target.token)
    datagrams = [one for some in scenario.intervals for one in some]
    sent = datagrams * max(1, most // len(datagrams))
    send_interval(target, sent, streamed=streamed)
    await target.flush()
    return len(sent)


def _plain_faults(scenario: Scenario, flushes: Sequence[Flushed], output: str) -> Iterator[Fault]:
    plain = plain_part(scenario.intervals)
    mine = [
        {name: some for name, some in lines.items() if name.startswith(scenario.token)} for lines in plain.intervals
    ]
    refused = frozenset(name for name in plain.refused if name.startswith(scenario.token))
    own = replace(plain, intervals=tuple(mine), refused=refused)
    yield from (fault for _, fault in compared(own, flushes))
    lines = {line.path: line for flushed in flushes for line in flushed.own}
    yield from stray_names(flushes[0].profile, scenario, lines)
    yield from unreadable(scenario, lines.values() if output == "graphite" else ())
    tables = [snapshot.lines_of(scenario.token) for flushed in flushes for snapshot in flushed.snapshots]
    yield from twice(scenario, [path for one in tables for path in doubled(one)])


def _strict_faults(scenario: Scenario, flushes: Sequence[Flushed]) -> Iterator[Fault]:
    """Yield what differs from the model, in the first flush of each interval that has anything of the scenario."""
    model = Model(Options(flush_interval=round(flushes[0].interval * 1000)))
    for some, flushed in zip(scenario.intervals, flushes, strict=True):
        wanted = {path: text for path, text in model.flush(some).items() if scenario.token in path}
        tables = [snapshot.lines_of(scenario.token) for snapshot in flushed.snapshots]
        got = table_of(next((one for one in tables if one), ()))
        yield from differences(flushed.profile, wanted, got, "the flush")
