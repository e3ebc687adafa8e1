"""`pytest conformance --replay FILE`, as its users run it: with one target, with two, with recordings that are none."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from captured import pcap, udp4
from own_targets import own_target
from statsd_conformance.hooks.replays import check_replays
from statsd_conformance.recording import Endpoint
from test_plugin import suite
from test_results import check

TRAFFIC: Final = [b"web.hits:1|c\nweb.time:%d|ms\nweb.load:%d|g" % (number, number) for number in range(50)]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "traffic.pcap"
    path.write_bytes(pcap([udp4(payload) for payload in TRAFFIC]))
    return path


def lossy_target(tmp_path: Path) -> str:
    """Return a target that counts no further than 40 in an interval."""
    return own_target(
        tmp_path,
        "def flush(window, timestamp):\n"
        "    done, following = right.flush(window, timestamp)\n"
        "    few = {name: min(count, 40.0) for name, count in done.counters.items()}\n"
        "    return replace(done, counters=few), following\n"
        "wrong = replace(right, flush=flush)",
    )


def test_two_targets_are_compared_number_by_number_and_nothing_else_is_tried(capture: Path, tmp_path: Path) -> None:
    lossy, report = lossy_target(tmp_path), tmp_path / "report"
    ran = suite(
        *("--replay", str(capture), "--target", "reference", "--target", lossy, "--profile", "reference"),
        *("--report", str(report)),
    )
    assert ran.returncode == 1, ran.stdout
    assert "collected 2 items" in ran.stdout
    assert f"measured: replay of {capture}: 15 numbers of 3 series compared, of 150 lines in 50 datagrams" in ran.stdout
    assert ": 1 of 15 numbers differ" in ran.stdout
    [row] = [line.split() for line in ran.stdout.splitlines() if line.startswith("web.hits c count")]
    assert row == ["web.hits", "c", "count", "50", "40", "50", "reference"]
    first, second = check((report / "results.jsonl").read_text("utf-8"))
    assert (first["verdict"], second["verdict"]) == ("PASS", "FAIL")
    assert "against" not in first
    [against] = second["against"]
    [told] = against["rows"]
    assert told == {
        **{"series": "web.hits", "type": "c", "what": "count", "model_agrees_with": "there"},
        **{"there": 50, "here": 40, "model": 50},
    }
    page = (report / "report.html").read_text("utf-8")
    assert '<th scope="row"><code>web.hits</code></th><td>c count</td><td class="number">50</td>' in page


def test_recording_that_is_missing_ends_the_run_with_one_line() -> None:
    ran = suite("--replay", "nowhere.pcap")
    assert ran.returncode == 4
    assert ran.stdout.strip() == "ERROR: --replay nowhere.pcap: No such file or directory; name a recording"


def refused(folder: Path, replay: Sequence[str] = (), **options: Any) -> str:
    """Return what is said of options before anything runs."""
    usual: dict[str, Any] = {"emitter": [], "recording": [], "target": None, "replay_port": []}
    option = SimpleNamespace(**(usual | {"replay": [Path(one) for one in replay]} | options))
    config = SimpleNamespace(option=option, invocation_params=SimpleNamespace(dir=folder))
    with pytest.raises(pytest.UsageError) as refusal:
        check_replays(cast(pytest.Config, config))
    return str(refusal.value)


def test_recording_that_is_damaged_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "cut.pcap").write_bytes(pcap([udp4(b"a:1|c")])[:-3])
    (tmp_path / "program").write_bytes(b"\x7fELF\0\0\0\0")
    assert refused(tmp_path, ["cut.pcap"]).startswith("--replay cut.pcap: byte ")
    assert refused(tmp_path, ["program"]) == (
        "--replay program: byte 0: 7f 45 4c 46 begins no capture (pcap, pcapng, or gzip of either) and no text"
    )


def test_recording_of_another_port_is_told_how_to_be_read(tmp_path: Path) -> None:
    elsewhere = udp4(b"a:1|c", to=Endpoint("192.0.2.8", 9125))
    (tmp_path / "other.pcap").write_bytes(pcap([elsewhere]))
    assert refused(tmp_path, ["other.pcap"]).endswith("1 packet to port 9125: --replay-port 9125")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"replay": [Path("a")], "replay_port": [0]}, "--replay-port 0: give 1 to 65535"),
        ({"replay_port": [9125]}, "name the recording with --replay"),
        ({"replay": [Path("a")], "emitter": ["x"]}, "name one with --target"),
        ({"replay": [Path("a")], "recording": [Path("b")]}, "name one with --target"),
    ],
    ids=["port", "port of nothing", "emitter", "recording of an emitter"],
)
def test_options_that_say_nothing_are_refused(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    assert said in refused(tmp_path, **options)


def test_deviation_of_a_users_recording_is_expected(capture: Path, tmp_path: Path) -> None:
    listed = tmp_path / "deviations.toml"
    listed.write_text(f'[[deviation]]\nid = "REPLAY-01"\ncase = {json.dumps(str(capture))}\nreason = "it is full"\n')
    ran = suite(
        *("--replay", str(capture), "--target", lossy_target(tmp_path), "--profile", "reference"),
        *("--deviations", str(listed)),
    )
    assert ran.returncode == 0, ran.stdout
    assert "1 DEVIATION" in ran.stdout
