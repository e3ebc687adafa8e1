"""`statsd-conformance fuzz`: new inputs, until one shows a fault of a target."""

import sys
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Final

import click

from statsd_conformance.commands.finite import FiniteRange

if TYPE_CHECKING:
    from statsd_fuzz.inprocess.campaign import Finding, Result
    from statsd_fuzz.inprocess.search import Plan

_FINDINGS: Final = ".conformance/fuzz"
_LARGEST_SEED: Final = 2**31 - 1


@click.command()
@click.option(
    "--target", required=True, metavar="TARGET",
    help="python:package.module:name, an aggregator with feed and flush, or a callable that takes a datagram",
)  # fmt: skip
@click.option("--seconds", type=FiniteRange(min=1), default=60, show_default=True, help="how long to search")
@click.option("--seed", type=click.IntRange(1, _LARGEST_SEED), help="of the dice (default: another one each time)")
@click.option(
    "--corpus", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="inputs to start from, and where those go that reach something new",
)  # fmt: skip
@click.option(
    "--findings", type=click.Path(file_okay=False, path_type=Path), default=_FINDINGS, show_default=True,
    metavar="DIR", help="where what is found is saved",
)  # fmt: skip
@click.option("--profile", default="", metavar="NAME|FILE", help="how it spells what it publishes (default: found out)")
@click.option("--interval", type=FiniteRange(min=0.001), default=10.0, show_default=True, help="seconds of a flush")
@click.option(
    "--refusal", "refusals", multiple=True, metavar="EXCEPTION",
    help="an exception, by its name, with which it may refuse what is malformed; may be repeated",
)  # fmt: skip
def fuzz(
    target: str, seconds: float, seed: int | None, corpus: Path | None, findings: Path, profile: str, interval: float,
    refusals: tuple[str, ...],
) -> None:  # fmt: skip
    """Search for inputs that a target fails on, with the reference as the judge.

    Exit status 1 when there are findings.
    """
    # All of this is only needed here.
    from statsd_fuzz.inprocess.search import Plan
    from statsd_fuzz.inprocess.target import PREFIX

    if not target.startswith(PREFIX):
        raise click.UsageError(f"--target {target!r} is no Python target: give python:package.module:name")
    if corpus:
        corpus.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        target, "", profile=profile, interval=interval, refusals=refusals, seconds=seconds,
        seed=seed or SystemRandom().randint(1, _LARGEST_SEED // 2), corpus=str(corpus.resolve()) if corpus else "",
    )  # fmt: skip
    sys.exit(_fuzz_python(plan, findings))


def _fuzz_python(plan: "Plan", folder: Path) -> int:
    from dataclasses import replace

    from statsd_fuzz.inprocess.campaign import CampaignError, Result, run
    from statsd_fuzz.inprocess.search import is_guided
    from statsd_fuzz.inprocess.subject import planned
    from statsd_fuzz.inprocess.target import TargetError, load

    try:
        loaded = load(plan.target)
        subject = planned(loaded, plan.profile, plan.interval, plan.refusals)
    except TargetError as error:
        raise click.UsageError(f"--target {error}") from None
    click.echo(f"{plan.target}: {subject.statement}")
    click.echo(_how(is_guided(), loaded.packages) + f"; --seed {plan.seed}")
    plan = replace(plan, packages=loaded.packages)
    result = Result()
    try:
        run(subject, plan, lambda finding: _tell(finding, plan, folder), result)
    except CampaignError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("interrupted")
    click.echo(_summary(result))
    return 1 if result.findings else 0


def _how(is_guided: bool, packages: tuple[str, ...]) -> str:
    if is_guided:
        return f"guided by the coverage of {', '.join(packages)}"
    return "not guided by coverage, generated only: pip install 'statsd-conformance[fuzz]' adds Atheris"


def _tell(finding: "Finding", plan: "Plan", folder: Path) -> None:
    from statsd_fuzz.inprocess.campaign import case_of, saved

    case = case_of(finding, plan)
    path = saved(finding, folder)
    path.with_name(f"test_{finding.name.replace('-', '_')}.py").write_text(case, encoding="utf-8")
    click.echo(f"\n{finding.name}: {finding.sentence}\n{path}, {len(finding.data)} bytes:\n")
    click.echo("".join(f"    {line}\n" if line else "\n" for line in case.split("\n")).rstrip() + "\n")


def _summary(result: "Result") -> str:
    unstable = f"; did not show again: {', '.join(sorted(set(result.unstable)))}" if result.unstable else ""
    number = len(result.findings)
    found = "1 finding" if number == 1 else f"{number} findings"
    return f"{found} in {result.inputs:,} inputs, {result.seconds:.0f} s{unstable}"
