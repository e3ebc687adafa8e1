"""`statsd-conformance replay`: recorded traffic, sent again to any address."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from statsd_conformance.commands.finite import FiniteRange

if TYPE_CHECKING:
    from statsd_conformance.address import Address
    from statsd_conformance.replay import Names, Played, Player, Reading
    from statsd_conformance.replay.pace import Due


def _speed(context: click.Context, option: click.Parameter, value: str | None) -> float | None:
    """Return how many times as fast as recorded; infinity for `max`."""
    if value is None or value == "max":
        return math.inf if value else None
    try:
        speed = float(value)
    except ValueError:
        speed = 0.0
    if not 0 < speed < math.inf:
        raise click.BadParameter(f"{value!r} is neither a number above 0 nor max")
    return speed


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH…|-")
@click.option("--target", required=True, metavar="ADDR", help="host:port, or udp://, tcp://, unix://, unixstream://")
@click.option("--speed", callback=_speed, metavar="N|max", help="so many times as fast as recorded; 1 by default")
@click.option("--rate", type=FiniteRange(min=0, min_open=True), help="so many datagrams a second, evenly")
@click.option("--count", type=click.IntRange(min=1), help="stop after so many datagrams")
@click.option("--loop", type=click.IntRange(min=0), default=1, show_default=True, help="so many times; 0 until Ctrl-C")
@click.option("--prefix", metavar="NAME", help="send every name as NAME.name")
@click.option(
    "--name", "patterns", multiple=True, metavar="PATTERN", help="only lines with such a name: web.*; repeatable"
)
@click.option(
    "--port", "ports", type=click.IntRange(1, 65535), multiple=True, help="of a capture, this port; repeatable"
)
def replay(
    paths: Sequence[str],
    target: str,
    speed: float | None,
    rate: float | None,
    count: int | None,
    loop: int,
    prefix: str | None,
    patterns: Sequence[str],
    ports: Sequence[int],
) -> None:
    """Send recorded traffic again: captures (pcap, pcapng, gzip of either), texts of lines, or a capture in a pipe (-).

    Each source gets a socket of its own. Exits with 0 where all was sent, with 1 where something was refused or did not
    leave, with 2 where a recording could not be read to its end, or nothing was sent.
    """
    # asyncio comes with addresses, and `--help` and other commands do without.
    from statsd_conformance.replay import Plan, Player, Receiver, Sockets, Unreachable
    from statsd_conformance.replay.player import AHEAD
    from statsd_conformance.replay.told import told

    _check(paths, speed, rate, loop)
    address = _address(target)
    plan = Plan(
        _names(prefix, patterns),
        due=_due(speed, rate),
        needs_times=rate is None and speed != math.inf,
        count=count,
        loop=loop or None,
        # What comes from a pipe may come as slowly as it was sent.
        ahead=0 if "-" in paths else AHEAD,
    )
    readings = [_reading(path, ports) for path in paths]
    receiver = Receiver(address, time)
    if receiver.absent:
        raise click.UsageError(f"--target {address}: nobody listens there; start it first")
    try:
        with Sockets(address) as sockets, _shown(count) as shown:
            played = Player(readings, plan, sockets, receiver, time, shown).play()
            for line in told(played, str(address), streamed=sockets.streamed):
                click.echo(line)
    except Unreachable as error:
        raise click.UsageError(f"--target {error}") from None
    sys.exit(_status(played, endless=not loop))


def _check(paths: Sequence[str], speed: float | None, rate: float | None, loop: int) -> None:
    """Refuse options that exclude one another."""
    if speed is not None and rate is not None:
        raise click.UsageError("--speed and --rate exclude one another")
    if "-" in paths and (loop != 1 or paths.count("-") > 1):
        raise click.UsageError("standard input (-) can be read once only: give a file")


def _address(target: str) -> "Address":
    from statsd_conformance.address import AddressError, read_address

    try:
        return read_address(target)
    except AddressError as error:
        raise click.UsageError(f"--target {error}") from None


def _names(prefix: str | None, patterns: Sequence[str]) -> "Names":
    from statsd_conformance.replay import Names, PrefixError, read_prefix, wanted

    try:
        return Names(read_prefix(prefix) if prefix is not None else b"", wanted(patterns))
    except PrefixError as error:
        raise click.UsageError(f"--prefix {error}") from None


def _due(speed: float | None, rate: float | None) -> "Due | None":
    """Return what tells when each datagram is to leave; None where none waits."""
    from statsd_conformance.replay import recorded, steady

    if rate is not None:
        return steady(rate)
    return None if speed == math.inf else recorded(speed or 1.0)


def _status(played: "Played", *, endless: bool) -> int:
    """Say on standard error what was wrong, and return the exit status."""
    for said in (*played.damaged, *([played.problem] if played.problem else [])):
        click.echo(said, err=True)
    if played.interrupted and not endless:
        return 130
    if not (played.sent or played.unsent or played.damaged or played.problem or played.interrupted):
        click.echo("nothing was sent: no line has a name that --name wants", err=True)
    if played.damaged or not played.sent:
        return 2
    return 1 if played.refused or played.unsent or played.problem else 0


def _reading(path: str, ports: Sequence[int]) -> "Reading":
    from statsd_conformance.recording import read_recording

    if path == "-":
        return "stdin", partial(read_recording, sys.stdin.buffer, ports=ports)
    try:
        Path(path).open("rb").close()
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}; name a recording") from None
    return path, partial(read_recording, path, ports=ports)


@contextmanager
def _shown(count: int | None) -> Iterator[Callable[["Player"], None]]:
    """Give what shows on a terminal how far a replay is."""
    if not sys.stderr.isatty():
        yield lambda player: None
        return
    # A bar costs a twentieth of a second to import.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=count)

        def show(player: "Player") -> None:
            total = min(filter(None, (player.total, count)), default=None)
            progress.update(task, completed=player.sent, total=total)

        yield show
