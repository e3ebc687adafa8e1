"""`statsd-conformance relay`: a path that loses, doubles, reorders, delays and cuts datagrams, by a seed."""

import asyncio
import math
import re
import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from statsd_conformance.commands.finite import FiniteRange

if TYPE_CHECKING:
    from statsd_conformance.address import Address
    from statsd_conformance.relay.impairment import Impairment
    from statsd_conformance.relay.netem import Netem
    from statsd_conformance.relay.relaying import Relay

_PROBABILITY = FiniteRange(0, 1)
_DELAY = re.compile(r"([^±]*?)(?:(?:±|\+/?-)(.*))?", re.DOTALL)


def _delay(context: click.Context, option: click.Parameter, text: str) -> tuple[float, float]:
    """Return the seconds, and by how much they may be more or less, of `0.05` or `0.05±0.02`."""
    found = _DELAY.fullmatch(text)
    try:
        seconds = [float(part) for part in found.groups("0")] if found else [-1.0]
    except ValueError:
        seconds = [-1.0]
    if not all(0 <= one < math.inf for one in seconds):
        raise click.BadParameter(f"{text!r} is not of the form SECONDS or SECONDS±SECONDS, as 0.05±0.02")
    return seconds[0], seconds[1]


@click.command()
@click.option("--listen", required=True, metavar="ADDRESS", help="where datagrams come: host:port, unix:///path")
@click.option("--to", required=True, metavar="ADDRESS", help="where they go on: the target")
@click.option("--seed", type=int, default=0, show_default=True, help="what the dice are; equal seeds decide alike")
@click.option("--loss", type=_PROBABILITY, default=0.0, metavar="P", help="how many of them are lost, 0 to 1")
@click.option("--duplicate", type=_PROBABILITY, default=0.0, metavar="P", help="how many come twice")
@click.option("--reorder", type=_PROBABILITY, default=0.0, metavar="P", help="how many let 1 to 8 later ones pass")
@click.option("--delay", callback=_delay, default="0", metavar="SECONDS[±SECONDS]", help="how long each takes")
@click.option("--truncate", type=_PROBABILITY, default=0.0, metavar="P", help="how many are cut somewhere")
@click.option(
    "--record", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="write all that it does"
)
@click.option("--seconds", type=FiniteRange(min=0, min_open=True), help="end after so long  [default: Ctrl-C]")
@click.option(
    "--netem", metavar="DEVICE", help="have the kernel lose, double and delay what leaves by DEVICE, where it can"
)
def relay(listen: str, to: str, delay: tuple[float, float], **options: Any) -> None:
    """Pass datagrams on, and impair them: between any emitter and any target.

    What becomes of a datagram depends on the seed and on how many came before it, on nothing else. Ends with 0, with 1
    where nothing came or the record could not be written to its end, with 2 for bad usage.
    """
    # `--help` and other commands need none of these.
    from statsd_conformance.relay.impairment import Impairment
    from statsd_conformance.relay.record import Recorder
    from statsd_conformance.relay.relaying import Relay

    names = ("seed", "loss", "duplicate", "reorder", "truncate")
    impairment = Impairment(**{name: options[name] for name in names}, delay=delay[0], jitter=delay[1])
    here, there = _address("--listen", listen), _address("--to", to)
    with ExitStack() as stack:
        left, by = _by_kernel(stack, impairment, options["netem"], there)
        made = Relay(here, there, left, Recorder(options["record"]) if options["record"] else None)
        asyncio.run(_stand(made, by, options["seconds"]))
        status = _tell(made)
    sys.exit(status)


def _address(option: str, text: str) -> "Address":
    from statsd_conformance.address import AddressError, read_address
    from statsd_conformance.relay.relaying import DATAGRAMS

    try:
        address = read_address(text)
    except AddressError as error:
        raise click.UsageError(f"{option} {error}") from None
    if address.scheme not in DATAGRAMS:
        raise click.UsageError(f"{option} {text} is a stream; a relay impairs datagrams: host:port or unix:///path")
    return address


def _by_kernel(
    stack: ExitStack, impairment: "Impairment", device: str | None, to: "Address"
) -> tuple["Impairment", str]:
    """Return what is left for the relay to do, and who does what, where the kernel is asked for help.

    What the kernel was told to do is undone when the stack ends.
    """
    from statsd_conformance.relay.netem import NoNetem, begin, left_to_relay

    if device is None:
        return impairment, ""
    if not to.port:
        raise click.UsageError(f"--netem is for datagrams that leave by a device, which none to {to} does")
    try:
        netem = begin(impairment, device, to)
    except NoNetem as error:
        return impairment, f"impaired by the relay itself, for the kernel has no netem on {device}: {error}"
    stack.callback(_undo, netem)
    return left_to_relay(
        impairment
    ), f"loss, duplicates and delay are left to netem on {device}, whose dice have no seed"


def _undo(netem: "Netem") -> None:
    from statsd_conformance.relay.netem import NoNetem

    click.echo(f"netem        {netem.dropped():,} lost by the kernel on purpose")
    try:
        netem.close()
    except NoNetem as error:
        click.echo(f"what leaves by {netem.device} is still impaired: {error}; undo it by hand", err=True)


async def _stand(relay: "Relay", by: str, seconds: float | None) -> None:
    """Pass on until a signal comes, or the time is over."""
    from statsd_conformance.relay.impairment import told
    from statsd_conformance.relay.passage import PassageError
    from statsd_conformance.relay.record import RecordError

    try:
        await relay.open()
    except PassageError as error:
        raise click.UsageError(f"a relay at {error}; name the place behind it with --to") from None
    except RecordError as error:
        raise click.UsageError(f"--record {error}; name a file that can be written") from None
    except OSError as error:
        why = error.strerror or error
        raise click.UsageError(
            f"no relay at {relay.listen} for {relay.to}: {why}; choose other places with --listen and --to"
        ) from None
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    until = f"for {seconds:g} s" if seconds else "until Ctrl-C"
    click.echo(f"from {relay.listen} to {relay.to} with {told(relay.impairment)}, {until}", err=True)
    if by:
        click.echo(by, err=True)
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    relay.close()


def _tell(relay: "Relay") -> int:
    """Say what the relay did, and return the exit status."""
    from statsd_conformance.relay.told import told

    for line in told(relay):
        click.echo(line)
    recorder = relay.recorder
    if recorder and recorder.problem:
        click.echo(f"{recorder.path} ends early: {recorder.problem}", err=True)
        return 1
    if recorder:
        click.echo(f"record       {recorder.path}")
    if not relay.tally.came:
        click.echo(f"nothing came; point an emitter at {relay.listen}", err=True)
    return 0 if relay.tally.came else 1
