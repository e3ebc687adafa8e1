"""What a program shows beside its output: a leak and a busy loop are found in one that the suite started.

Slow, because the program is a process that is started again, and a loop is seen to be busy over a second.
"""

import asyncio
import sys
from pathlib import Path

import pytest

import statsd_fuzz.wire.watch
from statsd_conformance.session import Settings, running
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.judge import Judge
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario
from statsd_fuzz.wire.surviving import Surviving
from statsd_fuzz.wire.watch import Watch, Watching

Q = PLACEHOLDER + b"."
SERVER = Path(__file__).with_name("hungry_server.py")
HARMLESS = Scenario(((Q + b"a:1|c",),))
# About a rate with an exponent nobody is sure, so that no more than its cost is found.
COSTLY = Scenario(((Q + b"a:1|c\n" + Q + b"b:1|g|@5e-1",),))


@pytest.mark.parametrize(
    ("how", "name", "says"),
    [("leaks", "memory-grows", "it holds 1"), ("spins", "burns-the-processor", "per cent of a processor")],
)
def test_program_that_is_hungry_is_found_and_started_again(
    how: str, name: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sixteen MiB of a line are enough then.
    monkeypatch.setattr(statsd_fuzz.wire.watch, "_ROOM", 8 << 20)
    settings = Settings(tmp_path, profile="reference", interval=0.2)
    target = f"exec:{sys.executable} {SERVER} {how} {{port}} {{graphite_host}} {{graphite_port}} {{interval}}"

    async def run() -> list[str | None]:
        async with running(target, settings) as subject:
            watch = Watch(subject.wire, lambda: subject.process)
            judge = Watching(Surviving(subject, Judge(subject)), watch, idle=how == "spins")
            await subject.wire.fence()
            watch.begin()
            found: list[Fault | None] = []
            for scenario in (HARMLESS, COSTLY, HARMLESS, COSTLY):
                found += await judge([scenario])
            assert says in (found[1].sentence if found[1] else "")
            return [fault.name if fault else None for fault in found]

    assert asyncio.run(run()) == [None, name, None, name]
