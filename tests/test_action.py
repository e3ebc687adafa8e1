"""The action and the workflows for users: every script of theirs runs here, as GitHub runs it.

Slow, because each run of the suite is a process of its own that waits for flushes.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import jsonschema
import pytest

from github_actions import Machine, read
from needed_programs import command_of
from statsd_conformance.programs import Found, Missing, peers_folders
from statsd_fuzz.search import in_ci

ROOT = Path(__file__).parents[1]
TESTS = Path(__file__).parent
NAME = "OWNER/statsd-conformance"
WORKFLOW = ROOT / "docs/ci/github.yml"
# A stand-in of a user's server: the reference, whole or with a mistake of the tests.
SERVER = f"""\
#!/bin/sh
exec {shlex.quote(sys.executable)} {shlex.quote(str(TESTS / "mistaken_server.py"))} "$@"
"""
COMMAND = "./my-statsd --port {port} --carbon {graphite_host}:{graphite_port} --every {interval}"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Give a runner on which the suite is installed already, with a user's server in its workspace."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "my-statsd").write_text(SERVER)
    (workspace / "my-statsd").chmod(0o755)
    (workspace / "Makefile").write_text("my-statsd:\n")
    program = {"program": str(Path(sys.executable).with_name("statsd-conformance"))}
    # The whole suite is tried elsewhere: here a case is enough.
    variables = {"PYTEST_ADDOPTS": "-k COUNTER-01 --interval=0.2 -p no:cacheprovider", "PYTHONPATH": str(TESTS)}
    return Machine(workspace, tmp_path / "runner", variables, {"install": program}, {NAME: ROOT})


def again(machine: Machine) -> Machine:
    """Return the runner for another run in the same workspace, with a temporary folder of its own."""
    folder = machine.folder.with_name(machine.folder.name + "-again")
    return Machine(machine.workspace, folder, machine.variables, machine.given, machine.action, machine.event)


def conformance(machine: Machine, mistake: str = "", **inputs: str) -> tuple[bool, dict[str, str]]:
    machine.variables = {**machine.variables, "MISTAKE": mistake}
    return machine.run_action(NAME, {"command": COMMAND, "profile": "reference", "artifact": "", **inputs})


def test_the_suite_is_installed_from_the_action_and_the_workflow_passes(machine: Machine) -> None:
    # Nothing is downloaded: what the suite depends on is that of this environment.
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    machine.variables = {**machine.variables, **offline, "PYTHONPATH": sysconfig.get_path("purelib")}
    (machine.workspace / "my-statsd").write_text(SERVER.replace("exec ", f"PYTHONPATH={packages()} exec "))
    machine.given = {}
    assert machine.run_job(read(WORKFLOW)["jobs"]["conformance"]), machine.said
    assert (machine.folder / "statsd-conformance/bin/statsd-conformance").exists()
    assert "## StatsD conformance" in machine.summary
    assert [name for name, _ in machine.used] == [
        "actions/checkout",
        NAME,
        "actions/setup-python",
        "actions/upload-artifact",
        "github/codeql-action/upload-sarif",
    ]
    assert (machine.workspace / machine.used[-1][1]["sarif_file"]).exists()


# A Python that takes down its arguments, and whose environments are copies of it.
NOTING_PYTHON = """\
#!/bin/sh
printf '%s\\n' "$*" >>noted
for last; do :; done
case $* in
    "-m venv "*) mkdir -p "$last/bin" && cp "$0" "$last/bin/python" ;;
    -c*) echo "${0%/*}" ;;
esac
"""


@pytest.mark.parametrize(
    ("inputs", "extra", "sees"),
    [
        ({"target": "python:a:b", "mode": "fuzz"}, "[fuzz]", True),
        ({"target": "a:1", "mode": "fuzz"}, "[fuzz]", False),
        ({"target": "a:1"}, "", False),
    ],
    ids=["Python", "fuzz", "conformance"],
)
def test_what_is_installed_where_depends_on_what_is_run(
    machine: Machine, inputs: dict[str, str], extra: str, sees: bool
) -> None:
    (machine.workspace / "python3").write_text(NOTING_PYTHON)
    (machine.workspace / "python3").chmod(0o755)
    machine.variables = {**machine.variables, "PATH": f"{machine.workspace}:{os.environ['PATH']}"}
    machine.given = {}
    machine.run_action(NAME, {**inputs, "python-version": "", "artifact": ""})
    called = (machine.workspace / "noted").read_text().splitlines()
    assert called[0] == f"-m venv --clear {machine.folder}/statsd-conformance"
    assert called[-1] == f"-m pip install --quiet --disable-pip-version-check {ROOT}{extra}"
    beside = machine.folder / "statsd-conformance/bin/beside.pth"
    assert beside.exists() is sees
    if sees:
        assert beside.read_text() == f'import site; site.addsitedir("{machine.workspace}")\n'


def packages() -> str:
    return ":".join(map(str, [TESTS, *(ROOT / name for name in ("reference", "conformance", "fuzz", "corpora"))]))


def test_a_wrong_server_fails_until_its_deviation_is_listed_and_again_when_it_is_mended(machine: Machine) -> None:
    succeeded, outputs = conformance(machine, "COUNTER-01", artifact="report")
    assert not succeeded
    assert re.search(r"\| FAIL \| COUNTER-01 \|", machine.summary)
    document = json.loads((machine.workspace / outputs["sarif"]).read_text("utf-8"))
    jsonschema.validate(document, json.loads((TESTS / "sarif.schema.json").read_text("utf-8")))
    assert [one["ruleId"] for one in document["runs"][0]["results"]] == ["COUNTER-01"]
    report = machine.folder.with_name("artifacts") / "report"
    assert {"results.jsonl", "report.html", "junit.xml", "deviations.toml"} <= {path.name for path in report.iterdir()}

    known = machine.workspace / "known.toml"
    known.write_text((report / "deviations.toml").read_text("utf-8").replace('reason = ""', 'reason = "not yet"'))
    succeeded, outputs = conformance(machine := again(machine), "COUNTER-01", deviations="known.toml")
    assert succeeded, machine.said
    assert "1 DEVIATION" in machine.said
    assert 'reason = "not yet"' in (machine.workspace / outputs["report"] / "deviations.toml").read_text("utf-8")

    succeeded, _ = conformance(machine := again(machine), deviations="known.toml")
    assert not succeeded
    assert "it holds now, but known.toml lists it as a deviation: remove the entry" in machine.said


@pytest.mark.parametrize(("name", "passes"), [("Right", True), ("RaisesOnNan", False)])
def test_fuzzing_fails_by_findings_and_keeps_the_corpus_and_what_was_found(
    machine: Machine, name: str, passes: bool
) -> None:
    # Generated inputs alone: guided by coverage, each search would take some seconds more to begin.
    machine.variables = {**machine.variables, "STATSD_FUZZ_UNGUIDED": "1"}
    kept = machine.folder.with_name("cache")
    kept.mkdir()
    (kept / "counter").write_bytes(b"a:1|c")
    inputs = {
        "mode": "fuzz",
        "target": f"python:python_targets:{name}",
        "seconds": "1",
        "seed": "7",
        "artifact": "fuzz",
    }
    succeeded, outputs = machine.run_action(NAME, inputs)
    assert succeeded is passes, machine.said
    assert (machine.workspace / ".statsd-corpus/counter").read_bytes() == b"a:1|c"
    assert "    --seed 7" in machine.summary or "; --seed 7" in machine.summary
    assert outputs == {"report": "statsd-report", "sarif": "statsd-report/fuzz.sarif"}
    document = json.loads((machine.workspace / outputs["sarif"]).read_text("utf-8"))
    jsonschema.validate(document, json.loads((TESTS / "sarif.schema.json").read_text("utf-8")))
    places = [one["locations"][0]["physicalLocation"] for one in document["runs"][0]["results"]]
    assert [one["artifactLocation"]["uri"].rpartition("/")[2] for one in places] == (
        [] if passes else ["raises-keyerror-in-feed"]
    )
    found = machine.folder.with_name("artifacts") / "fuzz/findings"
    assert found.is_dir() is not passes
    assert [name for name, _ in machine.used][-2:] == ["actions/cache/save", "actions/upload-artifact"]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({}, "there is no target: give target, or command for a server to start"),
        ({"target": "a:1", "command": "x"}, "target and command are both given: give one of them"),
        ({"mode": "fast", "target": "a:1"}, "mode is 'fast': give conformance or fuzz"),
        ({"target": "a:1", "known": "x"}, "known is for mode fuzz; conformance has deviations"),
        ({"mode": "a\n::b", "target": "a:1"}, "mode is 'a ::b': give conformance or fuzz"),
    ],
    ids=["nothing", "both", "mode", "known", "newline"],
)
def test_inputs_that_do_not_go_together_are_refused_before_anything_is_installed(
    machine: Machine, inputs: dict[str, str], words: str
) -> None:
    succeeded, outputs = machine.run_action(NAME, inputs)
    assert not succeeded
    assert (
        machine.said
        == f"::error title=StatsD conformance::{words}{': give conformance or fuzz' if 'warning' in words else ''}\n"
    )
    assert outputs["sarif"] == ""
    assert [name for name, _ in machine.used if "cache/restore" in name or "python" in name] == []


# A program that takes down its arguments, in the place of the suite.
NOTING = """\
#!/bin/sh
printf '%s\\0' "$@" >>noted
"""


@pytest.fixture
def noting(machine: Machine) -> Machine:
    """Give the runner with a program in the place of the suite that only takes down what it is called with."""
    program = machine.workspace / "noting"
    program.write_text(NOTING)
    program.chmod(0o755)
    machine.given = {"install": {"program": str(program)}}
    return machine


def noted(machine: Machine) -> list[str]:
    return (machine.workspace / "noted").read_text().split("\0")[:-1]


EVIL = "$(touch pwned)`touch pwned`\"; touch pwned; '"


@pytest.mark.parametrize("mode", ["conformance", "fuzz", EVIL])
def test_nothing_in_an_input_is_taken_for_shell(noting: Machine, mode: str) -> None:
    inputs = dict.fromkeys(("profile", "seed", "seconds", "corpus", "arguments", "sarif-at"), EVIL)
    inputs |= {"mode": mode, "command": EVIL, "report": "a 'report'", "artifact": "", "cache": "false"}
    succeeded, _ = noting.run_action(NAME, inputs)
    assert succeeded is (mode != EVIL), noting.said
    assert not (noting.workspace / "pwned").exists()
    if succeeded:
        assert {f"--target=exec:{EVIL}", f"--profile={EVIL}", EVIL} <= set(noted(noting))


def test_the_suite_is_called_with_what_the_inputs_say(noting: Machine) -> None:
    (noting.workspace / "known.toml").write_text("")
    inputs = {"target": "reference\n\nstatsd", "deviations": "known.toml", "arguments": "-k\na case or two\n"}
    noting.run_action(NAME, {**inputs, "artifact": ""})
    assert noted(noting) == [
        "run", "--target=reference", "--target=statsd", "--report=statsd-report", "--evidence=statsd-report/evidence",
        "--junitxml=statsd-report/junit.xml", "--deviations=known.toml", "-k", "a case or two",
    ]  # fmt: skip


def test_the_fuzzer_is_called_with_what_the_inputs_say(noting: Machine) -> None:
    inputs = {"mode": "fuzz", "target": "statsd", "known": "known.toml", "seed": "3", "profile": "statsd"}
    inputs |= {"sarif-at": "src/server.c"}
    noting.run_action(NAME, {**inputs, "deviations": "telegraf", "artifact": ""})
    assert noted(noting) == [
        "fuzz", "--target=statsd", "--profile=statsd", "--seed=3", "--seconds=60", "--corpus=.statsd-corpus",
        "--findings=statsd-report/findings", "--deviations=telegraf", "--known=known.toml",
        "--sarif=statsd-report/fuzz.sarif", "--sarif-at=src/server.c",
    ]  # fmt: skip


SCRIPTED = [ROOT / "action.yml", *sorted((ROOT / ".github/workflows").glob("*.yml")), WORKFLOW]


@pytest.mark.parametrize("file", SCRIPTED, ids=lambda path: path.name)
def test_no_expression_stands_in_a_script(file: Path) -> None:
    said = read(file)
    jobs = said["jobs"].values() if "jobs" in said else [said["runs"]]
    scripts = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    assert scripts or file.name == "clusterfuzzlite.yml"
    assert [script for script in scripts if "${{" in script] == []


def test_the_actions_that_the_action_uses_are_named_by_commit() -> None:
    used = [step["uses"] for step in read(ROOT / "action.yml")["runs"]["steps"] if "uses" in step]
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one)] == []


def test_every_input_has_a_description_and_is_used() -> None:
    action = read(ROOT / "action.yml")
    text = json.dumps(action["runs"]) + json.dumps(action["outputs"])
    assert [
        name for name, one in action["inputs"].items() if not one["description"] or f"inputs.{name}" not in text
    ] == []


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-actions", [ROOT / "action.yml"]),
        ("github-workflows", SCRIPTED[1:]),
        ("gitlab-ci", [ROOT / "docs/ci/gitlab.yml"]),
    ],
    ids=["action", "workflows", "gitlab"],
)
def test_files_follow_the_public_schemas(schema: str, files: list[Path]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# Takes down its arguments, and the deviations that it would write anew.
NOTING_SUITE = """\
#!/bin/sh
printf '%s\\n' "$@" >noted
cat statsd-report/deviations.toml >before
"""


@pytest.mark.parametrize("job", ["statsd-conformance", "statsd-fuzz"])
def test_gitlab_hands_over_what_is_known_and_keeps_its_reasons(job: str, tmp_path: Path) -> None:
    suite = tmp_path / ".statsd-suite/bin/statsd-conformance"
    for file, text in (
        (suite, NOTING_SUITE),
        (tmp_path / ".statsd/deviations.toml", "why"),
        (tmp_path / ".statsd/known.toml", ""),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    suite.chmod(0o755)
    script = "\n".join(read(ROOT / "docs/ci/gitlab.yml")[job]["script"])
    environment = {**os.environ, "STATSD_TARGET": "exec:./a b"}
    subprocess.run(["bash", "-o", "pipefail", "-c", script], cwd=tmp_path, env=environment, check=False)
    arguments = (tmp_path / "noted").read_text().splitlines()
    assert {"--target=exec:./a b", "--deviations=.statsd/deviations.toml"} <= set(arguments)
    assert ("--known=.statsd/known.toml" in arguments) is (job == "statsd-fuzz")
    if job == "statsd-conformance":
        assert (tmp_path / "before").read_text() == "why"


def test_actionlint_finds_nothing_in_the_workflows() -> None:
    command = actionlint()
    done = subprocess.run([*command, *map(str, SCRIPTED[1:])], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def actionlint() -> tuple[str, ...]:
    """Return its command; `make peers` installs it where there is Go."""
    places = [*(folder / "go/actionlint" for folder in peers_folders()), Path(shutil.which("actionlint") or "/none")]
    found = next((Found((str(path),)) for path in places if path.exists()), None)
    missing = Missing("actionlint is not installed: `make peers` in a checkout, which needs Go")
    return command_of(found or missing, must_be_there=in_ci(os.environ) and shutil.which("go") is not None)
