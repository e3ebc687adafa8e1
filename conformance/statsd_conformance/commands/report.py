"""`statsd-conformance report`: the results of several runs as one matrix."""

from collections.abc import Sequence
from pathlib import Path

import click

from statsd_conformance.report.matrix import matrix
from statsd_conformance.report.record import Record
from statsd_conformance.report.results import RecordError, moved, read_record


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="write an HTML page, which needs nothing else, in place of printing Markdown",
)
def report(files: Sequence[Path], html: Path | None) -> None:
    """Print the results of several runs, each a results.jsonl of `run --report`, as one Markdown matrix."""
    records = [(record, file.resolve().parent) for file in files for record in _records(file)]
    if html is None:
        click.echo(matrix([record for record, _ in records]), nl=False)
        return
    # Jinja is needed for this only.
    from statsd_conformance.report.page import page

    folder = html.resolve().parent
    try:
        html.write_text(page([moved(record, source, folder) for record, source in records]), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {html}: {error.strerror}; name a file in a folder of yours") from None


def _records(file: Path) -> list[Record]:
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"cannot read {file}: {error}; name a results.jsonl of `run --report`") from None
    return [_record(line, f"{file}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]


def _record(line: str, place: str) -> Record:
    try:
        return read_record(line)
    except RecordError as error:
        raise click.ClickException(f"{place} {error}; name a results.jsonl of `run --report`") from None
