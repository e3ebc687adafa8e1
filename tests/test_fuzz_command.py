"""`statsd-conformance fuzz` against Python targets: what it finds, says, saves and returns.

Slow, because each search is a process of its own that runs for a second or more.
"""

import asyncio
import gc
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from statsd_conformance.__main__ import main
from statsd_conformance.commands import fuzz as fuzz_command
from statsd_conformance.deviation import load_deviations
from statsd_conformance.probe import UNKNOWN
from statsd_conformance.profile import Profile, load_profile
from statsd_conformance.session import Settings, TargetError
from statsd_fuzz.fault import Fault
from statsd_fuzz.inprocess import campaign, load, search, subject_of
from statsd_fuzz.inprocess.campaign import Finding, case_of
from statsd_fuzz.inprocess.search import Plan
from statsd_fuzz.wire import display, run
from statsd_fuzz.wire.campaign import Campaign
from statsd_fuzz.wire.campaign import Plan as WirePlan
from statsd_fuzz.wire.known import Known
from statsd_fuzz.wire.run import Search, beginning
from statsd_fuzz.wire.scenario import Scenario

TESTS = Path(__file__).parent


@dataclass(frozen=True)
class Done:
    """What a run said and returned."""

    status: int
    text: str


Fuzz = Callable[..., Done]


@pytest.fixture
def fuzz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fuzz:
    """Give a function that runs the command, in the folder of the targets, and saves in another one."""
    monkeypatch.chdir(TESTS)
    monkeypatch.setenv("PYTHONPATH", str(TESTS))

    def run(name: str, *options: str) -> Done:
        given = [
            "fuzz",
            "--target",
            f"python:python_targets:{name}",
            "--seed",
            "7",
            "--findings",
            str(tmp_path / "found"),
        ]
        result = CliRunner().invoke(main, [*given, *options])
        return Done(result.exit_code, result.output)

    return run


UNGUIDED = pytest.mark.parametrize("guided", [True, False], ids=["guided", "generated"])


@UNGUIDED
def test_a_finding_is_printed_and_saved_under_the_name_of_its_fault_with_a_case(
    fuzz: Fuzz, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guided: bool
) -> None:
    choose(monkeypatch, guided)
    done = fuzz("RaisesOnNan", "--seconds", "2")
    assert done.status == 1, done.text
    assert "raises-keyerror-in-feed: feed('nan') raises KeyError: 'nan' (in feed)" in done.text
    assert "1 finding in " in done.text
    assert '    [[known]]\n    name = "raises-keyerror-in-feed"\n' in done.text
    assert (tmp_path / "found" / "raises-keyerror-in-feed").read_bytes() == b"nan"
    case = tmp_path / "found" / "test_raises_keyerror_in_feed.py"
    assert "    def test_raises_keyerror_in_feed() -> None:" in done.text
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(case)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "feed('nan') raises KeyError" in ran.stdout
    assert ran.returncode == 1


def choose(monkeypatch: pytest.MonkeyPatch, guided: bool) -> None:
    """Let a search be guided, which needs Atheris, or be none."""
    if guided:
        pytest.importorskip("atheris", reason="Atheris is not installed: pip install 'statsd-conformance[fuzz]'")
    else:
        monkeypatch.setenv(search.UNGUIDED, "1")


@UNGUIDED
def test_a_right_target_has_no_findings(
    fuzz: Fuzz, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guided: bool
) -> None:
    choose(monkeypatch, guided)
    done = fuzz("Right", "--seconds", "1", "--corpus", str(tmp_path / "corpus"))
    assert done.status == 0, done.text
    assert "an aggregator of intervals: counter, rate, gauge, set, timer are compared" in done.text
    assert ("guided by the coverage of python_targets" in done.text) is guided
    assert ("pip install 'statsd-conformance[fuzz]' adds Atheris" in done.text) is not guided
    assert "--seed 7" in done.text
    assert "0 findings in " in done.text
    assert "in 0 inputs" not in done.text
    assert not (tmp_path / "found").exists()
    assert any((tmp_path / "corpus").iterdir()) is guided


@UNGUIDED
def test_a_target_that_ends_the_process_is_a_finding_once(
    fuzz: Fuzz, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guided: bool
) -> None:
    choose(monkeypatch, guided)
    done = fuzz("ExitsOnNan", "--seconds", "4")
    assert done.status == 1, done.text
    assert done.text.count("ends-with-status-3: ") == 1
    assert b"nan" in (tmp_path / "found" / "ends-with-status-3").read_bytes()


def test_a_known_finding_is_counted_and_one_listed_as_fixed_is_told(
    fuzz: Fuzz, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, guided=False)
    known = tmp_path / "known.toml"
    known.write_text("[[known]]\nname = 'raises-keyerror-in-feed'\nreason = 'ticket 17'\n")
    done = fuzz("RaisesOnNan", "--seconds", "1", "--known", str(known))
    assert done.status == 0, done.text
    assert done.text.splitlines()[-3].startswith("0 findings in ")
    assert done.text.splitlines()[-2:] == ["1 known:", "  raises-keyerror-in-feed (ticket 17)"]
    assert not (tmp_path / "found").exists()
    known.write_text(known.read_text() + "fixed = true\n")
    again = fuzz("RaisesOnNan", "--seconds", "1", "--known", str(known))
    assert again.status == 1, again.text
    assert "it is listed as fixed: ticket 17" in again.text
    assert "1 finding in " in again.text


def test_a_target_that_hangs_is_a_finding(fuzz: Fuzz, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "BUSY", 0.5)
    done = fuzz("HangsOnNan", "--seconds", "4")
    assert done.status == 1, done.text
    assert "never-returns: " in done.text
    assert b"nan" in (tmp_path / "found" / "never-returns").read_bytes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--target", "nowhere"], "exec:COMMAND or a name: reference"),
        (["--target", "exec:true"], "needs {port} and {graphite_port}"),
        (["--target", "reference", "--profile", "none-such"], "Error: --profile: no profile 'none-such'"),
        (["--target", "reference", "--known", "/none-such"], "--known /none-such: No such file"),
        (["--target", "reference", "--deviations", "none-such"], "Error: --deviations: no deviations 'none-such'"),
        (["--target", "python:nowhere:x"], "cannot import nowhere"),
        (["--target", "python:python_targets:parse", "--profile", "none-such"], "Error: --profile: no profile"),
        (["--target", "python:python_targets:parse", "--seconds", "0"], "0 is not in the range"),
        (
            ["--target", "reference", "--seconds", "long"],
            "Invalid value for '--seconds': 'long' is not a valid number.",
        ),
        (["--target", "python:python_targets:parse", "--known", "/none-such"], "--known /none-such: No such file"),
        (["--target", "python:python_targets:parse", "--deviations", "statsd"], "--deviations is for targets over the"),
        (["--target", "python:python_targets:parse", "--rate", "5"], "--rate is for targets over the wire"),
        (["--target", "python:python_targets:parse", "--hostile"], "--hostile is for targets over the wire"),
        (["--target", "reference", "--refusal", "ValueError"], "--refusal is for targets python:package.module:name"),
        (
            ["--target", "reference", "--findings", "/dev/null/x"],
            "--findings /dev/null/x: cannot be written: Not a dir",
        ),
        (["--target", "python:python_targets:parse", "--corpus", "/dev/null/x"], "--corpus /dev/null/x: cannot be"),
        (["--target", "reference", "--sink", "graphite://:2003"], "--sink is for targets that run already; leave it"),
        (["--target", "a:1", "--target", "b:1"], "--target a:1 and --target b:1: one search has one target"),
        ([], "Missing option '--target'"),
    ],
)
def test_bad_usage_ends_with_2_and_a_line_that_names_it(options: list[str], words: str) -> None:
    result = CliRunner().invoke(main, ["fuzz", *options])
    assert result.exit_code == 2, result.output
    assert words in result.output
    assert "Traceback" not in result.output


def test_a_finding_that_cannot_be_saved_is_told_all_the_same(fuzz: Fuzz, tmp_path: Path) -> None:
    # Where the folder of a finding is to be there is one of its name.
    (tmp_path / "found" / "raises-keyerror-in-feed").mkdir(parents=True)
    done = fuzz("RaisesOnNan", "--seconds", "1")
    assert done.status == 1, done.text
    assert f"not saved in {tmp_path / 'found'}: Is a directory, 3 bytes:" in done.text
    assert "b'nan')" in done.text
    assert "1 finding in " in done.text


def test_a_search_ends_with_the_process_that_began_it(tmp_path: Path) -> None:
    plan = Plan("python:python_targets:Right", str(tmp_path), seconds=600.0)
    command = [sys.executable, "-m", "statsd_fuzz.inprocess.search", search.written(plan)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    searching = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    assert searching.stdin
    searching.stdin.close()
    try:
        assert searching.wait(20) == 0
    finally:
        searching.kill()
        searching.wait()


@pytest.mark.parametrize("deaf", [False, True], ids=["in-front", "deaf-to-ctrl-c"])
def test_sigterm_ends_a_search_with_what_it_found(fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch, deaf: bool) -> None:
    monkeypatch.setattr(fuzz_command, "_tell", lambda *told: signal.raise_signal(signal.SIGTERM))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if deaf else signal.default_int_handler)
    try:
        done = fuzz("RaisesOnNan", "--seconds", "60")
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.status == 1, done.text
    assert "interrupted\n1 finding in " in done.text


def test_a_search_that_is_interrupted_before_it_began_found_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted(*asked: object) -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()

    monkeypatch.setattr(run, "unless_silent", interrupted)
    monkeypatch.setattr(run, "_made_out", lambda subject: None)
    result = CliRunner().invoke(main, ["fuzz", "--target", "reference"])
    assert (result.exit_code, result.output) == (130, "interrupted\n")


def test_a_search_that_is_interrupted_while_it_gets_ready_found_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_command, "_check_profile", lambda name: signal.raise_signal(signal.SIGINT))
    result = CliRunner().invoke(main, ["fuzz", "--target", "reference"])
    assert (result.exit_code, result.output) == (130, "interrupted\n")


@pytest.mark.parametrize(("judged", "status"), [(0, 130), (1, 0)], ids=["nothing", "something"])
def test_a_search_that_is_interrupted_says_by_its_status_whether_it_judged_anything(
    monkeypatch: pytest.MonkeyPatch, judged: int, status: int
) -> None:
    async def interrupted(campaign: Campaign) -> None:
        campaign.progress.datagrams = judged
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()

    monkeypatch.setattr(Campaign, "run", interrupted)
    result = CliRunner().invoke(main, ["fuzz", "--target", "reference", "--interval", "0.05"])
    assert result.exit_code == status, result.output
    assert f"{judged} datagrams judged, 0 inputs kept\ninterrupted\n0 findings\n" in result.output


def test_a_search_ends_without_a_word_when_nobody_reads_it_any_more() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = ["fuzz", "--target", "reference", "--interval", "0.1", "--seconds", "600"]
    done = subprocess.run(
        [sys.executable, "-m", "statsd_conformance", *command], stdout=writer, stderr=subprocess.PIPE,
        timeout=60, check=False,
    )  # fmt: skip
    os.close(writer)
    # Nothing was judged.
    assert (done.returncode, done.stderr) == (130, b"")


@pytest.mark.parametrize("step", ["target.load", "campaign.run"])
def test_a_search_in_process_that_is_interrupted_before_it_began_found_nothing(
    fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(f"statsd_fuzz.inprocess.{step}", lambda *given: signal.raise_signal(signal.SIGINT))
    done = fuzz("Right")
    assert done.status == 130, done.text
    assert "interrupted\n" in done.text


def test_nothing_judged_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(campaign: Campaign) -> None:
        return

    monkeypatch.setattr(Campaign, "run", nothing)
    result = CliRunner().invoke(main, ["fuzz", "--target", "reference", "--interval", "0.05", "--seconds", "1"])
    assert result.exit_code == 2, result.output
    assert "nothing was judged within 1 s, in intervals of 0.05 s; give it more --seconds" in result.output


def test_what_could_not_be_judged_and_what_is_known_of_the_target_is_told_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def judges(campaign: Campaign) -> None:
        campaign.progress.datagrams, campaign.judge.unsure, campaign.expected = 1, 2, 3

    monkeypatch.setattr(Campaign, "run", judges)
    result = CliRunner().invoke(main, ["fuzz", "--target", "reference", "--interval", "0.05"])
    assert result.output.splitlines()[-4:] == [
        "1 datagrams judged, 0 inputs kept",
        "2 scenarios could not be judged",
        "3 scenarios about what it is known not to meet showed something, as expected",
        "0 findings",
    ]


@pytest.mark.parametrize(
    ("probed", "known", "suggested"),
    [
        (replace(UNKNOWN, paths=load_profile("statsd").paths), Known(), True),
        (replace(UNKNOWN, paths=load_profile("statsd").paths), Known(deviations=load_deviations("statsd")), False),
        (load_profile("statsd"), Known(), False),
    ],
    ids=["probed", "deviations are given", "named"],
)
def test_a_search_begins_with_how_long_it_takes_and_what_may_be_known(
    probed: Profile, known: Known, suggested: bool, tmp_path: Path
) -> None:
    asked = Search("127.0.0.1:8125", Settings(tmp_path), WirePlan(8.0, seed=17), known, tmp_path)
    first, *more = beginning(asked, "", probed, "plain lines are compared")
    assert first.startswith("127.0.0.1:8125: 8 s, and as a rule less than a minute more to finish; plain lines")
    assert first.endswith("; --seed 17")
    assert ["--deviations statsd" in line for line in more] == [True] * suggested


def test_cycles_are_looked_for_seldom_while_a_search_goes_on() -> None:
    usual = gc.get_threshold()
    with run.collecting_seldom():
        assert gc.get_threshold()[0] > 10 * usual[0]
    assert gc.get_threshold() == usual


def test_what_was_found_is_told_where_a_target_cannot_be_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ends(campaign: Campaign) -> None:
        campaign.collected.note(Scenario(((b"q000000000.a:1|c",),)), Fault("dies", "it stopped"))
        raise TargetError("reference was started and ended")

    monkeypatch.setattr(Campaign, "run", ends)
    saved = ["--findings", str(tmp_path)]
    result = CliRunner().invoke(main, ["fuzz", "--target", "reference", "--interval", "0.05", *saved])
    assert result.exit_code == 1, result.output
    assert "1 finding:\n  dies: dies\n" in result.output
    assert "Error: --target reference was started and ended; the search ended there\n" in result.output


def test_an_interrupted_search_knows_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))

    def interrupt(finding: Finding) -> None:
        raise KeyboardInterrupt

    name = "python:python_targets:RaisesOnNan"
    result = campaign.Result()
    with pytest.raises(KeyboardInterrupt):
        campaign.run(subject_of(load(name)), Plan(name, "", seconds=60.0, seed=7), interrupt, result)
    assert result.inputs > 0
    assert result.seconds > 0.0


def test_a_search_says_how_far_it_is(fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "PLAIN_EVERY", 0.0)
    done = fuzz("Right", "--seconds", "1")
    told = re.findall(
        r"^python:python_targets:Right: \d+ of 1 s, ([0-9,]+) inputs, 0 findings$", done.text, re.MULTILINE
    )
    assert max(int(inputs.replace(",", "")) for inputs in told) > 0, done.text


def test_of_a_large_input_the_beginning_is_tried(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"a:1|c\n" * 1_000_000)
    found, *own = search.seeds_of(Plan("", "", corpus=str(tmp_path)))
    assert found == (b"a:1|c\n" * 43)[:256]
    assert max(map(len, own)) <= 256


def test_a_search_that_does_not_begin_says_why(fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch) -> None:
    # The process of the search does not find the target, which this one has imported.
    monkeypatch.chdir("/")
    monkeypatch.delenv("PYTHONPATH")
    done = fuzz("Right", "--seconds", "1")
    assert done.status == 2
    assert "Error: --target python:python_targets:Right: the search did not begin: " in done.text
    assert "cannot import python_targets" in done.text


def test_the_case_of_a_finding_has_what_the_run_was_given() -> None:
    plan = Plan("python:a:b", "", profile="statsd", interval=2.0, refusals=("ValueError",))
    case = case_of(Finding("counter-differs", "", b"a:1|c"), plan)
    compile(case, "case", "exec")
    assert "load_profile('statsd')" in case
    assert "from statsd_conformance.profile import load_profile\n" in case
    assert "interval=2.0, profile=load_profile('statsd'), refusals=['ValueError']" in case
    fatal = case_of(Finding("never-returns", "", b"a\n\"'", fatal=True), plan)
    compile(fatal, "case", "exec")
