"""`statsd-conformance lint`: whether what an emitter sends is read right by every known aggregator."""

import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from difflib import get_close_matches
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Final

import click

from statsd_conformance.commands.finite import FiniteRange
from statsd_conformance.lint import DIALECTS, RULES, Linter, Settings, SettingsError
from statsd_conformance.lint.formats import FORMATS, Located, explained, statistics
from statsd_conformance.progress import counted
from statsd_conformance.recording import DamagedRecording, Datagram, read_recording

SIZES: Final = {"internet": 512, "ethernet": 1432, "mtu-1500": 1472, "unix": 8192, "jumbo": 8932}
# A file that is read in less than a second needs no bar.
_LONG: Final = 32 * 2**20
# What findings name as their file, and the datagrams.
_Source = tuple[str, Iterator[Datagram]]


def _bytes(context: click.Context, option: click.Parameter, value: str | None) -> int | None:
    """Return the number of bytes that `--size` names."""
    if value is None or value in SIZES:
        return None if value is None else SIZES[value]
    if not value.isdecimal():
        raise click.BadParameter(f"{value!r} is neither a number of bytes nor one of {', '.join(SIZES)}")
    return int(value)


@dataclass(slots=True)
class _Run:
    """What a run has seen: the datagrams, the rules broken, and whether all could be read."""

    datagrams: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    damaged: bool = False


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH…|-]")
@click.option("--listen", metavar="ADDR", help="judge what comes to udp://, tcp:// or unix://, until Ctrl-C")
@click.option("--seconds", type=FiniteRange(min=0, min_open=True), help="with --listen: stop after so long")
@click.option("--count", type=click.IntRange(min=1), help="stop after so many datagrams")
@click.option(
    "--port", "ports", type=click.IntRange(1, 65535), multiple=True, help="of a capture, this port; repeatable"
)
@click.option("--dialect", type=click.Choice(list(DIALECTS)), default="etsy", show_default=True)
@click.option(
    "--size",
    callback=_bytes,
    metavar="BYTES",
    help=f"longest datagram: bytes, or {', '.join(f'{name} ({size})' for name, size in SIZES.items())};"
    " 1432 by default, 8192 for a Unix socket",
)
@click.option("--select", multiple=True, metavar="CODES", help="these rules only, by the beginning of their codes")
@click.option("--ignore", multiple=True, metavar="CODES", help="not these rules")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option("--statistics", "count_only", is_flag=True, help="how often each rule is broken, in place of where")
@click.option("--explain", metavar="CODE", help="print a rule: reason, examples, what aggregators do")
@click.option("--exit-zero", is_flag=True, help="exit with 0 also where something is found")
def lint(
    paths: Sequence[str],
    listen: str | None,
    seconds: float | None,
    count: int | None,
    ports: Sequence[int],
    dialect: str,
    size: int | None,
    select: Sequence[str],
    ignore: Sequence[str],
    form: str,
    count_only: bool,
    explain: str | None,
    exit_zero: bool,
) -> None:
    """Judge what emitters send: a capture (pcap, pcapng, gzip of either), a text of lines, a pipe (-) or a live socket.

    Prints PATH:DATAGRAM:LINE:COLUMN CODE MESSAGE for each finding. Exits with 0 where there is none, with 1 where there
    are, with 2 where something could not be read.
    """
    if explain is not None:
        click.echo(explained(RULES[_code(explain)]), nl=False)
        return
    _check(paths, listen, seconds)
    if count_only and form != "text":
        raise click.UsageError(f"--statistics is a table, and --format {form} is not for tables; give one of them")
    settings = _settings(dialect, _usual(listen) if size is None else size, select, ignore)
    run = _Run()
    with ExitStack() as stack:
        sources = [_live(listen, seconds, stack)] if listen else [_recorded(path, ports) for path in paths]
        findings = _findings(sources, settings, count, run)
        for piece in _counted(findings, run) if count_only else FORMATS[form](findings):
            sys.stdout.write(piece)
            if listen or "-" in paths:
                sys.stdout.flush()
    click.echo(f"{counted(run.broken.total(), 'finding')} in {counted(run.datagrams, 'datagram')}", err=True)
    if run.damaged:
        sys.exit(2)
    sys.exit(1 if run.broken and not exit_zero else 0)


def _check(paths: Sequence[str], listen: str | None, seconds: float | None) -> None:
    """Refuse options that say nothing of where datagrams come from, or too much."""
    if bool(paths) == bool(listen):
        raise click.UsageError("name files, - for standard input, or an address behind --listen, and not both")
    if seconds and not listen:
        raise click.UsageError("--seconds is for --listen")


def _usual(listen: str | None) -> int:
    """Return the longest datagram in bytes where `--size` says none."""
    return SIZES["unix" if listen and listen.startswith("unix") else "ethernet"]


def _settings(dialect: str, size: int, select: Sequence[str], ignore: Sequence[str]) -> Settings:
    if select and not _codes(select):
        raise click.UsageError("--select names no rule; leave it out for those that are on by default")
    try:
        return Settings(dialect, size, _codes(select), _codes(ignore))
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


def _codes(written: Sequence[str]) -> frozenset[str]:
    return frozenset(code.strip().upper() for one in written for code in one.split(",") if code.strip())


def _code(written: str) -> str:
    code = written.upper()
    if code not in RULES:
        near = get_close_matches(code, RULES, n=3, cutoff=0.6)
        raise click.UsageError(
            f"--explain {written!r} is no rule; the nearest are {', '.join(near or list(RULES)[:3])}"
        )
    return code


def _findings(sources: Sequence[_Source], settings: Settings, count: int | None, run: _Run) -> Iterator[Located]:
    """Yield what is found, source by source; say on standard error what could not be read."""
    for place, datagrams in sources:
        linter = Linter(settings)
        try:
            for datagram in islice(datagrams, count):
                run.datagrams += 1
                for finding in linter.feed(datagram):
                    run.broken[finding.code] += 1
                    yield place, finding
        except (DamagedRecording, OSError) as error:
            run.damaged = True
            reason = error.strerror if isinstance(error, OSError) else error
            click.echo(f"{place}: {reason}", err=True)
        except KeyboardInterrupt:
            # How somebody who watches a pipe says that it is enough.
            pass
        for finding in linter.finish():
            run.broken[finding.code] += 1
            yield place, finding


def _counted(findings: Iterator[Located], run: _Run) -> Iterator[str]:
    for _ in findings:
        """Nothing is said of a single one."""
    yield from statistics(run.broken)


def _live(listen: str, seconds: float | None, stack: ExitStack) -> _Source:
    # asyncio comes with addresses, which files do without.
    from statsd_conformance.address import AddressError, read_address
    from statsd_conformance.recording.live import Listener

    try:
        address = read_address(listen)
        listener = stack.enter_context(Listener(address))
    except AddressError as error:
        raise click.UsageError(f"--listen {error}") from None
    except OSError as error:
        raise click.UsageError(f"--listen {listen}: {error.strerror}; name a free address of this machine") from None
    for number in (signal.SIGINT, signal.SIGTERM):
        stack.callback(signal.signal, number, signal.signal(number, lambda *_: listener.stop()))
    click.echo(f"listening at {listener.address}", err=True)
    return listen, _some(listener.datagrams(seconds))


def _some(datagrams: Iterator[Datagram]) -> Iterator[Datagram]:
    """Yield datagrams; raise where there is none, for a run that saw nothing must not pass."""
    first = next(datagrams, None)
    if first is None:
        raise DamagedRecording("nothing came; is this where the emitter sends?")
    yield first
    yield from datagrams


def _recorded(path: str, ports: Sequence[int]) -> _Source:
    if path == "-":
        return "stdin", read_recording(sys.stdin.buffer, ports=ports)
    return path, _from_file(Path(path), ports)


def _from_file(path: Path, ports: Sequence[int]) -> Iterator[Datagram]:
    with path.open("rb") as opened:
        size = path.stat().st_size
        if size < _LONG or not _somebody_watches():
            yield from read_recording(opened, ports=ports)
            return
        # A bar costs a twentieth of a second to import.
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(path.name, total=size)
            yield from read_recording(_Watched(opened, lambda read: progress.advance(task, read)), ports=ports)


def _somebody_watches() -> bool:
    return sys.stderr.isatty()


class _Watched:
    """A file that tells how much of it was read."""

    def __init__(self, file: BufferedReader, told: Callable[[int], object]) -> None:
        self._file = file
        self._told = told

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        read = self._file.read(size)
        self._told(len(read))
        return read
