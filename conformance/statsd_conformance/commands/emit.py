"""`statsd-conformance emit`: the reference emitter, with made-up message traffic."""

import os
from collections.abc import Mapping
from contextlib import closing
from errno import ECONNREFUSED, ENOENT
from os import strerror
from typing import TYPE_CHECKING, Final

import click

from statsd_conformance.commands.finite import FiniteRange

if TYPE_CHECKING:
    from statsd_reference.emitter.destination import Destination
    from statsd_reference.emitter.points import Loop
    from statsd_reference.emitter.run import Run

_PORT: Final = "8125"
# What the system says where a socket is closed, or was never opened; of a Unix one also where its path is no socket.
_NOBODY: Final = (strerror(ECONNREFUSED), strerror(ENOENT))
_REMEDY: Final = "start what is to read it first, or name another DESTINATION"


def _bits(context: click.Context, option: click.Parameter, text: str) -> int:
    """Return the number that a text spells, in hexadecimal too."""
    try:
        bits = int(text, 0)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no number such as 0x1000 or 4096") from None
    if not 0 <= bits < 2**32:
        raise click.BadParameter(f"{text} is not from 0 to 0xffffffff")
    return bits


@click.command()
@click.argument("destination", required=False)
@click.option(
    "--profile",
    default="snapshot",
    show_default=True,
    metavar="NAME|FILE",
    help="how lines are spelt and when they are sent: snapshot, batch, or a TOML file",
)
@click.option(
    "--modules",
    default="3",
    show_default=True,
    metavar="N|NAME,NAME…",
    help="how many modules have counters, or their names",
)
@click.option("--rank", type=int, default=0, show_default=True, metavar="N", help="rank in the names")
@click.option(
    "--watcher",
    type=click.Choice(["prepare", "check", "check-after-io", "idle", "timer"]),
    help="what has counters looked at: a place in each pass of the loop, in libev's words, or a clock  "
    "[default: as the profile says]",
)
@click.option(
    "--loop",
    "library",
    type=click.Choice(["asyncio", "libev"]),
    default="asyncio",
    show_default=True,
    help="the event loop; libev needs the extra [watchers]",
)
@click.option(
    "--rate", type=FiniteRange(0), default=100.0, show_default=True, help="messages a second among the modules"
)
@click.option("--seconds", type=FiniteRange(0), help="end after so long  [default: SIGINT or SIGTERM]")
@click.option(
    "--snapshots",
    type=click.IntRange(1),
    metavar="N",
    help="end after N datagrams, whether they went out or not, without a last one",
)
@click.option("--seed", type=int, default=0, show_default=True, help="seed of the traffic")
@click.option(
    "--mask",
    callback=_bits,
    default="0x1000",
    metavar="BITS",
    show_default=True,
    help="debug mask of the modules, where the profile has a switch; SIGUSR2 clears it, SIGUSR1 sets it again",
)
def emit(
    destination: str | None,
    profile: str,
    modules: str,
    rank: int,
    watcher: str | None,
    library: str,
    rate: float,
    seconds: float | None,
    snapshots: int | None,
    seed: int,
    mask: int,
) -> None:
    """Send message counters, as StatsD lines, to DESTINATION.

    That is host:port, [::1]:port or the path of a Unix datagram socket; without it what the environment says with
    STATSD_HOST and STATSD_PORT, and where that says nothing 127.0.0.1:8125.
    """
    # The loops import asyncio or gevent, which the other commands need not pay for.
    from statsd_reference.emitter import EmitterProfileError, NameRefused, load_emitter_profile
    from statsd_reference.emitter.run import Plan, Run

    where = destination or place_in(os.environ)
    try:
        plan = Plan(
            load_emitter_profile(profile),
            modules=_names(modules),
            rank=rank,
            watcher=watcher or "",
            rate=rate,
            seconds=seconds,
            datagrams=snapshots,
            seed=seed,
            mask=mask,
        )
        with closing(_opened(where)) as opened, closing(_loop(library)) as loop:
            run = Run(plan, loop, opened.send)
            run.run(lambda: click.echo(f"{plan.profile.name} of {', '.join(plan.modules)} to {where}", err=True))
    except (EmitterProfileError, NameRefused) as error:
        raise click.UsageError(str(error)) from None
    _tell(run, opened, where)


def place_in(environment: Mapping[str, str]) -> str:
    """Return the destination that STATSD_HOST and STATSD_PORT name, with the usual value for what is not set."""
    host, port = environment.get("STATSD_HOST") or "127.0.0.1", environment.get("STATSD_PORT") or _PORT
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def _names(modules: str) -> tuple[str, ...]:
    from statsd_reference.emitter.run import module_names

    if not modules.removeprefix("-").isdecimal():
        names = tuple(modules.split(","))
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise click.UsageError(f"--modules names {twice[0]!r} twice")
        return names
    # More digits than Python reads are no number of modules either.
    if len(modules) > 6 or not 1 <= int(modules) <= 100_000:
        raise click.UsageError(f"--modules {modules[:20]} is not from 1 to 100000")
    return module_names(int(modules))


def _opened(where: str) -> "Destination":
    from statsd_conformance.address import AddressError, read_address
    from statsd_reference.emitter.destination import DestinationError, open_udp, open_unix

    try:
        if where.startswith(("/", "./", "../")):
            return open_unix(where)
        address = read_address(where)
        if address.scheme not in ("udp", "unix"):
            raise click.UsageError(f"{where!r} is a stream; an emitter sends datagrams: host:port or a path")
        return open_unix(address.path) if address.path else open_udp(address.host, address.port)
    except (AddressError, DestinationError) as error:
        raise click.UsageError(str(error)) from None


def _loop(library: str) -> "Loop":
    if library == "asyncio":
        from statsd_reference.emitter.hooked import AsyncioLoop

        return AsyncioLoop()
    from statsd_reference.emitter.libev import LibevLoop, LibevMissing

    try:
        return LibevLoop()
    except LibevMissing as error:
        raise click.ClickException(str(error)) from None


def _tell(run: "Run", opened: "Destination", where: str) -> None:
    """Say what was sent, refused and failed; end with 1 where nothing went out though something should have."""
    accounts = run.accounts()
    datagrams, lines, refused = (
        sum(getattr(account, field) for account in accounts) for field in ("datagrams", "lines", "refused")
    )
    click.echo(f"sent {datagrams} datagrams, {lines} lines, to {where}", err=True)
    if refused:
        last = next(account.last_refusal for account in reversed(accounts) if account.last_refusal)
        click.echo(f"refused {refused} lines; the last because {last}", err=True)
    if opened.failed:
        click.echo(f"failed {opened.failed} times; the last because of: {opened.error}", err=True)
        if opened.error in _NOBODY:
            # What UDP takes is not what arrives: the system says so afterwards, and nobody counts it as received.
            click.echo(f"so nobody listened at {where}, and what was sent then is lost; {_REMEDY}", err=True)
    if not datagrams and (refused or opened.failed):
        raise click.ClickException("nothing was sent; the lines above say why")
