"""What a program shows beside its output: a leak and a busy loop are found in one that the suite started.

Slow, because the program is a process that is started again, and a loop is seen to be busy over a second.
"""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

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


def test_line_of_a_log_is_told_once_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statsd_fuzz.wire.watch, "_CHUNK", 30)
    log = tmp_path / "log.txt"
    process = SimpleNamespace(log=log, memory=lambda: 0, worked=lambda: 0.0)
    watch = Watch(SimpleNamespace(sent=0), lambda: process)  # type: ignore[arg-type, return-value]  # all that is asked
    told = []
    for more in (b"bad line qabc", b"000001.a\n", b"bad line qabc000002.b\ngone\n", b"n" * 40 + b"\n", b""):
        with log.open("ab") as file:
            file.write(more)
        told.append(list(watch.new_lines()))
    assert told == [[], [b"bad line qabc000001.a"], [b"gone"], [b"n" * 30], [b"n" * 10]]


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
