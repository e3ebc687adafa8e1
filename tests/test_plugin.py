"""The suite as its users run it: a pytest process of its own, with a target that it starts or looks for."""

import contextlib
import fcntl
import os
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import termios
from pathlib import Path
from types import SimpleNamespace
from typing import Final, cast
from xml.etree import ElementTree

import psutil
import pytest
from _pytest.nodes import Node

from own_targets import own_target
from statsd_conformance.deviation import load_deviations
from statsd_conformance.hooks.workers import pytest_cmdline_main
from statsd_conformance.process import free_port

ROOT: Final = Path(__file__).parents[1]
SERVE: Final = (
    f"exec:{shlex.quote(sys.executable)} -m statsd_reference --address 127.0.0.1 --port {{port}} --mgmt_port 0 "
    "--graphiteHost {graphite_host} --graphitePort {graphite_port} --flushInterval 1000"
)


def suite_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "conformance", "-p", "no:cacheprovider", "--color=no", *arguments]


def suite_environment() -> dict[str, str]:
    packages = os.pathsep.join(str(ROOT / name) for name in ("reference", "conformance", "fuzz", "corpora"))
    return {**os.environ, "PYTHONPATH": packages}


def suite(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the suite to its end; its standard error goes with the output."""
    return subprocess.run(
        suite_command(*arguments),
        cwd=ROOT,
        env=suite_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_reference_is_tested_when_no_target_is_named() -> None:
    ran = suite("-k", "COUNTER-01", "-q")
    assert ran.returncode == 0, ran.stdout
    assert "StatsD conformance of reference" in ran.stdout
    assert "1 PASS" in ran.stdout
    assert "flush intervals of 1 s" in ran.stdout


def test_collecting_starts_no_target() -> None:
    ran = suite("-k", "COUNTER-01", "--collect-only", "-q", "--target", "exec:false {port} {graphite_port}")
    assert ran.returncode == 0, ran.stdout
    assert "test_increments_of_one_interval_are_summed" in ran.stdout
    assert "StatsD conformance of" not in ran.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_two_targets_have_a_summary_each(workers: str) -> None:
    pytest.importorskip("xdist")
    ran = suite("-k", "COUNTER-01", "-n", workers, "--target", "reference", "--target", SERVE)
    assert ran.returncode == 0, ran.stdout
    assert "StatsD conformance of reference" in ran.stdout
    assert "StatsD conformance of exec:" in ran.stdout
    assert ran.stdout.count("\n1 PASS\n") == 2


def test_junit_file_holds_every_case(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    ran = suite("-k", "GAUGE-01 or GAUGE-02", f"--junitxml={path}")
    names = [case.get("name", "") for case in ElementTree.parse(path).iter("testcase")]
    assert ran.returncode == 0, ran.stdout
    assert sorted(names) == ["test_last_value_wins[reference]", "test_signed_value_is_added[reference]"]


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """Run the suite on a terminal of its own, 60 columns wide; return everything that was written to it."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    # Without its terminal plugin, pytest knows no --color.
    command = [one for one in suite_command(*arguments) if one != "--color=no"]
    variables = suite_environment() | {"TERM": "xterm", "NO_COLOR": "1"} | environment
    with subprocess.Popen(command, cwd=ROOT, env=variables, stdin=theirs, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        written = b""
        # Linux ends the reading of a terminal that nobody holds any more with an error, others with nothing.
        with os.fdopen(ours, "rb", buffering=0) as reading, contextlib.suppress(OSError):
            while chunk := reading.read(65536):
                written += chunk
    assert running.returncode == 0, written
    return written.decode()


def test_terminal_shows_what_a_wave_waits_for_below_the_line_of_pytest() -> None:
    written = on_a_terminal("-k", "GAUGE-01")
    before, _, rest = written.partition("reference: 1 case at once, 1 wait for a flush; 0 flushe")
    assert before.rpartition("\n")[0].endswith("test_07_gauge.py \r")
    # The line is wiped out, and pytest goes on behind the name of the chapter.
    shown, _, back = rest.rpartition("\x1b[2K")
    assert back.startswith("\x1b[A\r\x1b[48C")
    lines = [line for line in re.split(r"[\r\n]|\x1b\[[0-9;?]*[A-Za-z]", shown) if line]
    assert lines
    assert max(map(len, lines)) < 60


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [(["-q"], {}), ([], {"TERM": "dumb"}), (["-p", "no:terminal"], {})],
    ids=["quiet", "dumb", "no terminal"],
)
def test_terminal_without_use_for_progress_shows_none(arguments: list[str], environment: dict[str, str]) -> None:
    assert "\x1b" not in on_a_terminal("-k", "GAUGE-01", *arguments, **environment)


def test_nothing_selected_is_no_success() -> None:
    assert suite("-k", "NOSUCH-99").returncode != 0


def test_marks_select_and_a_case_is_skipped_where_it_stands() -> None:
    ran = suite("-m", "requirement(category='EXT', level='MUST')", "-k", "TIMER-", "-rs")
    assert re.search(r"^\d+ UNSUPPORTED$", ran.stdout, re.MULTILINE), ran.stdout
    assert re.search(r"SKIPPED \[1\] conformance/statsd_conformance/test_08_timer\.py:\d+: UNSUPPORTED: ", ran.stdout)


def test_hostile_cases_can_be_left_out() -> None:
    chosen = [suite("-q", "--collect-only", "-k", "RATE-", *also).stdout for also in ((), ("-m", "not hostile"))]
    assert ["test_odd_rate_does_no_harm" in one for one in chosen] == [True, False]
    assert all("test_rate_of_zero_makes_nothing_infinite" in one for one in chosen)


def test_collecting_leaves_an_earlier_report_alone(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_text("as it was")
    suite("--collect-only", "--report", str(tmp_path), "--write-deviations", str(tmp_path / "known.toml"))
    assert (tmp_path / "results.jsonl").read_text() == "as it was"
    assert (tmp_path / "known.toml").read_text() == ""


@pytest.mark.parametrize(
    ("workers", "said", "used"),
    [
        (2, "no", "loadgroup"),
        (2, "load", "loadgroup"),
        (2, "worksteal", "loadgroup"),
        (2, "each", "each"),
        (0, "no", "no"),
        (None, "load", "load"),
    ],
)
def test_cases_of_a_target_stay_on_one_worker(workers: int | None, said: str, used: str) -> None:
    config = cast(pytest.Config, SimpleNamespace(option=SimpleNamespace(numprocesses=workers, dist=said)))
    pytest_cmdline_main(config)
    assert config.option.dist == used


def test_a_target_is_examined_by_one_worker_and_started_once(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    ran = suite("-n", "2", "-v", "-k", "COUNTER-01 or COUNTER-02 or GAUGE-01 or SET-01", "--target", "reference")
    assert ran.returncode == 0, ran.stdout
    assert len(set(re.findall(r"^\[(gw\d)\]", ran.stdout, re.MULTILINE))) == 1


def test_an_xdist_that_keeps_nothing_together_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xdist")
    config = cast(pytest.Config, SimpleNamespace(option=SimpleNamespace(numprocesses=2, dist="load")))
    # Everything else in pytest would miss it, too.
    with monkeypatch.context() as without:
        without.delattr(Node, "_nodeid", raising=False)
        with pytest.raises(pytest.UsageError, match=r"pip install 'pytest!=9\.2\.0', or leave out -n"):
            pytest_cmdline_main(config)


def test_silent_address_is_named_with_what_to_do() -> None:
    sink = free_port()
    ran = suite("-k", "COUNTER", "--target", f"127.0.0.1:{free_port()}", "--sink", f"graphite://:{sink}")
    assert ran.returncode == 1, ran.stdout
    assert "nothing answered: no program on this machine listens" in ran.stdout
    assert f"graphite://:{sink}" in ran.stdout
    assert "Start the target, or correct --target" in ran.stdout
    assert "Traceback" not in ran.stdout


def test_taken_sink_names_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        sink = f"graphite://127.0.0.1:{taken.getsockname()[1]}"
        ran = suite("-k", "COUNTER-01", "--target", f"127.0.0.1:{free_port()}", "--sink", sink)
    assert ran.returncode == 1, ran.stdout
    assert f"cannot listen as {sink}: " in ran.stdout
    assert "choose another place with --sink" in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--target", "nonsense"], "nonsense"),
        (["--target", "127.0.0.1:8125", "--sink", "graphite"], "--sink 'graphite' is not of the form"),
        (["--profile", "nosuch"], "no profile 'nosuch'"),
        (["--target", "exec:no-such-program {port} {graphite_port}"], "no-such-program: no such program on PATH"),
        (["--target", "exec:true {port}"], "needs {port} and {graphite_port}"),
        (["--target", "exec:false {port} {graphite_port}"], "exit status 1"),
    ],
    ids=["target", "sink", "profile", "no program", "no place", "ends at once"],
)
def test_mistake_is_named_without_a_traceback(arguments: list[str], said: str) -> None:
    ran = suite("-k", "COUNTER-01", *arguments)
    assert ran.returncode != 0
    assert said in ran.stdout
    assert "Traceback" not in ran.stdout


def target_of_crlf_lines(tmp_path: Path) -> str:
    """Return a target that ends its Graphite lines in CR LF: a SHOULD that it does not follow."""
    return own_target(
        tmp_path, "wrong = replace(right, write=lambda point: right.write(point).replace(b'\\n', b'\\r\\n'))"
    )


@pytest.mark.parametrize(
    ("strict", "added", "closing"),
    [
        ([], "", "1 non-strict"),
        (["--strict"], "", "1 failed"),
        ([], "-x --strict", "1 failed"),
        (["-n", "1"], "", "1 non-strict"),
        (["-n", "1", "--strict"], "", "1 failed"),
    ],
    ids=["lenient", "strict", "in PYTEST_ADDOPTS", "lenient, on a worker", "strict, on a worker"],
)
def test_should_that_is_not_followed_fails_only_when_strict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, strict: list[str], added: str, closing: str
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", added)
    ran = suite("-k", "OUT-07", "--target", target_of_crlf_lines(tmp_path), "--profile", "reference", *strict)
    assert "1 NON-STRICT" in ran.stdout
    assert closing in ran.stdout.splitlines()[-1]
    assert ran.returncode == (1 if "failed" in closing else 0), ran.stdout


def test_interrupt_in_the_middle_leaves_no_program_behind() -> None:
    running = subprocess.Popen(
        suite_command("-k", "GAUGE-08", "--interval", "60"),
        cwd=ROOT,
        env=suite_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    suite_process = psutil.Process(running.pid)
    started: list[psutil.Process] = []
    while not any("statsd_reference" in " ".join(child.cmdline()) for child in started):
        assert running.poll() is None, running.communicate()[0].decode()
        started = _children(suite_process)
    os.killpg(running.pid, signal.SIGINT)
    output = running.communicate()[0].decode()
    _, left = psutil.wait_procs(started, timeout=10)
    assert left == []
    assert running.returncode == pytest.ExitCode.INTERRUPTED, output


def _children(process: psutil.Process) -> list[psutil.Process]:
    """Return what it started and what those started, as far as they can still be looked at."""
    try:
        return [child for child in process.children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]
    except psutil.NoSuchProcess:
        return []


def test_evidence_of_every_doubted_case_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "evidence"
    ran = suite("-k", "OUT-", "--target", target_of_crlf_lines(tmp_path), "--evidence", str(folder))
    kinds = {path.suffix for path in folder.iterdir()}
    assert "NON-STRICT" in ran.stdout
    assert kinds == {".txt", ".pcapng", ".sh"}
    assert all(path.name.startswith("OUT-") for path in folder.iterdir())


def test_evidence_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = suite("-k", "COUNTER-01", "--evidence", str(tmp_path / "file"))
    assert ran.returncode != 0
    assert "name a folder that can be written" in ran.stdout
    assert "Traceback" not in ran.stdout


def test_deviations_are_written_then_expected_and_strictly_so(tmp_path: Path) -> None:
    path, target = tmp_path / "known.toml", target_of_crlf_lines(tmp_path)
    written = suite("-k", "OUT-07 or OUT-06", "--target", target, "--write-deviations", str(path))
    assert [entry.id for entry in load_deviations(str(path)).entries.values()] == ["OUT-07"]
    assert "1 NON-STRICT" in written.stdout
    # Nobody named the target, and a probe found that it spells its output like one that is known.
    assert "--deviations statsd marks what is known of it" in written.stdout
    expected = suite("-k", "OUT-07 or OUT-06", "--strict", "--target", target, "--deviations", str(path))
    assert "1 PASS, 1 DEVIATION" in expected.stdout
    assert "--deviations statsd" not in expected.stdout
    assert expected.returncode == 0, expected.stdout
    mended = suite("-k", "OUT-07", "--deviations", str(path))
    assert "it holds now, but" in mended.stdout
    assert mended.returncode == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[deviation]]\nid = 'OUT-99'\n", "no such case: OUT-99; statsd-conformance list"),
        ("[[deviation]]\n", "entry 1: no entry 'id'"),
    ],
    ids=["unknown", "incomplete"],
)
@pytest.mark.parametrize("workers", ["0", "2"])
def test_deviations_that_cannot_be_are_refused_by_name(tmp_path: Path, text: str, said: str, workers: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text)
    ran = suite("-k", "OUT-07", "-n", workers, "--deviations", str(path))
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR, ran.stdout
    assert said in ran.stdout
    assert "Traceback" not in ran.stdout


def test_seed_of_the_examples_stands_in_the_header() -> None:
    ran = suite("-k", "PROPERTY-03", "--examples", "3", "--seed", "4711")
    assert ran.returncode == 0, ran.stdout
    assert "\nStatsD seed: 4711\n" in ran.stdout


def test_worker_generates_its_examples_from_the_seed_in_the_header(tmp_path: Path) -> None:
    other_percentile = SERVE.replace("--flushInterval 1000", "--flushInterval 200 --percentThreshold 80")
    target = ("--target", other_percentile, "--profile", "reference", "--interval", "0.2", "--found", str(tmp_path))
    seeds = re.findall(r"StatsD seed: (\w+)", suite("-k", "PROPERTY-01", "-n", "1", *target).stdout)
    assert len(seeds) > 1
    assert len(set(seeds)) == 1


def test_examples_that_cannot_be_are_refused(tmp_path: Path) -> None:
    (tmp_path / "PROPERTY-01-0.json").write_text("{}")
    for arguments, said in (
        (["--examples", "0"], "--examples 0: give 1 or more"),
        (["--found", str(tmp_path)], "PROPERTY-01-0.json: not an example of format 1; delete it"),
    ):
        ran = suite("-k", "PROPERTY-03", *arguments)
        assert ran.returncode == pytest.ExitCode.USAGE_ERROR, ran.stdout
        assert said in ran.stdout
        assert "Traceback" not in ran.stdout


def test_example_that_broke_a_property_is_kept_and_tried_first(tmp_path: Path) -> None:
    other_percentile = SERVE.replace("--flushInterval 1000", "--flushInterval 200 --percentThreshold 80")
    again = ("--target", other_percentile, "--profile", "reference", "--interval", "0.2", "--found", str(tmp_path))
    first = suite("-k", "PROPERTY-01", "--seed", "1", "-n", "2", *again)
    assert first.returncode == pytest.ExitCode.TESTS_FAILED, first.stdout
    assert "StatsD seed: 1" in first.stdout
    (path,) = tmp_path.iterdir()
    assert f"kept as {path}" in first.stdout
    assert "the count_90 of a (ms) is not published here, and 1 in the model" in first.stdout
    assert 'Line("a", "1", type="ms"),' in first.stdout
    # One more, which may show the fault or not.
    second = suite("-k", "PROPERTY-01", "--examples", "1", *again)
    assert f"kept as {path}" in second.stdout
    assert list(tmp_path.iterdir()) == [path]
