"""`statsd-conformance trace`: where counters go missing, hop by hop."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from statsd_conformance.commands.finite import FiniteRange

if TYPE_CHECKING:
    from statsd_conformance.tracing.look import Caught, Recording, Wanted
    from statsd_conformance.tracing.stores import Asks
    from statsd_conformance.tracing.taps import GraphiteTap, WireTap

_PORT = click.IntRange(1, 65_535)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class _Failed(click.ClickException):
    """What kept the trace from being made: 1 stands for counters that are lost."""

    exit_code = 2


@click.command()
@click.option("--tap", metavar="ADDRESS", help="listen here for lines, and pass them on: host:port, tcp://, unix://")
@click.option("--forward", metavar="ADDRESS", help="where --tap passes lines on: the aggregator")
@click.option("--recording", type=_FILE, metavar="FILE", help="a recording of lines: pcap, pcapng, text")
@click.option("--port", type=_PORT, multiple=True, help="of that recording, what went there (default: ports of StatsD)")
@click.option(
    "--graphite-tap", metavar="HOST:PORT", help="listen here as Graphite, plaintext or pickle, and pass it on"
)
@click.option("--graphite-forward", metavar="HOST:PORT", help="where --graphite-tap passes it on: the real Graphite")
@click.option("--graphite-recording", type=_FILE, metavar="FILE", help="a recording of what goes to Graphite")
@click.option(
    "--graphite-port",
    type=_PORT,
    multiple=True,
    default=(2003, 2004),
    show_default=True,
    help="of that recording, what went there",
)
@click.option(
    "--whisper",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="the files of Graphite, LOCAL_DATA_DIR of carbon",
)
@click.option("--carbon-query", metavar="HOST:PORT", help="the cache query port of carbon")
@click.option("--render", metavar="URL", help="graphite-web: what stands before /render")
@click.option("--counters", metavar="NAME,…", help="the counters to follow (default: every name on the wire)")
@click.option("--emitter-profile", metavar="NAME|FILE", help="follow what an emitter of this profile should send")
@click.option("--profile", metavar="NAME|FILE", help="how the aggregator spells its output (default: guessed)")
@click.option("--seconds", type=FiniteRange(min=0, min_open=True), help="how long taps stand (default: to Ctrl-C)")
@click.option(
    "--patience",
    type=FiniteRange(min=0),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="how long Graphite is looked at again while something is missing there",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def trace(**options: Any) -> None:
    """Follow counters from the wire through the aggregator into Graphite, and say where and why they are lost.

    Give the hops that can be looked at: a tap or a recording of the wire, of what the aggregator flushes, and a way to
    ask Graphite. Ends with 0 when every counter arrived byte for byte, 1 when one is lost or changed, 2 for bad usage.
    """
    from statsd_conformance.profile import ProfileError, load_profile
    from statsd_conformance.tracing.cause import Traced
    from statsd_conformance.tracing.look import see
    from statsd_conformance.tracing.report import arrived, as_json, print_trace
    from statsd_conformance.tracing.stores import StoreError

    _check(options)
    try:
        profile = load_profile(options["profile"]) if options["profile"] else None
    except ProfileError as error:
        raise click.UsageError(str(error)) from None
    wanted, store = _wanted(options), _store(options)
    caught = _caught(options)
    for damage in caught.damage:
        click.echo(damage, err=True)
    try:
        seen = see(caught, wanted, profile, store, options["patience"])
    except StoreError as error:
        raise _Failed(str(error)) from None
    traced = Traced(seen)
    if not traced.journeys:
        _nothing(caught, wanted)
    if options["form"] == "json":
        click.echo(as_json(traced))
    else:
        from rich.console import Console

        print_trace(traced, Console())
    click.get_current_context().exit(0 if arrived(traced) == len(traced.journeys) else 1)


_PAIRS = (("tap", "forward"), ("graphite_tap", "graphite_forward"))
_EITHER = (("tap", "recording"), ("graphite_tap", "graphite_recording"), ("counters", "emitter_profile"))
_HOPS = ("tap", "recording", "graphite_tap", "graphite_recording", "whisper", "carbon_query", "render")


def _check(options: dict[str, Any]) -> None:
    """Refuse options that do not go together."""
    for one, other in (*_PAIRS, *((there, here) for here, there in _PAIRS)):
        if options[one] and not options[other]:
            raise click.UsageError(f"{_flag(one)} needs {_flag(other)}")
    for one, other in _EITHER:
        if options[one] and options[other]:
            raise click.UsageError(f"{_flag(one)} and {_flag(other)} are two ways to say the same; give one")
    if not any(options[hop] for hop in _HOPS):
        raise click.UsageError(f"no hop to look at; give one or more of {', '.join(map(_flag, _HOPS))}")
    if options["seconds"] and not (options["tap"] or options["graphite_tap"]):
        raise click.UsageError("--seconds is for --tap and --graphite-tap")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _wanted(options: dict[str, Any]) -> "Wanted":
    from statsd_conformance.tracing.look import Wanted
    from statsd_reference.emitter import EmitterProfileError, load_emitter_profile

    if options["emitter_profile"]:
        try:
            return Wanted(profile=load_emitter_profile(options["emitter_profile"]))
        except EmitterProfileError as error:
            raise click.UsageError(str(error)) from None
    names = [name for name in (options["counters"] or "").split(",") if name]
    if options["counters"] and not names:
        raise click.UsageError("--counters names nothing; give names with commas between them")
    return Wanted(tuple(name.encode("utf-8", "surrogateescape") for name in names))


def _store(options: dict[str, Any]) -> "Asks | None":
    from statsd_conformance.tracing.stores import Asks, CarbonCache, Render, Several, WhisperFiles

    ways: list[Asks] = [WhisperFiles(options["whisper"])] if options["whisper"] else []
    if options["carbon_query"]:
        address = _address(options, "carbon_query", "tcp")
        ways.append(CarbonCache(address.host, address.port))
    if options["render"]:
        if not options["render"].startswith(("http://", "https://")):
            raise click.UsageError(f"--render {options['render']}: give a URL, as http://graphite:8080")
        ways.append(Render(options["render"]))
    return Several(ways) if len(ways) > 1 else next(iter(ways), None)


def _address(options: dict[str, Any], name: str, scheme: str) -> Any:
    from statsd_conformance.address import AddressError, read_address

    text = options[name]
    try:
        return read_address(text if "://" in text else f"{scheme}://{text}")
    except AddressError as error:
        raise click.UsageError(f"{_flag(name)}: {error}") from None


def _caught(options: dict[str, Any]) -> "Caught":
    """Return what recordings hold and what comes by the taps."""
    from statsd_conformance.tracing.look import Caught, both, recorded
    from statsd_conformance.tracing.taps import GraphiteTap, TapError, WireTap

    try:
        held = recorded(
            _recording(options, "recording", "port"), _recording(options, "graphite_recording", "graphite_port")
        )
    except OSError as error:
        raise _Failed(f"cannot read {error.filename}: {error.strerror}; name a recording") from None
    wire = WireTap(_address(options, "tap", "udp"), _address(options, "forward", "udp")) if options["tap"] else None
    graphite = (
        GraphiteTap(_address(options, "graphite_tap", "tcp"), _address(options, "graphite_forward", "tcp"))
        if options["graphite_tap"]
        else None
    )
    if not wire and not graphite:
        return held
    try:
        live: Caught = asyncio.run(_stand(wire, graphite, options["seconds"]))
    except TapError as error:
        raise _Failed(str(error)) from None
    return both(live, held)


def _recording(options: dict[str, Any], name: str, port: str) -> "Recording | None":
    from statsd_conformance.tracing.look import Recording

    return Recording(options[name], options[port], _flag(port)) if options[name] else None


async def _stand(wire: "WireTap | None", graphite: "GraphiteTap | None", seconds: float | None) -> "Caught":
    from statsd_conformance.tracing.look import tapped

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    for tap in (graphite, wire):
        if tap:
            await tap.open()
    until = f"for {seconds:g} s" if seconds else "until Ctrl-C"
    click.echo(f"standing in between {until}", err=True)
    return await tapped(wire, graphite, stop, seconds)


def _nothing(caught: "Caught", wanted: "Wanted") -> NoReturn:
    came = [f"{caught.wire.datagrams} datagrams, {caught.wire.lines} lines"] if caught.wire else []
    came += [f"{len(caught.output.flushed)} series of the aggregator"] if caught.output else []
    sought = f"of the emitter profile {wanted.profile.name}" if wanted.profile else ""
    raise _Failed(
        f"no counter {sought} was seen ({'; '.join(came) or 'nothing came'}); let the emitter send to --tap while it "
        "stands, and the aggregator write to --graphite-tap, or name the counters with --counters".replace("  ", " ")
    )
