import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from needed_programs import tool
from statsd_conformance.address import Address
from statsd_conformance.connection import Sent
from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import Snapshot, read_line
from statsd_conformance.profile import load_profile
from statsd_conformance.recording.datagram import Endpoint
from statsd_conformance.report.capture import capture, write_evidence
from statsd_conformance.report.pcapng import udp
from statsd_conformance.requirement import CORE, MUST, Requirement
from statsd_conformance.route import Route
from statsd_conformance.target import Trace
from statsd_conformance.verdict import Outcome, Verdict

REQUIREMENT = Requirement("COUNTER-01", CORE, MUST, "All increments MUST be summed.", "docs/metric_types.md, Counting")
ROUTES = {
    "udp": Route("127.0.0.1", 40001, "127.0.0.1", 8125, 2004),
    "udp6": Route("::1", 40001, "::1", 8125, 2004),
    "tcp": Route("127.0.0.1", 40001, "127.0.0.1", 8125, 2004, stream=True),
}


def trace(*datagrams: bytes) -> Trace:
    lines = (read_line(b"stats.q1.a 3 100"), read_line(b"stats.other 1 100"))
    flushed = Flushed(load_profile("reference"), 1.0, b"q1", (Snapshot(lines, 0.0, 1000.5),))
    return Trace(list(datagrams), [flushed])


def tshark(file: Path, *arguments: str) -> list[str]:
    [program] = tool("tshark")
    checks = [f"-o{one}.check_checksum:TRUE" for one in ("ip", "udp", "tcp")]
    done = subprocess.run([program, "-r", file, *checks, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
@pytest.mark.parametrize("payload", [b"q1.a:1|c", b"q1.a:1|c\nq1.b:2|c\n", b"x" * 60_001], ids=["odd", "even", "long"])
def test_capture_decodes_without_a_warning(route: Route, payload: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.pcapng"
    file.write_bytes(capture("COUNTER-01 FAIL", trace(payload, b"q1.a:2|c\n"), route))
    checked = "_ws.malformed or _ws.expert.severity >= 0x400000"
    bad = f"{checked} or ip.checksum.status == 0 or udp.checksum.status == 0 or tcp.checksum.status == 0"
    assert tshark(file) != []
    assert tshark(file, "-Y", bad) == []


def test_a_flush_of_a_clock_that_begins_at_zero_has_a_capture() -> None:
    sent = trace(b"q1.a:1|c\n")
    [flushed] = sent.flushes
    early = replace(flushed, snapshots=(replace(flushed.snapshots[0], wall_clock=0.5),))
    assert b"q1.a:1|c" in capture("REPLAY-01 FAIL", Trace(sent.datagrams, [early]), Route())


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_capture_leaves_out_what_went_another_way(route: Route) -> None:
    tcp, unix = Address("tcp", "127.0.0.1", 8125), Address("unix", path="/s")
    mixed = trace(Sent(b"a:1", tcp, 1), b"q1.a:1|c\n", Sent(b"x", unix))
    assert capture("COUNTER-01 FAIL", mixed, route) == capture("COUNTER-01 FAIL", trace(b"q1.a:1|c\n"), route)
    assert capture("COUNTER-01 FAIL", trace(Sent(b"a:1", tcp, 1)), route) == capture("COUNTER-01 FAIL", trace(), route)


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_capture_holds_comments_payloads_and_ports(route: Route, tmp_path: Path) -> None:
    file = tmp_path / "a.pcapng"
    file.write_bytes(capture("COUNTER-01 FAIL", trace(b"q1.a:1|c\n"), route))
    kind = "tcp" if route.stream else "udp"
    fields = ["-T", "fields", "-e", "frame.comment", "-e", "frame.time_epoch", "-e", f"{kind}.payload"]
    sent = tshark(file, "-Y", f"{kind}.dstport == 8125 and {kind}.payload", *fields)
    back = tshark(
        file, "-Y", "tcp.dstport == 2004 and tcp.payload", "-T", "fields", "-e", "frame.comment", "-e", "tcp.payload"
    )
    line, came = b"q1.a:1|c\n", b"stats.q1.a 3 100\n"
    assert sent == [f"COUNTER-01 FAIL: datagram 1 of 1\t999.500000000\t{line.hex()}"]
    assert back == [f"COUNTER-01 FAIL: Graphite lines of flush 1\t{came.hex()}"]


def test_what_is_too_long_for_a_datagram_is_refused() -> None:
    with pytest.raises(ValueError, match="65508 bytes"):
        udp(Endpoint("127.0.0.1", 1), Endpoint("127.0.0.1", 2), b"x" * 65508)


def test_what_never_left_is_no_packet() -> None:
    assert b"datagram 1 of 2" not in capture("t", trace(b"x" * 65508, b"a:1|c"), Route())
    assert b"datagram 2 of 2" in capture("t", trace(b"x" * 65508, b"a:1|c"), Route())


def test_evidence_is_three_files_named_after_the_case(tmp_path: Path) -> None:
    outcome = Outcome(Verdict.FAIL, "it is 3", trace=trace(b"q1.a:1|c"))
    address = Address("udp", "127.0.0.1", 8125)
    written = write_evidence(tmp_path / "new", "test_a[b]", REQUIREMENT, outcome, address, Route())
    assert written.name == "COUNTER-01-test-a-b.txt"
    assert "verdict:  FAIL: it is 3" in written.read_text("utf-8")
    assert "printf 'q1.a:1|c' | nc -u" in written.with_suffix(".sh").read_text("utf-8")
    assert written.with_suffix(".pcapng").is_file()


ALIKE = ["a[b-+0.5]", "a[b- 0.5]", "a[b-0.5]", "a[B-0.5]", "a[b/../c]", "a[b\\c]", "x" * 200 + "a", "x" * 200 + "b"]


def test_cases_of_like_names_have_files_of_their_own(tmp_path: Path) -> None:
    outcome = Outcome(Verdict.FAIL, trace=trace(b"q1.a:1|c"))
    written = [write_evidence(tmp_path, case, REQUIREMENT, outcome, None, Route()) for case in ALIKE]
    assert len({path.name.lower() for path in written}) == len(ALIKE)
    assert {path.parent for path in written} == {tmp_path}
    assert max(len(path.name) for path in written) < 130


def test_comments_and_script_name_the_case(tmp_path: Path) -> None:
    outcome = Outcome(Verdict.CRASHED, trace=trace(b"q1.a:1|c"))
    address = Address("udp", "127.0.0.1", 8125)
    written = write_evidence(tmp_path, "test_a[b]", REQUIREMENT, outcome, address, ROUTES["udp"])
    comments = tshark(written.with_suffix(".pcapng"), "-T", "fields", "-e", "frame.comment")
    title = "COUNTER-01 test_a[b] CRASHED"
    assert [comment for comment in comments if comment] == [
        *(f"{title}: datagram 1 of 1", f"{title}: Graphite", f"{title}: Graphite lines of flush 1"),
    ]
    assert f"# replay: {title}\n" in written.with_suffix(".sh").read_text("utf-8")
    assert os.access(written.with_suffix(".sh"), os.X_OK)


def test_case_that_sent_nothing_leaves_only_a_text(tmp_path: Path) -> None:
    written = write_evidence(tmp_path, "a", REQUIREMENT, Outcome(Verdict.FAIL, "no"), None, Route())
    assert list(tmp_path.iterdir()) == [written]
