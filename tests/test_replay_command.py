"""`statsd-conformance replay`, as it is typed."""

import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result

from bound import waiting
from captured import pcap, udp4
from clocks import FakeClock
from statsd_conformance.__main__ import main
from statsd_conformance.kernel import visible
from statsd_conformance.recording import Endpoint

OTHER: Final = Endpoint("192.0.2.7", 40001)
# A quarter of a second from packet to packet, and one to another port.
CAPTURE: Final = pcap(
    [udp4(b"a:1|c"), udp4(b"b:2|c\nload:3|g", OTHER), udp4(b"c:3|c"), udp4(b"d:4|c", to=Endpoint("192.0.2.8", 9125))],
    step=1,
)


@pytest.fixture(autouse=True)
def _nobody_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no replay wait until a target has read all: these read when it is over."""
    monkeypatch.setattr("statsd_conformance.replay.player._SETTLE", 0.0)


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    """Give a UDP socket of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


@pytest.fixture
def capture(tmp_path: Path) -> str:
    """Give the path of a capture of three datagrams, and one to port 9125."""
    path = tmp_path / "traffic.pcap"
    path.write_bytes(CAPTURE)
    return str(path)


def replay(*arguments: str, typed: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["replay", *arguments], input=typed)


def target(bound: socket.socket) -> str:
    return f"--target=127.0.0.1:{bound.getsockname()[1]}"


@pytest.mark.parametrize(
    ("options", "came"),
    [
        ((), [b"a:1|c", b"b:2|c\nload:3|g", b"c:3|c"]),
        (("--prefix", "run7"), [b"run7.a:1|c", b"run7.b:2|c\nrun7.load:3|g", b"run7.c:3|c"]),
        (("--name", "[ab]", "--name", "c"), [b"a:1|c", b"b:2|c", b"c:3|c"]),
        (("--port", "9125"), [b"d:4|c"]),
        (("--count", "2"), [b"a:1|c", b"b:2|c\nload:3|g"]),
        (("--loop", "2", "--count", "4"), [b"a:1|c", b"b:2|c\nload:3|g", b"c:3|c", b"a:1|c"]),
        (("--loop", "0", "--count", "4"), [b"a:1|c", b"b:2|c\nload:3|g", b"c:3|c", b"a:1|c"]),
    ],
)
def test_a_capture_is_sent_as_the_options_say(
    options: tuple[str, ...], came: list[bytes], bound: socket.socket, capture: str
) -> None:
    ran = replay(capture, target(bound), "--speed=max", *options)
    assert waiting(bound) == came
    assert (ran.exit_code, ran.output.splitlines()[0].split(",")[0]) == (
        0,
        f"sent      {len(came)} datagram" + "s" * (len(came) > 1),
    )


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        ((), "0.50"),
        (("--speed", "1"), "0.50"),
        (("--speed", "10"), "0.05"),
        (("--speed", "max"), "0.00"),
        (("--rate", "8"), "0.25"),
        (("--loop", "2"), "1.00"),
    ],
)
def test_a_pace_is_kept(
    options: tuple[str, ...], seconds: str, bound: socket.socket, capture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statsd_conformance.commands.replay.time", FakeClock())
    assert f" in {seconds} s" in replay(capture, target(bound), *options).output


def test_the_report_tells_what_the_kernel_shows(bound: socket.socket, capture: str) -> None:
    if not visible():
        pytest.skip("this machine does not show its UDP sockets")
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    # The least that there can be holds fewer of so many small datagrams.
    ran = replay(capture, target(bound), "--speed=max", "--loop=100")
    dropped = 300 - len(waiting(bound))
    assert 0 < dropped < 300
    assert f"\ndropped   {dropped} by the kernel, before the target's socket\n" in ran.output
    assert "bytes not read in the end" in ran.output
    assert ran.exit_code == 0


def test_a_capture_comes_through_a_pipe(bound: socket.socket) -> None:
    ran = replay("-", target(bound), "--speed=max", typed=CAPTURE)
    assert (ran.exit_code, len(waiting(bound))) == (0, 3)


@pytest.mark.parametrize("pace", ["--rate=1000", "--speed=max"])
def test_a_text_is_sent_line_by_line(pace: str, bound: socket.socket, tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"a:1|c\nb:2|c")
    assert replay(str(tmp_path / "lines"), target(bound), pace).exit_code == 0
    assert waiting(bound) == [b"a:1|c\n", b"b:2|c\n"]


def test_a_damaged_recording_is_sent_as_far_as_it_goes_and_fails(bound: socket.socket, tmp_path: Path) -> None:
    path = tmp_path / "torn.pcap"
    path.write_bytes(CAPTURE[:-80])
    ran = replay(str(path), target(bound), "--speed=max")
    assert (ran.exit_code, waiting(bound)) == (2, [b"a:1|c", b"b:2|c\nload:3|g"])
    assert ran.stderr.startswith(f"{path}: byte ")


def test_a_target_that_goes_away_fails(bound: socket.socket, capture: str) -> None:
    address = target(bound)
    bound.close()
    ran = replay(capture, address, "--speed=max", "--loop=2")
    # Where the kernel does not show who has a port, the datagrams are sent, and refused.
    assert ran.exit_code == (2 if visible() else 1)
    assert ("nobody listens there" in ran.stderr) is visible()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--target=127.0.0.1",), "--target '127.0.0.1' has no host or no port"),
        (("--target=tcp://127.0.0.1:1",), "cannot reach 127.0.0.1:1/tcp: Connection refused; is the target there?"),
        (("--target=nowhere.invalid:1",), "'nowhere.invalid' is no host that is known here"),
        (("--target=127.0.0.1:1", "--prefix=a:b"), "--prefix 'a:b' is no prefix: ':' ends a name"),
        (("--target=127.0.0.1:1", "--speed=0"), "'0' is neither a number above 0 nor max"),
        (("--target=127.0.0.1:1", "--speed=fast"), "'fast' is neither a number above 0 nor max"),
        (("--target=127.0.0.1:1", "--speed=1", "--rate=1"), "--speed and --rate exclude one another"),
        (("-", "--target=127.0.0.1:1", "--loop=2"), "standard input (-) can be read once only"),
        (("/nowhere.pcap", "--target=127.0.0.1:1"), "/nowhere.pcap: No such file or directory"),
    ],
)
def test_bad_input_is_named_with_its_remedy(arguments: tuple[str, ...], said: str, capture: str) -> None:
    ran = replay(capture, *arguments)
    assert ran.exit_code in (1, 2)
    assert said in ran.stderr
    assert "Traceback" not in ran.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--name", "nobody"), "nothing was sent: no line has a name that --name wants"),
        (("--port", "7"), "nothing in it went to port 7, but 3 packets to port 8125: --port 8125"),
    ],
)
def test_a_replay_of_nothing_fails(options: tuple[str, ...], said: str, bound: socket.socket, capture: str) -> None:
    ran = replay(capture, target(bound), "--speed=max", *options)
    assert (ran.exit_code, waiting(bound)) == (2, [])
    assert said in ran.stderr


def test_a_text_without_times_wants_a_pace(bound: socket.socket, tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"a:1|c\n")
    ran = replay(str(tmp_path / "lines"), target(bound))
    assert (ran.exit_code, waiting(bound)) == (2, [])
    assert ran.stdout == ""
    assert ran.stderr.endswith("lines has no times to keep to; give --rate N or --speed max\n")


def test_a_terminal_shows_how_far_it_is(tmp_path: Path, capture: str) -> None:
    shown, terminal = pty.openpty()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "s"))
        # Only a program of its own has a terminal of its own.
        command = [sys.executable, "-m", "statsd_conformance", "replay", capture, f"--target=unix://{tmp_path}/s"]
        subprocess.run([*command, "--speed=max"], stderr=terminal, stdout=subprocess.DEVNULL, check=True, timeout=60)
    os.close(terminal)
    assert b"3/3" in os.read(shown, 65536)
    os.close(shown)


def test_the_report_counts_the_sources_of_the_recording(bound: socket.socket, capture: str) -> None:
    assert " from 2 sources to " in replay(capture, target(bound), "--speed=max").output


@pytest.mark.parametrize(("loop", "status"), [("0", 0), ("1000000", 130)])
def test_an_interrupt_ends_a_replay_with_its_report(loop: str, status: int, bound: socket.socket, capture: str) -> None:
    # Only a program of its own can be interrupted.
    command = [sys.executable, "-m", "statsd_conformance", "replay", capture, target(bound), "--loop", loop]
    bound.settimeout(30)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as player:
        while bound.recv(100) != b"c:3|c":
            """The first turn is under way."""
        player.send_signal(signal.SIGINT)
        said, _ = player.communicate(timeout=30)
    assert said.startswith("sent      ")
    assert player.returncode == status
