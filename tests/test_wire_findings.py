"""What becomes of a fault: shrunk on a daemon with a planted mistake, seen again, named, saved, and tried by pytest."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from defects.counters import d35
from defects.framing import a08
from defects.output import c51
from defects.steps import Break, points
from statsd_conformance.address import Address
from statsd_conformance.deviation import DeviationError
from statsd_conformance.profile import load_profile
from statsd_conformance.recording import read_recording
from statsd_conformance.target import Crashed, InProcess
from statsd_fuzz.fault import Fault
from statsd_fuzz.known import KnownError, Standing
from statsd_fuzz.wire.batch import cut
from statsd_fuzz.wire.case import case_of, hold
from statsd_fuzz.wire.collected import Collected, Told
from statsd_fuzz.wire.finding import Finding, Origin
from statsd_fuzz.wire.judge import Judge
from statsd_fuzz.wire.known import Known, known_of
from statsd_fuzz.wire.relations import _TOLD, APART, BACKWARDS, TWICE
from statsd_fuzz.wire.saved import saved, saved_or_why_not, shell_line_of
from statsd_fuzz.wire.scenario import PLACEHOLDER, STREAMED, Intervals, Scenario, from_file
from statsd_fuzz.wire.surviving import Surviving
from statsd_fuzz.wire.telling import told_of
from statsd_reference import Options, Server, make_server
from statsd_reference.server import Receive
from statsd_reference.stream import Cut, Stream
from wire_trials import serving

Q = PLACEHOLDER + b"."
ORIGIN = Origin("127.0.0.1:8125", Address("udp", "127.0.0.1", 8125), 0.5, seed=17)
SAMPLED = Fault("counter-differs", "the flush has 1, required is 10")
RATE = Finding("counter-differs-with-a-rate", SAMPLED, Scenario(((Q + b"a:1|c|@0.1",),)), ORIGIN)


def pursued(plant: Break, *intervals: Sequence[bytes]) -> tuple[Collected, int]:
    """Return what a campaign collects of one scenario on a daemon, and how often that was started again."""

    async def run() -> tuple[Collected, int]:
        # Long enough that few flushes fall into a scenario, however busy the machine is.
        async with serving(plant, options={"flush_interval": 200}) as subject:
            judge = Surviving(subject, Judge(subject))
            collected = Collected(ORIGIN)
            scenario = Scenario(tuple(map(tuple, intervals)))
            (fault,) = await judge([scenario])
            assert fault
            await collected.take(scenario, fault, judge)
            return collected, judge.restarts

    return asyncio.run(run())


def test_rate_that_is_not_applied_is_found_as_one_line() -> None:
    noise = [Q + b"x:5|c\n" + Q + b"t:12|ms", Q + b"u:1|s"]
    collected, _ = pursued(d35, [*noise, Q + b"b.c:20|c|@0.25\n" + Q + b"g:5|g"])
    (finding,) = collected.findings
    assert finding.name == "counter-differs-with-a-rate"
    assert finding.scenario.intervals == ((Q + b"a:1|c|@0.1",),)
    assert "required is 10" in finding.fault.sentence


def test_line_that_kills_is_found_and_the_target_is_started_again() -> None:
    collected, restarts = pursued(a08, [Q + b"x:5|c", Q + b"a:1|c\n\n" + Q + b"b:1|c", Q + b"u:1|s"])
    (finding,) = collected.findings
    assert finding.name == "dies-of-an-empty-line"
    assert b"".join(finding.scenario.intervals[0]).count(b"|") <= 2
    assert "IndexError" in finding.fault.sentence
    assert 5 <= restarts < 40


def test_saved_files_hold_the_scenario_a_capture_a_shell_line_and_a_case(tmp_path: Path) -> None:
    path = saved(RATE, tmp_path / "findings")
    assert sorted(one.name for one in path.parent.iterdir()) == [
        "counter-differs-with-a-rate",
        "counter-differs-with-a-rate.pcapng",
        "counter-differs-with-a-rate.sh",
        "test_counter_differs_with_a_rate.py",
    ]
    assert from_file(path.read_bytes()) == RATE.scenario
    (datagram,) = read_recording(path.with_name(f"{path.name}.pcapng"))
    assert datagram.payload == Q + b"a:1|c|@0.1"
    script = path.with_name(f"{path.name}.sh").read_text("utf-8").splitlines()
    assert script == [
        "#!/bin/sh",
        "# the flush has 1, required is 10",
        "# To another place: statsd-conformance replay counter-differs-with-a-rate.pcapng --target HOST:PORT",
        f"printf '{Q.decode()}a:1|c|@0.1' | nc -u -w1 127.0.0.1 8125",
    ]


def test_capture_of_what_a_target_got_at_any_port_is_read_without_being_told_of_it(tmp_path: Path) -> None:
    started = replace(ORIGIN, address=Address("udp", "127.0.0.1", 32159))
    path = saved(replace(RATE, origin=started), tmp_path)
    (datagram,) = read_recording(path.with_name(f"{path.name}.pcapng"))
    assert datagram.payload == Q + b"a:1|c|@0.1"


TWO = ((Q + b"a:1|c\n" + Q + b"'b':\0\xff%s|c", b""), (), (b"\n" * 2000, Q + b"a:2|c"))


def test_capture_has_the_datagrams_as_far_apart_as_flushes_are(tmp_path: Path) -> None:
    path = saved(replace(RATE, scenario=Scenario(TWO)), tmp_path)
    recorded = list(read_recording(path.with_name(f"{path.name}.pcapng")))
    begun = recorded[0].time
    assert [(one.payload, one.time - begun) for one in recorded] == [
        *((one, 0.0) for one in TWO[0]),
        *((one, 1.0) for one in TWO[2]),
    ]


@pytest.mark.parametrize("intervals", [RATE.scenario.intervals, TWO], ids=["one datagram", "several"])
def test_shell_line_sends_the_same_as_typed(intervals: Intervals) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        origin = replace(ORIGIN, address=Address("udp", "127.0.0.1", server.getsockname()[1]), interval=0.01)
        line = shell_line_of(replace(RATE, scenario=Scenario(intervals), origin=origin))
        assert line.count("time.sleep(0.01)") == len(intervals) - 1
        subprocess.run(["sh", "-c", line], check=True, timeout=30)
        wanted = [one for some in intervals for one in some]
        assert [server.recv(65536) for _ in wanted] == wanted


STREAM = replace(
    RATE, scenario=Scenario(TWO[:1], features=frozenset((STREAMED,))), origin=replace(ORIGIN, streams=True)
)
MANY = (tuple(Q + b"%d:1|c" % number for number in range(30)),)
LONG = ((Q + b"a:1|c",), (), (b"\n" * 2000,))


@pytest.mark.parametrize("intervals", [TWO[:1], MANY * 2, LONG], ids=["one datagram", "two intervals", "long"])
def test_shell_line_of_what_went_over_tcp_sends_it_so_in_pieces(intervals: Intervals) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(10)
        origin = replace(STREAM.origin, address=Address("udp", *server.getsockname()), interval=0.01)
        line = shell_line_of(replace(STREAM, scenario=replace(STREAM.scenario, intervals=intervals), origin=origin))
        with subprocess.Popen(["sh", "-c", line]) as shell:
            taken, _ = server.accept()
            with taken, taken.makefile("rb") as received:
                assert received.read() == b"".join(one + b"\n" for some in intervals for one in some)
        assert shell.returncode == 0
    pieces = [len(list(cut(b"".join(one + b"\n" for one in some)))) for some in intervals]
    assert line.count("printf") == (0 if intervals == LONG else sum(pieces))
    assert line.count("sleep 0.1;") == (0 if intervals == LONG else sum(pieces) - len(pieces))


def test_what_goes_over_tcp_goes_over_udp_where_the_target_reads_none() -> None:
    assert "nc -u" in shell_line_of(replace(RATE, scenario=replace(RATE.scenario, features=frozenset((STREAMED,)))))


def test_file_of_what_went_over_tcp_says_so_by_its_name(tmp_path: Path) -> None:
    path = saved(STREAM, tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "counter-differs-with-a-rate.over-tcp",
        "counter-differs-with-a-rate.pcapng",
        "counter-differs-with-a-rate.sh",
        "test_counter_differs_with_a_rate.py",
    ]
    assert from_file(path.read_bytes(), path.name) == STREAM.scenario


def test_capture_of_what_went_over_tcp_is_of_a_connection(tmp_path: Path) -> None:
    saved(STREAM, tmp_path)
    recorded = list(read_recording(tmp_path / f"{STREAM.name}.pcapng"))
    assert b"".join(one.payload for one in recorded).rstrip(b"\n") == TWO[0][0]


def test_case_of_what_went_over_tcp_sends_it_so() -> None:
    function = function_of(replace(STREAM, scenario=Scenario(((Q + b"a:1|c",),), features=frozenset((STREAMED,)))))
    assert callable(function)
    profile = load_profile("reference")
    server = make_server(Options(flush_interval=1000, tcp=True))

    def loses_streams(stream: Stream, chunk: bytes, max_line: int) -> Cut:
        return replace(server.cut(stream, chunk, max_line), lines=b"")

    asyncio.run(function(target=InProcess(server, profile)))
    with pytest.raises(AssertionError):
        asyncio.run(function(target=InProcess(replace(server, cut=loses_streams), profile)))


def function_of(finding: Finding) -> object:
    """Return the case of a finding, as a module that is read has it, without entering it in the register."""
    space: dict[str, object] = {}
    text = case_of(finding).replace("@requirement(", "# @requirement(")
    exec(compile(text, "case", "exec"), space)
    (function,) = [one for name, one in space.items() if name.startswith("test_")]
    return function


@pytest.mark.parametrize(
    ("plant", "intervals", "error"),
    [
        (d35, RATE.scenario.intervals, AssertionError),
        (a08, ((Q + b"a:1|c\n\n" + Q + b"b:1|c",),), Crashed),
        (c51, ((Q + b"a:3|g",), (Q + b"a:+2|g",)), AssertionError),
    ],
    ids=["differs", "dies", "over two intervals"],
)
@pytest.mark.parametrize("strict", [False, True], ids=["plain lines", "strict"])
def test_case_fails_on_the_target_and_passes_on_a_right_one(
    plant: Break, intervals: Intervals, error: type[Exception], strict: bool
) -> None:
    finding = replace(RATE, scenario=Scenario(intervals), origin=replace(ORIGIN, strict=strict))
    function = function_of(finding)
    assert callable(function)
    server = make_server(Options(flush_interval=1000))
    profile = load_profile("reference")
    asyncio.run(function(target=InProcess(server, profile)))
    with pytest.raises(error):
        asyncio.run(function(target=InProcess(plant(server), profile)))


@pytest.mark.parametrize("strict", [False, True], ids=["plain lines", "strict"])
def test_case_fails_where_a_path_comes_twice(strict: bool) -> None:
    def doubled(server: Server) -> Server:
        return replace(server, points=lambda flush: (point for point in server.points(flush) for _ in range(2)))

    target = InProcess(doubled(make_server(Options(flush_interval=1000))), load_profile("reference"))
    with pytest.raises(AssertionError, match="more than once" if not strict else "with 1 1"):
        asyncio.run(hold(target, ((Q + b"a:1|c",),), strict=strict))


def test_case_asks_for_no_path_of_its_own() -> None:
    def strange(server: Server) -> Server:
        return points(server, lambda point, flush: point._replace(path=point.path.replace(b".a", b".zz")))

    target = InProcess(strange(make_server(Options(flush_interval=1000))), load_profile("reference"))
    with pytest.raises(AssertionError, match="no line has such a name"):
        asyncio.run(hold(target, ((Q + b"a:1|c:1|c",),)))


def reads_first_lines_once(server: Server) -> Server:
    """Read the first line of a datagram, unless that came before."""

    def make_receive() -> Receive:
        seen: set[bytes] = set()

        def receive(datagram: bytes) -> list[bytes]:
            first = datagram.partition(b"\n")[0]
            new = [] if first in seen else [first]
            seen.add(first)
            return new

        return receive

    return replace(server, make_receive=make_receive)


@pytest.mark.parametrize(
    ("relation", "name"),
    [
        (APART, "apart-differs-from-together"),
        (BACKWARDS, "order-of-counters-matters"),
        (TWICE, "twice-is-not-two-times"),
    ],
)
def test_case_of_what_another_way_changes_goes_either_way(relation: str, name: str) -> None:
    # What each line comes to is judged by nobody, for they are odd.
    odd = Scenario(((Q + b"a:5.1234|c\n" + Q + b"b:2.1234|c",),), features=frozenset((relation,)))
    function = function_of(replace(RATE, name=name, fault=Fault(name, ""), scenario=odd))
    assert callable(function)
    server, profile = make_server(Options(flush_interval=1000)), load_profile("reference")
    asyncio.run(function(target=InProcess(server, profile)))
    with pytest.raises(AssertionError, match="as they are"):
        asyncio.run(function(target=InProcess(reads_first_lines_once(server), profile)))


@pytest.mark.parametrize(("relation", "name"), [(relation, name) for relation, (name, _) in _TOLD.items()])
def test_case_goes_the_other_way_of_each_relation(relation: str, name: str) -> None:
    text = case_of(replace(RATE, name=name, fault=Fault(name, "")))
    assert f"await go_either_way(target, INTERVALS, {relation!r})" in text


class _Hungry(InProcess):
    """A server that takes memory, in MiB, or a processor, in parts of the time, for each datagram that it was sent."""

    memory_of_each = 0.0
    part_of_each = 0.0
    _sent = 0

    def send(self, *datagrams: bytes) -> None:
        self._sent += len(datagrams)
        super().send(*datagrams)

    def memory(self) -> int:
        return int(self._sent * self.memory_of_each * 2**20)

    def worked(self) -> float:
        return self._sent * self.part_of_each * time.monotonic()


@pytest.mark.parametrize(
    ("name", "hunger", "says"),
    [
        ("memory-grows", {"memory_of_each": 0.06}, "1,000 datagrams that it had before cost 60 MiB"),
        ("memory-grows", {"memory_of_each": 0.003}, ""),
        ("burns-the-processor", {"part_of_each": 0.9}, "it takes 90 per cent of a processor with nothing to do"),
        ("burns-the-processor", {"part_of_each": 0.1}, ""),
    ],
    ids=["keeps", "keeps-little", "spins", "rests"],
)
def test_case_of_what_is_hungry_looks_at_what_the_target_takes(
    name: str, hunger: dict[str, float], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statsd_fuzz.wire.case._LOOK", 0.01)
    target = _Hungry(make_server(Options(flush_interval=1000)), load_profile("reference"))
    for attribute, value in hunger.items():
        setattr(target, attribute, value)
    function = function_of(replace(RATE, fault=Fault(name, "")))
    assert callable(function)
    if says:
        with pytest.raises(AssertionError, match=says):
            asyncio.run(function(target=target))
    else:
        asyncio.run(function(target=target))


def test_case_runs_under_pytest_as_its_file_says(tmp_path: Path) -> None:
    case = saved(RATE, tmp_path).with_name("test_counter_differs_with_a_rate.py")
    says = case.read_text("utf-8").splitlines()[4].split()
    assert says[:4] == ["pytest", "-p", "statsd_conformance.plugin", case.name]

    def outcome(defect: str) -> int:
        serve = f"{sys.executable} -m defects.serve {defect} --port={{port}} --address=127.0.0.1 --mgmt_port=0"
        # Long enough that a busy machine does not tear a flush, nor lets it come too late.
        target = f"exec:{serve} --flushInterval=500 --graphiteHost={{graphite_host}} --graphitePort={{graphite_port}}"
        command = [sys.executable, "-m", *says[:4], "-p", "no:cacheprovider", "--target", target, "--interval=0.5"]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        for _ in range(3):
            done = subprocess.run(
                [*command, "--profile=reference"],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
            )
            # No answer in time says nothing.
            if "INCONCLUSIVE" not in done.stdout:
                break
        assert "1 failed" in done.stdout or "1 passed" in done.stdout, done.stdout
        return done.returncode

    assert (outcome("D35"), outcome("right")) == (1, 0)


# ------------------------------------------------------------------------------------ each finding once, and known


def collected(*found: Finding, known: Known | None = None) -> tuple[Collected, list[Told]]:
    """Return what a campaign collects where a judge finds each of these, and what it tells of."""
    told: list[Told] = []
    collected = Collected(ORIGIN, known or Known(), told.append)

    async def run() -> None:
        for one in found:

            async def judge(scenarios: Sequence[Scenario], one: Finding = one) -> list[Fault | None]:
                return [one.fault if some.intervals == one.scenario.intervals else None for some in scenarios]

            await collected.take(one.scenario, one.fault, judge)

    asyncio.run(run())
    return collected, told


def test_same_finding_is_told_once() -> None:
    other = replace(RATE, scenario=Scenario(((Q + b"a:2|c|@0.2",),)))
    all, told = collected(RATE, RATE, other)
    assert [one.finding.name for one in told] == [RATE.name]
    assert all.again == 2
    assert all.exit_status == 1


def test_what_shows_when_it_is_tried_once_more_is_a_finding() -> None:
    calls = 0

    async def judge(scenarios: Sequence[Scenario]) -> list[Fault | None]:
        nonlocal calls
        calls += 1
        return [SAMPLED if calls > 1 and one == RATE.scenario else None for one in scenarios]

    all = Collected(ORIGIN)
    asyncio.run(all.take(RATE.scenario, SAMPLED, judge))
    assert [one.name for one in all.findings] == [RATE.name]


def test_what_a_finding_explains_is_not_tried_again() -> None:
    all, _ = collected(RATE)

    async def judge(scenarios: Sequence[Scenario]) -> list[Fault | None]:
        raise AssertionError("nothing has to be asked")

    more = Scenario(((Q + b"b:1|c", Q + b"a:20|c|@0.2\n" + Q + b"t:1|ms"),))
    asyncio.run(all.take(more, SAMPLED, judge))
    assert all.again == 1


def test_what_turns_out_to_be_a_finding_that_is_there_is_not_told_again() -> None:
    told: list[Told] = []
    all = Collected(ORIGIN, tell=told.append)

    async def judge(scenarios: Sequence[Scenario]) -> list[Fault | None]:
        return [SAMPLED if one.size[0] > 1 else None for one in scenarios]

    for number in (2, 13):
        asyncio.run(all.take(Scenario(((Q + b"a:1|c",) * number,)), SAMPLED, judge))
    assert [one.finding.name for one in told] == ["counter-differs-with-several-datagrams"]
    assert all.again == 1


def test_what_is_special_tells_findings_of_one_group_apart() -> None:
    zero = replace(RATE, scenario=Scenario(((Q + b"a:0|c",),)))
    mean = Fault("timer-mean-differs", "the flush has 1, required is 2")
    time = replace(RATE, fault=mean, scenario=Scenario(((Q + b"a:2|ms",),)))
    all, told = collected(RATE, zero, time)
    assert [one.finding.name for one in told] == [RATE.name, "counter-differs-with-a-zero", "timer-differs"]
    assert list(all.summary()) == [
        "3 findings:",
        "  counter-differs: counter-differs-with-a-rate, counter-differs-with-a-zero",
        "  timer-differs: timer-differs",
    ]


def test_what_does_not_show_three_times_alone_is_counted_as_unstable() -> None:
    for shows in (0, 1, 2, 3):
        calls = 0
        all = Collected(ORIGIN)

        async def judge(scenarios: Sequence[Scenario], shows: int = shows) -> list[Fault | None]:
            nonlocal calls
            # Shrinking asks once, and finds nothing plainer.
            calls += 1
            return [SAMPLED if calls <= 1 + shows and one == RATE.scenario else None for one in scenarios]

        asyncio.run(all.take(RATE.scenario, SAMPLED, judge))
        assert len(all.findings) == (shows == 3)
        assert all.unstable == ({} if shows == 3 else {"counter-differs": 1})
    assert list(Collected(ORIGIN, unstable=Counter({"dies": 2})).summary()) == [
        "0 findings",
        "did not show again, and is not counted: dies (2x)",
    ]


def known_by(text: str, folder: Path, target: str = "127.0.0.1:8125") -> Known:
    file = folder / "known.toml"
    file.write_text(text, encoding="utf-8")
    return known_of(target, file)


def test_known_finding_is_counted_and_not_told(tmp_path: Path) -> None:
    known = known_by('[[known]]\nname = "counter-differs-with-a-rate"\nreason = "ticket 17"\n', tmp_path)
    all, told = collected(RATE, known=known)
    assert told == []
    assert all.exit_status == 0
    assert list(all.summary()) == ["0 findings", "1 known:", "  counter-differs-with-a-rate (ticket 17)"]


def test_finding_listed_as_fixed_is_told_and_counts(tmp_path: Path) -> None:
    text = '[[known]]\nname = "counter-differs-with-a-rate"\nreason = "since 1.2"\nfixed = true\n'
    all, told = collected(RATE, known=known_by(text, tmp_path))
    assert [one.standing for one in told] == [Standing.BACK]
    assert all.exit_status == 1
    assert "it is listed as fixed: since 1.2" in told_of(told[0], Path("there"))
    assert list(all.summary())[1] == ("  counter-differs: counter-differs-with-a-rate (listed as fixed: since 1.2)")


def test_what_is_too_long_for_a_command_is_replayed_and_told_by_its_file(tmp_path: Path) -> None:
    # Nothing that repeats, which would be written shorter.
    found = replace(RATE, scenario=Scenario(((Q + Random(1).randbytes(60_000), Q + Random(2).randbytes(60_000)),)))
    path = saved(found, tmp_path)
    script = path.with_name(f"{path.name}.sh").read_text("utf-8").splitlines()
    assert script[-1] == (
        f'exec statsd-conformance replay "$(dirname "$0")/{path.name}.pcapng" --target udp://127.0.0.1:8125'
    )
    assert told_of(Told(found, Standing.NEW), path).splitlines()[1] == f"    again: sh {path}.sh"


def test_finding_that_could_not_be_saved_is_told_with_the_reason(tmp_path: Path) -> None:
    _, (told,) = collected(RATE)
    (tmp_path / "file").touch()
    said = told_of(told, saved_or_why_not(RATE, tmp_path / "file")).splitlines()
    assert said[1].startswith("    again: ")
    assert said[2] == f"    not saved: {tmp_path / 'file'}: File exists"


def test_snippet_that_is_printed_makes_a_finding_known(tmp_path: Path) -> None:
    _, (told,) = collected(RATE)
    said = told_of(told, tmp_path / RATE.name).splitlines()
    assert said[:2] == [
        "counter-differs-with-a-rate: the flush has 1, required is 10",
        f"    again: printf '{Q.decode()}a:1|c|@0.1' | nc -u -w1 127.0.0.1 8125",
    ]
    text = "\n".join(line.strip() for line in said[said.index("        [[known]]") :])
    assert known_by(text, tmp_path).standing(RATE) == (Standing.KNOWN, "")


def test_known_deviations_of_an_implementation_are_no_findings() -> None:
    # collectd rounds counts: COUNTER-07.
    fraction = replace(RATE, scenario=Scenario(((Q + b"a:1.5|c",),)))
    (standing, reason), (other, _) = known_of("collectd").standing(fraction), known_of("statsd").standing(fraction)
    assert (standing, other) == (Standing.KNOWN, Standing.NEW)
    assert reason.startswith("COUNTER-07: ")


def test_deviation_that_is_expired_excuses_nothing(tmp_path: Path) -> None:
    row = '[[deviation]]\nid = "COUNTER-07"\nreason = "whole numbers"\nexpires = {}\n'
    fraction = replace(RATE, scenario=Scenario(((Q + b"a:1.5|c",),)))
    for expires, standing in (("2020-01-01", Standing.NEW), ("9999-12-31", Standing.KNOWN)):
        file = tmp_path / "deviations.toml"
        file.write_text(row.format(expires), encoding="utf-8")
        assert known_of("127.0.0.1:8125", deviations=str(file)).standing(fraction)[0] is standing


def test_deviations_of_cases_that_the_suite_does_not_have_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "deviations.toml"
    file.write_text('[[deviation]]\nid = "REPLAY-01"\ncase = "mine.pcap"\n', encoding="utf-8")
    assert known_of("127.0.0.1:8125", deviations=str(file)).deviations.entries
    file.write_text('[[deviation]]\nid = "COUNTER-99"\n', encoding="utf-8")
    with pytest.raises(DeviationError, match=r"no such case: COUNTER-99; statsd-conformance list shows the ids"):
        known_of("127.0.0.1:8125", deviations=str(file))


def test_deviations_about_lines_as_such_excuse_what_no_reader_takes() -> None:
    # collectd writes `nan` for a timer that is idle.
    endless = replace(RATE, fault=Fault("value-not-finite", ""), scenario=Scenario(((Q + b"a:1|ms",),)))
    assert known_of("collectd").standing(endless)[0] is Standing.KNOWN
    assert known_of("statsd").standing(endless)[0] is Standing.NEW


def test_deviation_of_one_type_excuses_no_other() -> None:
    gauge = replace(RATE, fault=Fault("gauge-differs", ""), scenario=Scenario(((Q + b"a:1.5|g",),)))
    assert known_of("collectd").standing(gauge) == (Standing.NEW, "")


def test_only_a_known_crash_excuses_a_crash() -> None:
    dies = Fault("dies", "its process has ended")
    # statsd is known to end by such rates, and to take a name of objects wrong, too.
    sign = replace(RATE, fault=dies, scenario=Scenario(((Q + b"a:1|c|@+1",),)))
    bare = replace(RATE, fault=dies, scenario=Scenario(((Q + b"a:1|c\r",),)))
    assert known_of("statsd").standing(sign)[0] is Standing.KNOWN
    assert known_of("collectd").standing(bare)[0] is Standing.NEW


def test_deviation_of_streams_excuses_what_went_over_one() -> None:
    # statsd takes the top bit off what comes over TCP: NET-11.
    fault, scenario = Fault("path-nobody-asked-for", ""), Scenario(((Q + b"a\xf5:1|c",),))
    streamed = replace(STREAM, fault=fault, scenario=replace(scenario, features=frozenset((STREAMED,))))
    (standing, reason), (other, _) = (
        known_of("statsd").standing(one) for one in (streamed, replace(streamed, scenario=scenario))
    )
    assert (standing, other) == (Standing.KNOWN, Standing.NEW)
    assert reason.startswith("NET-11: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[known]]\nreason = 'x'", "entry 1: no name"),
        ("[[known]]\nname = 'a'\n[[known]]\nname = 'a'", "entry 2: a is listed twice"),
        ("[[known]]\nname = 17", "entry 1: name is 17, not a text"),
        ("[[known]]\nname = 'a'\nfixed = 'yes'", "entry 1: fixed is 'yes', not true or false"),
        ("[[known]]\nname = 'a'\nwhy = 'x'", "entry 1: unknown 'why'; it takes name, reason, fixed"),
        ("[[other]]\nname = 'a'", "'other' does not belong there; each entry is a [[known]]"),
        ("known = ['a']", "entry 1: it is 'a', not a table"),
        ("known = 1", "'known' does not belong there"),
        ("[[known", "Expected"),
    ],
)
def test_file_of_known_findings_that_does_not_read_is_named_with_the_entry(
    text: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(KnownError) as caught:
        known_by(text, tmp_path)
    assert str(caught.value).startswith(f"--known {tmp_path / 'known.toml'}")
    assert said in str(caught.value)


def test_file_of_known_findings_that_is_not_there_is_named() -> None:
    with pytest.raises(KnownError, match=r"--known none\.toml: No such file or directory; name a file with"):
        known_of("statsd", Path("none.toml"))
