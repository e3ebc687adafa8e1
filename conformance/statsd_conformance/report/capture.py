"""The evidence of one case as files: a capture, a text, and a shell line that sends the same again."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Final

from statsd_conformance.address import Address
from statsd_conformance.connection import Sent
from statsd_conformance.emitters.captured import Captured
from statsd_conformance.evidence import again_line, describe
from statsd_conformance.recording.datagram import Endpoint
from statsd_conformance.report.pcapng import LONGEST, Packet, pcapng, stream, udp
from statsd_conformance.requirement import Requirement
from statsd_conformance.route import Route
from statsd_conformance.target import Trace
from statsd_conformance.verdict import Outcome

_NAME: Final = 100
# What the names of most cases have beside letters and digits.
_PLAIN: Final = str.maketrans("_[", "--", "]")


def write_evidence(
    directory: Path, case: str, requirement: Requirement, outcome: Outcome, address: Address | None, route: Route
) -> Path:
    """Write `NAME.txt`, and where anything was sent `NAME.pcapng` and `NAME.sh`; return the path of the text.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    text = directory / f"{_file_name(requirement.id, case)}.txt"
    text.write_text(describe(requirement, outcome, address) + "\n", encoding="utf-8")
    if outcome.trace is not None and outcome.trace.datagrams:
        title = f"{requirement.id} {case} {outcome.verdict.value}"
        text.with_suffix(".pcapng").write_bytes(capture(title, outcome.trace, route))
        if line := again_line(outcome.trace, address):
            again = f"#!/bin/sh\n# replay: {title}\n{line}\n"
            script = text.with_suffix(".sh")
            script.write_text(again, encoding="utf-8")
            script.chmod(0o755)
    return text


def _file_name(id: str, case: str) -> str:
    """Return a name of few and plain characters; where that may be the name of another case too, with a digest.

    Some file systems take upper and lower case for the same.
    """
    name = re.sub(r"[^A-Za-z0-9.]+", "-", f"{id} {case}")[:_NAME].strip("-.")
    if name == f"{id}-{case.translate(_PLAIN)}" and case.islower():
        return name
    return f"{name}-{sha256(case.encode()).hexdigest()[:8]}"


def capture(title: str, trace: Trace, route: Route) -> bytes:
    """Return a capture of what a case sent and of the Graphite lines that came back for it.

    The packets are made from what the suite sent and heard: the addresses and ports that it knows are real, when each
    datagram left is not recorded, so all bear the time of the first flush less one interval. What went another way than
    the target's datagrams, over a connection of the case perhaps, is left out.
    """
    flushes = [(snapshot, flushed) for flushed in trace.flushes for snapshot in flushed.snapshots]
    # A clock of its own, as that of a model, may begin at 0; no packet is older than 1970.
    begun = max(0.0, flushes[0][0].wall_clock - flushes[0][1].interval) if flushes else 0.0
    packets = []
    source, to = Endpoint(route.host, route.port), Endpoint(route.target_host, route.target_port)
    datagrams = [one for one in trace.datagrams if not isinstance(one, Sent)]
    number = len(datagrams)
    notes = [f"{title}: datagram {place} of {number}" for place in range(1, number + 1)]
    if route.stream and datagrams:
        ended = [one if one.endswith(b"\n") else one + b"\n" for one in datagrams]
        packets += _commented(stream(source, to, ended), notes, [begun] * (number + 1), f"{title}: connection")
    else:
        for note, datagram in zip(notes, datagrams, strict=True):
            # What is too long to be sent at all is no packet either; the text tells of it.
            if len(datagram) <= LONGEST:
                since = datagram.seconds if isinstance(datagram, Captured) else 0.0
                packets.append(Packet(udp(source, to, datagram), begun + since, note))
    lines = [
        (snapshot.wall_clock, b"".join(line.raw + b"\n" for line in snapshot.lines_of(flushed.token)))
        for snapshot, flushed in flushes
    ]
    lines = [(time, text) for time, text in lines if text]
    if lines:
        back = Endpoint(route.target_host, route.target_port), Endpoint(route.host, route.sink_port)
        comments = [f"{title}: Graphite lines of flush {place}" for place in range(1, len(lines) + 1)]
        times = [lines[0][0], *(time for time, _ in lines)]
        packets += _commented(stream(*back, [text for _, text in lines]), comments, times, f"{title}: Graphite")
    return pcapng(packets)


def _commented(parts: list[list[bytes]], notes: list[str], times: list[float], handshake: str) -> list[Packet]:
    """Return packets of which the first of every part has a comment."""
    return [
        Packet(raw, time, note if place == 0 else "")
        for part, note, time in zip(parts, [handshake, *notes], times, strict=True)
        for place, raw in enumerate(part)
    ]
