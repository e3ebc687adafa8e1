"""What listens behind a target that passes lines on."""

import asyncio
import os
import shutil
import socket
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from chapters import all_cases
from needed_programs import command_of
from statsd_conformance.address import Address
from statsd_conformance.behind import DOWN, UP, Behind, BehindError
from statsd_conformance.observers import passed_on
from statsd_conformance.process import free_port
from statsd_conformance.profile import load_profile
from statsd_conformance.programs import Found
from statsd_conformance.session import Settings, examine, running
from statsd_conformance.targets import NAMED, Place
from statsd_conformance.targets.statsd_exporter import StatsdExporter
from statsd_conformance.verdict import Verdict
from statsd_fuzz.search import in_ci

LOCAL = Address("udp", "127.0.0.1", 0)


def listening(behind: Behind, use: Callable[[], Awaitable[None]]) -> Behind:
    """Return what listens, closed, after something was done with it."""

    async def run() -> None:
        await behind.open()
        try:
            await use()
        finally:
            await behind.close()

    asyncio.run(run())
    return behind


def test_datagrams_are_kept_whole_and_in_order_with_their_node() -> None:
    behind = Behind([LOCAL, LOCAL], shared=True)

    async def use() -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            for data, node in ((b"a\nb", 0), (b"", 1), (b"end\n", 1)):
                sender.sendto(data, ("127.0.0.1", behind.addresses[node].port))
        assert await behind.heard([b"a", b"end"], 60.0) == []

    listening(behind, use)
    assert [(one.data, one.node, one.connection) for one in behind.passed] == [
        (b"a\nb", 0, 0),
        (b"", 1, 0),
        (b"end\n", 1, 0),
    ]


def test_streams_are_told_apart_and_counted() -> None:
    behind = Behind([Address("tcp", "127.0.0.1", 0)])

    async def use() -> None:
        port = behind.addresses[0].port
        for text in (b"a\n\nb\n", b"c\n"):
            _, first = await asyncio.open_connection("127.0.0.1", port)
            first.write(text)
            assert await behind.heard([text[-2:]], 60.0) == []
            first.close()

    listening(behind, use)
    assert [one.data for one in behind.passed] == [b"a\n", b"\n", b"b\n", b"c\n"]
    assert (behind.stream(1), behind.stream(2)) == (b"a\n\nb\n", b"c\n")


def test_what_does_not_come_is_told() -> None:
    behind = Behind()

    async def use() -> None:
        behind.take(b"a:1|c")
        assert await behind.heard([b"a", b"b"], 0.0) == [b"b"]

    listening(behind, use)


def test_node_answers_for_its_health_as_it_is_told_at_its_own_port() -> None:
    behind = Behind([LOCAL, LOCAL], shared=True)
    said = []

    async def use() -> None:
        for one in behind.addresses:
            reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
            writer.write(b"health\r\n")
            said.append(await reader.readline())
            behind.health[1] = DOWN
            writer.close()

    listening(behind, use)
    assert said == [UP, DOWN]


def test_mark_has_to_come_to_each_place_unless_they_share_the_lines() -> None:
    for shared, missing in ((False, [b"a"]), (True, [])):
        behind = Behind([LOCAL, LOCAL], shared=shared)
        behind.take(b"a:1|c", node=0)
        assert asyncio.run(behind.heard([b"a"], 0.0)) == missing


def test_copies_are_told_apart_and_what_is_shared_is_one() -> None:
    for shared, copies in ((False, [[b"b"], [b"a", b"c"]]), (True, [[b"a", b"b", b"c"]])):
        behind = Behind([LOCAL, LOCAL], shared=shared)
        for data, node in ((b"a", 1), (b"b", 0), (b"c", 1)):
            behind.take(data, node)
        assert [[one.data for one in copy] for copy in behind.copies(behind.passed)] == copies


def test_connections_to_one_place_are_counted_while_they_are_open() -> None:
    behind = Behind([Address("tcp", "127.0.0.1", 0)] * 2)
    for node, connection in ((0, 1), (0, 2), (1, 3), (0, 2)):
        behind.take(b"a", node, connection)
    assert behind.open_most == 2


@pytest.mark.parametrize("free", [True, False])
def test_port_for_lines_and_health_is_one(free: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    async def taken(node: int, address: Address) -> None:
        tried.append(address.port)
        if not free or len(tried) == 1:
            raise OSError("taken")

    behind = Behind([LOCAL], shared=True)
    monkeypatch.setattr(behind, "_listen_for_checks", taken)

    async def use() -> None:
        assert behind.addresses[0].port == tried[-1]

    with nullcontext() if free else pytest.raises(BehindError, match="cannot listen"):
        listening(behind, use)
    assert len(tried) == (2 if free else 20)


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_taken_port_is_a_problem_that_names_it(scheme: str, tmp_path: Path) -> None:
    kind = socket.SOCK_DGRAM if scheme == "udp" else socket.SOCK_STREAM
    with socket.socket(type=kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if scheme == "tcp":
            taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        settings = Settings(tmp_path, profile="statsd", sink="behind", behind=(f"{scheme}://{where}",))
        found = asyncio.run(examine("127.0.0.1:8125", [], settings))
    assert f"cannot listen at {where}/{scheme} for what the target passes on" in found.problem
    assert "another place with --behind" in found.problem


# How many cases of PROXY are about a target that passes lines on, and which of them it is known to fail.
PASSING = {
    "statsd-repeater": (21, set()),
    "statsd-repeater-tcp": (20, {"bytes"}),
    "statsd-proxy": (18, set()),
    "statsd_exporter-relay": (15, set()),
}


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.xdist_group("c-targets")
def test_real_program_passes_on_what_it_gets(name: str, tmp_path: Path) -> None:
    # make peers brings StatsD everywhere, and statsd_exporter where there is Go.
    offered = in_ci(os.environ) and (name.startswith("statsd-") or shutil.which("go") is not None)
    command_of(NAMED[name].find(), must_be_there=offered)
    about, known = PASSING[name]
    cases = [case for case in all_cases() if case.requirement.family == "PROXY"]
    found = asyncio.run(examine(name, cases, Settings(tmp_path)))
    assert not found.problem
    judged = {id: one for id, one in found.outcomes.items() if one.verdict is not Verdict.UNSUPPORTED}
    failed = {id.partition("[")[2].rstrip("]") for id, one in judged.items() if one.verdict is Verdict.FAIL}
    assert len(judged) == about
    assert failed == known, {id: one.note for id, one in judged.items()}
    doubtful = {
        id: one.note for id, one in judged.items() if one.verdict not in (Verdict.PASS, Verdict.INFO, Verdict.FAIL)
    }
    assert not doubtful


@pytest.mark.parametrize("behind", [["udp", "udp"], ["tcp"]], ids=["two", "tcp"])
def test_relay_that_takes_one_place_over_udp_says_so(behind: list[str], tmp_path: Path) -> None:
    places = tuple(Address(scheme, "127.0.0.1", 9125) for scheme in behind)
    with pytest.raises(BehindError, match=r"relays to one place, over UDP, and not to 127\.0\.0\.1:9125/"):
        StatsdExporter().prepare(Found(("x",)), Place(1, 2, 3, 1.0, tmp_path, places))


def test_proxy_is_tried_with_what_it_passes_on_and_nothing_else(tmp_path: Path) -> None:
    """A repeater of the test's own stands for a proxy, which has no node until the suite asks again."""
    cases = [case for case in all_cases() if case.requirement.id in ("COUNTER-01", "PROXY-09", "PROXY-10")]

    async def run() -> dict[str, Verdict]:
        with socket.socket(type=socket.SOCK_DGRAM) as proxy:
            proxy.bind(("127.0.0.1", 0))
            port = free_port()
            proxy.setblocking(False)
            loop = asyncio.get_running_loop()
            fences: list[bytes] = []

            def pass_on() -> None:
                data = proxy.recv(65_535)
                fences.extend([data] if b"fence" in data else [])
                if len(fences) > 1:
                    proxy.sendto(data, ("127.0.0.1", port))

            loop.add_reader(proxy, pass_on)
            settings = Settings(tmp_path, profile="proxy", behind=(f"udp://127.0.0.1:{port}",), interval=0.2)
            found = await examine(f"127.0.0.1:{proxy.getsockname()[1]}", cases, settings)
            loop.remove_reader(proxy)
            assert not found.problem, found.problem
            return {id: outcome.verdict for id, outcome in found.outcomes.items()}

    verdicts = asyncio.run(run())
    assert {verdict for id, verdict in verdicts.items() if "COUNTER" not in id} == {Verdict.PASS, Verdict.INFO}
    assert {verdict for id, verdict in verdicts.items() if "COUNTER" in id} == {Verdict.UNSUPPORTED}


def test_proxy_without_flushes_has_an_interval_and_time_to_ask_after_its_nodes(tmp_path: Path) -> None:
    async def patience() -> tuple[float, float]:
        settings = Settings(tmp_path, profile="proxy", behind=(f"udp://127.0.0.1:{free_port()}",))
        async with running("127.0.0.1:8125", settings) as subject:
            return subject.wire.interval, subject.wire.patience

    interval, seconds = asyncio.run(patience())
    assert interval == 1.0
    assert seconds > 20.0


def test_what_a_proxy_does_not_pass_on_is_missed_where_the_suite_listens() -> None:
    behind = Behind([Address("udp", "127.0.0.1", 9125)])
    observer = passed_on(behind)(load_profile("proxy"), lambda snapshot: None, lambda: 1.0)
    assert observer.heard() == (
        "0 datagrams were passed on to 127.0.0.1:9125/udp. Point the target at these, choose others with --behind"
    )
