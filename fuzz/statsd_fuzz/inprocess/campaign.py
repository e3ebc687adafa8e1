"""A campaign: searches one after another until the time is over, and findings that were seen again."""

import json
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import Final

import psutil

from statsd_fuzz.inprocess.judging import judge
from statsd_fuzz.inprocess.search import Plan, written
from statsd_fuzz.inprocess.subject import Subject
from statsd_fuzz.known import Entry

# An input that keeps the processor busy for so long is taken to go on for ever, and one that waits for so much longer.
BUSY: Final = 10.0
WAITING: Final = 60.0
_POLL: Final = 0.1
_AGAIN: Final = 3
# What a target wrote last is shown where it did not come up at all.
_TAIL: Final = 2000
# A target that ends again and again is not tried on for ever.
_RESTARTS: Final = 5


class CampaignError(Exception):
    """A search that did not begin; the message says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault that was seen again, under the smallest input found; `fatal` where it ended or stopped the process."""

    name: str
    sentence: str
    data: bytes
    fatal: bool = False


@dataclass
class Result:
    """What a campaign came to; `unstable` are names of faults that did not show again.

    `known` lists findings by name that somebody knows of; they are among the others, and not told. `inputs` are those
    of processes that have ended, `under_way` those of one that searches.
    """

    known: Mapping[str, Entry] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    unstable: list[str] = field(default_factory=list)
    inputs: int = 0
    seconds: float = 0.0
    under_way: int = 0

    @property
    def told(self) -> list[Finding]:
        """Those that are new, or listed as fixed."""
        return [one for one in self.findings if not self.is_known(one)]

    def is_known(self, finding: Finding) -> bool:
        """Tell whether a finding is listed, and not as fixed."""
        return finding.name in self.known and not self.known[finding.name].fixed


def _nothing() -> None:
    return


def run(
    subject: Subject, plan: Plan, tell: Callable[[Finding], None], result: Result, beat: Callable[[], None] = _nothing
) -> None:
    """Search as planned, in folders of its own, and tell of each finding when it is there; `result` grows meanwhile.

    Findings that are known are counted, and not told. `beat` is called several times a second.

    Raises:
        CampaignError: the search did not begin.
    """
    begun = time.monotonic()
    try:
        _run(subject, plan, tell, result, beat, begun + plan.seconds)
    finally:
        result.seconds = time.monotonic() - begun


def _run(
    subject: Subject, plan: Plan, tell: Callable[[Finding], None], result: Result, beat: Callable[[], None],
    until: float,
) -> None:  # fmt: skip
    seen: set[str] = set()
    restarts = 0
    while (left := until - time.monotonic()) > 0.5 and restarts <= _RESTARTS:
        with tempfile.TemporaryDirectory() as folder:
            current = replace(plan, folder=folder, seconds=left, seed=plan.seed + restarts, known=tuple(sorted(seen)))
            for finding in _searched(subject, current, result, beat):
                if finding.name not in seen:
                    seen.add(finding.name)
                    result.findings.append(finding)
                    if not result.is_known(finding):
                        tell(finding)
        restarts += 1


def _searched(subject: Subject, plan: Plan, result: Result, beat: Callable[[], None]) -> Iterator[Finding]:
    """Yield what one process finds, until it ends."""
    read = 0
    stopped = ""
    try:
        with _process(plan) as process:
            tail = _Tail(process)
            watch = _Watch(plan, process.pid)
            while process.poll() is None and not (stopped := watch.looked()):
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_POLL)
                result.under_way, _ = _at_work(plan)
                beat()
                for finding in _confirmed(subject, plan, read, result):
                    read += 1
                    if finding:
                        yield finding
    finally:
        number, data = _at_work(plan)
        result.inputs += number
        result.under_way = 0
    tail.end()
    for finding in _confirmed(subject, plan, read, result):
        if finding:
            yield finding
    if not number:
        raise CampaignError(f"the search did not begin: {tail.text()}")
    if stopped or process.returncode:
        yield from _fatal(plan, stopped or _ending(process.returncode), data, result)


@contextmanager
def _process(plan: Plan) -> "Iterator[subprocess.Popen[bytes]]":
    """Give a process that searches; on leaving it is ended. It ends by itself when this process has gone."""
    process = subprocess.Popen(
        [sys.executable, "-m", "statsd_fuzz.inprocess.search", written(plan)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin
    with process.stdin:
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _confirmed(subject: Subject, plan: Plan, read: int, result: Result) -> Iterator[Finding | None]:
    """Yield what was found behind the first `read` entries; None for what does not show again, here, every time."""
    if not plan.found.exists():
        return
    for line in plan.found.read_text("ascii").splitlines(keepends=True)[read:]:
        if not line.endswith("\n"):
            return
        entry = json.loads(line)
        data = b64decode(entry["data"])
        faults = [{one.name: one for one in judge(subject, data)} for _ in range(_AGAIN)]
        if all(entry["name"] in some for some in faults):
            yield Finding(entry["name"], faults[0][entry["name"]].sentence, data)
        else:
            result.unstable.append(entry["name"])
            yield None


def _fatal(plan: Plan, what: str, data: bytes, result: Result) -> Iterator[Finding]:
    """Yield the input under which a process ended or hung, if it does so once more, alone."""
    plan.only.write_bytes(data)
    alone = replace(plan, seconds=0.0)
    stopped = ""
    with _process(alone) as process:
        tail = _Tail(process)
        watch = _Watch(alone, process.pid)
        while process.poll() is None and not (stopped := watch.looked()):
            with suppress(subprocess.TimeoutExpired):
                process.wait(_POLL)
    tail.end()
    name = stopped or (_ending(process.returncode) if process.returncode else "")
    if name == what:
        yield Finding(name, f"{name.replace('-', ' ')}, under {data[:80]!r}", data, fatal=True)
    else:
        result.unstable.append(what)


def _ending(status: int) -> str:
    return f"ends-by-signal-{-status}" if status < 0 else f"ends-with-status-{status}"


def _at_work(plan: Plan) -> tuple[int, bytes]:
    """Return how many inputs were tried, and the last one."""
    if not plan.current.exists():
        return 0, b""
    head, _, data = plan.current.read_bytes().partition(b"\n")
    if not head:
        return 0, b""
    number, length = map(int, head.split())
    return number, data[:length]


class _Watch:
    """Looks whether a process goes on to other inputs."""

    def __init__(self, plan: Plan, pid: int) -> None:
        self._plan = plan
        self._process = psutil.Process(pid)
        self._number = -1
        self._since = 0.0
        self._worked = 0.0

    def looked(self) -> str:
        """Return the name of the fault where it is at one input for too long, else nothing."""
        try:
            times = self._process.cpu_times()
        except psutil.Error:
            return ""
        worked = times.user + times.system
        number, _ = _at_work(self._plan)
        now = time.monotonic()
        if number != self._number:
            self._number, self._since, self._worked = number, now, worked
        is_stuck = worked - self._worked > BUSY or now - self._since > WAITING
        return "never-returns" if number and is_stuck else ""


class _Tail:
    """The last that a process wrote to standard error, read so that it never has to wait."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._last = b""
        self._pipe = process.stderr
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._pipe
        with self._pipe:
            while chunk := self._pipe.read1(65536):  # type: ignore[attr-defined]  # it is buffered
                self._last = (self._last + chunk)[-_TAIL:]

    def end(self) -> None:
        """Read what is left, when the process has ended."""
        self._thread.join()

    def text(self) -> str:
        """Return its last line."""
        lines = [line for line in self._last.decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1] if lines else "it said nothing"


def saved(finding: Finding, case: str, folder: Path) -> Path:
    """Write the input of a finding, and its case, into a folder, under its name; return the file of the input.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / finding.name
    path.write_bytes(finding.data)
    path.with_name(f"test_{finding.name.replace('-', '_')}.py").write_text(case, encoding="utf-8")
    return path


_CASE: Final = """\
{imports}

def test_{name}() -> None:
    assert_sound({subject}, {data!r})
"""
_FATAL_CASE: Final = """\
import subprocess
import sys

CODE = {code!r}


def test_{name}() -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True, timeout=60)
"""


def case_of(finding: Finding, plan: Plan) -> str:
    """Return a finding as a module of pytest; one that ends or hangs runs in a process of its own."""
    given = {"interval": plan.interval} if plan.interval != Plan("", "").interval else {}
    how = "".join(f", {name}={value!r}" for name, value in given.items())
    how += f", profile=load_profile({plan.profile!r})" if plan.profile else ""
    how += f", refusals={list(plan.refusals)!r}" if plan.refusals else ""
    imports = "from statsd_conformance.profile import load_profile\n" if plan.profile else ""
    imports += "from statsd_fuzz.inprocess import assert_sound, load, subject_of\n"
    subject = f"subject_of(load({plan.target!r}){how})"
    name = finding.name.replace("-", "_")
    if finding.fatal:
        code = f"{imports}assert_sound({subject}, {finding.data!r})\n"
        return _FATAL_CASE.format(name=name, code=code)
    return _CASE.format(imports=imports, name=name, subject=subject, data=finding.data)
