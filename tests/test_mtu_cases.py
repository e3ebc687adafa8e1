"""Cases on what the network does to datagrams: where they run, on what, and what they say of a path."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import pytest

from chapters import all_cases
from defects.steps import Break
from networks import in_namespaces
from statsd_conformance.address import Address, Sender
from statsd_conformance.kernel import mtu_of
from statsd_conformance.lanes import NoOther
from statsd_conformance.measured import Measured
from statsd_conformance.namespaces import FAR_IPV4, FAR_IPV6, LINKS, Namespaces, NoNamespaces
from statsd_conformance.session import Settings, Subject, examine, examining
from statsd_conformance.target import InProcess, Trace
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import Case, run_all, run_case
from statsd_conformance.wire import NoAnswer, Wire
from statsd_reference import Options, make_server
from trials import PROFILE, right
from wire_trials import serving
from wrong_servers.mtu import receives

CASES: Final[Mapping[str, Sequence[Case]]] = {
    id: [case for case in all_cases() if case.requirement.id == id] for id in ("MTU-01", "MTU-06", "MTU-07")
}
(PATH,) = CASES["MTU-07"]
HOLE: Final = next(link for link in LINKS if link.name == "hole")


def test_cases_of_a_network_run_on_a_target_at_the_end_of_paths(tmp_path: Path) -> None:
    in_namespaces(nothing)
    cases = [*CASES["MTU-01"], *CASES["MTU-06"]]
    outcomes = asyncio.run(examine("reference", cases, Settings(tmp_path, interval=0.3))).outcomes
    of_ipv4 = {id: one.verdict.value for id, one in outcomes.items() if "over IPv6" not in id}
    assert len(of_ipv4) == 4
    assert set(of_ipv4.values()) == {"PASS"}
    notes = {one.note for id, one in outcomes.items() if "over IPv6" in id}
    assert notes == {"nobody said where the target reads datagrams over IPv6; --also udp://[::1]:PORT does"}


def test_a_target_that_only_cases_of_a_network_run_for_is_sent_something_to_flush(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def over_paths(subject: Subject, cases: Sequence[Case]) -> dict[str, Outcome]:
        return {}

    async def run() -> tuple[dict[str, Outcome], int]:
        async with serving(right) as subject:
            return await examining._run(cast(Subject, subject), CASES["MTU-01"]), subject.wire.sent

    monkeypatch.setattr(examining, "_over_paths", over_paths)
    outcomes, sent = asyncio.run(run())
    assert not outcomes
    assert sent


@pytest.mark.parametrize(
    ("error", "verdict", "note"),
    [
        (NoNamespaces("no right"), "UNSUPPORTED", "this machine lets the suite make no network: no right"),
        (NoAnswer("silence"), "INCONCLUSIVE", "over a path of the suite's own: silence"),
        (NoOther("no port"), "INCONCLUSIVE", "over a path of the suite's own: no port"),
    ],
    ids=["no network", "no answer", "no target"],
)
def test_what_keeps_cases_of_a_network_from_running_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, verdict: str, note: str
) -> None:
    async def within(work: object) -> None:
        raise error

    monkeypatch.setattr(examining, "within", within)
    subject = Subject(Wire("x", Address("udp", "127.0.0.1", 1), PROFILE), Settings(tmp_path))
    outcomes = asyncio.run(examining._over_paths(subject, CASES["MTU-06"]))
    assert {(one.verdict.value, one.note) for one in outcomes.values()} == {(verdict, note)}
    assert len(outcomes) == len(CASES["MTU-06"])


async def nothing(made: Namespaces) -> None:
    """Do nothing."""


def in_process(plant: Break) -> tuple[Outcome, Trace]:
    target = InProcess(plant(make_server(Options(flush_interval=1000))), PROFILE)
    return asyncio.run(run_case(PATH, target)), target.trace


def drops(*sizes: int) -> Break:
    return receives(lambda datagram: () if len(datagram) in sizes else (datagram,))


def test_path_that_takes_every_size_is_told() -> None:
    outcome, trace = in_process(right)
    assert (outcome.verdict, outcome.note) == (Verdict.INFO, "datagrams of every size up to 65,507 bytes arrive")
    assert trace.measured == [Measured("datagrams that reach the target", "every size up to 65,507 bytes")]


def test_target_or_path_that_takes_no_more_than_some_bytes_is_told() -> None:
    outcome, trace = in_process(receives(lambda datagram: (datagram,) if len(datagram) <= 4096 else ()))
    assert outcome.note.startswith("datagrams of up to 4,000 bytes arrive, and of 8,000 bytes none does: they leave in")
    assert trace.measured == [Measured("datagrams that reach the target", outcome.note)]


def test_loss_that_does_not_go_by_size_is_no_finding() -> None:
    outcome, trace = in_process(drops(1232, 1452))
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert "those of 1,232, 1,452 bytes were lost, and longer ones were not" in outcome.note
    assert not trace.measured


@dataclass(frozen=True)
class OverTheHole(Address):
    """Where a target is behind a path that swallows what is long."""

    made: Namespaces | None = None

    @property
    def loopback(self) -> bool:
        """Not loopback, whatever its number."""
        return False

    async def connect(self) -> Sender:
        """Open a socket to it at the other end of the path."""
        assert self.made
        return Sender(self.made.connected(HOLE, self.host, self.port), stream=False)


def test_black_hole_on_the_way_to_a_target_is_recognised_and_explained() -> None:
    async def work(made: Namespaces) -> dict[str, Outcome]:
        async with serving(right) as subject:
            port = subject.wire.address.port
            await subject.wire.disconnect()
            subject.wire.address = OverTheHole("udp", FAR_IPV4, port, made=made)
            await subject.wire.connect()
            return await run_all(subject, [PATH])

    (outcome,) = in_namespaces(work).values()
    assert outcome.verdict is Verdict.INFO
    assert outcome.note.startswith("datagrams of up to 1,252 bytes arrive, and of 1,372 bytes none does")
    assert "a black hole; let emitters send no more than 1,252 bytes" in outcome.note
    assert outcome.trace
    assert outcome.trace.measured == [Measured("datagrams that reach the target", outcome.note)]


def test_target_on_this_machine_is_at_no_distance_and_one_that_was_there_is_at_the_end_of_no_path() -> None:
    async def work() -> dict[str, Outcome]:
        async with serving(right) as subject:
            return await run_all(subject, [PATH, CASES["MTU-06"][0]])

    outcomes = asyncio.run(work())
    assert [one.verdict for one in outcomes.values()] == [Verdict.UNSUPPORTED] * 2
    notes = sorted(one.note for one in outcomes.values())
    assert notes[0].startswith("only a target that the suite starts itself can be put at the end of a path")
    assert notes[1].startswith("over loopback every size arrives")


@pytest.mark.parametrize(("link", "host"), [("narrow", FAR_IPV4), ("least6", FAR_IPV6)])
def test_mtu_where_datagrams_leave_is_that_of_the_link(link: str, host: str) -> None:
    async def work(made: Namespaces) -> int | None:
        with made.connected(next(one for one in LINKS if one.name == link), host, 9) as connected:
            return mtu_of(connected)

    assert in_namespaces(work) == (576 if link == "narrow" else 1280)
