"""The command: what it reads, prints and exits with."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from captured import pcap, udp4
from statsd_conformance.__main__ import main
from statsd_conformance.commands import lint as command
from statsd_conformance.recording import Datagram

_BAD = [udp4(b"a:1|c\nb.c:1|c|@0"), udp4(b"d:7|x\n")]


def run(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["lint", *arguments], input=stdin)


@pytest.fixture
def capture(tmp_path: Path) -> str:
    file = tmp_path / "traffic.pcap"
    file.write_bytes(pcap(_BAD))
    return str(file)


def test_findings_have_a_line_each_and_exit_with_1(capture: str) -> None:
    done = run(capture)
    assert done.stdout.splitlines() == [
        f"{capture}:1:2:9 ERATE-02 sample rate 0 is outside (0, 1]",
        f"{capture}:2:1:5 ELINE-05 type 'x' is none of etsy: c, g, ms, s",
    ]
    assert done.stderr == "2 findings in 2 datagrams\n"
    assert done.exit_code == 1


def test_nothing_found_exits_with_0(capture: str) -> None:
    done = run(capture, "--ignore", "ERATE-02,eline")
    assert (done.stdout, done.stderr, done.exit_code) == ("", "0 findings in 2 datagrams\n", 0)


def test_findings_exit_with_0_where_that_is_asked_for(capture: str) -> None:
    assert run(capture, "--exit-zero").exit_code == 0


def test_several_files_are_judged_one_by_one(capture: str, tmp_path: Path) -> None:
    text = tmp_path / "lines.txt"
    text.write_bytes(b"a:1|c\n\nb:x|c\n")
    done = run(capture, str(text), "--select", "ENUM", "--select", "EFRAMING-02")
    assert done.stdout.splitlines() == [
        f"{text}:2:1:1 EFRAMING-02 this line is blank",
        f"{text}:3:1:3 ENUM-01 value 'x' is no number",
    ]
    assert done.stderr == "2 findings in 5 datagrams\n"


def test_standard_input_is_a_pipe_of_tcpdump() -> None:
    done = run("-", stdin=pcap(_BAD))
    assert done.stdout.startswith("stdin:1:2:9 ERATE-02 ")
    assert done.exit_code == 1


@pytest.mark.parametrize(
    ("raw", "found", "why"),
    [
        (pcap(_BAD)[:-1], 1, "byte 100: the recording ends inside a packet, with 33 of 34 bytes"),
        (pcap([]), 0, "nothing in it went to port 8125 or 8126, or to any other"),
        (b"", 0, "it is empty"),
    ],
    ids=["cut", "empty-capture", "empty-file"],
)
def test_what_cannot_be_read_is_told_and_exits_with_2(raw: bytes, found: int, why: str, tmp_path: Path) -> None:
    file = tmp_path / "bad"
    file.write_bytes(raw)
    done = run(str(file), "--exit-zero")
    assert len(done.stdout.splitlines()) == found
    assert done.stderr.splitlines()[0] == f"{file}: {why}"
    assert done.exit_code == 2


def test_file_that_is_not_there_does_not_stop_the_others(capture: str) -> None:
    done = run("no-such-file", capture)
    assert done.stderr.startswith("no-such-file: No such file or directory\n")
    assert len(done.stdout.splitlines()) == 2
    assert done.exit_code == 2


def test_statistics_stand_in_place_of_findings(capture: str) -> None:
    done = run(capture, "--statistics")
    assert done.stdout.splitlines() == ["1  ERATE-02      sample rate outside (0, 1]", "1  ELINE-05      unknown type"]
    assert done.exit_code == 1


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_other_formats_are_written(capture: str, form: str) -> None:
    done = run(capture, "--format", form)
    assert "ERATE-02" in done.stdout
    assert done.exit_code == 1
    if form == "sarif":
        assert len(json.loads(done.stdout)["runs"][0]["results"]) == 2


@pytest.mark.parametrize(
    ("arguments", "size"),
    [((), 1432), (("--size", "internet"), 512), (("--size", "8932"), 8932), (("--size", "mtu-1500"), 1472)],
)
def test_sizes_have_names_and_numbers(arguments: tuple[str, ...], size: int, tmp_path: Path) -> None:
    fits, longer = tmp_path / "fits", tmp_path / "longer"
    line = b"a:1|c\n"
    whole = (line * (size // 6 + 1))[-size:] if size % 6 == 0 else line * (size // 6 - 1) + b"a" * (size % 6) + line
    fits.write_bytes(pcap([udp4(whole)]))
    longer.write_bytes(pcap([udp4(b"a" + whole)]))
    assert len(whole) == size
    assert run(str(fits), *arguments).stdout == ""
    assert f"the datagram has {size + 1} bytes, more than {size}" in run(str(longer), *arguments).stdout


def test_ctrl_c_ends_a_pipe_with_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(file: object, ports: object) -> Iterator[Datagram]:
        yield Datagram(b"a:1|c\nb:x|c", 1)
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "read_recording", interrupted)
    done = run("-")
    assert done.stdout == "stdin:1:2:3 ENUM-01 value 'x' is no number\n"
    assert (done.stderr, done.exit_code) == ("1 finding in 1 datagram\n", 1)


def test_count_stops_early(capture: str) -> None:
    assert run(capture, "--count", "1").stderr == "1 finding in 1 datagram\n"


def test_ports_are_chosen(tmp_path: Path) -> None:
    file = tmp_path / "traffic.pcap"
    file.write_bytes(pcap(_BAD))
    done = run(str(file), "--port", "9125")
    assert done.stderr.splitlines()[0].endswith("but 2 packets to port 8125: --port 8125")


def test_rule_is_explained_whatever_the_case_of_its_code() -> None:
    done = run("--explain", "erate-02")
    assert done.stdout.startswith("ERATE-02 sample rate outside (0, 1] (MUST)\n")
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name files, - for standard input, or an address behind --listen"),
        (("x", "--listen", "127.0.0.1:1"), "name files, - for standard input, or an address behind --listen"),
        (("x", "--size", "big"), "'big' is neither a number of bytes nor one of internet, ethernet"),
        (("x", "--select", "RATE"), "no rule's code begins with 'RATE'; the families are"),
        (("x", "--select", ","), "--select names no rule; leave it out"),
        (("x", "--select", "ERATE", "--ignore", "E"), "no rule is left: what is selected is ignored, too"),
        (("x", "--size", "0"), "size 0 holds no datagram"),
        (("x", "--seconds", "1"), "--seconds is for --listen"),
        (("--listen", "127.0.0.1:1", "--seconds", "nan"), "nan is no finite number"),
        (("x", "--statistics", "--format", "sarif"), "--format sarif is not for tables"),
        (("--explain", "RATE-02"), "--explain 'RATE-02' is no rule; the nearest are ERATE-02"),
        (("--listen", "nowhere"), "--listen 'nowhere' has no host or no port; give host:port"),
        (("--listen", "unix:///no/such/folder/socket"), "name a free address of this machine"),
    ],
)
def test_wrong_use_is_one_line_and_exits_with_2(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert message in done.stderr
    assert done.exit_code == 2


def test_long_file_is_read_alike_where_somebody_watches(capture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_LONG", 10)
    monkeypatch.setattr(command, "_somebody_watches", lambda: True)
    assert len(run(capture).stdout.splitlines()) == 2


def test_bar_is_told_what_was_read(capture: str) -> None:
    told: list[int] = []
    with Path(capture).open("rb") as opened:
        watched = command._Watched(opened, told.append)
        assert watched.read(100) + watched.read(100) == pcap(_BAD)
    assert told == [100, len(pcap(_BAD)) - 100]


@contextmanager
def listening(path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a linter that listens at a Unix socket, ready to be sent to."""
    command = [sys.executable, "-m", "statsd_conformance", "lint", "--listen", f"unix://{path}", *arguments]
    # Whether findings are held in a buffer is what is tried.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == f"listening at unix://{path}\n"
            yield process
        finally:
            process.kill()


def send(path: Path, payload: bytes) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as sender:
        sender.sendto(payload, str(path))


# A process of its own, because only that one can be interrupted.
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_findings_are_told_as_datagrams_come_and_a_signal_ends_it(number: int, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with listening(path) as process:
        assert process.stdout is not None
        send(path, b"a:1|c|@0\nb:x|c")
        assert process.stdout.readline() == f"unix://{path}:1:1:7 ERATE-02 sample rate 0 is outside (0, 1]\n"
        process.send_signal(number)
        out, error = process.communicate(timeout=60)
    assert out == f"unix://{path}:1:2:3 ENUM-01 value 'x' is no number\n"
    assert error == "2 findings in 1 datagram\n"
    assert process.returncode == 1


def test_listening_stops_after_so_many_datagrams(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with listening(path, "--count", "1") as process:
        # What is too long for Ethernet is not for a Unix socket.
        send(path, b"a:1|c\n" * 1365)
        assert process.communicate(timeout=60)[1] == "0 findings in 1 datagram\n"
    assert process.returncode == 0


def test_listening_to_nothing_does_not_pass(tmp_path: Path) -> None:
    done = run("--listen", f"unix://{tmp_path / 'socket'}", "--seconds", "0.01")
    assert done.stderr.splitlines()[1].endswith("nothing came; is this where the emitter sends?")
    assert done.exit_code == 2
