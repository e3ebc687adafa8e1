"""`statsd-conformance fuzz`: new inputs, until one shows a fault of a target."""

import signal
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Final, ParamSpec

import click
from click.core import ParameterSource

from statsd_conformance.commands.finite import FiniteRange
from statsd_conformance.progress import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from statsd_fuzz.inprocess.campaign import Finding, Result
    from statsd_fuzz.inprocess.search import Plan
    from statsd_fuzz.known import Entry
    from statsd_fuzz.sarif import Reported
    from statsd_fuzz.wire.campaign import Campaign
    from statsd_fuzz.wire.known import Known
    from statsd_fuzz.wire.run import Search

_FINDINGS: Final = ".conformance/fuzz"
# What a Python target's flush is of, where nobody says otherwise: the default of the original.
_PYTHON_INTERVAL: Final = 10.0
_LARGEST_SEED: Final = 2**31 - 1
# As of what a signal ended, for a shell: 128 and SIGINT.
_INTERRUPTED: Final = 130
# What a finding or two take in a folder, in bytes.
_LEAST_ROOM: Final = 65_536
# Options that say nothing of the other sort of targets.
_OF_THE_WIRE: Final = ("rate", "deviations", "sink", "hostile", "strict")
_OF_PYTHON: Final = ("refusals",)
# What is told where to publish needs nobody to say where it does.
_OF_THE_RUNNING: Final = ("sink",)
_P = ParamSpec("_P")


def _interruptible(command: "Callable[_P, None]") -> "Callable[_P, None]":
    """Return a command that Ctrl-C ends with a word while it is still getting ready."""

    @wraps(command)
    def run(*arguments: _P.args, **options: _P.kwargs) -> None:
        try:
            command(*arguments, **options)
        except KeyboardInterrupt:
            click.echo("interrupted")
            sys.exit(_INTERRUPTED)

    return run


@click.command()
@click.option(
    "--target", "targets", required=True, multiple=True, metavar="TARGET",
    help="host:port, exec:COMMAND or the name of a known server; or python:package.module:name, an aggregator with "
    "feed and flush, or a callable that takes a datagram",
)  # fmt: skip
@click.option(
    "--seconds", type=FiniteRange(min=1), default=60, show_default=True,
    help="how long to search; over the wire it takes 5 to 40 s more, as a rule, to finish what it looks at closely "
    "and to see what the target keeps",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(1, _LARGEST_SEED), help="of the dice (default: another one each time)")
@click.option(
    "--corpus", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="inputs to start from, and where those go that reach something new",
)  # fmt: skip
@click.option(
    "--findings", type=click.Path(file_okay=False, path_type=Path), default=_FINDINGS, show_default=True,
    metavar="DIR", help="where what is found is saved",
)  # fmt: skip
@click.option(
    "--sarif", "alerts", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="write what was found as SARIF 2.1.0, too, known findings as notes",
)  # fmt: skip
@click.option(
    "--sarif-at", metavar="PATH",
    help="the file of your repository that alerts are shown at (default: the file that a finding is saved in)",
)  # fmt: skip
@click.option("--profile", default="", metavar="NAME|FILE", help="how it spells what it publishes (default: found out)")
@click.option(
    "--interval", type=FiniteRange(min=0.001),
    help="seconds of a flush (default: 10 in Python, 1 of what is started, measured elsewhere)",
)  # fmt: skip
@click.option("--rate", type=FiniteRange(min=1), metavar="N", help="datagrams a second at most (default: as it takes)")
@click.option(
    "--known", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="findings that are counted and not told, as [[known]] entries",
)  # fmt: skip
@click.option("--deviations", metavar="NAME|FILE", help="what it is known not to meet (default: by its name)")
@click.option("--sink", default="graphite://:2003", show_default=True, metavar="URL", help="where it shows its output")
@click.option("--hostile", is_flag=True, help="send what may stop it, also to a target elsewhere that runs already")
@click.option("--strict", is_flag=True, help="hold all that it publishes against the reference, not plain lines alone")
@click.option(
    "--refusal", "refusals", multiple=True, metavar="EXCEPTION",
    help="an exception, by its name, with which a Python target may refuse what is malformed; may be repeated",
)  # fmt: skip
@click.pass_context
@_interruptible
def fuzz(
    context: click.Context, targets: tuple[str, ...], seconds: float, seed: int | None, corpus: Path | None,
    findings: Path, alerts: Path | None, sarif_at: str | None, profile: str, interval: float | None,
    rate: float | None, known: Path | None, deviations: str | None, sink: str, hostile: bool, strict: bool,
    refusals: tuple[str, ...],
) -> None:  # fmt: skip
    """Search for inputs that a target fails on, with the reference as the judge.

    Exit status 1 when there are findings, 2 when there is no such target, or nothing that it did could be judged.
    Ctrl-C and SIGTERM end it with what it found.
    """
    # All of this is only needed here.
    from statsd_fuzz.inprocess.search import Plan
    from statsd_fuzz.inprocess.target import PREFIX

    if len(targets) > 1:
        raise click.UsageError(f"--target {' and --target '.join(targets)}: one search has one target")
    target = targets[0]
    context.with_resource(_ended_alike())
    seed = seed or SystemRandom().randint(1, _LARGEST_SEED // 2)
    _check_options(context, target, is_python=target.startswith(PREFIX))
    _check_profile(profile)
    _check_folder("--findings", findings)
    if corpus:
        _check_folder("--corpus", corpus)
    report = _Report(target, findings, _checked(alerts, sarif_at), sarif_at)
    if not target.startswith(PREFIX):
        from statsd_conformance.session import Settings
        from statsd_fuzz.wire.campaign import Plan as WirePlan
        from statsd_fuzz.wire.run import Search

        with tempfile.TemporaryDirectory() as directory:
            settings = Settings(Path(directory), profile=profile or None, sink=sink, interval=interval, hostile=hostile)
            listed = _listed(target, known, deviations or "")
            wire = WirePlan(seconds, seed, rate=rate, corpus=corpus)
            sys.exit(_fuzz_wire(Search(target, settings, wire, listed, findings, strict), report))
    if corpus:
        corpus.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        target, "", profile=profile, interval=interval or _PYTHON_INTERVAL, refusals=refusals, seconds=seconds,
        seed=seed, corpus=str(corpus.resolve()) if corpus else "",
    )  # fmt: skip
    sys.exit(_fuzz_python(plan, report, _entries(known) if known else {}))


@contextmanager
def _ended_alike() -> "Iterator[None]":
    """Let SIGTERM end a search as Ctrl-C does: with a summary, and whatever was started."""

    def end(*signalled: object) -> None:
        # A job in the background of a script is deaf to Ctrl-C.
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _check_options(context: click.Context, target: str, *, is_python: bool) -> None:
    """Refuse what would be passed over.

    Raises:
        UsageError: an option is of no use to that sort of target.
    """
    from statsd_conformance.targets import is_startable

    useless, sort = (_OF_THE_WIRE, "over the wire") if is_python else (_OF_PYTHON, "python:package.module:name")
    sorts = dict.fromkeys(useless, sort)
    if is_startable(target):
        sorts |= dict.fromkeys(_OF_THE_RUNNING, "that run already")
    for option in context.command.params:
        given = context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
        if given and option.name in sorts:
            raise click.UsageError(
                f"--target {target}: {option.opts[0]} is for targets {sorts[option.name]}; leave it out"
            )


def _check_profile(name: str) -> None:
    """Refuse a profile that does not read as one.

    Raises:
        UsageError: there is no such profile, or something is wrong with it.
    """
    from statsd_conformance.profile import ProfileError, load_profile

    try:
        load_profile(name or "reference")
    except ProfileError as error:
        raise click.UsageError(f"--profile: {error}") from None


def _check_folder(option: str, folder: Path) -> None:
    """Refuse a folder that cannot be written before anything is searched for; what is made to find out is removed.

    Raises:
        UsageError: it cannot be written.
    """
    made: list[Path] = []
    try:
        made += [one for one in (folder, *folder.parents) if not one.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_LEAST_ROOM))
    except OSError as error:
        raise click.UsageError(
            f"{option} {folder}: cannot be written: {error.strerror}; name a folder that can"
        ) from None
    finally:
        for one in made:
            with suppress(OSError):
                one.rmdir()


def _checked(alerts: Path | None, at: str | None) -> Path | None:
    """Return the file of alerts, which can be written as far as can be told before there are any.

    Raises:
        UsageError: its folder is not there, or there is none.
    """
    if at and not alerts:
        raise click.UsageError("--sarif-at says where alerts of --sarif FILE are shown; give that, too")
    if alerts and not alerts.parent.is_dir():
        raise click.UsageError(f"--sarif {alerts}: there is no folder {alerts.parent}; make it, or name another one")
    return alerts


@dataclass(frozen=True, slots=True)
class _Report:
    """Where what is found goes: the folder of findings, and the file of alerts, which are shown at a file."""

    target: str
    folder: Path
    alerts: Path | None
    at: str | None

    def write(self, found: "list[Reported]") -> None:
        """Write the alerts."""
        from statsd_fuzz.sarif import sarif

        if self.alerts is None:
            return
        try:
            self.alerts.write_text(
                sarif(self.target, [replace(one, file=self.at or one.file) for one in found]), encoding="utf-8"
            )
        except OSError as error:
            raise click.ClickException(f"--sarif {self.alerts}: {error.strerror}; name a file of yours") from None


def _entries(file: Path) -> "Mapping[str, Entry]":
    from statsd_fuzz.known import KnownError, read_known

    try:
        return read_known(file)
    except KnownError as error:
        raise click.UsageError(str(error)) from None


def _listed(target: str, file: Path | None, deviations: str) -> "Known":
    from statsd_conformance.deviation import DeviationError
    from statsd_fuzz.known import KnownError
    from statsd_fuzz.wire.known import known_of

    try:
        return known_of(target, file, deviations)
    except KnownError as error:
        raise click.UsageError(str(error)) from None
    except DeviationError as error:
        raise click.UsageError(f"--deviations: {error}") from None


def _fuzz_wire(asked: "Search", report: _Report) -> int:
    import asyncio

    from rich.console import Console

    from statsd_conformance.address import AddressError
    from statsd_conformance.process import StartError
    from statsd_conformance.profile import ProfileError
    from statsd_conformance.requirement import Inconclusive
    from statsd_conformance.session import TargetError
    from statsd_conformance.target import Crashed
    from statsd_conformance.targets import CommandError
    from statsd_conformance.wire import NoAnswer
    from statsd_fuzz.wire.campaign import Campaign
    from statsd_fuzz.wire.run import search

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            # Whoever read this has gone: nobody waits for the rest.
            with suppress(SystemExit):
                super().on_broken_pipe()
            signal.raise_signal(signal.SIGTERM)

    console = Piped()
    begun: list[Campaign] = []
    try:
        asyncio.run(search(asked, console, begun.append))
    except (
        *(TargetError, StartError, AddressError, CommandError, ProfileError),
        *(NoAnswer, Crashed, Inconclusive),
    ) as error:
        return _ended(asked, report, begun, str(error))
    except OSError as error:
        problem = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        return _ended(asked, report, begun, problem)
    except KeyboardInterrupt:
        click.echo("interrupted")
    for campaign in begun:
        _conclude(campaign, report)
    return begun[0].collected.exit_status if any(one.has_judged for one in begun) else _INTERRUPTED


def _conclude(campaign: "Campaign", report: _Report) -> None:
    """Say what a search came to, and write the alerts."""
    from statsd_fuzz.sarif import of_wire

    click.echo("\n".join(campaign.collected.summary()))
    report.write(of_wire(campaign.collected, report.folder))


def _ended(asked: "Search", report: _Report, begun: "Sequence[Campaign]", problem: str) -> int:
    """Say what was found before a problem ended the search, and return 1 where that was anything.

    Raises:
        UsageError: nothing was.
    """
    # Some problems begin with the name of the target.
    where = "--target " if problem.startswith(asked.target) else f"--target {asked.target}: "
    if not any(one.collected.exit_status for one in begun):
        raise click.UsageError(where + problem)
    for campaign in begun:
        _conclude(campaign, report)
    click.echo(f"Error: {where}{problem}; the search ended there", err=True)
    return 1


def _fuzz_python(plan: "Plan", report: _Report, known: "Mapping[str, Entry]") -> int:
    from statsd_fuzz.inprocess.campaign import CampaignError, Result, run
    from statsd_fuzz.inprocess.search import is_guided
    from statsd_fuzz.inprocess.subject import planned
    from statsd_fuzz.inprocess.target import TargetError, load
    from statsd_fuzz.sarif import of_python

    try:
        loaded = load(plan.target)
        subject = planned(loaded, plan.profile, plan.interval, plan.refusals)
    except TargetError as error:
        raise click.UsageError(f"--target {error}") from None
    except KeyboardInterrupt:
        click.echo("interrupted")
        return _INTERRUPTED
    click.echo(f"{plan.target}: {subject.statement}")
    click.echo(_how(is_guided(), loaded.packages) + f"; --seed {plan.seed}")
    plan = replace(plan, packages=loaded.packages)
    result = Result(known=known)
    try:
        run(
            subject, plan, lambda finding: _tell(finding, plan, report.folder, known.get(finding.name)), result,
            _telling_how_far(plan, result),
        )  # fmt: skip
    except CampaignError as error:
        raise click.UsageError(f"--target {plan.target}: {error}") from None
    except KeyboardInterrupt:
        click.echo("interrupted")
    click.echo("\n".join(_summary(result)))
    report.write(of_python(result, report.folder))
    return 1 if result.told else 0 if result.inputs else _INTERRUPTED


def _how(is_guided: bool, packages: tuple[str, ...]) -> str:
    if is_guided:
        return f"guided by the coverage of {', '.join(packages)}"
    return "not guided by coverage, generated only: pip install 'statsd-conformance[fuzz]' adds Atheris"


def _telling_how_far(plan: "Plan", result: "Result") -> "Callable[[], None]":
    """Return what says how far a search is, when it was called for so many seconds."""
    from statsd_fuzz.wire.display import PLAIN_EVERY, named

    begun = said = time.monotonic()

    def beat() -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= PLAIN_EVERY:
            said = now
            inputs, found = result.inputs + result.under_way, counted(len(result.told), "finding")
            click.echo(f"{named(plan.target)}: {now - begun:.0f} of {plan.seconds:g} s, {inputs:,} inputs, {found}")

    return beat


def _tell(finding: "Finding", plan: "Plan", folder: Path, entry: "Entry | None") -> None:
    from statsd_fuzz.inprocess.campaign import case_of, saved
    from statsd_fuzz.known import snippet

    case = case_of(finding, plan)
    try:
        place = str(saved(finding, case, folder))
    except OSError as error:
        place = f"not saved in {folder}: {error.strerror}"
    click.echo(f"\n{finding.name}: {finding.sentence}\n{place}, {len(finding.data)} bytes:\n")
    click.echo("".join(f"    {line}\n" if line else "\n" for line in case.split("\n")).rstrip() + "\n")
    if entry:
        click.echo(f"it is listed as fixed: {entry.reason}\n")
    else:
        click.echo("to have it counted and not told, in the file of --known:\n")
        click.echo("".join(f"    {line}\n" for line in snippet(finding.name).splitlines()))


def _summary(result: "Result") -> "Iterator[str]":
    unstable = f"; did not show again: {', '.join(sorted(set(result.unstable)))}" if result.unstable else ""
    found = counted(len(result.told), "finding")
    yield f"{found} in {result.inputs:,} inputs, {result.seconds:.0f} s{unstable}"
    known = [one for one in result.findings if one not in result.told]
    if known:
        yield f"{len(known)} known:"
        yield from (f"  {one.name} ({result.known[one.name].reason})" for one in known)
