import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chapters import all_cases
from statsd_conformance.address import Address
from statsd_conformance.connection import Sent
from statsd_conformance.evidence import describe, required, shell_line
from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import Snapshot, read_line
from statsd_conformance.printable import escaped
from statsd_conformance.profile import load_profile
from statsd_conformance.requirement import CORE, EXT, MUST, Inconclusive, Requirement
from statsd_conformance.target import Trace
from statsd_conformance.verdict import Outcome, Verdict
from trials import in_process
from wrong_servers import WRONG

REQUIREMENT = Requirement("COUNTER-01", CORE, MUST, "All increments MUST be summed.", "docs/metric_types.md, Counting")
ADDRESS = Address("udp", "127.0.0.1", 8125)

# nc as the shell lines use it: `-u -w1` or `-N`, then host and port; standard input in one go.
NC = f"""#!{sys.executable}
import socket, sys
*flags, host, port = sys.argv[1:]
assert flags in (["-u", "-w1"], ["-N"]), flags
family = socket.AF_INET6 if ":" in host else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM if "-u" in flags else socket.SOCK_STREAM) as made:
    made.connect((host, int(port)))
    made.sendall(sys.stdin.buffer.read())
"""

EVERY_BYTE = bytes(range(256))


def trace(*datagrams: bytes, published: tuple[bytes, ...] = ()) -> Trace:
    lines = tuple(read_line(line) for line in published)
    flushed = Flushed(load_profile("reference"), 1.0, b"q1", (Snapshot(lines, 0.0, 0.0),))
    return Trace(list(datagrams), [flushed])


def shown(outcome: Outcome, address: Address | None = ADDRESS) -> list[str]:
    return describe(REQUIREMENT, outcome, address).splitlines()


def test_evidence_tells_requirement_source_and_verdict() -> None:
    assert shown(Outcome(Verdict.FAIL, "it came out as 3")) == [
        "COUNTER-01 (CORE, MUST): All increments MUST be summed.",
        "source:   docs/metric_types.md, Counting",
        "verdict:  FAIL: it came out as 3",
    ]


def test_datagrams_are_shown_line_by_line_with_offsets() -> None:
    rows = shown(Outcome(Verdict.FAIL, trace=trace(b"q1.a:1|c\nq1.b\x00:2|c", b"q1.c:1|c")))
    assert rows[3:8] == [
        "sent:     datagram 1, 18 bytes",
        "              0  q1.a:1|c\\n",
        "              9  q1.b\\x00:2|c",
        "sent:     datagram 2, 8 bytes",
        "              0  q1.c:1|c",
    ]


def test_what_the_reference_refuses_is_marked_below_its_line() -> None:
    rows = shown(Outcome(Verdict.FAIL, trace=trace(b"q1.a:1|c\n\x00q1.b:1|c|@+1\nq1.c:x|c")))
    assert rows[4:9] == [
        "              0  q1.a:1|c\\n",
        "              9  \\x00q1.b:1|c|@+1\\n",
        "                              ^^^ byte 19: no valid sample rate in the third field",
        "             23  q1.c:x|c",
        "                      ^ byte 28: no valid number",
    ]


def test_marks_are_left_out_where_they_would_mislead() -> None:
    event, long = b"_e{1,1}:a|b", b"a" * 500
    dialect = replace(REQUIREMENT, category=EXT)
    assert "^" not in describe(dialect, Outcome(Verdict.FAIL, trace=trace(event)), None)
    assert "^" not in describe(REQUIREMENT, Outcome(Verdict.FAIL, trace=trace(long)), None)
    assert "^" in describe(REQUIREMENT, Outcome(Verdict.FAIL, trace=trace(event)), None)


@pytest.mark.parametrize(
    ("id", "condition"),
    [
        ("COUNTER-01", r"flushed\.count\(bucket\) == 15 \(test_06_counter\.py, line \d+\)"),
        ("FRAMING-10", r"counts in \(0, own\) \(test_01_framing\.py, line \d+\)"),
    ],
)
def test_what_a_case_demands_is_the_condition_of_its_assertion(id: str, condition: str) -> None:
    case = next(case for case in all_cases() if case.requirement.id == id)
    [outcome] = asyncio.run(in_process(WRONG[id], [case])).values()
    assert outcome.verdict is Verdict.FAIL
    [row] = [row for row in shown(outcome) if row.startswith("required: ")]
    assert re.fullmatch(f"required: {condition}", row), row


def test_demand_stands_in_the_case_also_when_nothing_was_published() -> None:
    case = next(case for case in all_cases() if case.requirement.id == "COUNTER-01")
    [outcome] = asyncio.run(in_process(lambda server: replace(server, points=lambda flush: iter(())), [case])).values()
    assert outcome.note.startswith("no number was published")
    assert required(outcome).startswith("flushed.count(bucket) == 15 (test_06_counter.py, line")


def test_nothing_is_demanded_where_no_assertion_failed() -> None:
    assert required(Outcome(Verdict.FAIL, "listed", None)) == ""
    assert required(Outcome(Verdict.INCONCLUSIVE, "lost", Inconclusive("lost"))) == ""


def test_only_a_line_feed_ends_a_shown_line() -> None:
    rows = shown(Outcome(Verdict.FAIL, trace=trace(b"a:1|c\rb:1|c\x0bc:1|c")))
    assert rows[4] == r"              0  a:1|c\rb:1|c\x0bc:1|c"


def test_what_came_back_is_shown_with_the_shell_line() -> None:
    rows = shown(Outcome(Verdict.FAIL, trace=trace(b"q1.a:1|c", published=(b"stats.q1.a 3 100", b"stats.x 1 100"))))
    assert rows[-2:] == ["flushed:  stats.q1.a 3 100", "again:    printf 'q1.a:1|c' | nc -u -w1 127.0.0.1 8125"]


def test_nothing_flushed_is_said() -> None:
    rows = shown(Outcome(Verdict.FAIL, trace=trace(b"q1.a:1|c")), address=None)
    assert rows[-1] == "flushed:  nothing that carries the prefix of this case"


def test_long_evidence_is_shortened_and_says_by_how_much() -> None:
    many = [b"q1.a:%d|c" % number for number in range(30)]
    lines = tuple(b"stats.q1.a%d 1 100" % number for number in range(50))
    text = describe(REQUIREMENT, Outcome(Verdict.FAIL, trace=trace(b"x" * 5000, *many, published=lines)), None)
    assert "… 4600 bytes …" in text
    assert "… and 23 datagrams more" in text
    assert "… and 30 lines more" in text
    assert len(text) < 4000


def test_bytes_are_escaped_and_text_is_not() -> None:
    assert escaped(b"a b\n\t\\\x00\xff") == r"a b\n\t\\\x00\xff"


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with what the shell lines call."""
    folder = tmp_path_factory.mktemp("tools")
    (folder / "nc").write_text(NC)
    (folder / "nc").chmod(0o755)
    (folder / "python3").symlink_to(sys.executable)
    return folder


@pytest.fixture(scope="module")
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(10)
        yield made


def run(line: str, tools: Path) -> None:
    shell = shutil.which("sh")
    assert shell
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([shell, "-c", line], check=True, env={"PATH": path}, timeout=30)


SENT_AGAIN = {
    "plain": [b"a:1|c"],
    "two datagrams": [b"a:1|c\nb:2|c\n", b"c:3|ms|@0.1"],
    "every byte": [EVERY_BYTE],
    "quotes and dollars": [b'it\'s "$HOME" `id` $(id) %s %d \\n \\\\'],
    "dash in front": [b"-n:1|c", b"--", b"-"],
    "digits behind an escape": [b"\x001234\x0777"],
    "empty": [b"", b"a:1|c"],
    "long and repeating": [b"a" * 60_000 + b":1|c"],
    "long lines that repeat": [b"q1.a:1|c\n" * 4000 + b"q1.b:1"],
    "long and all different": [b"\n".join(b"q1.a%d:1|c" % number for number in range(4500))],
    "burst": [b"a:1|c", *[b"q1.b:1|c"] * 200, b"c:1|c"],
    "long garbage": [(EVERY_BYTE + EVERY_BYTE[::-1]) * 120],
}


@pytest.mark.parametrize("datagrams", SENT_AGAIN.values(), ids=SENT_AGAIN)
def test_shell_line_sends_the_same_datagrams(datagrams: list[bytes], tools: Path, receiver: socket.socket) -> None:
    run(shell_line(datagrams, Address("udp", *receiver.getsockname())), tools)
    assert [receiver.recv(65536) for _ in datagrams] == datagrams


def test_shell_line_of_a_burst_is_short() -> None:
    line = shell_line([b"a:1|c", *[b"b:1|c"] * 10_000], ADDRESS)
    assert line.count("sendall") == 2
    assert line.endswith(" for _ in range(10000)]'")


def test_shell_line_sends_to_ipv6(tools: Path) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as made:
        try:
            made.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        made.settimeout(10)
        host, port = made.getsockname()[:2]
        for datagram in (b"a:1|c", b"a" * 3000):
            run(shell_line([datagram], Address("udp", host, port)), tools)
            assert made.recv(65536) == datagram


def test_shell_line_sends_to_a_unix_socket(tools: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "it's")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(path)
        made.settimeout(10)
        run(shell_line([EVERY_BYTE], Address("unix", path=path)), tools)
        assert made.recv(65536) == EVERY_BYTE


def everything(taken: socket.socket) -> bytes:
    """Return what comes up to the end of a connection."""
    return b"".join(iter(lambda: taken.recv(65536), b""))


def test_what_went_over_connections_is_shown_and_sent_again_over_one_each(tools: Path, tmp_path: Path) -> None:
    with socket.socket() as listening, socket.socket(socket.AF_UNIX) as local:
        listening.bind(("127.0.0.1", 0))
        local.bind(str(tmp_path / "s"))
        for one in (listening, local):
            one.listen()
            one.settimeout(10)
        tcp, unix = Address("tcp", *listening.getsockname()), Address("unixstream", path=str(tmp_path / "s"))
        sent = [Sent(b"a:1", tcp, 1), Sent(b"b:2", tcp, 2), Sent(b"0|c\n", tcp, 1), Sent(b"1|c\n", tcp, 2)]
        sent += [Sent(b"c:3|c", unix, 3), Sent(b"d:4|c", Address("udp", "::1", 5))]
        rows = shown(Outcome(Verdict.FAIL, "lost", trace=trace(*sent)))
        assert f"sent:     segment 3, over connection 1 to {tcp}, 4 bytes" in rows
        assert "sent:     datagram 6 to [::1]:5/udp, 5 bytes" in rows
        received = []
        with ThreadPoolExecutor(1) as pool:
            ran = pool.submit(run, shell_line(sent[:5], ADDRESS), tools)
            for one in (listening, listening, local):
                taken, _ = one.accept()
                with taken:
                    taken.settimeout(10)
                    received.append(everything(taken))
            ran.result()
    assert received == [b"a:10|c\n", b"b:21|c\n", b"c:3|c"]


def test_connection_that_was_broken_off_is_shown_and_broken_off_again(tools: Path) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(10)
        tcp = Address("tcp", *listening.getsockname())
        sent = [Sent(b"a:", tcp, 1), Sent(b"1", tcp, 1, reset=True)]
        rows = shown(Outcome(Verdict.FAIL, "it ended", trace=trace(*sent)))
        assert f"sent:     segment 1, over connection 1 to {tcp}, 2 bytes" in rows
        assert f"sent:     segment 2, over connection 1 to {tcp}, which was broken off behind it, 1 bytes" in rows
        with ThreadPoolExecutor(1) as pool:
            ran = pool.submit(run, shell_line(sent, ADDRESS), tools)
            taken, _ = listening.accept()
            with taken:
                taken.settimeout(10)
                assert taken.recv(100) == b"a:1"
                with pytest.raises(ConnectionResetError):
                    taken.recv(100)
            ran.result()


@pytest.mark.parametrize("datagram", [b"a:1|c", b"a:1|c\n", b"a" * 3000])
def test_shell_line_ends_what_it_sends_to_a_stream(datagram: bytes, tools: Path) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(10)
        run(shell_line([datagram], Address("tcp", *listening.getsockname())), tools)
        taken, _ = listening.accept()
        with taken:
            taken.settimeout(10)
            received = everything(taken)
    assert received == datagram.removesuffix(b"\n") + b"\n"


# One shell an example, so few of them; the same receiver serves all.
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(datagram=st.binary(min_size=1, max_size=200))
def test_shell_line_sends_any_bytes(datagram: bytes, tools: Path, receiver: socket.socket) -> None:
    run(shell_line([datagram], Address("udp", *receiver.getsockname())), tools)
    assert receiver.recv(65536) == datagram
