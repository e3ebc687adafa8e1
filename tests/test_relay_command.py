"""`statsd-conformance relay`, as it is typed."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result

from statsd_conformance.__main__ import main
from statsd_conformance.address import Address
from statsd_conformance.process import free_port
from statsd_conformance.relay.impairment import Impairment
from statsd_conformance.relay.netem import commands
from statsd_conformance.relay.record import read_record

LOCAL: Final = "127.0.0.1"
# Says what it is told to, and does as the kernel of the test would.
TC: Final = """#!/bin/sh
echo "$@" >> "{log}"
case "$*" in
  *{refused}*) echo 'Error: Specified qdisc kind is unknown.' >&2; exit 2;;
  *" show "*) echo '[{{"kind":"prio","drops":9}},{{"kind":"netem","drops":4}}]';;
esac
"""


@pytest.fixture
def target() -> Iterator[socket.socket]:
    """Give a UDP socket that stands for a target."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind((LOCAL, 0))
        bound.settimeout(30)
        yield bound


def relay(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["relay", *arguments])


def place(port: int) -> str:
    return f"{LOCAL}:{port}"


def started(*arguments: str) -> subprocess.Popen[str]:
    """Return a relay that listens."""
    command = [sys.executable, "-m", "statsd_conformance", "relay", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    assert process.stderr.readline().startswith("from ")
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_a_summary_and_what_was_under_way_is_sent(
    number: signal.Signals, target: socket.socket, tmp_path: Path
) -> None:
    here, record = free_port(), tmp_path / "record"
    arguments = ("--seed=5", "--loss=0.5", "--delay=3600", f"--record={record}")
    process = started(f"--listen={place(here)}", f"--to={place(target.getsockname()[1])}", *arguments)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as emitter:
        for one in range(8):
            emitter.sendto(b"a:%d|c" % one, (LOCAL, here))
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert output.splitlines() == [
        f"came         8 datagrams, 40 bytes, at {place(here)}/udp",
        f"let through  6 datagrams, 30 bytes, to {place(target.getsockname()[1])}/udp",
        "lost         2",
        "doubled      0",
        "reordered    0",
        "cut          0",
        "delayed      6",
        "early        6 still under way at the end, sent at once",
        f"record       {record}",
    ]
    assert [target.recv(100) for _ in range(6)] == read_record(record).let_through


def test_where_nothing_came_the_status_tells(target: socket.socket) -> None:
    here = place(free_port())
    ran = relay(f"--listen={here}", f"--to={place(target.getsockname()[1])}", "--seconds=0.01")
    assert (ran.exit_code, ran.stderr.splitlines()) == (
        1,
        [
            f"from {here}/udp to {place(target.getsockname()[1])}/udp with --seed 0, for 0.01 s",
            f"nothing came; point an emitter at {here}/udp",
        ],
    )


def test_a_record_that_could_not_be_written_to_its_end_is_named(target: socket.socket) -> None:
    arguments = (f"--listen={place(free_port())}", f"--to={place(target.getsockname()[1])}", "--record=/dev/full")
    ran = relay(*arguments, "--seconds=0.01")
    assert (ran.exit_code, ran.stderr.splitlines()[1]) == (1, "/dev/full ends early: No space left on device")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--loss=nan",), "'--loss': nan is no finite number"),
        (("--loss=1.5",), "'--loss': 1.5 is not in the range 0<=x<=1"),
        (("--truncate=-0.1",), "'--truncate': -0.1 is not in the range"),
        (("--delay=x",), "'x' is not of the form SECONDS or SECONDS±SECONDS, as 0.05±0.02"),
        (("--delay=-1",), "'-1' is not of the form"),
        (("--delay=1±",), "'1±' is not of the form"),
        (("--delay=1±inf",), "'1±inf' is not of the form"),
        (("--seconds=0",), "'--seconds': 0.0 is not in the range x>0"),
        (("--listen=tcp://127.0.0.1:8125",), "--listen tcp://127.0.0.1:8125 is a stream; a relay impairs datagrams"),
        (("--to=unixstream:///tmp/x",), "--to unixstream:///tmp/x is a stream"),
        (("--to=nowhere",), "--to 'nowhere' has no host or no port"),
        (("--to=unix:///tmp/x", "--netem=lo"), "--netem is for datagrams that leave by a device"),
        (
            ("--to=unix:///tmp/no/such",),
            "no relay at 127.0.0.1:9/udp for unix:///tmp/no/such: No such file or directory",
        ),
        (("--listen=192.0.2.1:9",), "Cannot assign requested address; choose other places with --listen and --to"),
        (("--listen=unix:///proc/no",), "cannot listen on the Unix socket /proc/no"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_bad_usage_is_named_on_one_line(arguments: tuple[str, ...], said: str) -> None:
    ran = relay("--listen=127.0.0.1:9", "--to=127.0.0.1:10", *arguments)
    assert ran.exit_code == 2, ran.output
    assert said in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr


def test_a_relay_to_itself_is_refused() -> None:
    # One that anybody may listen at, for a relay listens before it can know.
    place = f"127.0.0.1:{free_port()}"
    ran = relay(f"--listen={place}", f"--to={place}")
    assert ran.exit_code == 2, ran.output
    assert f"a relay at {place}/udp would pass everything on to itself; name the place behind" in ran.stderr


def test_a_port_that_is_taken_is_named_with_the_remedy(target: socket.socket, tmp_path: Path) -> None:
    taken, record = place(target.getsockname()[1]), tmp_path / "record"
    record.write_text("of yesterday")
    ran = relay(f"--listen={taken}", "--to=127.0.0.1:9", f"--record={record}")
    assert ran.exit_code == 2
    assert f"no relay at {taken}/udp for 127.0.0.1:9/udp: Address already in use; choose other" in ran.stderr
    assert record.read_text() == "of yesterday"


def test_a_record_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path) -> None:
    record = tmp_path / "no" / "record"
    ran = relay(f"--listen={place(free_port())}", "--to=127.0.0.1:9", f"--record={record}")
    assert ran.exit_code == 2
    assert f"--record {record}: No such file or directory; name a file that can be written" in ran.stderr


@pytest.mark.parametrize("text", ["0.5±0.25", "0.5+-0.25", "0.5+/-0.25"])
def test_a_delay_is_read_however_plus_minus_is_typed(text: str, target: socket.socket) -> None:
    ran = relay(
        f"--listen={place(free_port())}", f"--to={place(target.getsockname()[1])}", f"--delay={text}", "--seconds=0.01"
    )
    assert "--delay 0.5±0.25" in ran.stderr


@pytest.fixture
def tc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `tc` on PATH that writes down what it is told, and return where; a kernel that has netem."""
    return fake_tc(tmp_path, monkeypatch, refused="nothing")


def fake_tc(folder: Path, monkeypatch: pytest.MonkeyPatch, refused: str) -> Path:
    (folder / "bin").mkdir()
    made = folder / "bin" / "tc"
    made.write_text(TC.format(log=folder / "told", refused=refused))
    made.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
    return folder / "told"


IMPAIRED: Final = ("--seed=1", "--loss=1", "--reorder=0.5", "--delay=0.05±0.02", "--netem=veth9", "--seconds=0.01")


def test_where_the_kernel_has_netem_it_impairs_and_that_is_undone(target: socket.socket, tc: Path) -> None:
    port = target.getsockname()[1]
    ran = relay(f"--listen={place(free_port())}", f"--to={place(port)}", *IMPAIRED)
    assert "with --seed 1 --reorder 0.5, for" in ran.stderr
    assert "loss, duplicates and delay are left to netem on veth9, whose dice have no seed\n" in ran.stderr
    assert "netem        4 lost by the kernel on purpose" in ran.stdout
    assert tc.read_text().splitlines() == [
        "qdisc add dev veth9 root handle 1: prio bands 4",
        "qdisc add dev veth9 parent 1:4 handle 40: netem limit 100000 loss 100.000000% delay 50.000ms 20.000ms",
        "filter add dev veth9 parent 1: protocol ip u32 match ip protocol 17 0xff"
        f" match ip dport {port} 0xffff flowid 1:4",
        "-s -j qdisc show dev veth9",
        "qdisc del dev veth9 root",
    ]


@pytest.mark.parametrize(("refused", "lost"), [("del", 4), ("show", 0)])
def test_what_cannot_be_undone_is_said(
    refused: str, lost: int, target: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_tc(tmp_path, monkeypatch, refused=f'" {refused} "')
    ran = relay(f"--listen={place(free_port())}", f"--to={place(target.getsockname()[1])}", *IMPAIRED)
    assert f"netem        {lost} lost by the kernel on purpose" in ran.stdout
    still = (
        "what leaves by veth9 is still impaired: tc qdisc del: Error: Specified qdisc kind is unknown.; undo it by hand"
    )
    assert (still in ran.stderr.splitlines()) == (refused == "del")


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        ("root", ["qdisc add dev veth9 root handle 1: prio bands 4"]),
        ("netem", [*["qdisc add"] * 2, "qdisc del dev veth9 root"]),
        ("filter", [*["qdisc add"] * 2, "filter add", "qdisc del dev veth9 root"]),
    ],
)
def test_where_the_kernel_has_no_netem_the_relay_impairs_and_says_why(
    refused: str, told: list[str], target: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = fake_tc(tmp_path, monkeypatch, refused=f'"{refused} "' if refused == "filter" else f'" {refused} "')
    ran = relay(f"--listen={place(free_port())}", f"--to={place(target.getsockname()[1])}", *IMPAIRED)
    assert "with --seed 1 --loss 1.0 --reorder 0.5 --delay 0.05±0.02, for" in ran.stderr
    assert "impaired by the relay itself, for the kernel has no netem on veth9: tc " in ran.stderr
    assert "Error: Specified qdisc kind is unknown.\n" in ran.stderr
    lines = log.read_text().splitlines()
    assert len(lines) == len(told)
    assert all(line.startswith(start) for line, start in zip(lines, told, strict=True))


def test_where_there_is_no_tc_the_relay_says_where_it_comes_from(
    target: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = relay(f"--listen={place(free_port())}", f"--to={place(target.getsockname()[1])}", *IMPAIRED)
    assert "for the kernel has no netem on veth9: tc is not installed; it comes with iproute2" in ran.stderr


def test_a_filter_for_ipv6_looks_into_its_headers() -> None:
    *_, chosen = commands(Impairment(), "lo", Address("udp", "::1", 8125))
    assert " ".join(chosen).endswith(
        "protocol ipv6 u32 match ip6 protocol 17 0xff match ip6 dport 8125 0xffff flowid 1:4"
    )
