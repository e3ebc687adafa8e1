"""`statsd-conformance report`: the results of several runs as one matrix."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from statsd_conformance.report.matrix import RESULT_KEYS, matrix
from statsd_conformance.report.record import Record
from statsd_conformance.verdict import Verdict


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
def report(files: Sequence[Path]) -> None:
    """Print the results of several runs, each a results.jsonl of `run --report`, as one Markdown matrix."""
    click.echo(matrix([record for file in files for record in _records(file)]), nl=False)


def _records(file: Path) -> list[Record]:
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"cannot read {file}: {error}; name a results.jsonl of `run --report`") from None
    return [_record(line, f"{file}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]


def _record(line: str, place: str) -> Record:
    try:
        record = json.loads(line)
        if not all(isinstance(record[key], str) for key in RESULT_KEYS):
            raise TypeError
        Verdict(record["verdict"])
    except (ValueError, KeyError, TypeError):
        raise click.ClickException(f"{place} is no result; name a results.jsonl of `run --report`") from None
    found: Record = record
    return found
