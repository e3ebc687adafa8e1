"""The targets written in Go, each tried as the real program; a machine that lacks one skips it by name."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from needed_programs import command_of
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.profile import load_profile
from statsd_conformance.programs import Found, Missing
from statsd_conformance.session import Settings, probe_target, running
from statsd_conformance.targets import NAMED, Place
from statsd_fuzz.search import in_ci

TARGETS: Final = ("statsd_exporter", "telegraf", "gostatsd", "veneur")
# What `make peers` installs where there is Go.
PEERS: Final = ("statsd_exporter", "telegraf")


def place(directory: Path) -> Place:
    return Place(port=1, admin_port=2, graphite_port=3, interval=0.5, directory=directory)


def need(name: str) -> None:
    """Skip a test without the program, or fail where `make peers` should have installed it."""
    offered = name in PEERS and in_ci(os.environ) and shutil.which("go") is not None
    command_of(NAMED[name].find(), must_be_there=offered)


# veneur's timers have no single path: of each statistic its own type stands in front.
@pytest.mark.parametrize("name", [name for name in TARGETS if name != "veneur"])
@pytest.mark.xdist_group("go-targets")
def test_probe_reads_the_shipped_profile_off_the_real_program(name: str, tmp_path: Path) -> None:
    need(name)
    known = load_profile(name)
    found = asyncio.run(probe_target(name, Settings(tmp_path))).profile
    assert (found.paths, found.dot, found.timer_unit_ms) == (known.paths, known.dot, known.timer_unit_ms)
    assert found.statistics.items() >= known.statistics.items()
    assert set(found.types) == set(known.types)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.xdist_group("go-targets")
def test_samples_come_back_from_the_real_program(name: str, tmp_path: Path) -> None:
    need(name)

    async def run() -> None:
        async with running(name, Settings(tmp_path)) as subject:
            assert subject.version.lower().startswith(name)
            target = OverTheWire(subject.wire)
            counter, gauge, timer, members = (target.bucket(leaf) for leaf in "abcd")
            flushed = await target.after(
                counter + b":3|c", gauge + b":7|g", timer + b":20|ms", members + b":x|s", members + b":y|s"
            )
            assert flushed.count(counter) == 3
            assert flushed.gauge(gauge) == 7
            assert flushed.time(timer) == pytest.approx(20)
            assert sum(flushed.numbers("timer", timer, "count")) == 1
            if "s" in target.profile.types:
                assert flushed.members(members) == 2
            # What counts from the start on is counted from one flush to the next.
            again = await target.after(counter + b":4|c", timer + b":30|ms")
            assert again.count(counter) == 4
            assert again.timer(timer, "sum") == pytest.approx(30)

    asyncio.run(run())


@pytest.mark.parametrize("name", TARGETS)
def test_missing_program_says_how_to_install_it_on_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("statsd_conformance.programs.search_path", lambda environment: "")
    monkeypatch.setattr("statsd_conformance.programs.peers_folders", lambda: ())
    missing = NAMED[name].find()
    assert isinstance(missing, Missing)
    assert missing.hint.startswith(f"{name} is not installed: ")
    assert "\n" not in missing.hint


@pytest.mark.parametrize(
    ("name", "told", "version"),
    [
        ("statsd_exporter", "statsd_exporter, version 0.28.0 (branch: , revision: unknown)", "statsd_exporter 0.28.0"),
        ("statsd_exporter", "statsd_exporter, version  (branch: , revision: unknown)", "statsd_exporter"),
        ("statsd_exporter", "", "statsd_exporter"),
        ("telegraf", "Telegraf 1.37.2 (git: unknown@a6b212be)", "Telegraf 1.37.2"),
        ("telegraf", "", "Telegraf"),
        ("gostatsd", "Version: 41.1.1 - Commit: abc - Date: 2026-06-01", "gostatsd 41.1.1"),
        ("gostatsd", "Version:  - Commit:  - Date: ", "gostatsd"),
    ],
)
def test_version_is_what_the_program_says(name: str, told: str, version: str, tmp_path: Path) -> None:
    program = tmp_path / name
    program.write_text(f"#!/bin/sh\necho '{told}'\n")
    program.chmod(0o755)
    assert NAMED[name].version(Found((str(program),))) == version


def test_exporter_serves_its_page_where_others_have_their_console(tmp_path: Path) -> None:
    launch = NAMED["statsd_exporter"].prepare(Found(("statsd_exporter",)), place(tmp_path))
    assert set(launch.command[1:]) == {
        "--web.listen-address=127.0.0.1:2",
        "--statsd.listen-udp=127.0.0.1:1",
        "--statsd.listen-tcp=127.0.0.1:1",
    }


def test_gostatsd_reads_one_datagram_at_a_time_and_tells_no_senders_apart(tmp_path: Path) -> None:
    command = NAMED["gostatsd"].prepare(Found(("gostatsd",)), place(tmp_path)).command
    assert {"--receive-batch-size=1", "--max-readers=1", "--max-parsers=1", "--max-workers=1"} < set(command)
    assert {"--ignore-host=true", "--metrics-addr=127.0.0.1:1", "--flush-interval=0.5s"} < set(command)
    assert f"--config-path={tmp_path}/gostatsd.toml" in command
    assert 'address = "127.0.0.1:3"\n' in (tmp_path / "gostatsd.toml").read_text()


def test_telegraf_flushes_as_often_as_it_gathers_and_in_one_batch(tmp_path: Path) -> None:
    command = NAMED["telegraf"].prepare(Found(("telegraf",)), place(tmp_path)).command
    assert command == ("telegraf", "--config", f"{tmp_path}/telegraf.conf")
    lines = (tmp_path / "telegraf.conf").read_text().splitlines()
    for line in ('  interval = "0.5s"', '  flush_interval = "0.5s"', "  number_workers_threads = 1"):
        assert line in lines
    assert '  service_address = "127.0.0.1:1"' in lines
    assert '  servers = ["127.0.0.1:3"]' in lines


def test_veneur_sends_its_own_metrics_to_itself_and_all_to_the_suite(tmp_path: Path) -> None:
    NAMED["veneur"].prepare(Found(("veneur",)), place(tmp_path))
    lines = (tmp_path / "veneur.yaml").read_text().splitlines()
    for line in ('interval: "0.5s"', "num_workers: 1", 'http_address: "127.0.0.1:2"', 'stats_address: "127.0.0.1:1"'):
        assert line in lines
    assert '      repeater_address: "localhost:3"' in lines
