"""`statsd-conformance trace`: what it prints, what it ends with, and what it says of bad input."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import whisper
from click.testing import CliRunner, Result

from chain import BEGIN, CONTINUED, RawAggregator, as_pickle, as_text, snapshot
from statsd_conformance.__main__ import main
from statsd_conformance.process import free_port
from statsd_reference.emitter.profile import MESSAGE_COUNTERS


def run(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "150"}).invoke(main, ["trace", *map(str, arguments)])


def recording(folder: Path, *datagrams: bytes) -> Path:
    """Return a pcap of datagrams to port 8125, in Ethernet frames."""
    return capture(
        folder / "lines.pcap",
        [frame(17, 8125, struct.pack(">HHHH", 9, 8125, 8 + len(one), 0) + one) for one in datagrams],
    )


def frame(protocol: int, port: int, segment: bytes) -> bytes:
    address = bytes([127, 0, 0, 1])
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 0, 0, 64, protocol, 0, address, address)
    return bytes(12) + b"\x08\x00" + ip + segment


def capture(path: Path, frames: list[bytes]) -> Path:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    packets = [struct.pack("<IIII", BEGIN - 5, 0, len(one), len(one)) + one for one in frames]
    path.write_bytes(head + b"".join(packets))
    return path


def flushed(folder: Path, *datagrams: bytes, pickled: bool = False) -> Path:
    """Return a recording of what an aggregator that keeps names raw makes of datagrams: text, or a pcap of pickle."""
    aggregator = RawAggregator()
    for one in datagrams:
        aggregator.take(one)
    points = list(aggregator.flush())
    if not pickled:
        (folder / "output.txt").write_bytes(as_text(points, BEGIN))
        return folder / "output.txt"
    data = as_pickle(points, BEGIN)
    half = len(data) // 2
    segments = [tcp(0, b"", 2), tcp(1, data[:half]), tcp(1 + half, data[half:], 0x19)]
    return capture(folder / "output.pcap", [frame(6, 2004, one) for one in segments])


def tcp(sequence: int, data: bytes, flags: int = 0x18) -> bytes:
    return struct.pack(">HHIIBBHHH", 9, 2004, sequence, 0, 0x50, flags, 1000, 0, 0) + data


def store(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / "whisper" / f"{name.replace('.', '/')}.wsp"
        path.parent.mkdir(parents=True, exist_ok=True)
        whisper.create(str(path), [(1, 60)], xFilesFactor=0.0, aggregationMethod="last")
        whisper.update(str(path), 1.0)
    return folder / "whisper"


NAMES = [f"flux.kvs.0.{counter}" for counter in MESSAGE_COUNTERS]


def test_all_that_arrives_ends_with_0(tmp_path: Path) -> None:
    sent = snapshot()
    found = run("--recording", recording(tmp_path, sent), "--graphite-recording", flushed(tmp_path, sent))
    assert found.exit_code == 0, found.output
    assert "8 of 8 counters are flushed under their own names" in found.output
    assert "lines: 8 in = 8 in series + 0 counted as refused" in found.output
    assert "in Graphite: unseen; --whisper, --carbon-query or --render would show it" in found.output


def test_what_is_lost_ends_with_1_and_names_hop_cause_and_remedy(tmp_path: Path) -> None:
    sent = snapshot(blanks=b"    ")
    options = ("--emitter-profile", "snapshot", "--recording", recording(tmp_path, sent))
    found = run(*options, "--graphite-recording", flushed(tmp_path, sent))
    assert found.exit_code == 1
    assert "H1a blanks around a name" in found.output
    assert r"\x20\x20\x20\x20flux.kvs.0.response_tx (changed)" in found.output
    assert "kvs 0: missing 3 of 8, number 3, 5, 7 (response_tx, event_tx, keepalive_tx)" in found.output
    assert "do: Take the white space out" in found.output


def test_json_tells_names_with_their_bytes(tmp_path: Path) -> None:
    sent = snapshot(blanks=b"\t\t")
    found = run(
        *("--format", "json", "--emitter-profile", "snapshot", "--profile", "brubeck"),
        *("--recording", recording(tmp_path, sent)),
        *("--graphite-recording", flushed(tmp_path, sent, pickled=True)),
    )
    told = json.loads(found.stdout)
    assert (told["format"], told["hops"], told["arrived"], told["of"]) == (1, ["wire", "aggregator"], 5, 8)
    changed = [one for one in told["counters"] if one["at"]]
    assert [one["place"] for one in changed] == [place + 1 for place in CONTINUED]
    assert bytes.fromhex(changed[0]["aggregator"]["hex"]) == b"\t\tflux.kvs.0.response_tx"
    assert changed[0]["wire"] == {
        "fate": "changed",
        "name": r"\t\tflux.kvs.0.response_tx",
        "hex": b"\t\tflux.kvs.0.response_tx".hex(),
        "value": 13.0,
    }
    assert [(one["code"], one["sure"], bool(one["apart"])) for one in told["causes"]] == [("H1b", False, True)]
    assert (told["balance"]["lines"], told["balance"]["series"], told["balance"]["holds"]) == (8, 8, True)


def test_graphite_alone_shows_which_of_the_declared_are_missing(tmp_path: Path) -> None:
    there = [name for number, name in enumerate(NAMES) if number < 5]
    found = run(
        "--whisper", store(tmp_path, *there), "--counters", ",".join(NAMES), "--patience", 0, "--profile", "brubeck"
    )
    assert found.exit_code == 1
    assert [code for code in ("H3", "H4", "H5") if f"\n{code} " in found.output] == ["H3", "H4", "H5"]
    assert found.output.count("to be sure: ") == 3


def test_what_comes_late_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = store(tmp_path, *NAMES[1:])
    monkeypatch.setattr("statsd_conformance.tracing.look.time.sleep", lambda seconds: store(tmp_path, NAMES[0]))
    found = run("--whisper", folder, "--counters", ",".join(NAMES), "--profile", "brubeck", "--patience", 60)
    assert found.exit_code == 0, found.output
    assert "series: 8 of 8 in the files below" in found.output
    assert "1 of them only after" in found.output


def test_damaged_recordings_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    whole = recording(tmp_path, b"a.b:1|c", b"a.c:1|c")
    whole.write_bytes(whole.read_bytes()[:-3])
    found = run("--recording", whole)
    assert found.exit_code == 0
    assert "what stands before was read" in found.stderr
    assert "a.b" in found.stdout


def test_a_recording_of_other_ports_names_the_option(tmp_path: Path) -> None:
    found = run("--recording", recording(tmp_path, b"a.b:1|c"), "--port", 9999)
    assert found.exit_code == 2
    assert "no counter was seen (0 datagrams, 0 lines)" in found.stderr
    assert "--port 8125" in found.stderr


def test_many_groups_of_which_all_arrived_take_a_row_each(tmp_path: Path) -> None:
    sent = [snapshot(f"m{number}") for number in range(6)]
    found = run("--recording", recording(tmp_path, *sent), "--graphite-recording", flushed(tmp_path, *sent))
    assert "flux.m3.0: all" in found.output
    assert "request_tx" not in found.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "no hop to look at; give one or more of --tap"),
        (["--tap", "127.0.0.1:1"], "--tap needs --forward"),
        (["--graphite-forward", "127.0.0.1:1"], "--graphite-forward needs --graphite-tap"),
        (["--tap", "nowhere", "--forward", "127.0.0.1:1"], "--tap: 'udp://nowhere' has no host or no port"),
        (["--recording", "gone.pcap"], "'gone.pcap' does not exist"),
        (["--whisper", "gone"], "'gone' does not exist"),
        (["--render", "graphite:80"], "--render graphite:80: give a URL"),
        (["--render", "http://x", "--counters", ","], "--counters names nothing"),
        (["--render", "http://x", "--profile", "gone"], "no profile 'gone'"),
        (["--render", "http://x", "--emitter-profile", "gone"], "no emitter profile 'gone'"),
        (["--render", "http://x", "--counters", "a", "--emitter-profile", "batch"], "two ways to say the same"),
        (["--render", "http://x", "--seconds", "1"], "--seconds is for --tap"),
        (["--carbon-query", "127.0.0.1:1", "--counters", "a"], "cannot ask the cache of carbon at 127.0.0.1:1"),
        (["--tap", "127.0.0.1:1", "--forward", "tcp://127.0.0.1:1"], "datagrams go to datagrams, streams to streams"),
        (["--tap", "127.0.0.1:1", "--forward", "127.0.0.1:1"], "would pass everything on to itself"),
        (["--graphite-tap", "127.0.0.1:1", "--graphite-forward", "127.0.0.1:1"], "with --graphite-forward"),
    ],
)
def test_bad_usage_ends_with_2_and_one_line_that_names_it(arguments: list[str], told: str) -> None:
    found = run(*arguments)
    assert found.exit_code == 2, found.output
    assert told in " ".join(found.stderr.replace("│", " ").split())
    assert "Traceback" not in found.output


def test_taps_stand_until_they_are_interrupted_and_then_all_is_told(tmp_path: Path) -> None:
    lines, points = free_port(), free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inlet, socket.create_server(("127.0.0.1", 0)) as carbon:
        inlet.bind(("127.0.0.1", 0))
        inlet.settimeout(30)
        command = [sys.executable, "-m", "statsd_conformance", "trace", "--profile", "brubeck", "--format", "json"]
        command += ["--tap", f"127.0.0.1:{lines}", "--forward", f"127.0.0.1:{inlet.getsockname()[1]}"]
        command += ["--graphite-tap", f"127.0.0.1:{points}"]
        command += ["--graphite-forward", f"127.0.0.1:{carbon.getsockname()[1]}"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, env={**os.environ, "COLUMNS": "150"}) as running:
            assert running.stderr
            assert b"standing in between until Ctrl-C" in running.stderr.readline()
            aggregator = RawAggregator()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as emitter:
                emitter.sendto(snapshot(), ("127.0.0.1", lines))
            aggregator.take(inlet.recv(65_535))
            with socket.create_connection(("127.0.0.1", points)) as output:
                output.sendall(as_text(aggregator.flush(), BEGIN))
                output.shutdown(socket.SHUT_WR)
                store, _ = carbon.accept()
                with store:
                    got = b"".join(iter(lambda: store.recv(65_536), b""))
                assert output.recv(1) == b""
            running.send_signal(signal.SIGINT)
            told = json.loads(running.communicate(timeout=60)[0])
    assert got.count(b"\n") == 9
    assert (running.returncode, told["arrived"], told["of"]) == (0, 8, 8)


def test_a_timed_trace_in_which_nothing_came_is_no_success() -> None:
    found = run("--tap", f"127.0.0.1:{free_port()}", "--forward", "127.0.0.1:9", "--seconds", "0.01")
    assert found.exit_code == 2
    assert "no counter was seen (0 datagrams, 0 lines); let the emitter send to --tap" in found.stderr
