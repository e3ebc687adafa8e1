"""The command: `python -m statsd_reference [CONFIG.toml] [--OPTION VALUE]…`."""

import asyncio
import gc
import logging
import signal
import sys
import tomllib
from pathlib import Path
from typing import Any

import click

from statsd_reference.daemon import Daemon
from statsd_reference.listen import ListenError
from statsd_reference.options import OPTIONS, OptionError, read_options
from statsd_reference.server import Server, make_server


def _flags(command: click.Command) -> click.Command:
    """Give the command a flag for every option, under the option's own name."""
    for name, option in reversed(OPTIONS.items()):
        if option.metadata["takes"] != "bins":
            command.params.append(click.Option([f"--{name}", name.replace(".", "__")], help=option.metadata["help"]))
    return command


@_flags
@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("config", required=False, type=click.Path(path_type=Path))
def serve(config: Path | None, **flags: str | None) -> None:
    """Run the reference aggregator.

    CONFIG is a TOML file with the options below, under the same names; flags win over it. The histogram option can be
    given there only.
    """
    try:
        given = _read_file(config) if config else {}
        chosen = {name.replace("__", "."): value for name, value in flags.items() if value is not None}
        options = read_options(_without(given, chosen) | chosen)
    except OptionError as error:
        raise click.UsageError(str(error)) from None
    logging.basicConfig(level=logging.DEBUG if options.debug else logging.INFO, format="%(asctime)s %(message)s")
    try:
        asyncio.run(run(make_server(options)))
    except ListenError as error:
        raise click.ClickException(str(error)) from None


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} is not TOML: {error}") from None


def _without(given: dict[str, Any], chosen: dict[str, str]) -> dict[str, Any]:
    """Return the file's options in dotted form, without those that a flag replaces."""
    flat: dict[str, Any] = {}
    for name, value in given.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        flat |= {f"{name}.{one}".rstrip("."): what for one, what in inner}
    return {name: value for name, value in flat.items() if name not in chosen}


async def run(server: Server) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP is taken and changes nothing, so nothing is lost by it.

    Raises:
        ListenError: an address cannot be had.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(
        signal.SIGHUP, lambda: logging.getLogger("statsd_reference").info("SIGHUP: nothing to reload")
    )
    options = server.options
    async with Daemon(server) as daemon:
        # What is gathered holds no cycles, and a full collection over a million names would be a pause.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 1000)
        where = f"{options.graphite_host}:{options.graphite_port}" if options.graphite_host else "nowhere"
        print(f"listening on port {daemon.port}, flushing to {where} every {options.interval:g} s", flush=True)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(serve(prog_name="statsd_reference"))
