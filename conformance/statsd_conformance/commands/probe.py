"""`statsd-conformance probe`: how a target spells its output, as a table or as a profile."""

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from statsd_conformance.probe import Probed


@click.command()
@click.option(
    "--target", required=True, metavar="TARGET", help="an address, exec:COMMAND or the name of a known target"
)
@click.option(
    "--sink",
    default="graphite://:2003",
    show_default=True,
    metavar="URL",
    help="where it shows its output, as for `run`",
)
@click.option("--interval", type=float, metavar="SECONDS", help="flush interval of the target (default: measured)")
@click.option("--toml", is_flag=True, help="print a profile, which --profile FILE takes back")
def probe(target: str, sink: str, interval: float | None, toml: bool) -> None:
    """Send a few samples to a target and print how it spells what it publishes."""
    from statsd_conformance.probe import write_profile
    from statsd_conformance.session import Settings, TargetError, probe_target

    with tempfile.TemporaryDirectory() as directory:
        try:
            probed = asyncio.run(probe_target(target, Settings(Path(directory), sink=sink, interval=interval)))
        except TargetError as error:
            raise click.ClickException(str(error)) from None
    if toml:
        click.echo(write_profile(probed.profile), nl=False)
    else:
        _print_table(target, probed)


def _print_table(target: str, probed: "Probed") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from statsd_conformance.likeness import spelled_as, suggestion

    table = Table(title=Text(f"{target}, flushing every {probed.interval:g} s"))
    for heading in ("entry", "found", "", "why"):
        table.add_column(heading, overflow="fold")
    for one in probed.statements:
        table.add_row(*(Text(text) for text in (one.entry, one.found, "" if one.sure else "unsure", one.why)))
    Console().print(table)
    if name := spelled_as(probed.profile):
        click.echo(suggestion(name))
