"""`statsd-conformance corpus`: inputs from one fuzzer to another, merged, and made fewer."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec

import click

from statsd_conformance.commands.finite import FiniteRange
from statsd_conformance.commands.wordy import Wordy
from statsd_conformance.progress import counted

if TYPE_CHECKING:
    from statsd_fuzz.corpus import Input

FORMATS: Final = ("folder", "libfuzzer", "afl", "pcap")
_P = ParamSpec("_P")
_PATH: Final = click.Path(path_type=Path)
_PORTS: Final = click.option(
    "--port", "ports", type=click.IntRange(1, 65535), multiple=True, help="of a capture, this port; repeatable"
)


class _Refused(click.ClickException):
    """A corpus that cannot be read or written: as for any other wrong use, 2."""

    exit_code = 2


def _told(command: Callable[_P, None]) -> Callable[_P, None]:
    """Return a command that ends with one line where a corpus cannot be read or written."""

    @wraps(command)
    def run(*arguments: _P.args, **options: _P.kwargs) -> None:
        from statsd_fuzz.corpus import CorpusError

        try:
            command(*arguments, **options)
        except CorpusError as error:
            raise _Refused(str(error)) from None

    return run


@click.group(cls=Wordy)
def corpus() -> None:
    """Carry inputs from one fuzzer to another, merge them, and keep the fewest that show as much.

    FROM is a folder with a file an input (plain, libFuzzer's, or an output of AFL++), a capture, or a corpus that comes
    with the suite, as lines/good. No file that is there already is overwritten.
    """


@corpus.command("export")
@click.argument("sources", metavar="FROM…", nargs=-1, required=True, type=_PATH)
@click.argument("to", type=_PATH)
@click.option("--format", "form", type=click.Choice(FORMATS), required=True, help="pcap: TO is a file, else a folder")
@_PORTS
@_told
def export(sources: Sequence[Path], to: Path, form: str, ports: Sequence[int]) -> None:
    """Write inputs as another tool has them: TO is new, or an empty folder."""
    from statsd_fuzz.corpus import folder, naming, packets

    inputs = _read(sources, ports)
    if form == "pcap":
        inputs = _sendable(inputs)
        packets.write_capture(to, inputs)
    else:
        folder.write_new(to, naming.CONVENTIONS[form](inputs))
    click.echo(f"{to}: {counted(len(inputs), 'input')} written")


@corpus.command("import")
@click.argument("sources", metavar="FROM…", nargs=-1, required=True, type=_PATH)
@click.argument("to", type=_PATH)
@_PORTS
@click.option(
    "--interval", type=FiniteRange(min=0, min_open=True), metavar="SECONDS",
    help="of a capture, what a source sent is one input of such intervals (default: each datagram is one)",
)  # fmt: skip
@_told
def import_(sources: Sequence[Path], to: Path, ports: Sequence[int], interval: float | None) -> None:
    """Add what another tool has, or recorded traffic, to a plain folder: what it holds already stays as it is."""
    _add(to, _read(sources, ports, interval))


@corpus.command()
@click.argument("sources", metavar="FROM…", nargs=-1, required=True, type=_PATH)
@click.argument("to", type=_PATH)
@_PORTS
@_told
def merge(sources: Sequence[Path], to: Path, ports: Sequence[int]) -> None:
    """Add to a plain folder what it does not hold yet of others."""
    _add(to, _read(sources, ports))


@corpus.command()
@click.argument("sources", metavar="FROM…", nargs=-1, required=True, type=_PATH)
@click.argument("to", type=_PATH)
@click.option(
    "--target", metavar="NAME",
    help="a fuzz target of the suite, as parse_datagram, whose coverage is kept; needs Atheris"
    " (default: what the model reads in the inputs is kept)",
)  # fmt: skip
@_PORTS
@_told
def minimize(sources: Sequence[Path], to: Path, target: str | None, ports: Sequence[int]) -> None:
    """Write the fewest inputs that still show the same: TO is a new or empty folder."""
    from statsd_fuzz.corpus import fewer, folder, naming

    _check(target)
    inputs = _read(sources, ports)
    # The folder may be refused: better before a search of minutes than behind it.
    folder.write_new(to, [])
    kept = fewer.by_coverage(inputs, target) if target else fewer.by_shape(inputs)
    folder.write_new(to, naming.named(kept))
    what = f"the coverage of {target}" if target else "all that the model reads in them"
    click.echo(f"{to}: {counted(len(inputs), 'input')} in, {len(kept)} out, which show {what}")


def _check(target: str | None) -> None:
    from statsd_fuzz._driver import MISSING
    from statsd_fuzz.corpus import fewer

    if target is not None and target not in (known := fewer.targets()):
        raise click.UsageError(f"--target {target!r} is no fuzz target; there are {', '.join(known)}")
    if target is not None and not fewer.is_guided():
        raise click.UsageError(f"--target needs coverage, and {MISSING}")


def _add(to: Path, inputs: "list[Input]") -> None:
    from statsd_fuzz.corpus import folder

    new = folder.add(to, inputs)
    there = f", {len(inputs) - len(new)} there already" if len(new) < len(inputs) else ""
    click.echo(f"{to}: {counted(len(new), 'input')} added{there}")


def _read(sources: Sequence[Path], ports: Sequence[int], interval: float | None = None) -> "list[Input]":
    """Return the inputs of all sources, each content once, and say how many each has."""
    from statsd_fuzz.corpus import distinct

    read = []
    for source in sources:
        some = _inputs(source, ports, interval)
        click.echo(f"{source}: {counted(len(some), 'input')}")
        read += some
    inputs = distinct(read)
    if len(inputs) < len(read):
        click.echo(f"{counted(len(read) - len(inputs), 'duplicate')} left out")
    return inputs


def _inputs(source: Path, ports: Sequence[int], interval: float | None) -> "list[Input]":
    from statsd_corpora import corpora, seeds
    from statsd_fuzz.corpus import CorpusError, Input, folder, packets

    if source.is_dir():
        return folder.read_folder(source)
    if source.exists():
        return _recorded(packets.read_capture(source, ports, interval), interval)
    if str(source) in corpora():
        return [Input(name, data) for name, data in seeds(str(source)).items()]
    raise CorpusError(f"{source}: neither a folder or a capture, nor one of {', '.join(corpora())}")


def _sendable(inputs: "list[Input]") -> "list[Input]":
    """Return the inputs that a capture can hold, and name those that it cannot."""
    from statsd_fuzz.corpus import CorpusError, packets

    kept = [one for one in inputs if packets.is_sendable(one.data)]
    if len(kept) < len(inputs):
        names = ", ".join(one.name or "one without a name" for one in inputs if not packets.is_sendable(one.data))
        said = f"left out, longer than a datagram of UDP can be: {names}"
        if not kept:
            raise CorpusError(f"all inputs are {said}")
        click.echo(f"{counted(len(inputs) - len(kept), 'input')} {said}", err=True)
    return kept


def _recorded(inputs: "list[Input]", interval: float | None) -> "list[Input]":
    from statsd_fuzz.corpus import packets

    divided = 0 if interval else sum(not packets.fits(one.data) for one in inputs)
    if divided:
        click.echo(f"{counted(divided, 'datagram')} with -- or == alone on a line, which divides an input", err=True)
    return inputs
