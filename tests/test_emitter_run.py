"""Emitters on a real loop, and the command around them."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from statsd_conformance.__main__ import main
from statsd_conformance.commands.emit import place_in
from statsd_reference.emitter import EmitterProfile, load_emitter_profile
from statsd_reference.emitter.hooked import AsyncioLoop
from statsd_reference.emitter.run import WATCHERS, Plan, Run, module_names, woken_by

PATIENCE = 30.0
SNAPSHOT = load_emitter_profile("snapshot")
BATCH = load_emitter_profile("batch")
FAST = replace(BATCH, period=0.001)
LINE = re.compile(rb"flux\.([a-z-]+)\.0\.([a-z_]+):(\d+)\|g")


def run_until(plan: Plan, enough: Callable[[list[bytes]], bool], number: int = signal.SIGTERM) -> list[bytes]:
    """Run a plan, with a signal to the process when what was sent is enough; return what was sent."""
    sent: list[bytes] = []
    told: list[bool] = []

    def send(datagram: bytes) -> bool:
        sent.append(datagram)
        if not told and enough(sent):
            told.append(True)
            os.kill(os.getpid(), number)
        return True

    with closing(AsyncioLoop()) as loop:
        Run(plan, loop, send).run()
    return sent


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["sigterm", "sigint"])
def test_signal_ends_with_a_last_snapshot_in_which_all_requests_are_answered(number: int) -> None:
    plan = Plan(SNAPSHOT, modules=("kvs", "cron"), rate=20_000)
    sent = run_until(plan, lambda sent: len(sent) > 20, number)
    last = {(match[1], match[2]): int(match[3]) for datagram in sent for match in LINE.finditer(datagram)}
    assert len(last) == 16
    for module in (b"kvs", b"cron"):
        assert last[module, b"request_tx"] == last[module, b"response_rx"] > 0
        assert last[module, b"request_rx"] == last[module, b"response_tx"]
        assert last[module, b"keepalive_tx"] == 1


@pytest.mark.parametrize("watcher", WATCHERS)
@pytest.mark.parametrize("profile", [replace(SNAPSHOT, period=0.001), FAST], ids=["snapshot", "batch"])
def test_each_watcher_has_counters_sent(profile: EmitterProfile, watcher: str) -> None:
    sent = run_until(Plan(profile, rate=20_000, watcher=watcher), lambda sent: len(sent) >= 3)
    assert len(sent) >= 3
    assert all(b"request_" in datagram or b"response_" in datagram or b"event_" in datagram for datagram in sent)


def test_profile_that_sends_at_once_needs_no_watcher() -> None:
    assert len(run_until(Plan(replace(BATCH, trigger="immediate"), rate=20_000), lambda sent: len(sent) >= 3)) >= 3


def test_number_of_datagrams_is_kept_to_the_last_one() -> None:
    with closing(AsyncioLoop()) as loop:
        run = Run(Plan(SNAPSHOT, modules=module_names(9), rate=50_000, datagrams=5), loop, lambda datagram: True)
        run.run()
    assert sum(account.datagrams for account in run.accounts()) == 5


def test_signals_clear_the_mask_and_set_it_again() -> None:
    seen: list[object] = []

    class Noted(Run):
        def set_mask(self, bits: int) -> None:
            super().set_mask(bits)
            seen.append((bits, self.emitters[0].on))
            if len(seen) > 1:
                os.kill(os.getpid(), signal.SIGUSR1 if bits == 0 else signal.SIGTERM)

    with closing(AsyncioLoop()) as loop:
        Noted(Plan(SNAPSHOT), loop, lambda datagram: True).run(lambda: os.kill(os.getpid(), signal.SIGUSR2))
    assert seen == [(0x1000, True), (0, False), (0x1000, True)]


def test_time_ends_a_run() -> None:
    with closing(AsyncioLoop()) as loop:
        run = Run(Plan(SNAPSHOT, rate=0, seconds=0.001), loop, lambda datagram: True)
        run.run()
    assert run.emitters[0].counts == [0, 0, 0, 0, 0, 0, 1, 0]
    assert run.accounts()[0].datagrams == 1


def test_modules_beyond_those_of_flux_are_numbered() -> None:
    assert module_names(2) == ("kvs", "cron")
    assert module_names(9)[6:] == ("content-sqlite", "module-7", "module-8")


def test_watcher_decides_the_trigger_of_the_profile() -> None:
    assert woken_by(BATCH, "") is BATCH
    assert woken_by(BATCH, "prepare").trigger == "loop-pass"
    assert woken_by(SNAPSHOT, "timer").trigger == "period"
    assert woken_by(replace(BATCH, quiet="resend"), "idle").quiet == "keep"


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    """Give a UDP socket on a free port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(PATIENCE)
        yield bound


def emit(*arguments: str, **environment: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["emit", *arguments], env=environment)


def here(receiver: socket.socket) -> str:
    """Return the address of a socket."""
    return f"127.0.0.1:{receiver.getsockname()[1]}"


def test_command_sends_to_its_argument_and_says_what_it_sent(receiver: socket.socket) -> None:
    result = emit(here(receiver), "--snapshots", "4", "--rate", "5000", "--modules", "kvs")
    assert result.exit_code == 0, result.output
    assert f"sent 4 datagrams, 32 lines, to {here(receiver)}" in result.stderr
    assert [len(LINE.findall(receiver.recv(2000))) for _ in range(4)] == [8] * 4


def test_command_sends_to_what_the_environment_says(receiver: socket.socket) -> None:
    port = str(receiver.getsockname()[1])
    result = emit("--snapshots", "1", STATSD_HOST="127.0.0.1", STATSD_PORT=port)
    assert result.exit_code == 0, result.output
    assert LINE.match(receiver.recv(2000))


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, "127.0.0.1:8125"),
        ({"STATSD_HOST": "", "STATSD_PORT": "1"}, "127.0.0.1:1"),
        ({"STATSD_HOST": "::1"}, "[::1]:8125"),
        ({"STATSD_HOST": "[::1]"}, "[::1]:8125"),
        ({"STATSD_HOST": "a.example", "STATSD_PORT": "9125"}, "a.example:9125"),
    ],
)
def test_environment_names_a_place(environment: dict[str, str], place: str) -> None:
    assert place_in(environment) == place


def test_command_sends_to_a_unix_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "s"))
        for where in (str(tmp_path / "s"), f"unix://{tmp_path}/s"):
            assert emit(where, "--snapshots", "1").exit_code == 0
            assert LINE.match(bound.recv(2000))


def test_nothing_sent_is_an_error_that_says_why(tmp_path: Path) -> None:
    result = emit(str(tmp_path / "nobody"), "--seconds", "0.01")
    assert result.exit_code == 1
    assert "the last because of: No such file or directory" in result.stderr


def test_number_of_datagrams_counts_those_that_did_not_go_out() -> None:
    with closing(AsyncioLoop()) as loop:
        run = Run(Plan(SNAPSHOT, rate=50_000, seconds=PATIENCE, datagrams=5), loop, lambda datagram: False)
        run.run()
    assert (run.accounts()[0].datagrams, run.accounts()[0].failed) == (0, 5)


@pytest.mark.parametrize("is_file", [False, True], ids=["no file", "no socket"])
def test_path_that_nobody_opened_is_named_with_the_remedy(tmp_path: Path, is_file: bool) -> None:
    where = tmp_path / "nobody"
    if is_file:
        where.touch()
    result = emit(str(where), "--snapshots", "2", "--seconds", str(PATIENCE), "--rate", "5000")
    assert result.exit_code == 1
    assert "sent 0 datagrams, 0 lines" in result.stderr
    assert "failed 2 times" in result.stderr
    assert f"nobody listened at {where}" in result.stderr
    assert "start what is to read it first" in result.stderr


def test_what_was_refused_is_said_with_both_lengths(receiver: socket.socket) -> None:
    result = emit(here(receiver), "--seconds", "0.01", "--modules", "m" * 180)
    assert result.exit_code == 1
    assert re.search(
        r"refused \d+ lines; the last because .* is 1\d\d\d bytes long, and 1440 are allowed", result.stderr
    )


def test_number_of_datagrams_is_not_waited_for_where_none_can_be_made(receiver: socket.socket) -> None:
    limits = ["--snapshots", "1", "--seconds", str(PATIENCE)]
    result = emit(here(receiver), *limits, "--modules", "m" * 180, "--rate", "5000")
    assert result.exit_code == 1
    assert re.search(r"refused \d{1,3} lines", result.stderr), result.stderr


@pytest.mark.parametrize("snapshots", ["1", "3"])
def test_what_nobody_received_is_told(snapshots: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    result = emit(f"127.0.0.1:{port}", "--snapshots", snapshots, "--rate", "5000")
    assert f"so nobody listened at 127.0.0.1:{port}, and what was sent then is lost" in result.stderr


WRONG = {
    "address": (["nowhere"], "'nowhere' has no host or no port"),
    "stream": (["tcp://127.0.0.1:1"], "is a stream; an emitter sends datagrams"),
    "host": (["nobody.invalid:1"], "cannot send to nobody.invalid port 1"),
    "rate": (["--rate", "nan"], "nan is no finite number"),
    "seconds": (["--seconds", "inf"], "inf is no finite number"),
    "profile": (["--profile", "none"], "no emitter profile 'none'"),
    "module": (["--modules", "kvs,a b"], "module name 'a b' has other characters"),
    "twice": (["--modules", "kvs,kvs"], "--modules names 'kvs' twice"),
    "none": (["--modules", "0"], "--modules 0 is not from 1 to 100000"),
    "fewer than none": (["--modules", "-3"], "--modules -3 is not from 1 to 100000"),
    "many": (["--modules", "9" * 5000], "is not from 1 to 100000"),
    "rank": (["--rank", "-1"], "rank -1 is below 0"),
    "bits": (["--mask", "all"], "'all' is no number such as 0x1000"),
    "wide": (["--mask", "0x100000000"], "0x100000000 is not from 0 to 0xffffffff"),
}


@pytest.mark.parametrize(("arguments", "words"), WRONG.values(), ids=WRONG)
def test_wrong_argument_is_named(arguments: list[str], words: str) -> None:
    result = emit(*arguments)
    assert (result.exit_code, words in result.stderr) == (2, True), result.output


def test_missing_libev_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gevent.libev", None)
    result = emit("127.0.0.1:9", "--loop", "libev")
    assert result.exit_code == 1
    assert "pip install 'statsd-conformance[watchers]'" in result.stderr


@pytest.mark.parametrize("loop", ["asyncio", "libev"])
def test_process_ends_by_a_signal_with_a_last_snapshot(receiver: socket.socket, loop: str) -> None:
    if loop == "libev":
        pytest.importorskip("gevent", reason="gevent is not installed: pip install 'statsd-conformance[watchers]'")
    options = ["--loop", loop, "--rate", "0", "--modules", "kvs", "--watcher", "timer"]
    command = [sys.executable, "-m", "statsd_conformance", "emit", here(receiver), *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read()
    assert process.returncode == 0
    assert "sent 1 datagrams, 8 lines" in said
    assert b"keepalive_tx:1|g" in receiver.recv(2000)
