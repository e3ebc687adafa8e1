"""The targets written in C, each tried as the real program; a machine that lacks one skips it by name."""

import asyncio
import json
from pathlib import Path
from typing import Final

import pytest

from needed_programs import command_of
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.programs import Found, Missing
from statsd_conformance.session import Settings, running
from statsd_conformance.targets import NAMED, Place

TARGETS: Final = ("netdata", "brubeck", "statsite")
LINES: Final = (b"%b:5|g", b"%b:7|g")


def place(directory: Path) -> Place:
    return Place(port=1, admin_port=2, graphite_port=3, interval=1.0, directory=directory)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.xdist_group("c-targets")
def test_gauge_comes_back_from_the_real_program(name: str, tmp_path: Path) -> None:
    command_of(NAMED[name].find(), must_be_there=False)

    async def run() -> float:
        async with running(name, Settings(tmp_path)) as subject:
            assert subject.version.lower().startswith(name)
            target = OverTheWire(subject.wire)
            flushed = await target.after(*(line % target.bucket() for line in LINES))
            return flushed.gauge(target.bucket())

    assert asyncio.run(run()) == 7


@pytest.mark.parametrize("name", TARGETS)
def test_missing_program_says_how_to_install_it_on_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("statsd_conformance.programs.search_path", lambda environment: "")
    missing = NAMED[name].find()
    assert isinstance(missing, Missing)
    assert missing.hint.startswith(f"{name} is not installed: ")
    assert "\n" not in missing.hint


def test_netdata_tells_nobody_that_it_runs(tmp_path: Path) -> None:
    launch = NAMED["netdata"].prepare(Found(("netdata",)), place(tmp_path))
    assert (tmp_path / ".opt-out-from-anonymous-statistics").exists()
    assert launch.environment["DISABLE_TELEMETRY"] == "1"
    text = (tmp_path / "netdata.conf").read_text()
    assert f"config = {tmp_path}\n" in text
    assert "[cloud]\n    enabled = no\n" in text


def test_brubeck_reads_one_datagram_at_a_time(tmp_path: Path) -> None:
    NAMED["brubeck"].prepare(Found(("brubeck",)), place(tmp_path))
    (sampler,) = json.loads((tmp_path / "brubeck.json").read_text())["samplers"]
    assert (sampler["workers"], sampler["multimsg"], sampler["port"]) == (1, 1, 1)


def test_statsite_appends_to_a_file_whose_name_the_shell_would_change(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    NAMED["statsite"].prepare(Found(("statsite",)), place(folder))
    assert f"stream_cmd = cat >> '{folder}/stream'\n" in (folder / "statsite.ini").read_text()
