import asyncio
import time

import pytest

from statsd_conformance.address import Address
from statsd_conformance.graphite import Snapshot
from statsd_conformance.observers.repeated import as_point, repeated
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.process import free_port
from statsd_conformance.profile import load_profile
from statsd_conformance.requirement import Unsupported
from statsd_conformance.wire import Wire

PROFILE = load_profile("veneur")


@pytest.mark.parametrize(
    ("raw", "point"),
    [
        (b"a.b:3.5|c", b"c.a.b 3.5 100"),
        (b"a.b:3|g|#", b"g.a.b 3 100"),
        (b"a:-1e+06|g|#host:x:y,new", b"g.a;host=x:y;new -1e+06 100"),
        (b"a b:3|c|#k:v|w", b"c.a b;k=v|w 3 100"),
        (b"a:NaN|c|#", b"c.a NaN 100"),
        (b"junk", b"junk"),
        (b"a:1", b"a:1"),
        (b"a:1|c|@0.5", b"a:1|c|@0.5"),
        (b"", b""),
    ],
)
def test_repeated_line_becomes_one_of_graphite(raw: bytes, point: bytes) -> None:
    assert as_point(raw, 100.9) == point


def test_connection_is_a_flush() -> None:
    async def run() -> list[Snapshot]:
        seen: list[Snapshot] = []
        observer = repeated("127.0.0.1", 0)(PROFILE, seen.append, lambda: 60.0)
        port = await observer.open()
        for text in (b"a:1|c|#\nb:2|g|#\n", b"a:3|c|#\n"):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(text)
            writer.close()
            expected = len(seen) + 1
            while len(seen) < expected:
                await asyncio.sleep(0.001)
        await observer.close()
        return seen

    begun = int(time.time())
    flushes = asyncio.run(run())
    assert [[(line.path, line.number) for line in flush.lines] for flush in flushes] == [
        [(b"c.a", 1), (b"g.b", 2)],
        [(b"c.a", 3)],
    ]
    assert begun <= int(flushes[0].lines[0].timestamp) <= time.time()


def test_case_of_lines_to_graphite_does_not_hold_of_repeated_ones() -> None:
    async def run() -> None:
        wire = Wire("repeater", Address("udp", "127.0.0.1", free_port()), PROFILE)
        await wire.watch(repeated("127.0.0.1", 0))
        target = OverTheWire(wire)
        target.needs_flushes()
        with pytest.raises(Unsupported, match="seen by its statsd output"):
            target.needs_graphite()
        await wire.close()

    asyncio.run(run())
