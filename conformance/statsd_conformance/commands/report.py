"""`statsd-conformance report`: the results of several runs as one matrix."""

from collections.abc import Sequence
from pathlib import Path

import click

from statsd_conformance.report.matrix import matrix
from statsd_conformance.report.record import Record
from statsd_conformance.report.results import RecordError, moved, read_record
from statsd_conformance.report.sarif import Located, sarif


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="write an HTML page, which needs nothing else, in place of printing Markdown",
)
@click.option("--format", "form", type=click.Choice(["markdown", "sarif"]), default="markdown", show_default=True)
@click.option(
    "--at",
    metavar="PATH",
    help="of SARIF, the file of your repository that alerts are shown at (default: the line in results.jsonl)",
)
def report(files: Sequence[Path], html: Path | None, form: str, at: str | None) -> None:
    """Print the results of several runs, each a results.jsonl of `run --report`, as one Markdown matrix.

    Or, with --format sarif, what does not hold, as SARIF 2.1.0.
    """
    if at and form != "sarif":
        raise click.UsageError("--at is for --format sarif")
    if html and form == "sarif":
        raise click.UsageError("--html is a page, and --format sarif is none; give one of them")
    if form == "sarif":
        found = [_located(record, file, number, at) for file in files for number, record in _records(file)]
        click.echo(sarif(found), nl=False)
        return
    records = [(record, file.resolve().parent) for file in files for _, record in _records(file)]
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


def _located(record: Record, file: Path, number: int, at: str | None) -> Located:
    return Located(record, at, 1) if at else Located(record, file.as_posix(), number)


def _records(file: Path) -> list[tuple[int, Record]]:
    """Return the records of a file, and in which line each stands."""
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"cannot read {file}: {error}; name a results.jsonl of `run --report`") from None
    return [(number, _record(line, f"{file}:{number}")) for number, line in enumerate(lines, start=1) if line.strip()]


def _record(line: str, place: str) -> Record:
    try:
        return read_record(line)
    except RecordError as error:
        raise click.ClickException(f"{place} {error}; name a results.jsonl of `run --report`") from None
