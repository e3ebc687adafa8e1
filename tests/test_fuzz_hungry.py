"""`statsd-conformance fuzz` against programs that take memory or a processor for ever, from the start to what is saved.

Slow, because a program is started again for each trial that shows it, and shows it in some flushes.
"""

import asyncio
import sys
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from statsd_conformance.__main__ import main
from statsd_conformance.target import Crashed
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire import hunger, soaking, watch
from statsd_fuzz.wire.grammar import Grammar
from statsd_fuzz.wire.hunger import Hunger
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario, from_file
from statsd_fuzz.wire.shrink import merged
from statsd_fuzz.wire.soaking import Soaking
from statsd_fuzz.wire.tokens import Tokens

BUSY = Fault("burns-the-processor", "it takes 99 per cent of a processor with nothing to do")
SERVER = Path(__file__).with_name("hungry_server.py")
Q = PLACEHOLDER + b"."
SCENARIOS = [
    Scenario((some,))
    for some in ((Q + b"a:1|c", Q + b"a:5|ms"), (Q + b"a:1|g",), (Q + b"a:1|c|@0.1\n" + Q + b"b:1|c",))
]


@pytest.mark.parametrize(
    ("how", "name"),
    [("keeps", "memory-grows-of-a-rate"), ("spins", "burns-the-processor-after-a-rate"), ("eats", None)],
)
def test_program_that_is_hungry_is_found_and_what_makes_it_so_is_saved(
    how: str, name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that few trials, and short ones, tell what it is about.
    made = cycle(SCENARIOS)
    monkeypatch.setattr(Grammar, "scenario", lambda grammar: next(made))
    monkeypatch.setattr(soaking, "KEPT", 6 << 20)
    monkeypatch.setattr(soaking, "_DATAGRAMS", 200)
    monkeypatch.setattr(watch, "_LOOK", 0.05)
    target = f"exec:{sys.executable} {SERVER} {how} {{port}} {{graphite_host}} {{graphite_port}} {{interval}}"
    given = ["--target", target, "--profile", "reference", "--interval", "0.1", "--rate", "100", "--seconds", "1"]
    done = CliRunner().invoke(main, ["fuzz", *given, "--findings", str(tmp_path / "found")])
    assert done.exit_code == (1 if name else 0), done.output
    saved = list((tmp_path / "found").glob("*-rate"))
    assert [path.name for path in saved] == ([name] if name else []), done.output
    assert [from_file(path.read_bytes()).intervals for path in saved] == ([((Q + b"a:1|c|@0.1",),)] if name else [])


class _Seen:
    """A watch of a program that works as much as it is told."""

    sees = True
    part = 0.0


def test_target_that_works_all_the_time_has_to_rest_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _Seen()
    made = Hunger(SimpleNamespace(subject=None), seen, None)  # type: ignore[arg-type]  # nothing of these is asked
    for _ in range(9):
        made.note(SCENARIOS)
    assert not made.is_due
    assert len(made.sent) == 4
    monkeypatch.setattr(hunger, "_EVERY", 0.0)
    assert not made.is_due
    for _ in range(9):
        made.note(SCENARIOS)
    seen.part = 0.9
    assert made.is_due
    assert len(made.sent) == 13


class _Spinning:
    """A target, its judge and its watch: a rate keeps it busy until it is started again, and no counter is right."""

    sees = True
    restarts = 0

    def __init__(self) -> None:
        self.subject = self
        self.is_busy = True

    async def __call__(self, scenarios: Sequence[Scenario]) -> list[Fault | None]:
        self.is_busy |= any(b"@" in datagram for one in scenarios for some in one.intervals for datagram in some)
        return [Fault("counter-differs", "it is 1 and not 2") for _ in scenarios]

    async def idle_fault(self) -> Fault | None:
        return BUSY if self.is_busy else None

    def begin(self) -> None: ...

    async def restart(self) -> None:
        self.is_busy = False


def test_what_keeps_a_target_busy_is_looked_for_whatever_else_is_wrong() -> None:
    target = _Spinning()
    made = Hunger(target, target, Tokens("abc"))  # type: ignore[arg-type]  # a stand-in of all three
    for scenario in (*SCENARIOS, SCENARIOS[0]):
        made.note([scenario])
    assert asyncio.run(made.busy()) == [(merged([SCENARIOS[2]]), BUSY)]


class _Keeping:
    """A target, its wire and its watch, that holds 64 KiB of each datagram, until the flush or until it is full."""

    sees = restartable = True

    def __init__(self, *, until_flush: bool = False, most: int = 1 << 40, dies: bool = False) -> None:
        self.wire = self.subject = self
        self.dies = dies
        self.until_flush, self.most = until_flush, most
        self.restarts = self._held = 0

    def held(self) -> int:
        return self._held

    def room(self, sent: int) -> int:
        return 1 << 40

    def transmit(self, datagram: bytes) -> None:
        self._held = min(self._held + (1 << 16), self.most)

    async def settled(self) -> bool:
        return not self.dies

    def alive(self) -> bool:
        return not self.dies

    def last_words(self) -> str:
        return "exit status -9"

    async def open_stream(self) -> bool:
        return False

    async def fence(self) -> int:
        if self.dies:
            raise Crashed("its process has ended")
        self._held = 0 if self.until_flush else self._held
        return 0

    def forget(self, number: int) -> None: ...

    def begin(self) -> None: ...

    async def restart(self) -> None:
        self.restarts += 1


@pytest.mark.parametrize(
    ("until_flush", "most", "found"),
    [(False, 1 << 40, True), (True, 1 << 40, False), (False, 100 << 20, False), (False, 157 << 20, False)],
    ids=["for ever", "until the flush", "until it is full", "until it is full later"],
)
def test_only_what_is_kept_for_ever_is_a_leak(until_flush: bool, most: int, found: bool) -> None:
    target = _Keeping(until_flush=until_flush, most=most)
    judge = Soaking(target, target, Tokens("abc"))  # type: ignore[arg-type]  # a stand-in of all three
    faults = asyncio.run(judge(SCENARIOS))
    assert [fault is not None for fault in faults] == [found] * 3
    assert target.restarts == found


def test_target_that_stops_when_the_same_is_sent_again_and_again_is_suspected_of_that() -> None:
    target = _Keeping(dies=True)
    made = Hunger(target, target, Tokens("abc"))  # type: ignore[arg-type]  # a stand-in of all three
    made.note(SCENARIOS)
    suspects = asyncio.run(made.kept())
    assert suspects == [(merged(SCENARIOS), Fault("dies", "it stopped: exit status -9"))]
    assert target.restarts == 1
