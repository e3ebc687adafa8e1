"""Pages of netdata's API, and what a series of them says of flushes; the real program by its API."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from chapters import all_cases
from statsd_conformance.graphite import Snapshot
from statsd_conformance.observers import Unreadable, netdata
from statsd_conformance.observers.netdata import read_page
from statsd_conformance.profile import load_profile
from statsd_conformance.programs import Found
from statsd_conformance.session import Examination, Settings, examine, running
from statsd_conformance.targets import NAMED
from statsd_conformance.targets.named import Launch, Place
from statsd_conformance.targets.netdata import Netdata
from statsd_conformance.verdict import Verdict

PROFILE: Final = load_profile("netdata")
Chart = Mapping[str, Any]


def chart(second: int, **values: float | None) -> Chart:
    dimensions = {name: {"name": name, "value": value} for name, value in values.items()}
    return {"name": "x", "units": "events/s", "last_updated": second, "dimensions": dimensions}


def page(**charts: Chart) -> bytes:
    return json.dumps(charts).encode()


def test_charts_become_lines_with_every_digit() -> None:
    body = b'{"statsd_a.b_timer": {"last_updated": 7, "dimensions": {"m": {"name": "min", "value": 5.5000000}}}}'
    ((second, (line,)),) = read_page(body).values()
    assert (second, line.raw) == (7, b"netdata.statsd_a.b_timer.min 5.5000000 7")


def test_dimension_without_a_value_is_no_line() -> None:
    assert read_page(page(a=chart(7, x=None))) == {"a": (7, ())}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"a": 1}', b'{"a": {}}', page(a={"last_updated": "x"})])
def test_what_is_no_page_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable, match="is no page of netdata's charts"):
        read_page(body)


async def looked_at(*pages: bytes) -> list[Snapshot]:
    """Return the snapshots that a series of pages gives; the last is shown for as long as anybody asks."""
    snapshots: list[Snapshot] = []
    left = list(pages)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        assert request.startswith(b"GET /api/v1/allmetrics?format=json&filter=statsd_* ")
        body = left.pop(0) if len(left) > 1 else left[0]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        observer = netdata("127.0.0.1", server.sockets[0].getsockname()[1])(PROFILE, snapshots.append, lambda: 1.0)
        assert await observer.open() == 0
        while observer.connections <= len(pages):
            await asyncio.sleep(0.001)
        await observer.close()
    return snapshots


def texts(snapshots: list[Snapshot]) -> list[list[bytes]]:
    return [[line.path.removeprefix(b"netdata.") + b" " + line.value for line in one.lines] for one in snapshots]


def test_charts_of_one_second_are_a_flush_once_a_later_second_shows() -> None:
    first, second, third = chart(7, x=1), chart(8, x=2), chart(9, x=3)
    snapshots = asyncio.run(
        looked_at(page(a=first, b=first), page(a=second, b=first), page(a=second, b=second), page(a=third, b=second))
    )
    assert texts(snapshots) == [[b"a.x 1", b"b.x 1"], [b"a.x 2", b"b.x 2"]]
    assert [one.unseen_since for one in snapshots] == [None, None]


def test_page_that_shows_the_same_second_again_tells_nothing_new() -> None:
    same = page(a=chart(7, x=1))
    assert texts(asyncio.run(looked_at(same, same, page(a=chart(8, x=2)), page(a=chart(8, x=2))))) == [[b"a.x 1"]]


def test_second_that_was_missed_may_have_held_anything() -> None:
    snapshots = asyncio.run(looked_at(*(page(a=chart(second, x=1)) for second in (7, 8, 9, 11, 12))))
    missed = [one.unseen_since is not None for one in snapshots]
    assert missed == [False, False, True, False]


def test_interval_of_several_seconds_is_no_miss() -> None:
    snapshots = asyncio.run(looked_at(*(page(a=chart(second, x=1)) for second in (10, 20, 30))))
    assert [one.unseen_since for one in snapshots] == [None, None]


@dataclass(frozen=True, slots=True)
class Served(Netdata):
    """netdata with its web server, on the port for administration."""

    def prepare(self, program: Found, place: Place) -> Launch:
        """Write its configuration, and turn the web server on."""
        launch = Netdata.prepare(self, program, place)
        path = place.directory / "netdata.conf"
        address = f"127.0.0.1:{place.admin_port}"
        text = path.read_text()
        assert "[web]\n    mode = none" in text
        path.write_text(text.replace("mode = none", f"mode = static-threaded\n    bind to = {address}"))
        return launch


# Enough of each family to see a value of each kind, and what this netdata is known to get wrong.
RIGHT: Final = {"COUNTER-01", "COUNTER-02", "GAUGE-01", "GAUGE-02", "TIMER-02", "TIMER-09", "FRAMING-01", "FRAMING-07"}
WRONG: Final = {"COUNTER-07", "TIMER-11", "FRAMING-12"}


@pytest.mark.xdist_group("observed otherwise")
def test_verdicts_by_the_api_are_true(
    tmp_path: Path, program: Callable[[str], tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    program("netdata")
    monkeypatch.setitem(NAMED, "netdata", Served())
    cases = [case for case in all_cases() if case.requirement.id in RIGHT | WRONG]

    async def examined() -> Examination:
        async with running("netdata", Settings(tmp_path)) as subject:
            assert subject.place is not None
            settings = Settings(tmp_path, "netdata", sink=f"netdata://127.0.0.1:{subject.place.admin_port}")
            return await examine(f"127.0.0.1:{subject.place.port}", cases, settings)

    found = asyncio.run(examined())
    assert found.problem == ""
    holds = {case.requirement.id: found.outcomes[case.id].verdict is Verdict.PASS for case in cases}
    assert {id for id, held in holds.items() if held} == RIGHT
    assert {found.outcomes[case.id].verdict for case in cases if not holds[case.requirement.id]} == {Verdict.FAIL}
