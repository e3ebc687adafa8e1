"""Runs composite actions and workflows as GitHub does, as far as a machine without GitHub can.

Each script runs in the shell and with the variables and files that GitHub gives it. For actions of others those of a
table stand in. Of expressions there is what is used here: contexts, texts, comparisons, `always()`, `hashFiles()`.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

Outputs = dict[str, str]
_TOKEN: Final = re.compile(r"'[^']*'|&&|\|\||==|!=|!|\(|\)|,|[A-Za-z_][\w.-]*")
_OPERATORS: Final = {"&&": " and ", "||": " or ", "!": " not "}


def read(file: Path) -> Any:
    """Return what a YAML file says; `on` is a text, as in YAML 1.2."""
    return YAML(typ="safe").load(file.read_text("utf-8"))


@dataclass
class Machine:
    """A runner: its workspace and temporary folder, what is kept from run to run, and what was done so far.

    Attributes:
        workspace: where steps run.
        folder: for files of GitHub's own.
        variables: the environment of every step, beside that of this process.
        given: outputs of steps that are not run, by id.
        action: the checkout of an action, by its name before the `@`.
    """

    workspace: Path
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Outputs] = field(default_factory=dict)
    action: Mapping[str, Path] = field(default_factory=dict)
    event: str = "pull_request"
    said: str = ""
    used: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """What the steps wrote for the page of the run."""
        path = self.folder / "summary"
        return path.read_text("utf-8") if path.exists() else ""

    def run_action(self, name: str, inputs: Mapping[str, str]) -> tuple[bool, Outputs]:
        """Run an action of this project; return whether it succeeded, and its outputs."""
        action = read(self.action[name] / "action.yml")
        unknown = inputs.keys() - action["inputs"].keys()
        assert not unknown, f"{name} has no input {unknown}"
        filled = {key: str(inputs.get(key, one.get("default", ""))) for key, one in action["inputs"].items()}
        contexts = self._contexts() | {"inputs": filled}
        contexts["github"]["action_path"] = str(self.action[name])
        succeeded = self.run_steps(action["runs"]["steps"], contexts)
        return succeeded, {key: _filled(one["value"], contexts) for key, one in action.get("outputs", {}).items()}

    def run_job(self, job: Mapping[str, Any]) -> bool:
        """Run the steps of a job of a workflow; return whether it succeeded."""
        return self.run_steps(job["steps"], self._contexts())

    def run_steps(self, steps: Sequence[Mapping[str, Any]], contexts: dict[str, Any]) -> bool:
        """Run steps one after another; return whether all succeeded."""
        succeeded = True
        for step in steps:
            contexts["succeeded"] = succeeded
            if not _condition(str(step.get("if", "success()")), contexts):
                continue
            done, outputs = self._run_step(step, contexts)
            contexts["steps"][step.get("id", "")] = {"outputs": outputs}
            succeeded = succeeded and done
        return succeeded

    def _contexts(self) -> dict[str, Any]:
        github = {
            "event_name": self.event,
            "run_id": "1",
            "run_attempt": "1",
            "event": {"pull_request": {"head": {"repo": {}}}},
        }
        return {"github": github, "steps": {}, "workspace": self.workspace}

    def _run_step(self, step: Mapping[str, Any], contexts: dict[str, Any]) -> tuple[bool, Outputs]:
        if step.get("id") in self.given:
            return True, self.given[step["id"]]
        if "run" in step:
            variables = {key: _filled(str(value), contexts) for key, value in step.get("env", {}).items()}
            return self._run_script(_filled(step["run"], contexts), variables)
        name = step["uses"].partition("@")[0]
        inputs = {key: _filled(str(value), contexts) for key, value in step.get("with", {}).items()}
        self.used.append((name, inputs))
        return self.run_action(name, inputs) if name in self.action else (True, STAND_INS[name](self, inputs))

    def _run_script(self, script: str, variables: Mapping[str, str]) -> tuple[bool, Outputs]:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "script.sh").write_text(script, "utf-8")
        output = self.folder / "output"
        output.write_text("")
        github = {"RUNNER_TEMP": str(self.folder), "GITHUB_OUTPUT": str(output)}
        github |= {"GITHUB_STEP_SUMMARY": str(self.folder / "summary"), "GITHUB_WORKSPACE": str(self.workspace)}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(self.folder / "script.sh")],
            cwd=self.workspace, env={**os.environ, **self.variables, **github, **variables},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        self.said += done.stdout
        lines = [line.partition("=") for line in output.read_text("utf-8").splitlines()]
        return done.returncode == 0, {name: value for name, _, value in lines}


def _filled(text: str, contexts: Mapping[str, Any]) -> str:
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: _text(_value(found[1], contexts)), text)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _condition(text: str, contexts: Mapping[str, Any]) -> bool:
    text = text.removeprefix("${{").removesuffix("}}")
    return bool(_value(text if "always()" in text or "success()" in text else f"success() && ({text})", contexts))


def _value(text: str, contexts: Mapping[str, Any]) -> object:
    """Return what an expression comes to; Python's `and` and `or` give an operand, as GitHub's do."""
    assert not _TOKEN.sub("", text).strip(), f"{text!r} has what no test here understands"
    tokens = _TOKEN.findall(text)
    source = ""
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        is_name = token[0].isalpha() and following != "("
        source += f"_at({token!r})" if is_name else _OPERATORS.get(token, token)
    functions = {
        "_at": lambda path: _at(path, contexts),
        "always": lambda: True,
        "success": lambda: contexts["succeeded"],
        "hashFiles": lambda path: "a hash" if (contexts["workspace"] / path).exists() else "",
    }
    return eval(source, functions)


def _at(path: str, contexts: Mapping[str, Any]) -> object:
    value: Any = contexts
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    return value


def _restore(machine: Machine, inputs: dict[str, str]) -> Outputs:
    kept = machine.folder.parent / "cache"
    if kept.exists():
        shutil.copytree(kept, machine.workspace / inputs["path"], dirs_exist_ok=True)
    return {}


def _save(machine: Machine, inputs: dict[str, str]) -> Outputs:
    if (machine.workspace / inputs["path"]).exists():
        shutil.copytree(machine.workspace / inputs["path"], machine.folder.parent / "cache", dirs_exist_ok=True)
    return {}


def _upload(machine: Machine, inputs: dict[str, str]) -> Outputs:
    if (machine.workspace / inputs["path"]).exists():
        shutil.copytree(machine.workspace / inputs["path"], machine.folder.parent / "artifacts" / inputs["name"])
    return {}


# What actions of others do here.
STAND_INS: Final[Mapping[str, Callable[[Machine, dict[str, str]], Outputs]]] = {
    "actions/checkout": lambda machine, inputs: {},
    "actions/setup-python": lambda machine, inputs: {"python-path": sys.executable},
    "actions/cache/restore": _restore,
    "actions/cache/save": _save,
    "actions/upload-artifact": _upload,
    "github/codeql-action/upload-sarif": lambda machine, inputs: {},
}
