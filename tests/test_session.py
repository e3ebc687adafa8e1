"""A target found or not found, before and around its cases."""

import asyncio
import re
import shlex
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from statsd_conformance.address import Address
from statsd_conformance.lanes import NoOther
from statsd_conformance.observers import (
    ConsoleObserver,
    GraphiteObserver,
    MakeObserver,
    NetdataObserver,
    Observer,
    PickleObserver,
    PrometheusObserver,
    RepeatObserver,
    StreamObserver,
)
from statsd_conformance.probe import UNKNOWN
from statsd_conformance.process import free_port
from statsd_conformance.profile import Profile, load_profile
from statsd_conformance.requirement import CORE, MUST, Requirement
from statsd_conformance.session import (
    Examination,
    Settings,
    Subject,
    TargetError,
    examine,
    examining,
    running,
    silence,
)
from statsd_conformance.session import subject as subjects
from statsd_conformance.session.sinks import read_sink, sink_observer
from statsd_conformance.target import Target
from statsd_conformance.targets.named import Place, socket_in
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import Case
from statsd_conformance.wire import Wire
from wire_trials import address_of


async def sums(target: Target) -> None:
    flushed = await target.after(target.bucket() + b":1|c", target.bucket() + b":2|c")
    assert flushed.count(target.bucket()) == 3


def case(id: str, *, hostile: bool = False, function: Callable[[Target], Awaitable[None]] = sums) -> Case:
    requirement = Requirement(id, CORE, MUST, "Lines MUST be summed.", "nowhere", hostile)
    return Case(id, requirement, function, {})


def only_one_target(monkeypatch: pytest.MonkeyPatch) -> None:
    places, subject = iter([1]), subjects._subject

    def only_one(spec: str, settings: Settings) -> tuple[Subject, MakeObserver]:
        if next(places, None) is None:
            raise TargetError("there is room for one only")
        return subject(spec, settings)

    monkeypatch.setattr(subjects, "_subject", only_one)


def examined(spec: str, settings: Settings, *cases: Case) -> Examination:
    return asyncio.run(examine(spec, cases or [case("A-01")], settings))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("graphite://:2003", ("", 2003)),
        ("graphite://10.0.0.1:2103", ("10.0.0.1", 2103)),
        ("graphite://[::1]:2003", ("::1", 2003)),
        ("pickle://:2004", ("", 2004)),
        ("statsd://:9125", ("", 9125)),
        ("prometheus://10.0.0.1:9102/metrics", ("10.0.0.1", 9102)),
    ],
)
def test_sink_has_a_host_and_a_port(text: str, place: tuple[str, int]) -> None:
    assert read_sink(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2003",
        "graphite://host",
        "graphite://host:0",
        "graphite://host:99999",
        "udp://:1",
        "file://",
        "prometheus://:1",
        "console://:8126",
    ],
)
def test_sink_of_another_form_is_refused_by_name(text: str) -> None:
    with pytest.raises(TargetError, match="is not of the form graphite://HOST:PORT") as caught:
        read_sink(text)
    assert repr(text) in str(caught.value)


def test_started_target_is_examined_and_stopped(tmp_path: Path) -> None:
    found = examined("reference", Settings(tmp_path), case("A-01"), case("A-02", hostile=True))
    assert found.problem == ""
    assert {id: outcome.verdict for id, outcome in found.outcomes.items()} == {
        "A-01": Verdict.PASS,
        "A-02": Verdict.PASS,
    }
    assert found.interval == 1.0
    assert found.address is not None
    assert subjects.bound(found.address) is not True


def test_command_of_the_user_runs_where_the_user_is(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ports = "--port $1 --graphiteHost 127.0.0.1 --graphitePort $2 --mgmt_port 0 --flushInterval 100"
    (tmp_path / "my-statsd").write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -m statsd_reference {ports}\n")
    (tmp_path / "my-statsd").chmod(0o755)
    settings = Settings(tmp_path_factory.mktemp("places"), profile="reference", interval=0.1)
    found = examined("exec:./my-statsd {port} {graphite_port}", settings, case("A-01"))
    assert found.problem == ""
    assert found.outcomes["A-01"].verdict is Verdict.PASS


def test_interval_of_the_settings_reaches_the_target(tmp_path: Path) -> None:
    assert examined("reference", Settings(tmp_path, interval=0.3)).interval == 0.3


@pytest.mark.parametrize(("bursts", "most"), [(False, 0), (True, 16_384)], ids=["not allowed", "allowed"])
def test_bursts_go_to_what_the_suite_did_not_start_only_when_allowed(tmp_path: Path, bursts: bool, most: int) -> None:
    async def largest() -> int:
        settings = Settings(tmp_path, sink=f"graphite://127.0.0.1:{free_port()}", profile="statsd", bursts=bursts)
        async with running("127.0.0.1:8125", settings) as subject:
            return subject.wire.largest_burst

    assert asyncio.run(largest()) == most


@pytest.mark.parametrize(
    ("hostile", "note"), [(False, "--hostile sends it"), (True, "")], ids=["not asked for", "asked for"]
)
def test_hostile_input_goes_elsewhere_only_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hostile: bool, note: str
) -> None:
    sent: list[str] = []

    async def run_all(subject: Subject, cases: list[Case]) -> dict[str, Outcome]:
        sent.extend(one.id for one in cases)
        return {}

    monkeypatch.setattr(examining, "run_all", run_all)
    # An address of the documentation's network: nothing is sent, for nothing runs.
    settings = Settings(tmp_path, sink=f"graphite://127.0.0.1:{free_port()}", profile="statsd", hostile=hostile)
    found = examined("192.0.2.1:8125", settings, case("A-01"), case("A-02", hostile=True))
    assert sent == (["A-01", "A-02"] if hostile else ["A-01"])
    assert [outcome.note.endswith(note) for outcome in found.outcomes.values()] == ([] if hostile else [True])


@pytest.mark.parametrize(
    ("spec", "profile", "said"),
    [
        ("nonsense", None, "nonsense"),
        ("udp://127.0.0.1:8125", "nosuch", "no profile 'nosuch'"),
        ("unix:///nowhere/at/all", None, "cannot send to unix:///nowhere/at/all: No such file or directory; correct"),
        ("exec:no-such-program {port} {graphite_port}", None, "no-such-program"),
        ("exec:true {port}", None, "needs {port} and {graphite_port}"),
        ("exec:false {port} {graphite_port}", None, ": exit status 1, its log is empty"),
        (
            "exec:sh -c 'echo I am broken; exit 3' {port} {graphite_port}",
            None,
            ": exit status 3\nthe end of its log:\nI am",
        ),
    ],
)
def test_target_that_cannot_be_examined_is_a_problem_and_no_verdict(
    tmp_path: Path, spec: str, profile: str | None, said: str
) -> None:
    found = examined(spec, Settings(tmp_path, profile=profile))
    assert said in found.problem
    assert found.outcomes == {}


def test_program_that_does_not_listen_is_a_problem_that_says_where_it_was_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subjects, "_START", 0.1)
    found = examined("exec:sleep 60 {port} {graphite_port}", Settings(tmp_path))
    assert "was started and did not listen on 127.0.0.1:" in found.problem
    assert "/udp within 0.1 s, where its command line" in found.problem
    assert found.problem.endswith(" tells it to: it still runs, its log is empty")


def test_program_that_publishes_nothing_is_a_problem_that_says_how_to_tell_it_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "_BIND", 0.0)
    serve = "import socket, sys, time; s = socket.socket(type=2); s.bind((str(), int(sys.argv[1]))); time.sleep(60)"
    command = f"exec:{sys.executable} -c '{serve}' {{port}} {{graphite_port}}"
    found = examined(command, Settings(tmp_path, interval=0.05))
    assert re.search(
        r"listened as Graphite for \d s, but no connection came in at 127.0.0.1:\d+\. Hand on \{graph", found.problem
    )
    assert found.problem.endswith("or --interval SECONDS; it still runs, its log is empty")


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["udp", "tcp"])
def test_program_that_finds_a_port_taken_gets_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: socket.SocketKind, times: int
) -> None:
    with socket.socket(socket.AF_INET, kind) as others:
        others.bind(("127.0.0.1", 0))
        taken = others.getsockname()[1]
        # The reference has its console at the second.
        pair = [taken, free_port()] if kind is socket.SOCK_DGRAM else [free_port(), taken]
        ports = pair * times
        monkeypatch.setattr(subjects, "free_port", lambda: ports.pop(0) if ports else free_port())
        found = examined("reference", Settings(tmp_path, interval=0.2))
    verdicts = {outcome.verdict for outcome in found.outcomes.values()}
    if times < 3:
        assert verdicts == {Verdict.PASS}, found.problem
    else:
        said = "somebody else has" if kind is socket.SOCK_DGRAM else "reference was started and ended"
        assert said in found.problem


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"also": ("http://[::1]:1",)}, "unknown scheme 'http'"),
        ({"admin": "8126"}, "--admin '8126' is no place of a console; give host:port"),
        ({"also": ("nowhere",)}, "--also 'nowhere' has no host"),
        ({"behind": ("9125",)}, "--behind '9125' is not of the form udp://HOST:PORT or tcp://HOST:PORT"),
        ({"behind": ("unix:///b",)}, "--behind 'unix:///b' is not of the form"),
        ({"behind": ("udp://[::1]:1", "tcp://[::1]:1")}, "the suite listens over one of udp and tcp"),
        ({"sink": "behind"}, "127.0.0.1:8125 only passes lines on; say where the suite listens"),
    ],
)
def test_address_that_cannot_be_read_is_a_problem(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    assert said in examined("127.0.0.1:8125", Settings(tmp_path, profile="statsd", **settings)).problem


def test_started_target_tells_its_other_addresses_and_its_memory(tmp_path: Path) -> None:
    async def everything(target: Target) -> str:
        async with target.connection("console") as console, target.connection("unixstream"), target.connection():
            await console.ask(b"health", b"\n")
        await target.needs_address("unix")
        assert target.memory() > 1_000_000
        await sums(target)
        return "all there"

    requirement = Requirement("A-01", CORE, MUST, "All MUST be there.", "nowhere")
    found = examined("reference", Settings(tmp_path), Case("A-01", requirement, everything, {}))
    assert found.outcomes["A-01"].note == "all there"


def test_socket_in_a_deep_folder_has_a_short_path(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    place = Place(1, 2, 3, 1.0, deep)
    short = socket_in(place, "s")
    assert len(str(short)) < 60
    short.parent.rmdir()
    assert socket_in(replace(place, directory=Path("/run")), "s") == Path("/run/s")


def test_console_that_does_not_answer_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(silence, "_BIND", 0.2)
    nowhere = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        spec = f"127.0.0.1:{deaf.getsockname()[1]}"
        found = examined(spec, Settings(tmp_path, sink=f"console://127.0.0.1:{nowhere}", interval=0.1))
    assert f"127.0.0.1:{nowhere} gave no answer that can be used" in found.problem
    assert "mgmt_address and mgmt_port" in found.problem


def test_collectors_that_listen_but_never_flush_are_told_from_those_that_are_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(silence, "_BIND", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        spec = f"127.0.0.1:{deaf.getsockname()[1]}"
        found = examined(spec, Settings(tmp_path, sink=f"graphite://127.0.0.1:{free_port()}", interval=0.1))
    assert "no connection came in" in found.problem
    assert "Point the Graphite output of the target at that place" in found.problem


def test_target_that_was_started_again_is_given_time_for_a_flush(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(silence, "_BIND", 0.01)
    wire = Wire("x", Address("udp", "192.0.2.1", 8125), Profile("x", {}, lag=0.0), known_interval=0.01)
    waiting = silence._silence(Subject(wire, Settings(tmp_path)), Settings(tmp_path))
    assert "nothing answered" in asyncio.run(waiting)
    # However long this machine takes, its flush is not due yet.
    started = Subject(wire, Settings(tmp_path), started=time.monotonic() + 3600)
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(silence._silence(started, Settings(tmp_path)), 0.2))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("graphite://:2003", GraphiteObserver),
        ("pickle://:2004", PickleObserver),
        ("statsd://:9125", RepeatObserver),
        ("prometheus://localhost:9102", PrometheusObserver),
        ("file:///lines", StreamObserver),
        ("statsite:///stream", StreamObserver),
        ("console://127.0.0.1:8126", ConsoleObserver),
        ("netdata://127.0.0.1:19999", NetdataObserver),
    ],
)
def test_sink_chooses_its_observer(text: str, kind: type[Observer]) -> None:
    observer = sink_observer(text, local=True)(load_profile("statsd"), lambda snapshot: None, lambda: 1.0)
    assert type(observer) is kind


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("prometheus://localhost:9102", ("localhost", 9102, "/metrics")),
        ("prometheus://[::1]:80/a/b?c=d", ("::1", 80, "/a/b?c=d")),
    ],
)
def test_sink_of_a_page_is_looked_at_once_an_interval(text: str, page: tuple[str, int, str]) -> None:
    observer = sink_observer(text, local=False, interval=0.5)(
        load_profile("statsd"), lambda snapshot: None, lambda: 1.0
    )
    assert isinstance(observer, PrometheusObserver)
    assert (observer.host, observer.port, observer.path) == page
    assert observer.period == 0.5


def test_cases_apart_run_beside_the_others_on_targets_of_their_own(tmp_path: Path) -> None:
    met = asyncio.Event()
    addresses: list[Address] = []

    async def ending(target: Target) -> None:
        addresses.append(address_of(target))
        await asyncio.wait_for(met.wait(), 10)
        target.send(target.bucket() + b":1|c")
        assert await target.reads()
        last = await target.terminate()
        assert last.count(target.bucket()) == 1

    async def meeting(target: Target) -> None:
        addresses.append(address_of(target))
        met.set()
        await sums(target)

    requirement = Requirement("A-01", CORE, MUST, "It MUST end.", "nowhere", apart=True)
    apart = [Case(id, requirement, ending, {}) for id in ("A-01", "A-02")]
    beside = Requirement("A-03", CORE, MUST, "It MUST meet.", "nowhere")
    found = examined("reference", Settings(tmp_path), *apart, Case("A-03", beside, meeting, {}))
    assert found.problem == ""
    assert {id: outcome.verdict for id, outcome in found.outcomes.items()} == {
        "A-01": Verdict.PASS,
        "A-02": Verdict.PASS,
        "A-03": Verdict.PASS,
    }
    assert len(set(addresses)) == 3
    assert not any(subjects.bound(address) for address in addresses)


@pytest.mark.parametrize("alone", [False, True], ids=["beside", "no other target"])
def test_hostile_cases_run_beside_the_others_or_behind_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alone: bool
) -> None:
    ran: list[tuple[str, Address]] = []
    there = asyncio.Event()

    async def hostile(target: Target) -> None:
        ran.append(("hostile", address_of(target)))
        there.set()
        await sums(target)

    async def ordinary(target: Target) -> None:
        if not alone:
            await asyncio.wait_for(there.wait(), 10)
        await sums(target)
        ran.append(("ordinary", address_of(target)))

    if alone:
        only_one_target(monkeypatch)
    cases = [case("A-01", hostile=True, function=hostile), case("A-02", function=ordinary)]
    found = examined("reference", Settings(tmp_path, interval=0.2), *cases)
    assert {outcome.verdict for outcome in found.outcomes.values()} == {Verdict.PASS}, found.problem
    assert [name for name, _ in ran] == (["ordinary", "hostile"] if alone else ["hostile", "ordinary"])
    assert len({address for _, address in ran}) == (1 if alone else 2)


def test_second_target_goes_by_the_profile_that_was_found(tmp_path: Path) -> None:
    async def told(target: Target) -> str:
        await sums(target)
        return target.profile.name

    requirement = Requirement("A-01", CORE, MUST, "It MUST tell.", "nowhere", apart=True)
    spec = (
        f"exec:{shlex.quote(sys.executable)} -m statsd_reference --address 127.0.0.1 --port {{port}} --mgmt_port 0 "
        "--graphiteHost {graphite_host} --graphitePort {graphite_port} --flushInterval 200"
    )
    found = examined(spec, Settings(tmp_path, interval=0.2), Case("A-01", requirement, told, {}), case("A-02"))
    assert found.outcomes["A-01"].note == "probed"


def test_second_target_has_nothing_behind_it_where_the_first_one_has(tmp_path: Path) -> None:
    places = []

    async def behind(target: Target) -> None:
        places.append(target.behind and target.behind.addresses)
        await sums(target)

    apart = Requirement("A-01", CORE, MUST, "It MUST sum.", "nowhere", apart=True)
    together = Requirement("A-02", CORE, MUST, "It MUST sum.", "nowhere")
    where = Address("udp", "127.0.0.1", free_port())
    spec = (
        f"exec:{shlex.quote(sys.executable)} -m statsd_reference --address 127.0.0.1 --port {{port}} --mgmt_port 0 "
        "--graphiteHost {graphite_host} --graphitePort {graphite_port} --flushInterval 200"
    )
    settings = Settings(tmp_path, profile="reference", interval=0.2, behind=(f"udp://{where.host}:{where.port}",))
    found = examined(spec, settings, Case("A-01", apart, behind, {}), Case("A-02", together, behind, {}))
    assert [outcome.verdict for outcome in found.outcomes.values()] == [Verdict.PASS] * 2
    assert sorted(places, key=bool) == [None, (where,)]


def test_target_with_a_place_behind_it_is_the_only_one(tmp_path: Path) -> None:
    async def run() -> None:
        subject = Subject(Wire("reference", Address("udp", "127.0.0.1", 1), UNKNOWN), settings)
        async with subject.another():
            raise AssertionError("what it passes on is not seen")

    settings = Settings(tmp_path, behind=("udp://127.0.0.1:9",))
    with pytest.raises(NoOther, match="behind the target is taken"):
        asyncio.run(run())


def test_target_gets_little_time_to_end_when_it_is_started_again(tmp_path: Path) -> None:
    class Ending:
        def stop(self, within: float | None = None) -> None:
            asked.append(within)

    async def run() -> None:
        address = Address("udp", "127.0.0.1", 1)
        subject = Subject(Wire("x", address, UNKNOWN), Settings(tmp_path))
        for end in (subject.restart, subject.stop):
            subject.process = Ending()  # type: ignore[assignment]  # all that is asked of it
            await end()

    asked: list[float | None] = []
    asyncio.run(run())
    assert asked == [subjects._DEAF, None]


def test_second_target_that_cannot_be_started_leaves_its_case_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only_one_target(monkeypatch)
    apart = Requirement("A-01", CORE, MUST, "It MUST end.", "nowhere", apart=True)
    found = examined("reference", Settings(tmp_path), Case("A-01", apart, sums, {}), case("A-02"))
    assert found.outcomes["A-02"].verdict is Verdict.PASS
    assert found.outcomes["A-01"].verdict is Verdict.INCONCLUSIVE
    assert found.outcomes["A-01"].note == "no other target could be started: there is room for one only"


@pytest.mark.parametrize(("spec", "named"), [("statd", True), ("127.0.0.1:x", False)])
def test_target_that_is_no_address_may_have_been_meant_as_a_name(spec: str, named: bool, tmp_path: Path) -> None:
    problem = asyncio.run(examine(spec, [], Settings(tmp_path))).problem
    assert repr(spec) in problem
    assert ("or a name: reference, statsd, " in problem) == named
