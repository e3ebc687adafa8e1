"""Measures the reference beside real servers, each pair in one run, and prints the ratios.

    python tests/bench/run.py [ingest] [memory] [pause] [lint] [replay] [fuzz] [--names 100000]

Nothing here fails a test run: figures are for people.
"""

import asyncio
import shlex
import sys
from collections.abc import Sequence

import click
from executions import TARGETS, executions
from ingest import Ingest, lossless_rate
from lint_rate import Judged, lint_rates
from live import searched, sent_by_boofuzz
from memory import VALUES, Resident, resident
from pause import Pause, flush_pause
from replay import NUMBER, REPLAY, replay_rates
from rich.console import Console
from rich.table import Table

_FIRST_RATE = {"reference": 20_000.0, "collectd": 20_000.0, "statsd": 4_000.0}
# Half of what Linux gives to who does not ask, because it doubles what is asked for.
_WITH_DEFAULT_BUFFER = {
    "reference": f"exec:{shlex.quote(sys.executable)} -m statsd_reference --address 127.0.0.1 --port {{port}}"
    " --mgmt_port 0 --graphiteHost {graphite_host} --graphitePort {graphite_port} --flushInterval 1000"
    " --receiveBuffer 106496"
}
_LIVE = 20
_console = Console()


@click.command()
@click.argument("what", nargs=-1, type=click.Choice(["ingest", "memory", "pause", "lint", "replay", "fuzz"]))
@click.option("--target", "targets", multiple=True, default=["reference", "statsd", "collectd"], help="who to measure")
@click.option("--names", multiple=True, type=int, default=[100_000, 1_000_000], help="distinct names held, for memory")
@click.option("--datagrams", type=int, default=1_000_000, help="in the capture that is linted")
def main(what: Sequence[str], targets: Sequence[str], names: Sequence[int], datagrams: int) -> None:
    """Measure ingest, memory, the pause of a flush, the linter, the replay and fuzz targets; all of them by default."""
    chosen = what or ("ingest", "memory", "pause", "lint", "replay", "fuzz")
    if "ingest" in chosen:
        asyncio.run(_ingest(targets))
    if "memory" in chosen:
        asyncio.run(_memory([target for target in targets if target != "collectd"], names))
    if "pause" in chosen:
        asyncio.run(_pause(targets))
    if "lint" in chosen:
        _lint(datagrams)
    if "replay" in chosen:
        _replay()
    if "fuzz" in chosen:
        _fuzz()


async def _ingest(targets: Sequence[str]) -> None:
    table = Table("load", "target", "lossless lines/s", "reference / target", title="Ingest, datagrams of 40 lines")
    for load in ("counters", "mixed"):
        results = [await lossless_rate(target, load, _FIRST_RATE.get(target, 4_000.0)) for target in targets]
        best = {result.target: result.lines_per_second for result in results if isinstance(result, Ingest)}
        for target, result in zip(targets, results, strict=True):
            if isinstance(result, str):
                table.add_row(load, target, result, "")
            else:
                rate = result.lines_per_second
                table.add_row(load, target, f"{rate:,.0f}", _ratio(best.get("reference"), rate))
    _console.print(table)


async def _memory(targets: Sequence[str], names: Sequence[int]) -> None:
    table = Table("names", "type", *(f"{target}, MiB" for target in targets), title="Resident size")
    for number in names:
        for type in VALUES:
            results = [await resident(target, type, number) for target in targets]
            table.add_row(f"{number:,}", type, *map(_mebibytes, results))
    _console.print(table)


async def _pause(targets: Sequence[str]) -> None:
    table = Table(
        "target",
        "datagrams/s",
        "longest pause, ms",
        "lost",
        title="Flush of 100,000 counters each second, 997 live, receive buffer of 212,992 bytes",
    )
    for target in targets:
        result = await flush_pause(_WITH_DEFAULT_BUFFER.get(target, target), 100_000, 2_000.0, target)
        if isinstance(result, Pause):
            table.add_row(
                target, f"{result.datagrams_per_second:,.0f}", f"{1000 * result.longest:.1f}", str(result.lost)
            )
        else:
            table.add_row(target, "", result, "")
    _console.print(table)


def _lint(datagrams: int) -> None:
    title = f"A capture of {datagrams:,} datagrams of 10 lines, of which scapy reads the fiftieth part"
    table = Table("program", "datagrams/s of one core", "lint / program", "resident, MiB", title=title)
    ours: float | None = None
    for result in lint_rates(datagrams):
        if isinstance(result, Judged):
            rate = result.datagrams_per_second
            ours = ours or rate
            table.add_row(result.program, f"{rate:,.0f}", _ratio(ours, rate), f"{result.resident / 2**20:.0f}")
        else:
            table.add_row(result, "", "", "")
    _console.print(table)


def _replay() -> None:
    table = Table("over", "sender", "datagrams/s", "replay / sender", title=f"Replay of {NUMBER:,} datagrams, flat out")
    sent = replay_rates()
    best = {one.way: one.rate for one in sent if one.sender == REPLAY}
    for one in sent:
        figures = ("", one.problem) if one.problem else (f"{one.rate:,.0f}", _ratio(best.get(one.way), one.rate))
        table.add_row(one.way, one.sender, *figures)
    _console.print(table)


def _fuzz() -> None:
    table = Table(
        "target",
        "inputs/s",
        "inputs/s of the processor",
        "of an empty target",
        title="Fuzz targets, Atheris, 10 s each",
    )
    empty = executions("", 10)
    for target in ("", *TARGETS):
        result = executions(target, 10) if target else empty
        if isinstance(result, str) or isinstance(empty, str):
            table.add_row(target or "empty", "", str(result), "")
        else:
            share = f"{result.by_processor / empty.by_processor:.3f}"
            table.add_row(target or "empty", f"{result.by_clock:,.0f}", f"{result.by_processor:,.0f}", share)
    _console.print(table)
    _live()


def _live() -> None:
    title = f"Search over the wire, against the reference, {_LIVE} s each"
    table = Table("program", "datagrams/s", "datagrams/s of its processor", "search / program", title=title)
    ours, theirs = searched(_LIVE), sent_by_boofuzz(_LIVE)
    table.add_row("search, each judged", f"{ours.by_clock:,.0f}", f"{ours.by_processor:,.0f}", "1.00")
    if isinstance(theirs, str):
        table.add_row("boofuzz", theirs, "", "")
    else:
        table.add_row("boofuzz, none judged", f"{theirs:,.0f}", "", _ratio(ours.by_clock, theirs))
    _console.print(table)


def _ratio(reference: float | None, other: float) -> str:
    return f"{reference / other:.2f}" if reference and other else ""


def _mebibytes(result: Resident | str) -> str:
    return result if isinstance(result, str) else f"{result.after / 2**20:.0f}"


if __name__ == "__main__":
    main()
