"""The reference into the real carbon, read back from whisper; carbon restarted in between."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from carbon import Carbon, make_carbon, until
from statsd_reference import Options, make_server
from statsd_reference.daemon import Daemon


@pytest.fixture
def carbon(program: Callable[[str], tuple[str, ...]], tmp_path: Path) -> Carbon:
    return make_carbon(program("carbon-cache"), tmp_path)


async def flushed(running: Daemon, port: int, line: bytes, bucket: bytes) -> None:
    """Send a line, wait until it was read, and flush."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(line, ("127.0.0.1", port))
    while bucket not in running.receiver.window.counters:
        await asyncio.sleep(0.005)
    await running.flush_now()


@pytest.mark.parametrize("protocol", ["text", "pickle"])
def test_values_arrive_in_whisper_also_after_a_restart(carbon: Carbon, protocol: str) -> None:
    options: dict[str, Any] = {
        "address": "127.0.0.1",
        "port": 0,
        "mgmt_port": 0,
        "flush_interval": 600_000,
        "graphite_host": "127.0.0.1",
        "graphite_port": carbon.line,
        "graphite_pickle_port": carbon.pickle,
        "graphite_protocol": protocol,
    }

    async def scene() -> None:
        first = carbon.start(1)
        try:
            async with Daemon(make_server(Options(**options))) as running:
                await flushed(running, running.port, b"before:3|c\nlevel:1.5|g", b"before")
                await asyncio.to_thread(until, lambda: carbon.values("stats_counts.before") == [3.0])
                assert carbon.values("stats.gauges.level") == [1.5]
                await asyncio.to_thread(first.stop)
                second = await asyncio.to_thread(carbon.start, 2)
                try:
                    await flushed(running, running.port, b"after:4|c", b"after")
                    await asyncio.to_thread(until, lambda: carbon.values("stats_counts.after") == [4.0])
                finally:
                    await asyncio.to_thread(second.stop)
        finally:
            first.stop()

    asyncio.run(scene())
