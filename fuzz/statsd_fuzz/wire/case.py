"""A finding as a case of the conformance suite, in a module of its own, and what such a case calls."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final

from statsd_conformance.flushed import Flushed
from statsd_conformance.target import Target
from statsd_fuzz.comparing import compared
from statsd_fuzz.fault import Fault
from statsd_fuzz.plain import plain_part
from statsd_fuzz.wire.closure import stray_names
from statsd_fuzz.wire.finding import Finding
from statsd_fuzz.wire.naming import is_fatal
from statsd_fuzz.wire.readable import unreadable
from statsd_fuzz.wire.scenario import Intervals, Scenario, as_file
from statsd_fuzz.wire.strictly import Model, differences
from statsd_reference import Options

_BREAKS: Final = re.compile(rb"(?<=\n)")
_MODULE: Final = '''\
"""{title}

Found by statsd-conformance fuzz --target {target} --seed {seed}. To try it again:

    pytest -p statsd_conformance.plugin {file} --target HOST:PORT
"""

from statsd_conformance.requirement import MUST, ROBUST, requirement
from statsd_conformance.target import Target
from statsd_fuzz.wire.case import hold

INTERVALS = (
{intervals})


@requirement("FOUND-{digest}", ROBUST, MUST, cites="a scenario that fuzzing found"{more})
async def test_{function}(target: Target) -> None:
    """What is sent here MUST {must}."""
    await hold(target, INTERVALS{strict}{streamed})
'''


def case_of(finding: Finding) -> str:
    """Return a finding as a module of pytest, for a folder of its reader's."""
    function = finding.name.replace("-", "_")
    fatal = is_fatal(finding.fault)
    return _MODULE.format(
        title=f"{finding.name}: {finding.fault.sentence}".replace("\\", "\\\\").replace('"""', "'''"),
        target=finding.origin.target,
        seed=finding.origin.seed,
        file=f"test_{function}.py",
        intervals=_written(finding.scenario.intervals),
        digest=sha256(as_file(finding.scenario)).hexdigest()[:12],
        more=", hostile=True" if fatal else "",
        function=function,
        must="be survived" if fatal else "come to what the model says",
        strict=", strict=True" if finding.origin.strict else "",
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
        if streamed:
            target.send_over_stream(*(one + b"\n" for one in some))
        else:
            target.send(*some)
        flushes.append(await target.flush())
    faults = list(_strict_faults(scenario, flushes) if strict else _plain_faults(scenario, flushes))
    assert not faults, "; ".join(fault.sentence for fault in faults)


def _plain_faults(scenario: Scenario, flushes: Sequence[Flushed]) -> Iterator[Fault]:
    plain = plain_part(scenario.intervals)
    mine = [
        {name: some for name, some in lines.items() if name.startswith(scenario.token)} for lines in plain.intervals
    ]
    refused = frozenset(name for name in plain.refused if name.startswith(scenario.token))
    own = replace(plain, intervals=tuple(mine), refused=refused)
    yield from (fault for _, fault in compared(own, flushes))
    lines = {line.path: line for flushed in flushes for line in flushed.own}
    yield from stray_names(flushes[0].profile, scenario, lines)
    yield from unreadable(scenario, lines.values())


def _strict_faults(scenario: Scenario, flushes: Sequence[Flushed]) -> Iterator[Fault]:
    """Yield what differs from the model, in the first flush of each interval that has anything of the scenario."""
    model = Model(Options(flush_interval=round(flushes[0].interval * 1000)))
    for some, flushed in zip(scenario.intervals, flushes, strict=True):
        wanted = {path: text for path, text in model.flush(some).items() if scenario.token in path}
        tables = [snapshot.lines_of(scenario.token) for snapshot in flushed.snapshots]
        lines = next((one for one in tables if one), ())
        got = {line.path: line.value for line in lines}
        yield from differences(flushed.profile, wanted, got, "the flush")
