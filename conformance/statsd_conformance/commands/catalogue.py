"""`statsd-conformance list`, `explain` and `spec`: the catalogue on a terminal and as a file."""

from pathlib import Path

import click

from statsd_conformance.requirement import Class, Level, Untestable


@click.command(name="list")
@click.option("--family", "families", multiple=True, metavar="FAMILY", help="only this family; may be repeated")
@click.option(
    "--class",
    "classes",
    multiple=True,
    type=click.Choice([one.value for one in Class], case_sensitive=False),
    help="only this class; may be repeated",
)
@click.option(
    "--level",
    "levels",
    multiple=True,
    type=click.Choice([one.value for one in Level], case_sensitive=False),
    help="only this level; may be repeated",
)
def list_entries(families: tuple[str, ...], classes: tuple[str, ...], levels: tuple[str, ...]) -> None:
    """Print the requirements of the catalogue, one a line."""
    # The chapters import pytest, which `serve` need not pay for.
    from statsd_conformance.catalogue import chosen, entries

    known = {entry.family for entry in entries()}
    wanted = [family.upper() for family in families]
    for family in wanted:
        if family not in known:
            raise click.UsageError(f"--family {family!r} is none of {', '.join(sorted(known))}")
    found = chosen(wanted, classes, levels)
    for entry in found:
        mark = " (no case)" if isinstance(entry, Untestable) else ""
        click.echo(f"{entry.id:<12} {entry.category.value:<6} {entry.level.value:<6} {entry.sentence}{mark}")
    if not found:
        raise click.ClickException("no requirement passes all of these filters; leave one out")


@click.command()
@click.argument("id")
def explain(id: str) -> None:
    """Print one requirement: sentence, source, example, and what known implementations do."""
    from statsd_conformance.catalogue import UnknownId, entry_of, explained

    try:
        click.echo(explained(entry_of(id)))
    except UnknownId as error:
        raise click.ClickException(str(error)) from None


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
def spec(file: Path | None) -> None:
    """Write the whole catalogue as Markdown to FILE, or print it."""
    from statsd_conformance.catalogue import markdown

    if file is None:
        click.echo(markdown(), nl=False)
        return
    try:
        file.write_text(markdown(), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {file}: {error.strerror}; name a file in a folder of yours") from None
