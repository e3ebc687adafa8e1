"""A search in a process of its own, which the target may bring down: `python -m statsd_fuzz.inprocess.search PLAN`.

What it finds goes into a file, a line of JSON each; what it is at work on stands in another one, so that the input is
known also where the process ends or hangs.
"""

import json
import os
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from random import Random
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from statsd_fuzz._driver import corpora_of, instrumented, search
from statsd_fuzz.inprocess.generating import generated

if TYPE_CHECKING:
    # What is fuzzed has to be imported first, where it is watched.
    from statsd_fuzz.inprocess.subject import Subject

SEEDS: Final = ("datagrams", "intervals", "lines/good", "lines/bad")
UNGUIDED: Final = "STATSD_FUZZ_UNGUIDED"
_LONGEST: Final = 256
_EXAMPLES: Final = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """What one process searches, and how.

    Attributes:
        target: its spelling, with `packages` to watch.
        folder: for what is found, and what is at work.
        profile, interval, refusals: as for `subject_of`; the profile by name or file.
        seconds: how long; 0 for the input in the file `only` alone.
        seed: of the dice.
        corpus: a folder to start from, and for inputs that reach something new; empty for none.
        known: names of faults that are not searched for again.
    """

    target: str
    folder: str
    packages: tuple[str, ...] = ()
    profile: str = ""
    interval: float = 10.0
    refusals: tuple[str, ...] = ()
    seconds: float = 60.0
    seed: int = 1
    corpus: str = ""
    known: tuple[str, ...] = ()

    @property
    def found(self) -> Path:
        """The file of findings."""
        return Path(self.folder, "found")

    @property
    def current(self) -> Path:
        """The file of the number of inputs so far, and of the last one."""
        return Path(self.folder, "current")

    @property
    def only(self) -> Path:
        """The file of an input to try alone."""
        return Path(self.folder, "only")


def written(plan: Plan) -> str:
    """Return a plan as the argument of this program."""
    return json.dumps(asdict(plan))


def is_guided() -> bool:
    """Tell whether there is something that guides a search by coverage, and nobody wants to do without."""
    return find_spec("atheris") is not None and not os.environ.get(UNGUIDED)


def main(plan: Plan) -> None:
    """Search until the time is over."""
    with instrumented("__main__" if is_guided() else "", plan.packages):
        from statsd_fuzz.inprocess.target import load

        target = load(plan.target)
    from statsd_fuzz.inprocess.subject import planned

    check = _checking(plan, planned(target, plan.profile, plan.interval, plan.refusals))
    if not plan.seconds:
        check(plan.only.read_bytes())
    elif is_guided():
        _search_guided(plan, check)
    else:
        _search_generated(plan, check)


def end_with_starter() -> None:
    """End this process as soon as the one that started it is no more, which holds the other end of standard input.

    The target finds nothing on its standard input.
    """
    theirs = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)

    def wait() -> None:
        while os.read(theirs, 4096):
            pass
        os._exit(0)

    Thread(target=wait, daemon=True).start()


def _checking(plan: Plan, subject: "Subject") -> Callable[[bytes], None]:
    from statsd_fuzz.inprocess.judging import judge
    from statsd_fuzz.inprocess.reducing import reduced

    known = set(plan.known)
    number = 0
    # Unbuffered, so that what is written is there when the process is not.
    current = plan.current.open("wb", buffering=0)

    def check(data: bytes) -> None:
        nonlocal number
        number += 1
        current.seek(0)
        current.write(b"%d %d\n" % (number, len(data)) + data)
        for fault in judge(subject, data):
            if fault.name not in known:
                known.add(fault.name)
                small = reduced(data, partial(_has, subject, fault.name))
                with plan.found.open("a", encoding="ascii") as file:
                    file.write(json.dumps({"name": fault.name, "data": b64encode(small).decode()}) + "\n")

    return check


def _has(subject: "Subject", name: str, data: bytes) -> bool:
    """Tell whether an input shows the fault of that name."""
    from statsd_fuzz.inprocess.judging import judge

    return any(fault.name == name for fault in judge(subject, data))


def _search_guided(plan: Plan, check: Callable[[bytes], None]) -> None:
    with ExitStack() as held:
        options = [f"-max_total_time={max(1, round(plan.seconds))}", f"-seed={plan.seed}", "-timeout=100000"]
        folders = [plan.corpus] if plan.corpus else []
        seeds = [str(path) for path in corpora_of(SEEDS, held)]
        search(check, [*options, *folders], seeds, Path(plan.folder, "new"), _LONGEST, held, generated)


def _search_generated(plan: Plan, check: Callable[[bytes], None]) -> None:
    """Try the seeds, then what Hypothesis generates."""
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from hypothesis import strategies as st

    from statsd_fuzz import inputs, strategies

    until = time.monotonic() + plan.seconds
    for data in (
        *seeds_of(plan),
        *(generated(Random(number), _LONGEST) for number in range(plan.seed, plan.seed + 300)),
    ):
        if time.monotonic() < until:
            check(data)
    several = strategies.traffic().map(inputs.written)
    strategy = st.one_of(strategies.datagrams(), several, strategies.lines(), st.binary(max_size=40))
    chosen = settings(
        max_examples=_EXAMPLES, phases=[Phase.generate], database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    part = plan.seed
    while time.monotonic() < until:

        @seed(part)
        @chosen
        @given(strategy)
        def one(data: bytes) -> None:
            if time.monotonic() < until:
                check(data)

        one()
        part += 1


def seeds_of(plan: Plan) -> Sequence[bytes]:
    """Return what an unguided search tries first: inputs of its folder, then our seeds."""
    from statsd_corpora import seeds

    own = [data for corpus in SEEDS for data in seeds(corpus).values() if len(data) <= _LONGEST]
    given = sorted(path for path in Path(plan.corpus).iterdir() if path.is_file()) if plan.corpus else []
    return [*map(_begun, given), *own]


def _begun(path: Path) -> bytes:
    """Return as much of a file as libFuzzer would take of it."""
    with path.open("rb") as file:
        return file.read(_LONGEST)


if __name__ == "__main__":
    end_with_starter()
    entries: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(sys.argv[1]).items()
    }
    main(Plan(**entries))
