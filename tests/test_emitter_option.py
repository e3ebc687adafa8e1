"""Emitters as users have them judged: a pytest process of its own, with --emitter or --recording."""

import json
import shlex
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from captured import TO, pcap, udp4
from test_emitter_subject import python
from test_plugin import suite

BAD = python("udp.send(b'a:1|c\\nb:2|c|@0'); udp.send(b'')")


# A process of pytest's own takes a second, more where the machine is busy.
def test_a_wrong_emitter_fails_with_the_byte_to_blame_and_files_for_all(tmp_path: Path) -> None:
    report, evidence, xml = tmp_path / "report", tmp_path / "evidence", tmp_path / "junit.xml"
    ran = suite("--emitter", BAD, "-k", "ERATE or EFRAMING-01", "--report", str(report), "--evidence", str(evidence),
                "--junitxml", str(xml), "--write-deviations", str(tmp_path / "known.toml"))  # fmt: skip
    assert ran.returncode == 1, ran.stdout
    assert "FAIL         ERATE-02     datagram 1, byte 12: sample rate 0 is outside (0, 1]" in ran.stdout
    assert "NON-STRICT   EFRAMING-01  datagram 2: the datagram is empty" in ran.stdout
    assert "^ byte 12: sample rate 0 is outside (0, 1]" in ran.stdout
    assert f"again:    statsd-conformance run --emitter {shlex.quote(BAD)} -k ERATE-02" in ran.stdout
    assert "StatsD conformance of reference" not in ran.stdout
    assert "Traceback" not in ran.stdout
    records = [json.loads(line) for line in (report / "results.jsonl").read_text().splitlines()]
    (failed,) = [record for record in records if record["verdict"] == "FAIL"]
    assert failed["datagrams"][0]["refused"][0]["start"] == 12
    assert "lines" not in failed
    assert {path.suffix for path in evidence.iterdir()} == {".txt", ".pcapng", ".sh"}
    assert "byte 12: sample rate 0" in ElementTree.tostring(ElementTree.parse(xml).getroot(), encoding="unicode")
    ran = suite("--emitter", BAD, "-k", "ERATE or EFRAMING-01", "-q", "--deviations", str(tmp_path / "known.toml"))
    assert ran.returncode == 0, ran.stdout
    assert "2 DEVIATION" in ran.stdout


def test_an_emitter_that_sends_nothing_never_passes() -> None:
    ran = suite("--emitter", python(""), "-k", "ELINE", "-q", "--allow-inconclusive")
    assert ran.returncode == 1, ran.stdout
    assert "sent nothing to 127.0.0.1:" in ran.stdout
    assert "1 failed, 7 skipped" in ran.stdout


def test_two_emitters_and_a_target_have_a_summary_each(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    (tmp_path / "lines.txt").write_bytes(b"a:1|c\n")
    recorded, emitter = str(tmp_path / "lines.txt"), python("udp.send(b'a:1|c')")
    named = ["--recording", recorded, "--emitter", emitter, "--target", "reference"]
    ran = suite("-n", "2", "-k", "ELINE-01 or COUNTER-01", "-q", *named)
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.count("StatsD conformance of ") == 3
    assert ran.stdout.count("1 PASS") == 3


def test_without_options_the_reference_emitter_is_judged_by_its_profile_too() -> None:
    ran = suite("-k", "EPROFILE-02", "-q")
    assert ran.returncode == 0, ran.stdout
    assert "StatsD conformance of reference emitter" in ran.stdout
    assert "1 PASS" in ran.stdout


def test_a_target_alone_is_judged_alone() -> None:
    ran = suite("--collect-only", "-q", "--target", "reference")
    assert ran.returncode == 0, ran.stdout
    assert "test_31_emitter" not in ran.stdout
    assert "test_06_counter" in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--emit-seconds", "0"], "--emit-seconds 0: give a finite number above 0"),
        (["--emit-seconds", "nan"], "--emit-seconds nan: give a finite number above 0"),
        (["--emitter-size", "0"], "--emitter-size 0: give 1 to 65507 bytes"),
        (["--emitter-port", "99999"], "--emitter-port 99999: give 1 to 65535"),
        (["--emitter", " "], "--emitter is empty: give the command line of a program that sends"),
        (["--emitter-dialect", "klingon"], "--emitter-dialect klingon: it is one of etsy, dogstatsd"),
        (["--emitter-profile", "none"], "no emitter profile 'none': neither a file nor one of batch, snapshot"),
    ],
)
def test_an_option_that_says_nothing_is_refused(arguments: list[str], said: str) -> None:
    ran = suite("--emitter", sys.executable, *arguments, "--collect-only")
    assert ran.returncode == 4
    assert said in ran.stdout


@pytest.mark.parametrize(("port", "verdict"), [(TO.port, "1 PASS"), (TO.port + 1, "INCONCLUSIVE")])
def test_of_a_recording_what_went_to_the_port_that_is_said_is_judged(port: int, verdict: str, tmp_path: Path) -> None:
    file = tmp_path / "lines.pcap"
    file.write_bytes(pcap([udp4(b"a:1|c")]))
    ran = suite("--recording", str(file), "--emitter-port", str(port), "-k", "ELINE-01", "-q")
    assert verdict in ran.stdout


@pytest.mark.parametrize(("id", "file"), [("GAUGE-01", "test_07_gauge.py"), ("EGAUGE-01", "test_31_emitter.py")])
def test_an_id_selects_nothing_whose_id_only_ends_like_it(id: str, file: str) -> None:
    ran = suite("--collect-only", "-q", "-k", id)
    assert ran.returncode == 0, ran.stdout
    (collected,) = [line for line in ran.stdout.splitlines() if "::" in line]
    assert f"/{file}::" in collected
