"""The judge before real servers: it knows again what it sent, and plain lines come to what the model says.

Slow, because each is started, and answers after a flush or two of a second.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from statsd_conformance.deviation import load_deviations
from statsd_conformance.session import Settings, running
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.judge import Judge
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario
from test_go_targets import TARGETS, need

Q = PLACEHOLDER + b"."
SCENARIOS = [
    Scenario(((Q + b"a:2|c\n" + Q + b"a:3|c", Q + b"g.x:7|g"),)),
    Scenario(((Q + b"u:1|s\n" + Q + b"u:2|s\n" + Q + b"u:1|s",),)),
    Scenario(((Q + b"t:20|ms", Q + b"t:10|ms"),)),
]


# NUM-11: of the first interval its rates are no numbers.
KNOWN = {"collectd": {"value-not-finite"}}


@pytest.mark.parametrize("name", ["statsd", "collectd", "netdata", "statsd_exporter", "telegraf"])
def test_judge_knows_again_what_it_sent_to_a_real_server(
    name: str, tmp_path: Path, program: Callable[[str], tuple[str, ...]]
) -> None:
    if name in TARGETS:
        need(name)
    else:
        program(name)

    async def run() -> tuple[list[Fault | None], int]:
        async with running(name, Settings(tmp_path, forgets=True)) as subject:
            unmet = {id for id, _ in load_deviations(name).entries}
            judge = Judge(subject, unmet=unmet)
            try:
                return await judge(SCENARIOS), judge.unsure
            finally:
                await judge.close()

    faults, unsure = asyncio.run(run())
    assert {fault.name for fault in faults if fault} <= KNOWN.get(name, set())
    assert unsure == 0
