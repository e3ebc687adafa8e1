"""Counters traced through real programs: npm statsd or an aggregator that keeps names raw, and carbon with whisper."""

import asyncio
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import whisper

from carbon import Carbon, make_carbon, until
from chain import SHORT, SNAPSHOT, RawAggregator, as_pickle, as_text, snapshot
from statsd_conformance.address import Address
from statsd_conformance.process import Process, free_port, start
from statsd_conformance.profile import load_profile
from statsd_conformance.tracing.balance import balance
from statsd_conformance.tracing.cause import Traced
from statsd_conformance.tracing.causes import diagnose
from statsd_conformance.tracing.look import Caught, see
from statsd_conformance.tracing.output import is_utf8
from statsd_conformance.tracing.report import arrived
from statsd_conformance.tracing.seen import Seen
from statsd_conformance.tracing.stores import WhisperFiles
from statsd_conformance.tracing.taps import GraphiteTap, WireTap
from statsd_reference.emitter.profile import MESSAGE_COUNTERS

# One carbon and one statsd serve all tests of a worker; each test has modules of its own.
pytestmark = pytest.mark.xdist_group("trace")
PATIENCE = 60.0
LOCAL = "127.0.0.1"
Program = Callable[[str], tuple[str, ...]]


@pytest.fixture(scope="module")
def carbon(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carbon]:
    made = make_carbon(program("carbon-cache"), tmp_path_factory.mktemp("carbon"))
    running = made.start(1)
    yield made
    running.stop()


@pytest.fixture(scope="module")
def statsd(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Give the port of a running npm statsd, and the one where it takes Graphite to be."""
    folder, port, graphite = tmp_path_factory.mktemp("statsd"), free_port(), free_port()
    (folder / "config.js").write_text(
        json.dumps(
            {
                "servers": [{"server": "./servers/udp", "address": LOCAL, "port": port}],
                "mgmt_address": LOCAL,
                "mgmt_port": free_port(),
                "flushInterval": 1000,
                "graphiteHost": LOCAL,
                "graphitePort": graphite,
                "automaticConfigReload": False,
            }
        )
    )
    running = start([*program("statsd"), str(folder / "config.js")], directory=folder, log=folder / "log.txt")
    yield port, graphite
    running.stop()


def send(port: int, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram, (LOCAL, port))


def udp(port: int) -> Address:
    return Address("udp", LOCAL, port)


def tcp(port: int) -> Address:
    return Address("tcp", LOCAL, port)


def stored(carbon: Carbon, path: bytes, since: float) -> bool:
    """Tell whether whisper has a point of a path that is not older."""
    found = WhisperFiles(carbon.root / "whisper").read([], since).stored.get(path)
    return found is not None and found.last >= since


def look(carbon: Carbon, caught: Caught, profile: str, patience: float = PATIENCE) -> Seen:
    return see(caught, SNAPSHOT, load_profile(profile), WhisperFiles(carbon.root / "whisper"), patience)


async def through_statsd(
    carbon: Carbon, statsd: tuple[int, int], *datagrams: bytes, marker: str, patience: float = PATIENCE
) -> Seen:
    """Return what is seen of datagrams through npm statsd and carbon; the gauge `marker` is sent behind them."""
    wire, graphite = WireTap(udp(0), udp(statsd[0])), GraphiteTap(tcp(statsd[1]), tcp(carbon.line))
    since = time.time()
    port = await wire.open()
    await graphite.open()
    try:
        path = f"stats.gauges.{marker}".encode()
        # It may not listen yet, when it was started for this test.
        async with asyncio.timeout(PATIENCE):
            while path not in graphite.output().flushed:
                send(port, f"{marker}:1|g".encode())
                await asyncio.sleep(0.02)
            send(port, *datagrams, f"{marker}.end:1|g".encode())
            while path + b".end" not in graphite.output().flushed:
                await asyncio.sleep(0.02)
    finally:
        await wire.close()
        await graphite.close()
    caught = Caught(wire.wire(), graphite.output(), since)
    return await asyncio.to_thread(look, carbon, caught, "statsd", patience)


async def through_raw(
    carbon: Carbon,
    *flushes: Sequence[bytes],
    pickled: bool = False,
    written: Mapping[bytes, int] | None = None,
    patience: float = PATIENCE,
) -> Seen:
    """Return what is seen of datagrams, a flush a row, through an aggregator that keeps names raw, and carbon.

    A flush has a connection of its own, and a time ten seconds after the one before. Whisper is waited
    for until, of each path in `written`, the point of the flush of that number is there.
    """
    begin, aggregator, loop = int(time.time()) - 600, RawAggregator(), asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inlet:
        inlet.bind((LOCAL, 0))
        inlet.setblocking(False)
        wire = WireTap(udp(0), udp(inlet.getsockname()[1]))
        graphite = GraphiteTap(tcp(0), tcp(carbon.pickle if pickled else carbon.line))
        lines, points = await wire.open(), await graphite.open()
        for number, datagrams in enumerate(flushes):
            for datagram in datagrams:
                send(lines, datagram)
                aggregator.take(await loop.sock_recv(inlet, 65_535))
            stamp = begin + 10 * number
            flush = list(aggregator.flush())
            reader, writer = await asyncio.open_connection(LOCAL, points)
            writer.write(as_pickle(flush, stamp) if pickled else as_text(flush, stamp))
            if pickled or all(is_utf8(path) for path, _ in flush):
                writer.write_eof()
            # Else carbon ends it. Both sides are through with it then.
            assert await reader.read() == b""
            writer.close()
        await wire.close()
        await graphite.close()
    awaited = [(path, begin + 10 * number) for path, number in (written or {}).items()]
    await asyncio.to_thread(until, lambda: all(stored(carbon, path, stamp) for path, stamp in awaited))
    caught = Caught(wire.wire(), graphite.output(), begin)
    return await asyncio.to_thread(look, carbon, caught, "brubeck", patience)


def codes(seen: Seen) -> list[str]:
    return [one.code if one.sure else f"{one.code}?" for one in diagnose(Traced(seen))]


def count(seen: Seen) -> str:
    traced = Traced(seen)
    return f"{arrived(traced)} of {len(traced.journeys)}"


def test_all_eight_arrive_through_statsd_and_carbon(carbon: Carbon, statsd: tuple[int, int]) -> None:
    seen = asyncio.run(through_statsd(carbon, statsd, snapshot("fine"), snapshot("finer-one"), marker="m.fine"))
    assert (count(seen), codes(seen)) == ("16 of 16", [])
    sums = balance(Traced(seen))
    assert sums is not None
    assert (sums.unaccounted, sums.errors, sums.names, sums.series) == (0, 0, 18, 18)


def test_spaces_in_front_of_three_of_eight_lines_are_h1a(carbon: Carbon, statsd: tuple[int, int]) -> None:
    seen = asyncio.run(through_statsd(carbon, statsd, snapshot("spaces", blanks=b"    "), marker="m.spaces"))
    assert (count(seen), codes(seen)) == ("5 of 8", ["H1a"])
    assert "aggregator: stats.gauges._flux.spaces.0.response_tx" in " ".join(diagnose(Traced(seen))[0].evidence)


def test_spaces_that_the_aggregator_refuses_are_h1a(carbon: Carbon) -> None:
    seen = asyncio.run(through_raw(carbon, [snapshot("refused", blanks=b"  ")]))
    assert (count(seen), codes(seen)) == ("5 of 8", ["H1a"])
    sums = balance(Traced(seen))
    assert sums is not None
    assert (sums.lines, sums.in_series, sums.errors, sums.unaccounted) == (8, 5, 3, 0)


def test_tabs_that_reach_carbon_by_pickle_are_h1b(carbon: Carbon) -> None:
    seen = asyncio.run(through_raw(carbon, [snapshot("pickled", blanks=b"\t\t")], pickled=True))
    assert (count(seen), codes(seen)) == ("5 of 8", ["H1b"])
    assert (carbon.root / "whisper" / "\t\tflux" / "pickled" / "0" / "response_tx.wsp").is_file()


def test_tabs_that_carbon_strips_in_plaintext_are_h1c(carbon: Carbon) -> None:
    seen = asyncio.run(through_raw(carbon, [snapshot("stripped", blanks=b"\t\t")]))
    assert (count(seen), codes(seen)) == ("5 of 8", ["H1c"])
    own = [one.at("graphite").name for one in Traced(seen).journeys]
    assert own == [one.counter for one in Traced(seen).journeys]


def test_an_emitter_that_prints_five_is_h3(carbon: Carbon, statsd: tuple[int, int]) -> None:
    datagrams = [snapshot(module, counters=SHORT) for module in ("five", "five-of-eight")]
    seen = asyncio.run(through_statsd(carbon, statsd, *datagrams, marker="m.five"))
    assert (count(seen), codes(seen)) == ("10 of 16", ["H3"])


@pytest.mark.parametrize("whole", [False, True], ids=["inside-a-line", "at-a-line-end"])
def test_a_datagram_that_is_cut_is_h4(carbon: Carbon, statsd: tuple[int, int], whole: bool) -> None:
    names = [f"cut{whole:d}", f"cut{whole:d}-which-is-longer"]
    cut = [snapshot(name)[:145] for name in names]
    datagrams = [one.rpartition(b"\n")[0] if whole else one for one in cut]
    seen = asyncio.run(through_statsd(carbon, statsd, *datagrams, marker=f"m.cut{whole:d}"))
    assert codes(seen) == ["H4"]
    sums = balance(Traced(seen))
    assert sums is not None
    assert sums.errors == (0 if whole else 2)
    assert sums.unaccounted == 0


def test_files_that_carbon_does_not_create_are_h5(program: Program, statsd: tuple[int, int], tmp_path: Path) -> None:
    carbon = make_carbon(program("carbon-cache"), tmp_path, creates="3", metrics=1)
    # There from the start, so that carbon need not create what it counts refused creates in.
    own = tmp_path / "whisper" / "carbon" / "agents" / f"{socket.gethostname().replace('.', '_')}-a"
    own.mkdir(parents=True)
    whisper.create(str(own / "droppedCreates.wsp"), [(1, 3600)], xFilesFactor=0.0, aggregationMethod="last")
    running: Process = carbon.start(1)
    try:
        seen = asyncio.run(through_statsd(carbon, statsd, snapshot("h5"), marker="m.h5", patience=0.0))
        until(lambda: (WhisperFiles(tmp_path / "whisper").read([], 0.0).dropped or 0) > 0)
        caught = Caught(seen.wire, seen.output, seen.wire.first if seen.wire else 0.0)
        seen = look(carbon, caught, "statsd", 0.0)
    finally:
        running.stop()
    assert codes(seen) == ["H5"]
    assert arrived(Traced(seen)) < 8


def test_a_name_that_is_no_utf_8_stops_all_that_is_older_h11(carbon: Carbon) -> None:
    old, new = snapshot("older"), snapshot("newer")
    seen = asyncio.run(
        through_raw(
            carbon,
            [old],
            [old, b"flux.poison\xff:1|g"],
            [old, new],
            [old, new],
            written={
                f"flux.{module}.0.{one}".encode(): number
                for module, number in (("older", 0), ("newer", 3))
                for one in MESSAGE_COUNTERS
            },
            patience=0.0,
        )
    )
    assert (count(seen), codes(seen)) == ("8 of 16", ["H11"])
    (one,) = diagnose(Traced(seen))
    assert {counter.split(b".")[1] for counter in one.counters} == {b"older"}
    assert any(text.startswith("the store closed ") for text in one.evidence)
    assert any(text.startswith("everything older than an instant stopped: 8 ") for text in one.evidence)


def test_a_pickle_that_holds_a_name_that_is_no_utf_8_is_lost_whole_h11(carbon: Carbon) -> None:
    old = snapshot("before")
    seen = asyncio.run(
        through_raw(carbon, [old], [old, b"flux.poison\xff:1|g"], [snapshot("after")], pickled=True, patience=0.0)
    )
    assert (count(seen), codes(seen)) == ("0 of 16", ["H11"])


MODULES = [f"m{number:02d}{'-long' * (number % 4)}" for number in range(20)]
OF_MODULES = {f"stats.gauges.flux.{module}.0.{one}".encode() for module in MODULES for one in MESSAGE_COUNTERS}


def test_eight_counters_of_twenty_modules_go_through_serve_into_whisper(
    program: Program, carbon: Carbon, tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "statsd_conformance"]
    serve = ["serve", "--address", LOCAL, "--port", f"{port}", "--mgmt_port", "0", "--mgmt_address", LOCAL]
    emit = ["emit", "--modules", ",".join(MODULES), "--rate", "200"]

    async def scene() -> Seen:
        wire, graphite = WireTap(udp(0), udp(port)), GraphiteTap(tcp(0), tcp(carbon.line))
        into = ["--flushInterval", "1000", "--graphiteHost", LOCAL, "--graphitePort", f"{await graphite.open()}"]
        serving = start([*command, *serve, *into], directory=tmp_path, log=tmp_path / "serve.txt")
        async with asyncio.timeout(PATIENCE):
            while "listening on port" not in serving.log_tail():
                assert serving.alive(), serving.log_tail()
                await asyncio.sleep(0.02)
            since, tap = time.time(), await wire.open()
            emitting = start([*command, *emit, f"{LOCAL}:{tap}"], directory=tmp_path, log=tmp_path / "emit.txt")
            while not graphite.output().flushed.keys() >= OF_MODULES:
                assert emitting.alive(), emitting.log_tail()
                await asyncio.sleep(0.02)
            # Its last snapshots go out before it ends, and what is sent then comes behind them.
            assert await asyncio.to_thread(emitting.stop) == 0
            send(tap, b"end:1|g")
            while b"stats.gauges.end" not in graphite.output().flushed:
                await asyncio.sleep(0.02)
        await wire.close()
        await asyncio.to_thread(serving.stop)
        await graphite.close()
        return await asyncio.to_thread(look, carbon, Caught(wire.wire(), graphite.output(), since), "reference")

    seen = asyncio.run(scene())
    assert (count(seen), codes(seen)) == ("160 of 160", [])
    assert [len(group) for group in Traced(seen).groups()] == [8] * 20
    sums = balance(Traced(seen))
    assert sums is not None
    assert (sums.series, sums.errors, sums.unaccounted) == (161, 0, 0)
    assert sums.lines == sums.in_series
